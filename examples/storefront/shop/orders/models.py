"""Orders, and the outbox that tells the worker about them."""

import uuid
from decimal import Decimal

from django.db import models
from django.urls import reverse

from shop.catalogue.models import Product


class Order(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        CONFIRMED = "confirmed", "Confirmed"

    # Random, because knowing the number is what allows a guest to see the order.
    number = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    idempotency_key = models.CharField(max_length=64, unique=True, editable=False)
    # Digest of what was ordered: the same key with another order is a client's mistake.
    fingerprint = models.CharField(max_length=64, editable=False)
    email = models.EmailField()
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "created_at"])]

    def __str__(self) -> str:
        return f"Order {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("orders:detail", args=[self.number])


class OrderLine(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    # The price that was agreed on; the product's own may change tomorrow.
    unit_price = models.DecimalField(max_digits=8, decimal_places=2)

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product}"

    @property
    def total(self) -> Decimal:
        return self.unit_price * self.quantity


class OutboxMessage(models.Model):
    """A placed order that the worker has not confirmed yet.

    Written in the order's own transaction, so an order can never be stored without it. It is
    deleted by the transaction that confirms the order.
    """

    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="outbox_message")
    created_at = models.DateTimeField(auto_now_add=True)
    # When it was last handed to the broker; always empty without one.
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Outbox message for {self.order}"
