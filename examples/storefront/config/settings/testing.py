"""Testing: production's behaviour with data nobody will miss."""

from config import env

from .base import *
from .base import DATA_DIR, DATABASES, POSTGRES_HOST, STORAGES

ENVIRONMENT = "testing"
TESTING = True
SECRET_KEY = env.secret("SECRET_KEY", "testing-only-and-known-to-everybody")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "testserver"]

if not POSTGRES_HOST:
    # A file, not memory: only a file can be opened by several threads as it is in operation.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}

# The suite runs without `collectstatic`, hence without a manifest of hashed names.
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Hashing a password slowly on purpose proves nothing in a test.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
