from django.contrib import admin

from .models import Order, OrderLine


class OrderLineInline(admin.TabularInline):
    model = OrderLine
    extra = 0
    can_delete = False
    readonly_fields = ["product", "quantity", "unit_price"]


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ["number", "email", "status", "total", "created_at"]
    list_filter = ["status", "created_at"]
    search_fields = ["number", "email"]
    readonly_fields = ["number", "email", "status", "total", "created_at", "confirmed_at"]
    inlines = [OrderLineInline]

    def has_add_permission(self, request) -> bool:
        return False
