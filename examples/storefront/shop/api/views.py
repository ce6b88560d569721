"""The JSON API: products to read, orders to place.

Authentication by cookie is not used here, hence there is nothing for a forged request to abuse
and no need for CSRF tokens.
"""

import json
import uuid

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from shop.cart.cart import MAX_QUANTITY
from shop.catalogue.models import Product
from shop.orders.models import Order
from shop.orders.services import OrderRefused, place_order

MAX_KEY_LENGTH = 64


class InvalidBody(Exception):
    """The request's JSON is not an order; the message says why."""


@require_safe
def products(request: HttpRequest) -> JsonResponse:
    fields = ["id", "name", "slug", "price", "stock", "category__name"]
    rows = Product.objects.for_sale().values(*fields)
    return JsonResponse(
        {"products": [{"category": row.pop("category__name"), **row} for row in rows]}
    )


@csrf_exempt
@require_POST
def orders(request: HttpRequest) -> JsonResponse:
    """Answer 201 for a new order, 200 for one that this key has placed before."""
    try:
        key, email, quantities = _parse(request)
    except InvalidBody as problem:
        return JsonResponse({"error": str(problem)}, status=400)
    try:
        order, is_new = place_order(idempotency_key=key, email=email, quantities=quantities)
    except OrderRefused as refusal:
        return JsonResponse({"error": str(refusal)}, status=409)
    return JsonResponse(_order(order), status=201 if is_new else 200)


@require_safe
def order(request: HttpRequest, number: uuid.UUID) -> JsonResponse:
    return JsonResponse(_order(get_object_or_404(Order, number=number)))


def _order(order: Order) -> dict[str, object]:
    return {
        "number": order.number,
        "status": order.status,
        "total": order.total,
        "created_at": order.created_at,
        "url": order.get_absolute_url(),
    }


def _parse(request: HttpRequest) -> tuple[str, str, dict[int, int]]:
    """Return idempotency key, e-mail and quantity by product id.

    The key comes in the `Idempotency-Key` header or as `idempotency_key` in the body.
    """
    try:
        body = json.loads(request.body)
    except ValueError:
        raise InvalidBody("the body is not JSON") from None
    if not isinstance(body, dict):
        raise InvalidBody("the body is not an object")
    key = request.headers.get("Idempotency-Key") or body.get("idempotency_key")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidBody(f"an idempotency key of 1 to {MAX_KEY_LENGTH} characters is needed")
    return key, _parse_email(body.get("email")), _parse_items(body.get("items"))


def _parse_email(email: object) -> str:
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidBody("email is not an e-mail address") from None
    return str(email)


def _parse_items(items: object) -> dict[int, int]:
    if not isinstance(items, list) or not items:
        raise InvalidBody("items is not a list with at least one item")
    quantities: dict[int, int] = {}
    for item in items:
        product = item.get("product") if isinstance(item, dict) else None
        quantity = item.get("quantity", 1) if isinstance(item, dict) else None
        if type(product) is not int or type(quantity) is not int:
            raise InvalidBody('each item needs the form {"product": id, "quantity": number}')
        quantities[product] = quantities.get(product, 0) + quantity
        if quantity < 1 or quantities[product] > MAX_QUANTITY:
            raise InvalidBody(f"the quantity of a product must lie between 1 and {MAX_QUANTITY}")
    return quantities
