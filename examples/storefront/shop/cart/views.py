"""Cart pages. Only POST changes a cart, so that no link or prefetch can."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from shop.catalogue.models import Product
from shop.orders.forms import CheckoutForm

from .cart import Cart
from .forms import AddToCartForm


@require_safe
def cart_detail(request: HttpRequest) -> HttpResponse:
    form = CheckoutForm(initial={"idempotency_key": uuid.uuid4()})
    return render(request, "cart/detail.html", {"lines": list(Cart(request.session)), "form": form})


@require_POST
def cart_add(request: HttpRequest, product_id: int) -> HttpResponse:
    product = get_object_or_404(Product.objects.for_sale(), pk=product_id)
    form = AddToCartForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Please choose a quantity between 1 and 99.")
        return redirect(product)
    Cart(request.session).add(product, form.cleaned_data["quantity"])
    messages.success(request, f"{product.name} is in your cart.")
    return redirect("cart:detail")


@require_POST
def cart_remove(request: HttpRequest, product_id: int) -> HttpResponse:
    Cart(request.session).remove(product_id)
    return redirect("cart:detail")
