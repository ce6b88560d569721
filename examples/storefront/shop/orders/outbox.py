"""Taking work out of the outbox, safely beside any number of other workers."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from .models import OutboxMessage

# A message the broker has had for this long without its order being confirmed is sent again.
# Twice is harmless: confirming is idempotent.
RESEND_AFTER = timedelta(minutes=5)


def next_order() -> int | None:
    """Return the order that has waited longest."""
    return OutboxMessage.objects.values_list("order_id", flat=True).first()


def relay(send: Callable[[int], None], limit: int = 100) -> int:
    """Hand waiting orders to the broker and note it; return how many.

    The rows stay locked until `send` has returned for all of them, so two workers do not send
    the same ones. When `send` fails, nothing is noted and the next call tries again.
    """
    waiting = OutboxMessage.objects.filter(
        Q(sent_at__isnull=True) | Q(sent_at__lt=timezone.now() - RESEND_AFTER)
    )
    if not waiting.exists():
        return 0  # Without this look, an idle worker would take SQLite's write lock all day.
    with transaction.atomic():
        messages = list(waiting.select_for_update(skip_locked=True)[:limit])
        for message in messages:
            send(message.order_id)
        OutboxMessage.objects.filter(pk__in=[message.pk for message in messages]).update(
            sent_at=timezone.now()
        )
    return len(messages)
