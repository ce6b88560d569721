from django.urls import path

from . import views

app_name = "api"

urlpatterns = [
    path("products/", views.products, name="products"),
    path("orders/", views.orders, name="orders"),
    path("orders/<uuid:number>/", views.order, name="order"),
]
