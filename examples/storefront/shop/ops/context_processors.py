from django.conf import settings
from django.http import HttpRequest


def release(request: HttpRequest) -> dict[str, str]:
    return {
        "app_version": settings.APP_VERSION,
        "release": settings.RELEASE,
        "environment": settings.ENVIRONMENT,
    }
