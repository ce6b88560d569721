"""Placing and confirming orders. Both can be repeated without doing anything twice."""

import hashlib
import json
import logging
from collections.abc import Mapping
from decimal import Decimal

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from shop.catalogue.models import Product

from .models import Order, OrderLine, OutboxMessage

logger = logging.getLogger(__name__)


class OrderRefused(Exception):
    """The order cannot be placed; the message is meant for the customer."""


class OutOfStock(OrderRefused):
    def __init__(self, product: Product) -> None:
        super().__init__(f"There is not enough {product.name} left.")


class UnknownProduct(OrderRefused):
    def __init__(self, product_ids: set[int]) -> None:
        listed = ", ".join(str(product_id) for product_id in sorted(product_ids))
        super().__init__(f"Not for sale: product {listed}.")


class KeyReused(OrderRefused):
    def __init__(self) -> None:
        super().__init__("This idempotency key belongs to a different order.")


def place_order(
    *, idempotency_key: str, email: str, quantities: Mapping[int, int]
) -> tuple[Order, bool]:
    """Store an order and take its goods out of stock, or return the one this key already made.

    The second value tells whether the order is new.
    """
    fingerprint = _fingerprint(email, quantities)
    existing = _find(idempotency_key, fingerprint)
    if existing is not None:
        return existing, False
    products = Product.objects.for_sale().in_bulk(list(quantities))
    missing = quantities.keys() - products.keys()
    if missing:
        raise UnknownProduct(missing)
    lines = [
        OrderLine(product=products[pk], quantity=quantity, unit_price=products[pk].price)
        # Always in the same order, so that two orders of the same goods cannot block each other.
        for pk, quantity in sorted(quantities.items())
    ]
    order = Order(
        idempotency_key=idempotency_key,
        fingerprint=fingerprint,
        email=email,
        total=sum((line.total for line in lines), Decimal(0)),
    )
    try:
        _store(order, lines)
        return order, True
    except IntegrityError:
        # Another request with this key was faster by a moment; its order is the answer.
        existing = _find(idempotency_key, fingerprint)
        if existing is None:
            raise
        return existing, False


def confirm_order(order_id: int) -> bool:
    """Confirm a pending order; return whether this call was the one that did it."""
    with transaction.atomic():
        confirmed = Order.objects.filter(pk=order_id, status=Order.Status.PENDING).update(
            status=Order.Status.CONFIRMED, confirmed_at=timezone.now()
        )
        OutboxMessage.objects.filter(order_id=order_id).delete()
    if confirmed:
        _send_confirmation(Order.objects.get(pk=order_id))
    return bool(confirmed)


def _find(idempotency_key: str, fingerprint: str) -> Order | None:
    order = Order.objects.filter(idempotency_key=idempotency_key).first()
    if order is not None and order.fingerprint != fingerprint:
        raise KeyReused
    return order


@transaction.atomic
def _store(order: Order, lines: list[OrderLine]) -> None:
    """Write everything an order consists of. Kept short, because others wait for its locks."""
    order.save()
    for line in lines:
        taken = Product.objects.filter(pk=line.product_id, stock__gte=line.quantity).update(
            stock=F("stock") - line.quantity
        )
        if not taken:
            raise OutOfStock(line.product)
        line.order = order
    OrderLine.objects.bulk_create(lines)
    OutboxMessage.objects.create(order=order)


def _fingerprint(email: str, quantities: Mapping[int, int]) -> str:
    content = json.dumps([email, sorted(quantities.items())])
    return hashlib.sha256(content.encode()).hexdigest()


def _send_confirmation(order: Order) -> None:
    try:
        send_mail(
            f"Your order {order.number}",
            f"Thank you. We have confirmed your order over £{order.total}.",
            settings.DEFAULT_FROM_EMAIL,
            [order.email],
        )
    except OSError:
        # The order stands either way, and a retry would confirm nothing new.
        logger.exception("no confirmation sent for order %s", order.number)
