"""Development: debug pages, mail to the console or Mailhog, no secret needed to start."""

from importlib.util import find_spec

from config import env

from .base import *
from .base import EMAIL_HOST, INSTALLED_APPS, MIDDLEWARE

DEBUG = env.flag("DEBUG", True)
SECRET_KEY = env.secret("SECRET_KEY", "development-only-and-known-to-everybody")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]

if not EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# The toolbar is a development dependency: present on a developer's machine, absent from images.
DEBUG_TOOLBAR = DEBUG and find_spec("debug_toolbar") is not None
if DEBUG_TOOLBAR:
    INSTALLED_APPS = [*INSTALLED_APPS, "debug_toolbar"]
    MIDDLEWARE = [*MIDDLEWARE, "debug_toolbar.middleware.DebugToolbarMiddleware"]
    INTERNAL_IPS = ["127.0.0.1", "::1"]
