"""`/health/`: may this instance be given traffic?

healthy    200   everything that is configured answers
degraded   503   the shop works, but the cache or the queue does not answer
unhealthy  503   the database does not answer, so nothing works
"""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils import timezone

from shop.orders import broker

from . import metrics

# For all checks together. Waiting longer would make the prober give up before it hears the reason.
TIMEOUT_SECONDS = 2.0

HEALTHY = "healthy"
DISABLED = "disabled"

# Checks run beside the request, because a service that hangs cannot be made to answer: the
# request goes on without it. One thread for each check; they wait here between two probes.
_runner = ThreadPoolExecutor(3, thread_name_prefix="health")


class CheckFailed(Exception):
    """A service did not answer as it should."""


def view(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    report = examine()
    status = 200 if report["status"] == HEALTHY else 503
    return JsonResponse(report, status=status, headers={"Cache-Control": "no-store"})


def examine() -> dict[str, object]:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    running = {name: _runner.submit(check) for name, check in _configured().items()}
    checks = dict.fromkeys(("database", "cache", "queue"), DISABLED)
    for name, check in running.items():
        error = _failure(check, deadline)
        checks[name] = HEALTHY if error is None else f"unhealthy: {describe(error)}"
    if checks["database"] != HEALTHY:
        metrics.DATABASE_ERRORS.inc()
        status = "unhealthy"
    elif set(checks.values()) <= {HEALTHY, DISABLED}:
        status = HEALTHY
    else:
        status = "degraded"
    return {
        "status": status,
        "timestamp": timezone.now().isoformat(),
        "version": settings.APP_VERSION,
        "checks": checks,
    }


def check_database() -> None:
    """Read, over a new connection, a table that every migrated database has."""
    try:
        with connection.cursor() as cursor:
            # An empty database would pass `SELECT 1`.
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
            cursor.fetchone()
    finally:
        connection.close()


def check_cache() -> None:
    cache.set("health", "ok", 10)
    if cache.get("health") != "ok":
        raise CheckFailed("what was written could not be read back")


def check_queue() -> None:
    broker.connect(TIMEOUT_SECONDS).close()


def _configured() -> dict[str, Callable[[], None]]:
    checks = {"database": check_database}
    if settings.MEMCACHED_SERVERS:
        checks["cache"] = check_cache
    if settings.RABBITMQ_URL:
        checks["queue"] = check_queue
    return checks


def _failure(check: Future[None], deadline: float) -> BaseException | None:
    try:
        return check.exception(max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        # Not begun yet, if the one before it still hangs; then it must not pile up.
        check.cancel()
        return CheckFailed(f"no answer within {TIMEOUT_SECONDS:g} s")


def describe(error: BaseException) -> str:
    """Return the error's kind and first line, with every secret in it masked."""
    message = str(error).strip().partition("\n")[0]
    for secret in _secrets():
        message = message.replace(secret, "***")
    message = re.sub(r"(\w://)[^\s/@]*@", r"\1***@", message)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _secrets() -> Iterator[str]:
    for secret in (
        settings.SECRET_KEY,
        settings.DATABASES["default"].get("PASSWORD"),
        settings.RABBITMQ_URL,
    ):
        if secret:
            yield secret
