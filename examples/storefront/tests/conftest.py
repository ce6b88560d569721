"""Fixtures of the whole suite."""

from decimal import Decimal

import pytest
from django.core.cache import cache

from shop.catalogue.models import Category, Product


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture
def category(db) -> Category:
    return Category.objects.create(name="Coffee", slug="coffee")


@pytest.fixture
def product(category) -> Product:
    return Product.objects.create(
        category=category,
        name="Harbour Blend",
        slug="harbour-blend",
        description="For every day.",
        price=Decimal("12.50"),
        stock=10,
    )


@pytest.fixture
def other_product(category) -> Product:
    return Product.objects.create(
        category=category, name="Enamel Mug", slug="enamel-mug", price=Decimal("11.00"), stock=1
    )
