"""What operating the shop adds to every request, in front of Django's own middleware."""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from . import health, metrics

GetResponse = Callable[[HttpRequest], HttpResponse]


class ReleaseHeaders:
    """Tells with every response which release and which colour has answered."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.headers = {"X-Release": settings.RELEASE}
        if settings.COLOUR:
            self.headers["X-Colour"] = settings.COLOUR

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.headers.items():
            response[name] = value
        return response


class Probes:
    """Answers probes and scrapers, whatever Host and scheme they come with.

    They reach an instance by its address and without TLS, so they must not be redirected to
    HTTPS or refused for their Host. That is why these two are not ordinary views.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.probes = {"/health/": health.view, "/metrics": metrics.view}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = self.probes.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        response = probe(request)
        # Django's CommonMiddleware, which would do this, is not reached.
        response["Content-Length"] = str(len(response.content))
        return response


class RequestMetrics:
    """Measures each request up to the first byte of its response."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        metrics.observe(request, response, time.perf_counter() - started)
        return response
