"""Placing and confirming orders, also at the same time."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection

from shop.catalogue.models import Product
from shop.orders import services
from shop.orders.models import Order, OutboxMessage
from shop.orders.services import (
    KeyReused,
    OutOfStock,
    UnknownProduct,
    confirm_order,
    place_order,
)


def place(quantities, key="key-1", email="ada@shop.example"):
    return place_order(idempotency_key=key, email=email, quantities=quantities)


def test_an_order_takes_its_goods_and_leaves_a_message(product, other_product):
    order, is_new = place({product.pk: 3, other_product.pk: 1})
    assert is_new
    assert order.total == Decimal("48.50")
    assert {str(line) for line in order.lines.all()} == {"3 x Harbour Blend", "1 x Enamel Mug"}
    assert Product.objects.get(pk=product.pk).stock == 7
    assert OutboxMessage.objects.get().order == order


def test_the_same_key_gives_the_same_order(product):
    first, _ = place({product.pk: 3})
    second, is_new = place({product.pk: 3})
    assert (second, is_new) == (first, False)
    assert Product.objects.get(pk=product.pk).stock == 7


def test_the_same_key_for_another_order_is_refused(product):
    place({product.pk: 3})
    with pytest.raises(KeyReused):
        place({product.pk: 4})
    with pytest.raises(KeyReused):
        place({product.pk: 3}, email="bob@shop.example")


def test_losing_the_race_for_a_key_gives_the_winners_order(product, monkeypatch):
    winner, _ = place({product.pk: 1})
    answers = iter([None])
    find = services._find
    monkeypatch.setattr(services, "_find", lambda *args: next(answers, find(*args)))
    assert place({product.pk: 1}) == (winner, False)
    assert Product.objects.get(pk=product.pk).stock == 9


def test_an_order_that_cannot_be_filled_changes_nothing(product, other_product):
    with pytest.raises(OutOfStock, match="Enamel Mug"):
        place({product.pk: 1, other_product.pk: 2})
    assert Product.objects.get(pk=product.pk).stock == 10
    assert not Order.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_an_unknown_product_is_refused(product):
    with pytest.raises(UnknownProduct, match="product 999"):
        place({product.pk: 1, 999: 1})


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_sell_more_than_there_is(product):
    def buy(number):
        try:
            place({product.pk: 1}, key=f"key-{number % 15}")
        except OutOfStock:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(buy, range(30)))
    assert Order.objects.count() == 10
    assert Product.objects.get(pk=product.pk).stock == 0
    # Each of the ten keys that won was sent twice and answered twice.
    assert results.count(True) == 20


def test_confirming_mails_the_customer_once(product):
    order, _ = place({product.pk: 1})
    assert confirm_order(order.pk) is True
    assert confirm_order(order.pk) is False
    order.refresh_from_db()
    assert order.status == Order.Status.CONFIRMED
    assert order.confirmed_at is not None
    assert not OutboxMessage.objects.exists()
    assert [message.to for message in mail.outbox] == [["ada@shop.example"]]


def test_a_lost_mail_does_not_undo_the_confirmation(product, monkeypatch):
    def refuse(*args):
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(services, "send_mail", refuse)
    order, _ = place({product.pk: 1})
    assert confirm_order(order.pk) is True
    assert str(order) == f"Order {order.number}"
