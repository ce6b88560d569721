"""Prometheus metrics of the web processes."""

import os
import sys

from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

REQUEST_DURATION = Histogram(
    "django_request_duration_seconds",
    "Time from receiving a request to the first byte of its response.",
    ["method", "view", "status"],
)
REQUEST_ERRORS = Counter(
    "django_request_errors_total",
    "Requests answered with a 5xx status.",
    ["method", "view"],
)
DATABASE_ERRORS = Counter(
    "django_db_connections_errors_total",
    "Requests and health checks that failed because the database did.",
)

# A client may invent methods, and each would become a time series of its own.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    method = request.method if request.method in METHODS else "other"
    # The name of the view, never the path: paths are without number.
    match = request.resolver_match
    view = match.view_name if match else "none"
    status = f"{response.status_code // 100}xx"
    REQUEST_DURATION.labels(method, view, status).observe(seconds)
    if response.status_code >= 500:
        REQUEST_ERRORS.labels(method, view).inc()


def count_database_error(error: BaseException | None) -> None:
    if isinstance(error, (OperationalError, InterfaceError)):
        DATABASE_ERRORS.inc()


def watch_database_errors() -> None:
    got_request_exception.connect(_request_failed, dispatch_uid="shop.ops.metrics")


def _request_failed(sender: object, **kwargs: object) -> None:
    count_database_error(sys.exc_info()[1])


def view(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    """Return this process's metrics, or those of all of gunicorn's workers added up."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return registry
