from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "shop.ops"
    verbose_name = "Operations"

    def ready(self) -> None:
        from . import metrics

        metrics.watch_database_errors()
