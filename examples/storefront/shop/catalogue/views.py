"""Catalogue pages and the stream of stock levels."""

import json
import time
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from . import navigation
from .models import Category, Product

# An open stream holds one of gunicorn's threads, so it must end by itself at some time.
MAX_STREAM_SECONDS = 600.0
MIN_STREAM_INTERVAL = 0.05


@require_safe
def product_list(request: HttpRequest, category: str | None = None) -> HttpResponse:
    products = Product.objects.for_sale().select_related("category")
    selected = None
    if category is not None:
        selected = get_object_or_404(Category, slug=category)
        products = products.filter(category=selected)
    return render(
        request,
        "catalogue/list.html",
        {"products": products, "categories": navigation.categories(), "selected": selected},
    )


@require_safe
def product_detail(request: HttpRequest, slug: str) -> HttpResponse:
    product = get_object_or_404(Product.objects.for_sale().select_related("category"), slug=slug)
    return render(
        request,
        "catalogue/detail.html",
        {"product": product, "categories": navigation.categories(), "selected": product.category},
    )


@require_safe
def stock_stream(request: HttpRequest) -> HttpResponse:
    """Send the stock of one product after the other as server-sent events."""
    try:
        seconds = float(request.GET.get("seconds", "30"))
        interval = float(request.GET.get("interval", "0.2"))
    except ValueError:
        return HttpResponseBadRequest("seconds and interval must be numbers")
    if not (0 <= seconds <= MAX_STREAM_SECONDS and MIN_STREAM_INTERVAL <= interval <= 60):
        return HttpResponseBadRequest(
            f"seconds must lie between 0 and {MAX_STREAM_SECONDS:g}, "
            f"interval between {MIN_STREAM_INTERVAL:g} and 60"
        )
    return StreamingHttpResponse(
        _stock_ticks(seconds, interval),
        content_type="text/event-stream",
        # A proxy that collected the ticks before passing them on would defeat the purpose.
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


def _stock_ticks(seconds: float, interval: float) -> Iterator[str]:
    deadline = time.monotonic() + seconds
    tick = 0
    while True:
        products = list(Product.objects.for_sale().values("slug", "stock"))
        product = products[tick % len(products)] if products else None
        yield _event("stock", tick, {"product": product, "at": timezone.now().isoformat()})
        tick += 1
        if time.monotonic() + interval > deadline:
            break
        time.sleep(interval)
    # A reader that has seen this knows that the stream was not cut.
    yield _event("end", tick, {"ticks": tick})


def _event(name: str, number: int, data: object) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
