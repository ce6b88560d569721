"""Confirms placed orders until told to stop (SIGTERM or SIGINT), then exits with 0."""

import signal

from django.core.management.base import BaseCommand

from shop.orders import worker


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: object, **options: object) -> None:
        stop = worker.Stop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop.request)
        worker.run(stop)
