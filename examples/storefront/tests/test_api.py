"""The JSON API."""

import json
import uuid

import pytest

from shop.catalogue.models import Product
from shop.orders.models import Order


def post(client, body, **headers):
    content = body if isinstance(body, str) else json.dumps(body)
    return client.post(
        "/api/orders/", content, content_type="application/json", headers=headers or None
    )


def order_of(product, **changes):
    body = {
        "idempotency_key": "key-1",
        "email": "ada@shop.example",
        "items": [{"product": product.pk, "quantity": 2}],
    }
    return body | changes


def test_products_are_listed(client, product):
    assert client.get("/api/products/").json() == {
        "products": [
            {
                "category": "Coffee",
                "id": product.pk,
                "name": "Harbour Blend",
                "slug": "harbour-blend",
                "price": "12.50",
                "stock": 10,
            }
        ]
    }


def test_an_order_is_created_once_and_answered_twice(client, product):
    first, second = post(client, order_of(product)), post(client, order_of(product))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["number"] == second.json()["number"]
    assert first.json()["total"] == "25.00"
    assert Product.objects.get().stock == 8


def test_needs_no_csrf_token(product):
    from django.test import Client

    assert post(Client(enforce_csrf_checks=True), order_of(product)).status_code == 201


def test_the_key_may_come_as_a_header(client, product):
    body = order_of(product)
    del body["idempotency_key"]
    assert post(client, body, idempotency_key="from-header").status_code == 201
    assert Order.objects.get().idempotency_key == "from-header"


def test_the_same_product_twice_adds_up(client, product):
    post(client, order_of(product, items=[{"product": product.pk}, {"product": product.pk}]))
    assert Order.objects.get().lines.get().quantity == 2


def test_an_order_can_be_looked_up(client, product):
    placed = post(client, order_of(product)).json()
    assert client.get(f"/api/orders/{placed['number']}/").json() == placed
    assert client.get(f"/api/orders/{uuid.uuid4()}/").status_code == 404


def test_what_cannot_be_sold_is_a_conflict(client, product):
    post(client, order_of(product))
    other = post(client, order_of(product, email="bob@shop.example"))
    unknown = post(client, order_of(product, idempotency_key="key-2", items=[{"product": 999}]))
    assert (other.status_code, unknown.status_code) == (409, 409)
    assert "different order" in other.json()["error"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"idempotency_key": ""}, "idempotency key"),
        ({"idempotency_key": "x" * 65}, "idempotency key"),
        ({"idempotency_key": 7}, "idempotency key"),
        ({"email": "nobody"}, "email"),
        ({"email": None}, "email"),
        ({"items": []}, "items"),
        ({"items": "all"}, "items"),
        ({"items": ["first"]}, "each item"),
        ({"items": [{"product": "1"}]}, "each item"),
        ({"items": [{"product": 1, "quantity": True}]}, "each item"),
        ({"items": [{"product": 1, "quantity": 0}]}, "between 1 and 99"),
        ({"items": [{"product": 1, "quantity": 60}, {"product": 1, "quantity": 60}]}, "between"),
    ],
)
def test_a_malformed_order_is_told_what_is_wrong(client, product, changes, reason):
    response = post(client, order_of(product, **changes))
    assert response.status_code == 400
    assert reason in response.json()["error"]
    assert not Order.objects.exists()


@pytest.mark.parametrize("body", ["{", "[]", '"order"', b"\xff".decode("latin-1")])
def test_a_body_that_is_no_object_is_refused(client, body):
    assert post(client, body).status_code == 400
