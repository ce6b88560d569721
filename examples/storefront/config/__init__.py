"""Project package of the storefront: settings, root URLs and the WSGI entry point."""

__version__ = "1.0.0"
