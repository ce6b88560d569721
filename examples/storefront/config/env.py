"""Reading the environment: typed values, and secrets that may live in a file.

An empty variable counts as unset, because Compose turns `${NAME:-}` into an empty string.
"""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


def text(name: str, default: str = "") -> str:
    return os.environ.get(name) or default


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")


def integer(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from None


def items(name: str) -> list[str]:
    """Return the comma-separated parts of a variable, without blanks."""
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def secret(name: str, default: str = "") -> str:
    """Return the variable, else the content of the file that `NAME_FILE` names."""
    value = os.environ.get(name)
    if value:
        return value
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names a file that cannot be read: {path} ({error.strerror})"
        ) from None


def require(environment: str, **values: object) -> None:
    """Refuse to start when any of the given values is empty, naming all of them at once."""
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise ImproperlyConfigured(
            f"the {environment} environment cannot start without: {', '.join(missing)}"
        )
