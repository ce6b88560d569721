"""The RabbitMQ side of the worker: one connection, one durable queue of order ids."""

import pika
from django.conf import settings
from pika.adapters.blocking_connection import BlockingChannel


def connect(timeout: float) -> pika.BlockingConnection:
    """Open a connection; every step of it gives up after `timeout` seconds."""
    parameters = pika.URLParameters(settings.RABBITMQ_URL)
    parameters.connection_attempts = 1
    parameters.socket_timeout = timeout
    parameters.stack_timeout = timeout
    parameters.blocked_connection_timeout = timeout
    return pika.BlockingConnection(parameters)


def open_channel(connection: pika.BlockingConnection) -> BlockingChannel:
    channel = connection.channel()
    channel.queue_declare(settings.ORDER_QUEUE, durable=True)
    # `basic_publish` returns only when the broker has the message safe.
    channel.confirm_delivery()
    # One at a time: a worker that is told to stop has at most one order to finish.
    channel.basic_qos(prefetch_count=1)
    return channel


def publish(channel: BlockingChannel, order_id: int) -> None:
    channel.basic_publish(
        exchange="",
        routing_key=settings.ORDER_QUEUE,
        body=str(order_id).encode(),
        properties=pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent),
    )
