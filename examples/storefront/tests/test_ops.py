"""Release headers, health, metrics and the container's health check."""

import datetime
import os
import runpy
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from prometheus_client.parser import text_string_to_metric_families

import healthcheck
from config import __version__
from shop.ops import health, metrics
from shop.ops.middleware import ReleaseHeaders


def samples(client) -> dict[tuple[str, ...], float]:
    """Return what `/metrics` says, by name and the labels' values in the labels' order."""
    text = client.get("/metrics").content.decode()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def fail_with(error):
    def check(*args, **kwargs):
        raise error

    return check


# --- Release headers --------------------------------------------------------------------------


def test_every_answer_names_its_release(client, db):
    for path in ("/", "/health/", "/metrics", "/nothing/"):
        response = client.get(path)
        assert response["X-Release"] == "dev"
        assert "X-Colour" not in response


def test_the_colour_is_named_when_there_is_one(settings):
    from django.http import HttpResponse

    settings.COLOUR, settings.RELEASE = "green", "abc123"
    response = ReleaseHeaders(lambda request: HttpResponse())(RequestFactory().get("/"))
    assert (response["X-Colour"], response["X-Release"]) == ("green", "abc123")


# --- Health -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_healthy(client):
    response = client.get("/health/")
    report = response.json()
    assert response.status_code == 200
    assert report["status"] == "healthy"
    assert report["version"] == __version__
    assert report["checks"] == {"database": "healthy", "cache": "disabled", "queue": "disabled"}
    assert datetime.datetime.fromisoformat(report["timestamp"]).utcoffset() == datetime.timedelta()


@pytest.mark.django_db
def test_probes_come_by_address_and_without_tls(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["shop.example"]
    client = Client(headers={"host": "192.0.2.7:8000"})
    assert client.get("/health/").status_code == 200
    assert client.get("/metrics").status_code == 200
    assert client.get("/", headers={"host": "shop.example"}).status_code == 301


@pytest.mark.parametrize("path", ["/health/", "/metrics"])
def test_probes_are_read_only(client, path):
    assert client.post(path).status_code == 405


@pytest.mark.django_db
def test_without_its_database_the_shop_is_unhealthy(client, monkeypatch):
    error = OperationalError('connection to "db" failed: no route\nmore')
    monkeypatch.setattr(health, "check_database", fail_with(error))
    before = samples(client)["django_db_connections_errors_total",]
    response = client.get("/health/")
    assert response.status_code == 503
    assert response.json()["status"] == "unhealthy"
    assert response.json()["checks"]["database"] == (
        'unhealthy: OperationalError: connection to "db" failed: no route'
    )
    assert samples(client)["django_db_connections_errors_total",] == before + 1


@pytest.mark.django_db(transaction=True)
def test_a_database_without_tables_is_unhealthy(client):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_migrations RENAME TO elsewhere")
        response = client.get("/health/")
        cursor.execute("ALTER TABLE elsewhere RENAME TO django_migrations")
    assert response.status_code == 503
    assert "django_migrations" in response.json()["checks"]["database"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "setting"), [("cache", "MEMCACHED_SERVERS"), ("queue", "RABBITMQ_URL")]
)
def test_without_cache_or_queue_the_shop_is_degraded(client, settings, monkeypatch, name, setting):
    setattr(settings, setting, "amqp://shop:hunter2@broker.example/")
    monkeypatch.setattr(health, f"check_{name}", fail_with(ConnectionRefusedError("refused")))
    response = client.get("/health/")
    assert response.status_code == 503
    assert response.json()["status"] == "degraded"
    assert response.json()["checks"]["database"] == "healthy"
    assert response.json()["checks"][name] == "unhealthy: ConnectionRefusedError: refused"


@pytest.mark.django_db
def test_configured_cache_and_queue_are_asked(client, settings, monkeypatch):
    settings.MEMCACHED_SERVERS, settings.RABBITMQ_URL = ["cache:11211"], "amqp://broker.example/"
    timeouts = []

    class Connection:
        def close(self):
            timeouts.append("closed")

    def connect(timeout):
        timeouts.append(timeout)
        return Connection()

    monkeypatch.setattr(health.broker, "connect", connect)
    assert client.get("/health/").json()["checks"] == dict.fromkeys(
        ["database", "cache", "queue"], "healthy"
    )
    assert timeouts == [2.0, "closed"]


