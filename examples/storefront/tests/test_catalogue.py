"""Catalogue pages, the stock stream, the admin and `seed`."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from shop.catalogue import views
from shop.catalogue.models import Category, Product


def test_list_shows_products_for_sale_only(client, product, other_product):
    Product.objects.filter(pk=other_product.pk).update(active=False)
    page = client.get("/").content.decode()
    assert "Harbour Blend" in page
    assert "£12.50" in page
    assert "Enamel Mug" not in page


def test_category_page_shows_its_own_products(client, product):
    tea = Category.objects.create(name="Tea", slug="tea")
    Product.objects.create(category=tea, name="Assam", slug="assam", price="8.40")
    page = client.get("/category/tea/").content.decode()
    assert "Assam" in page
    assert "Harbour Blend" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/category/nothing/", "/products/nothing/", "/nothing/"])
def test_what_does_not_exist_is_not_found(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert "Back to the shop" in response.content.decode()


def test_detail_offers_the_cart(client, product):
    page = client.get(product.get_absolute_url()).content.decode()
    assert f'action="/cart/add/{product.pk}/"' in page


def test_detail_of_a_sold_out_product_does_not(client, product):
    Product.objects.update(stock=0)
    page = client.get(product.get_absolute_url()).content.decode()
    assert "sold out" in page
    assert "/cart/add/" not in page


def test_pages_cannot_be_posted_to(client, product):
    assert client.post("/").status_code == 405


def _events(response) -> list[tuple[str, dict]]:
    blocks = b"".join(response.streaming_content).decode().strip().split("\n\n")
    fields = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
    return [(event["event"], json.loads(event["data"])) for event in fields]


class Clock:
    """Stands in for the time module of the stream; sleeping only moves the hands."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_stream_ticks_through_the_products_and_says_that_it_ended(
    client, product, other_product, monkeypatch
):
    monkeypatch.setattr(views, "time", Clock())
    response = client.get("/stream/?seconds=1&interval=0.5")
    assert response["Content-Type"] == "text/event-stream"
    assert response["X-Release"] == "dev"
    *ticks, end = _events(response)
    assert [data["product"]["slug"] for _, data in ticks] == [
        "enamel-mug",
        "harbour-blend",
        "enamel-mug",
    ]
    assert end == ("end", {"ticks": 3})


@pytest.mark.django_db
def test_stream_of_an_empty_shop_still_ticks(client):
    events = _events(client.get("/stream/?seconds=0"))
    assert events[0][1]["product"] is None
    assert events[1][0] == "end"


@pytest.mark.parametrize("query", ["seconds=x", "seconds=9999", "interval=0", "seconds=nan"])
def test_stream_refuses_what_would_hold_a_thread_for_ever(client, query):
    assert client.get(f"/stream/?{query}").status_code == 400


@pytest.mark.django_db
def test_seed_twice_changes_nothing():
    call_command("seed", stdout=StringIO())
    Product.objects.filter(slug="enamel-mug").update(stock=3)
    out = StringIO()
    call_command("seed", stdout=out)
    assert out.getvalue().startswith("0 products created")
    assert Product.objects.get(slug="enamel-mug").stock == 3
    assert Product.objects.count() == 9


@pytest.mark.parametrize(
    "path", ["catalogue/product", "catalogue/category", "orders/order"], ids=str
)
def test_admin_lists_and_shows(admin_client, product, path):
    assert admin_client.get(f"/admin/{path}/").status_code == 200


def test_admin_cannot_invent_orders(admin_client):
    assert admin_client.get("/admin/orders/order/add/").status_code == 403


def test_models_have_readable_names(product):
    assert (str(product), str(product.category)) == ("Harbour Blend", "Coffee")
