from django.urls import path

from . import views

app_name = "catalogue"

urlpatterns = [
    path("", views.product_list, name="list"),
    path("category/<slug:category>/", views.product_list, name="category"),
    path("products/<slug:slug>/", views.product_detail, name="detail"),
    path("stream/", views.stock_stream, name="stream"),
]
