"""Staging: production's settings with staging's data, so that what passes here holds there."""

from .production import *

ENVIRONMENT = "staging"
