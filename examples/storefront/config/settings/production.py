"""Production: refuses to start half-configured, and trusts TLS to the proxy in front."""

from config import env

from .base import *
from .base import ALLOWED_HOSTS, DATABASES, POSTGRES_HOST, SECRET_KEY

ENVIRONMENT = env.text("ENVIRONMENT", "production")

env.require(ENVIRONMENT, SECRET_KEY=SECRET_KEY, ALLOWED_HOSTS=ALLOWED_HOSTS)
if POSTGRES_HOST:
    env.require(ENVIRONMENT, POSTGRES_PASSWORD=DATABASES["default"]["PASSWORD"])

SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", True)
SESSION_COOKIE_SECURE = env.flag("SESSION_COOKIE_SECURE", True)
CSRF_COOKIE_SECURE = env.flag("CSRF_COOKIE_SECURE", True)
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 3600 if SECURE_SSL_REDIRECT else 0)
# The proxy ends TLS and overwrites this header; nothing else can reach the application.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
