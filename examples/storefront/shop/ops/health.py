"""`/health/`: may this instance be given traffic?

healthy    200   everything that is configured answers
degraded   503   the shop works, but the cache or the queue does not answer
unhealthy  503   the database does not answer, so nothing works
"""

import re
from collections.abc import Callable, Iterator

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils import timezone

from shop.orders import broker

from . import metrics

# A check that waits longer would make the prober give up before it hears the reason.
TIMEOUT_SECONDS = 2.0

HEALTHY = "healthy"
DISABLED = "disabled"


class CheckFailed(Exception):
    """A service answered, but not as it should."""


def view(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    report = examine()
    status = 200 if report["status"] == HEALTHY else 503
    return JsonResponse(report, status=status, headers={"Cache-Control": "no-store"})


def examine() -> dict[str, object]:
    checks = {
        "database": _outcome(check_database),
        "cache": _outcome(check_cache) if settings.MEMCACHED_SERVERS else DISABLED,
        "queue": _outcome(check_queue) if settings.RABBITMQ_URL else DISABLED,
    }
    failing = {name for name, outcome in checks.items() if outcome not in (HEALTHY, DISABLED)}
    if "database" in failing:
        status = "unhealthy"
    elif failing:
        status = "degraded"
    else:
        status = HEALTHY
    return {
        "status": status,
        "timestamp": timezone.now().isoformat(),
        "version": settings.APP_VERSION,
        "checks": checks,
    }


def check_database() -> None:
    """Read a table that every migrated database has; an empty one would pass `SELECT 1`."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true)",
                [str(int(TIMEOUT_SECONDS * 1000))],
            )
        cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
        cursor.fetchone()


def check_cache() -> None:
    cache.set("health", "ok", 10)
    if cache.get("health") != "ok":
        raise CheckFailed("what was written could not be read back")


def check_queue() -> None:
    broker.connect(TIMEOUT_SECONDS).close()


def _outcome(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:  # Whatever went wrong, a probe must hear about it.
        metrics.count_database_error(error)
        return f"unhealthy: {describe(error)}"
    return HEALTHY


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
