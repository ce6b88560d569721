"""Testing: production's behaviour with data nobody will miss."""

from config import env

from .base import *
from .base import STORAGES

ENVIRONMENT = "testing"
TESTING = True
SECRET_KEY = env.secret("SECRET_KEY", "testing-only-and-known-to-everybody")  # nosec B105
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "testserver"]

# The suite runs without `collectstatic`, hence without a manifest of hashed names.
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Hashing a password slowly on purpose proves nothing in a test.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
