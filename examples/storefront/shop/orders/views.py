"""Checkout and the order's own page."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from shop.cart.cart import Cart

from .forms import CheckoutForm
from .models import Order
from .services import OrderRefused, place_order


@require_POST
def checkout(request: HttpRequest) -> HttpResponse:
    cart = Cart(request.session)
    form = CheckoutForm(request.POST)
    if not form.is_valid():
        return render(request, "cart/detail.html", {"lines": list(cart), "form": form}, status=400)
    key = str(form.cleaned_data["idempotency_key"])
    if not cart:
        # The second click on "Place order" arrives with the cart already emptied by the first.
        placed = Order.objects.filter(idempotency_key=key).first()
        return redirect(placed or "cart:detail")
    try:
        order, _ = place_order(
            idempotency_key=key, email=form.cleaned_data["email"], quantities=cart.quantities
        )
    except OrderRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("cart:detail")
    cart.clear()
    return redirect(order)


@require_safe
def order_detail(request: HttpRequest, number: uuid.UUID) -> HttpResponse:
    order = get_object_or_404(Order.objects.prefetch_related("lines__product"), number=number)
    return render(request, "orders/detail.html", {"order": order})
