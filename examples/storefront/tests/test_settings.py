"""Each environment's settings, read in a fresh interpreter as a release would read them."""

import json
import os
import subprocess
import sys

import pytest

from config import env

SHOW = """
import importlib, json, sys
settings = importlib.import_module("config.settings." + sys.argv[1])
print(json.dumps({name: getattr(settings, name, None) for name in sys.argv[2:]}, default=str))
"""

# Nothing of the caller's environment but what measures coverage.
COVERAGE = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
COMPLETE = {"SECRET_KEY": "k", "ALLOWED_HOSTS": "shop.example"}


def read(environment, *names, **variables):
    """Return the named settings, or the last line of the error."""
    result = subprocess.run(
        [sys.executable, "-c", SHOW, environment, *names],
        env={"PYTHONDONTWRITEBYTECODE": "1", **COVERAGE, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return json.loads(result.stdout) if result.returncode == 0 else result.stderr.splitlines()[-1]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_what_is_missing_is_named_at_once(environment, tmp_path):
    error = read(environment, DATA_DIR=str(tmp_path), ENVIRONMENT=environment)
    assert error.endswith(
        f"the {environment} environment cannot start without: SECRET_KEY, ALLOWED_HOSTS"
    )


def test_postgresql_needs_a_password():
    error = read("production", POSTGRES_HOST="db", **COMPLETE)
    assert error.endswith("cannot start without: POSTGRES_PASSWORD")


def test_production_is_strict_unless_told_otherwise(tmp_path):
    names = ["DEBUG", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"]
    variables = COMPLETE | {"DATA_DIR": str(tmp_path), "DEBUG": "True"}
    assert read("production", *names, **variables) == dict(
        zip(names, [False, True, True, True], strict=True)
    )
    relaxed = read("production", *names, **variables, SECURE_SSL_REDIRECT="off")
    assert relaxed["SECURE_SSL_REDIRECT"] is False


def test_staging_is_production_under_another_name(tmp_path):
    settings = read(
        "staging", "ENVIRONMENT", "SECURE_SSL_REDIRECT", DATA_DIR=str(tmp_path), **COMPLETE
    )
    assert settings == {"ENVIRONMENT": "staging", "SECURE_SSL_REDIRECT": True}


def test_secrets_may_be_files(tmp_path):
    (tmp_path / "key").write_text("from-file\n")
    (tmp_path / "password").write_text("hunter2\n")
    settings = read(
        "production",
        "SECRET_KEY",
        "DATABASES",
        ALLOWED_HOSTS="shop.example",
        POSTGRES_HOST="db",
        SECRET_KEY_FILE=str(tmp_path / "key"),
        POSTGRES_PASSWORD_FILE=str(tmp_path / "password"),
    )
    assert settings["SECRET_KEY"] == "from-file"
    assert settings["DATABASES"]["default"]["PASSWORD"] == "hunter2"


def test_development_and_testing_start_with_nothing(tmp_path):
    settings = read("development", "DEBUG", "EMAIL_BACKEND", DATA_DIR=str(tmp_path / "new"))
    assert settings["DEBUG"] is True
    assert settings["EMAIL_BACKEND"].endswith("console.EmailBackend")
    assert (tmp_path / "new").is_dir()
    assert read("testing", "DEBUG", DATA_DIR=str(tmp_path)) == {"DEBUG": False}


def test_services_are_used_when_they_are_named():
    settings = read(
        "testing",
        "CACHES",
        "RABBITMQ_URL",
        "EMAIL_BACKEND",
        POSTGRES_HOST="db",
        MEMCACHED_SERVERS="one:11211, two:11211",
        RABBITMQ_URL="amqp://broker.example/",
        EMAIL_HOST="mail",
    )
    assert settings["CACHES"]["default"]["LOCATION"] == ["one:11211", "two:11211"]
    assert settings["RABBITMQ_URL"] == "amqp://broker.example/"
    assert settings["EMAIL_BACKEND"].endswith("smtp.EmailBackend")


@pytest.mark.parametrize(
    ("value", "expected"), [("yes", True), ("0", False), ("", True), (" False ", False)]
)
def test_flags(monkeypatch, value, expected):
    monkeypatch.setenv("FLAG", value)
    assert env.flag("FLAG", True) is expected


def test_nonsense_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("SOME", "perhaps")
    monkeypatch.setenv("SOME_SECRET_FILE", "/nowhere")
    with pytest.raises(env.ImproperlyConfigured, match="SOME must be true or false"):
        env.flag("SOME", True)
    with pytest.raises(env.ImproperlyConfigured, match="SOME must be a whole number"):
        env.integer("SOME", 1)
    with pytest.raises(env.ImproperlyConfigured, match="SOME_SECRET_FILE names a file"):
        env.secret("SOME_SECRET")


def test_numbers(monkeypatch):
    monkeypatch.setenv("NUMBER", " 7 ")
    assert env.integer("NUMBER", 1) == 7
    assert env.integer("NO_NUMBER", 1) == 1
