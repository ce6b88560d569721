"""Root URLs. `/health/` and `/metrics` are absent: `shop.ops.middleware.Probes` answers them."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("shop.catalogue.urls")),
    path("cart/", include("shop.cart.urls")),
    path("orders/", include("shop.orders.urls")),
    path("api/", include("shop.api.urls")),
    path("admin/", admin.site.urls),
]

if getattr(settings, "DEBUG_TOOLBAR", False):
    urlpatterns.append(path("__debug__/", include("debug_toolbar.urls")))
