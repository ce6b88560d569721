"""The queue of SQLite's writers."""

import fcntl
import os
import threading

import pytest
from django.db import IntegrityError, connection, transaction

from shop.catalogue.models import Category

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="there is no queue elsewhere"),
]


@pytest.fixture
def queue():
    connection.ensure_connection()
    descriptor = os.open(f"{connection.settings_dict['NAME']}-queue", os.O_RDWR)
    yield descriptor
    os.close(descriptor)


def is_free(queue: int) -> bool:
    try:
        fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(queue, fcntl.LOCK_UN)
    return True


def test_a_transaction_holds_the_lock_until_its_end(queue):
    with transaction.atomic():
        assert not is_free(queue)
        with transaction.atomic():
            Category.objects.create(name="Tea", slug="tea")
        assert not is_free(queue)
    assert is_free(queue)


def test_a_transaction_that_fails_gives_the_lock_back(queue):
    Category.objects.create(name="Tea", slug="tea")
    with pytest.raises(IntegrityError), transaction.atomic():
        Category.objects.create(name="Tea", slug="tea")
    assert is_free(queue)


def test_a_connection_that_closes_gives_the_lock_back(queue):
    with transaction.atomic():
        connection.close()
        assert is_free(queue)


def test_a_writer_waits_for_the_one_before_it(queue):
    fcntl.flock(queue, fcntl.LOCK_EX)
    done = threading.Event()

    def write():
        with transaction.atomic():
            Category.objects.create(name="Tea", slug="tea")
        connection.close()
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert not done.wait(0.1)
    fcntl.flock(queue, fcntl.LOCK_UN)
    writer.join(10)
    assert done.is_set()
    assert Category.objects.count() == 1