@pytest.mark.django_db
def test_a_database_that_hangs_is_not_waited_for(client, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0.01)
    monkeypatch.setattr(health, "check_database", released.wait)
    try:
        report = client.get("/health/").json()
    finally:
        released.set()
    assert report["status"] == "unhealthy"
    assert report["checks"]["database"] == "unhealthy: CheckFailed: no answer within 0.01 s"


@pytest.mark.django_db
def test_a_cache_that_forgets_is_failing(client, settings):
    settings.MEMCACHED_SERVERS = ["cache:11211"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    assert client.get("/health/").json()["status"] == "degraded"


def test_no_secret_is_ever_shown(settings):
    settings.SECRET_KEY = "very-secret-key"
    settings.RABBITMQ_URL = "amqp://shop:hunter2@broker.example/"
    error = OSError("very-secret-key at amqp://shop:hunter2@broker.example/ and pg://a:b@c/d")
    assert health.describe(error) == "OSError: *** at *** and pg://***@c/d"
    assert health.describe(TimeoutError()) == "TimeoutError"


# --- Metrics ----------------------------------------------------------------------------------


def test_requests_are_measured_by_view_and_status_class(client, product):
    client.get("/")
    client.get("/nothing/")
    client.generic("BREW", "/")
    seen = samples(client)
    assert seen["django_request_duration_seconds_count", "GET", "2xx", "catalogue:list"] >= 1
    assert seen["django_request_duration_seconds_count", "GET", "4xx", "none"] >= 1
    assert seen["django_request_duration_seconds_count", "other", "4xx", "catalogue:list"] >= 1
    in_a_second = ("django_request_duration_seconds_bucket", "1.0", "GET", "2xx", "catalogue:list")
    assert in_a_second in seen


@pytest.mark.django_db
def test_failures_are_counted(monkeypatch):
    client = Client(raise_request_exception=False)
    monkeypatch.setattr(
        "shop.catalogue.navigation.categories", fail_with(OperationalError("server closed"))
    )
    before = samples(client)["django_db_connections_errors_total",]
    assert client.get("/").status_code == 500
    seen = samples(client)
    assert seen["django_request_errors_total", "GET", "catalogue:list"] >= 1
    assert seen["django_db_connections_errors_total",] == before + 1


def test_other_errors_are_no_database_errors(client):
    before = samples(client)["django_db_connections_errors_total",]
    metrics.count_database_error(ValueError("no"))
    assert samples(client)["django_db_connections_errors_total",] == before


def test_under_gunicorn_the_workers_are_added_up(client, monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert client.get("/metrics").content == b""


# --- The container's health check -------------------------------------------------------------


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b'{"status": "unhealthy"}')

    def log_message(self, *args):
        pass


@pytest.fixture
def web(monkeypatch):
    server = HTTPServer(("127.0.0.1", 0), Answer)
    server.status = 200
    monkeypatch.setenv("PORT", str(server.server_port))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_healthcheck_of_the_web_process(web):
    assert healthcheck.check_web() is None
    web.status = 503
    assert healthcheck.check_web() == '{"status": "unhealthy"}'


def test_healthcheck_of_no_process_at_all(monkeypatch):
    monkeypatch.setenv("PORT", "1")
    assert "127.0.0.1:1" in healthcheck.check_web()


def test_healthcheck_of_the_worker(monkeypatch, tmp_path):
    monkeypatch.delenv("WORKER_HEARTBEAT", raising=False)
    assert healthcheck.check_worker() is None
    heartbeat = tmp_path / "heartbeat"
    monkeypatch.setenv("WORKER_HEARTBEAT", str(heartbeat))
    assert healthcheck.check_worker().startswith("no heartbeat")
    heartbeat.touch()
    assert healthcheck.check_worker() is None
    old = time.time() - 60
    os.utime(heartbeat, (old, old))
    assert healthcheck.check_worker() == "last heartbeat 60 s ago"


def test_healthcheck_tells_by_its_exit_code(monkeypatch, tmp_path):
    monkeypatch.setenv("WORKER_HEARTBEAT", str(tmp_path / "none"))
    monkeypatch.setattr(sys, "argv", ["healthcheck.py", "worker"])
    with pytest.raises(SystemExit, match="no heartbeat"):
        runpy.run_path(str(Path(healthcheck.__file__)), run_name="__main__")
