"""What every environment shares. Each environment's module starts from here."""

from pathlib import Path

from config import __version__, env

BASE_DIR = Path(__file__).resolve().parent.parent.parent

# --- Identity ---------------------------------------------------------------------------------

APP_VERSION = __version__
ENVIRONMENT = env.text("ENVIRONMENT", "development")
RELEASE = env.text("RELEASE", "dev")
COLOUR = env.text("SHIPWAY_COLOUR")

# --- Security ---------------------------------------------------------------------------------

DEBUG = False
SECRET_KEY = env.secret("SECRET_KEY")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")

# --- Application ------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "shop.catalogue",
    "shop.cart",
    "shop.orders",
    "shop.ops",
]

MIDDLEWARE = [
    # The first three stand in front of Django's own: every answer names its release, and probes
    # are answered before any check of host, scheme or session can turn them away.
    "shop.ops.middleware.ReleaseHeaders",
    "shop.ops.middleware.Probes",
    "shop.ops.middleware.RequestMetrics",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.cart.context_processors.cart",
                "shop.ops.context_processors.release",
            ],
        },
    },
]

# --- Database ---------------------------------------------------------------------------------

DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "data")))
POSTGRES_HOST = env.text("POSTGRES_HOST")

if POSTGRES_HOST:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": env.text("POSTGRES_DB", "storefront"),
            "USER": env.text("POSTGRES_USER", "storefront"),
            "PASSWORD": env.secret("POSTGRES_PASSWORD"),
            "HOST": POSTGRES_HOST,
            "PORT": env.text("POSTGRES_PORT", "5432"),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                "connect_timeout": 2,
                # A peer that vanished without a word is noticed instead of waited for.
                "tcp_user_timeout": 5000,
            },
        }
    }
else:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES = {
        "default": {
            "ENGINE": "config.sqlite",
            "NAME": DATA_DIR / "storefront.sqlite3",
            # A connection that stays open spares each request the WAL's opening and closing.
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                # Several processes of two releases write here at once. A transaction that takes
                # the write lock at its start queues for it (busy timeout); one that upgrades
                # from reading later would fail at once with "database is locked".
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    }

# --- Cache ------------------------------------------------------------------------------------

MEMCACHED_SERVERS = env.items("MEMCACHED_SERVERS")
CACHE_DEFAULT_TIMEOUT = env.integer("CACHE_DEFAULT_TIMEOUT", 300)

if MEMCACHED_SERVERS:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
            "LOCATION": MEMCACHED_SERVERS,
            "TIMEOUT": CACHE_DEFAULT_TIMEOUT,
            "OPTIONS": {
                # A cache that is down makes pages slower, not impossible.
                "ignore_exc": True,
                "connect_timeout": 1,
                "timeout": 1,
                # Look for a lost server again after seconds, not after the default minute.
                "dead_timeout": 5,
            },
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "TIMEOUT": CACHE_DEFAULT_TIMEOUT,
        }
    }

# --- Queue ------------------------------------------------------------------------------------

RABBITMQ_URL = env.secret("RABBITMQ_URL")
ORDER_QUEUE = env.text("ORDER_QUEUE", "orders.placed")
WORKER_POLL_SECONDS = 0.5
# The worker touches this file on every turn of its loop; a container's health check reads it.
WORKER_HEARTBEAT = env.text("WORKER_HEARTBEAT")

# --- Mail -------------------------------------------------------------------------------------

EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.integer("EMAIL_PORT", 25)
EMAIL_TIMEOUT = 5
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "django.core.mail.backends.dummy.EmailBackend"
)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "orders@storefront.example")

# --- Static files -----------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Language, time, logs ---------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        # Django's own handlers would print each line twice, or post it to nobody's mailbox.
        "django": {"handlers": [], "propagate": True},
        # What fails here is raised as well, and told once by the worker or the health check.
        "pika": {"level": "CRITICAL"},
    },
}
