"""A visitor's cart: product ids and quantities in the session, the rest from the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.sessions.backends.base import SessionBase

from shop.catalogue.models import Product

SESSION_KEY = "cart"
MAX_QUANTITY = 99


@dataclass(frozen=True)
class CartLine:
    product: Product
    quantity: int

    @property
    def total(self) -> Decimal:
        return self.product.price * self.quantity


class Cart:
    def __init__(self, session: SessionBase) -> None:
        self._session = session
        self._quantities: dict[str, int] = session.get(SESSION_KEY, {})

    def add(self, product: Product, quantity: int = 1) -> None:
        key = str(product.pk)
        self._quantities[key] = min(self._quantities.get(key, 0) + quantity, MAX_QUANTITY)
        self._save()

    def remove(self, product_id: int) -> None:
        if self._quantities.pop(str(product_id), None) is not None:
            self._save()

    def clear(self) -> None:
        self._quantities = {}
        self._save()

    @property
    def quantities(self) -> dict[int, int]:
        return {int(key): quantity for key, quantity in self._quantities.items()}

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self), Decimal(0))

    def __iter__(self) -> Iterator[CartLine]:
        """Yield the lines whose product is still for sale."""
        quantities = self.quantities
        for product in Product.objects.for_sale().filter(pk__in=quantities):
            yield CartLine(product, quantities[product.pk])

    def __len__(self) -> int:
        return sum(self._quantities.values())

    def _save(self) -> None:
        self._session[SESSION_KEY] = self._quantities
