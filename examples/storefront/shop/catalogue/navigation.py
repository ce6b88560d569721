"""The list of categories beside every catalogue page, kept in the cache."""

from django.core.cache import cache

from .models import Category

KEY = "catalogue:categories"
# Short, because a new category must not stay unseen for long in any process.
SECONDS = 60


def categories() -> list[Category]:
    return cache.get_or_set(KEY, lambda: list(Category.objects.all()), SECONDS)
