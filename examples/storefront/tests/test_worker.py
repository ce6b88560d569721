"""The worker: both loops, its heartbeat, failures that pass, and stopping."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace

import pika
import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from shop.orders import broker, outbox, worker
from shop.orders.models import Order, OutboxMessage
from shop.orders.services import place_order


@pytest.fixture(autouse=True)
def _keep_connections(monkeypatch):
    # The test's transaction lives on the connection that the worker would recycle.
    monkeypatch.setattr(worker, "close_old_connections", lambda: None)


@pytest.fixture
def stop():
    return worker.Stop()


@pytest.fixture
def naps(monkeypatch):
    """Replaces sleeping; what was slept is listed, and `naps.then` runs at each nap."""
    naps = SimpleNamespace(slept=[], then=lambda: None)

    def sleep(seconds):
        naps.slept.append(seconds)
        naps.then()

    monkeypatch.setattr(worker.time, "sleep", sleep)
    return naps


@pytest.fixture
def orders(product):
    return [
        place_order(
            idempotency_key=f"key-{n}", email="ada@shop.example", quantities={product.pk: 1}
        )[0]
        for n in range(3)
    ]


def confirmed() -> int:
    return Order.objects.filter(status=Order.Status.CONFIRMED).count()


def test_without_a_broker_orders_come_from_the_outbox(orders, stop, naps, settings, tmp_path):
    settings.WORKER_HEARTBEAT = str(tmp_path / "heartbeat")
    naps.then = stop.request
    worker.run(stop)
    assert confirmed() == 3
    assert not OutboxMessage.objects.exists()
    assert naps.slept == [settings.WORKER_POLL_SECONDS]
    assert (tmp_path / "heartbeat").exists()


def test_after_a_stop_the_current_order_is_finished_and_no_other_begun(orders, stop, monkeypatch):
    confirm = worker.confirm_order

    def stop_while_confirming(order_id):
        stop.request()
        return confirm(order_id)

    monkeypatch.setattr(worker, "confirm_order", stop_while_confirming)
    worker.run(stop)
    assert confirmed() == 1
    assert OutboxMessage.objects.count() == 2


def test_a_database_that_is_away_for_a_moment_is_waited_for(orders, stop, naps, monkeypatch):
    confirm = worker.confirm_order
    failures = iter([OperationalError("server closed the connection")])

    def confirm_or_fail(order_id):
        for failure in failures:
            raise failure
        return confirm(order_id)

    def stop_when_done():
        if confirmed() == 3:
            stop.request()

    monkeypatch.setattr(worker, "confirm_order", confirm_or_fail)
    naps.then = stop_when_done
    worker.run(stop)
    assert confirmed() == 3
    assert naps.slept[0] == worker.RETRY_SECONDS


class FakeBroker:
    """An in-memory queue that answers what the worker asks of pika's connection and channel."""

    def __init__(self, stop):
        self.stop = stop
        self.is_open = True
        self.ready, self.acked, self.declared = [], [], None

    def channel(self):
        return self

    def queue_declare(self, queue, durable):
        self.declared = (queue, durable)

    def confirm_delivery(self):
        pass

    def basic_qos(self, prefetch_count):
        assert prefetch_count == 1

    def basic_publish(self, exchange, routing_key, body, properties):
        assert properties.delivery_mode == pika.DeliveryMode.Persistent.value
        self.ready.append(body)

    def consume(self, queue, inactivity_timeout):
        tag = 0
        while True:
            if self.ready:
                tag += 1
                yield SimpleNamespace(delivery_tag=tag), None, self.ready.pop(0)
            else:
                self.stop.request()
                yield None, None, None

    def basic_ack(self, tag):
        self.acked.append(tag)

    def cancel(self):
        pass

    def close(self):
        self.is_open = False


@pytest.fixture
def queue(stop, settings, monkeypatch):
    settings.RABBITMQ_URL = "amqp://shop:pw@broker.example/"
    fake = FakeBroker(stop)
    monkeypatch.setattr(broker, "connect", lambda timeout: fake)
    return fake


def test_with_a_broker_orders_go_through_its_queue(orders, stop, queue, settings):
    worker.run(stop)
    assert confirmed() == 3
    assert queue.acked == [1, 2, 3]
    assert queue.declared == (settings.ORDER_QUEUE, True)
    assert not queue.is_open


@pytest.mark.django_db
def test_a_message_that_is_none_of_ours_is_dropped(stop, queue, caplog):
    queue.ready.append(b"hello")
    worker.run(stop)
    assert queue.acked == [1]
    assert "not an order id" in caplog.text


def test_orders_are_sent_once_until_they_seem_lost(orders):
    sent = []
    assert outbox.relay(sent.append) == 3
    assert outbox.relay(sent.append) == 0
    OutboxMessage.objects.filter(order=orders[0]).update(
        sent_at=timezone.now() - outbox.RESEND_AFTER - timedelta(seconds=1)
    )
    assert outbox.relay(sent.append) == 1
    assert sent == [*(order.pk for order in orders), orders[0].pk]
    assert str(orders[0].outbox_message).startswith("Outbox message for Order")


def test_when_sending_fails_nothing_counts_as_sent(orders):
    def fail(order_id):
        raise pika.exceptions.AMQPConnectionError

    with pytest.raises(pika.exceptions.AMQPConnectionError):
        outbox.relay(fail)
    assert OutboxMessage.objects.filter(sent_at__isnull=True).count() == 3


def test_connecting_gives_up_after_the_timeout(settings, monkeypatch):
    settings.RABBITMQ_URL = "amqp://shop:pw@broker.example/"
    monkeypatch.setattr(broker.pika, "BlockingConnection", lambda parameters: parameters)
    parameters = broker.connect(2.0)
    assert parameters.connection_attempts == 1
    assert parameters.socket_timeout == parameters.stack_timeout == 2.0


def test_the_command_stops_on_sigterm(monkeypatch):
    seen = {}

    def run(stop):
        os.kill(os.getpid(), signal.SIGTERM)
        seen["requested"] = stop.requested

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(worker, "run", run)
    try:
        call_command("runworker")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert seen == {"requested": True}


def test_the_process_exits_with_zero_on_sigterm(tmp_path):
    # What it says at its start is said at the level of information.
    own = {"DATA_DIR": str(tmp_path), "RABBITMQ_URL": "", "POSTGRES_HOST": "", "LOG_LEVEL": "INFO"}
    env = os.environ | own
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], env=env, check=True, timeout=60)
    process = subprocess.Popen([*manage, "runworker"], env=env, stderr=subprocess.PIPE, text=True)
    assert "worker started" in process.stderr.readline()
    process.terminate()
    _, rest = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "worker stopped" in rest
