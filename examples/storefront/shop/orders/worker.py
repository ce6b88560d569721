"""The worker's two loops: orders come from RabbitMQ, or straight from the outbox without one.

    place_order ──► outbox ──────────────────────────► confirm_order     (no broker)
    place_order ──► outbox ──► relay ──► RabbitMQ ──► confirm_order      (with a broker)

Both end when a stop is requested: no new order is taken, the current one is finished.
"""

import logging
import time
from pathlib import Path

import pika.exceptions
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections
from pika.adapters.blocking_connection import BlockingChannel

from . import broker, outbox
from .services import confirm_order

logger = logging.getLogger(__name__)

# Both kinds of failure pass by themselves when the service behind them comes back.
TRANSIENT = (
    pika.exceptions.AMQPError,
    pika.exceptions.ChannelError,
    OSError,
    OperationalError,
    InterfaceError,
)
RETRY_SECONDS = 2.0
CONNECT_SECONDS = 5.0


class Stop:
    """A request to stop, safe to make in a signal handler (an Event's lock would not be)."""

    def __init__(self) -> None:
        self.requested = False

    def request(self, *_: object) -> None:
        self.requested = True


def run(stop: Stop) -> None:
    consume = consume_queue if settings.RABBITMQ_URL else consume_outbox
    logger.info("worker started: %s", consume.__name__)
    while not stop.requested:
        try:
            consume(stop)
        except TRANSIENT as error:
            logger.warning(
                "%s; trying again in %g s", type(error).__name__, RETRY_SECONDS, exc_info=True
            )
            time.sleep(RETRY_SECONDS)
    logger.info("worker stopped")


def consume_outbox(stop: Stop) -> None:
    while not stop.requested:
        beat()
        order_id = outbox.next_order()
        if order_id is None:
            time.sleep(settings.WORKER_POLL_SECONDS)
        else:
            confirm_order(order_id)


def consume_queue(stop: Stop) -> None:
    connection = broker.connect(CONNECT_SECONDS)
    try:
        _consume_channel(broker.open_channel(connection), stop)
    finally:
        if connection.is_open:
            connection.close()


def _consume_channel(channel: BlockingChannel, stop: Stop) -> None:
    deliveries = channel.consume(
        settings.ORDER_QUEUE, inactivity_timeout=settings.WORKER_POLL_SECONDS
    )
    relay_due = 0.0
    while not stop.requested:
        beat()
        if time.monotonic() >= relay_due:
            outbox.relay(lambda order_id: broker.publish(channel, order_id))
            relay_due = time.monotonic() + settings.WORKER_POLL_SECONDS
        method, _, body = next(deliveries)
        if method is not None:
            _confirm(body)
            channel.basic_ack(method.delivery_tag)
    # Gives what was delivered but not begun back to the queue.
    channel.cancel()


def _confirm(body: bytes) -> None:
    try:
        order_id = int(body)
    except ValueError:
        # Not ours. Refusing it would only bring it back for ever.
        logger.error("dropped a message that is not an order id: %r", body[:80])
        return
    confirm_order(order_id)


def beat() -> None:
    close_old_connections()
    if settings.WORKER_HEARTBEAT:
        Path(settings.WORKER_HEARTBEAT).touch()
