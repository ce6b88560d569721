"""The cart in the session, and checking out from it."""

import uuid

import pytest

from shop.catalogue.models import Product
from shop.orders.models import Order


def add(client, product, quantity=1):
    return client.post(f"/cart/add/{product.pk}/", {"quantity": quantity})


def checkout(client, key, email="ada@shop.example"):
    return client.post("/orders/checkout/", {"idempotency_key": key, "email": email})


def test_adding_twice_adds_up(client, product):
    add(client, product)
    response = add(client, product, 2)
    assert response.headers["Location"] == "/cart/"
    page = client.get("/cart/").content.decode()
    assert "£37.50" in page
    assert '<span class="count">3</span>' in page


def test_a_link_cannot_change_the_cart(client, product):
    assert client.get(f"/cart/add/{product.pk}/").status_code == 405
    assert client.get(f"/cart/remove/{product.pk}/").status_code == 405


def test_another_site_cannot_change_the_cart(product):
    from django.test import Client

    assert add(Client(enforce_csrf_checks=True), product).status_code == 403


@pytest.mark.parametrize("quantity", ["0", "-1", "100", "many", ""])
def test_a_senseless_quantity_is_refused(client, product, quantity):
    response = client.post(f"/cart/add/{product.pk}/", {"quantity": quantity}, follow=True)
    assert "between 1 and 99" in response.content.decode()
    assert "cart" not in client.session


def test_quantities_stop_at_the_limit(client, product):
    add(client, product, 60)
    add(client, product, 60)
    assert client.session["cart"] == {str(product.pk): 99}


def test_removing_leaves_the_rest(client, product, other_product):
    add(client, product)
    add(client, other_product)
    client.post(f"/cart/remove/{product.pk}/")
    client.post(f"/cart/remove/{product.pk}/")
    lines = client.get("/cart/").context["lines"]
    assert [(line.product, line.quantity) for line in lines] == [(other_product, 1)]


def test_checkout_places_the_order_and_empties_the_cart(client, product):
    add(client, product, 2)
    response = checkout(client, uuid.uuid4())
    order = Order.objects.get()
    assert response.headers["Location"] == f"/orders/{order.number}/"
    page = client.get(response.headers["Location"]).content.decode()
    assert "Harbour Blend" in page
    assert "£25.00" in page
    assert "pending" in page
    assert client.session["cart"] == {}
    assert Product.objects.get(pk=product.pk).stock == 8


def test_the_second_click_shows_the_first_order(client, product):
    add(client, product)
    key = uuid.uuid4()
    first = checkout(client, key)
    assert checkout(client, key).headers["Location"] == first.headers["Location"]
    assert Order.objects.count() == 1


@pytest.mark.django_db
def test_an_empty_cart_leads_back_to_the_cart(client):
    assert checkout(client, uuid.uuid4()).headers["Location"] == "/cart/"


def test_an_address_that_is_none_is_told_to_the_customer(client, product):
    add(client, product)
    response = checkout(client, uuid.uuid4(), email="nobody")
    assert response.status_code == 400
    assert "valid email" in response.content.decode()
    assert not Order.objects.exists()


def test_too_little_stock_is_told_to_the_customer(client, other_product):
    add(client, other_product, 2)
    response = client.post(
        "/orders/checkout/",
        {"idempotency_key": uuid.uuid4(), "email": "ada@shop.example"},
        follow=True,
    )
    assert "not enough Enamel Mug" in response.content.decode()
    assert client.session["cart"] == {str(other_product.pk): 2}
