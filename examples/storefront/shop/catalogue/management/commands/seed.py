"""Loads a small catalogue; running it again changes nothing that a person has edited."""

from decimal import Decimal

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils.text import slugify

from shop.catalogue.models import Category, Product

CATALOGUE = {
    "Coffee": [
        ("Harbour Blend", "12.50", "Chocolate, hazelnut and a little orange. For every day."),
        ("Lighthouse Espresso", "13.90", "Dark, heavy and sweet; stands up to milk."),
        ("Morning Tide Filter", "14.20", "Washed Ethiopian beans: jasmine and apricot."),
    ],
    "Tea": [
        ("Fog Bank Assam", "8.40", "Malty and strong, the way dockers like it."),
        ("Quay Green Sencha", "9.80", "First flush, steamed, grassy and clear."),
        ("Pilot's Peppermint", "6.20", "Whole leaves, no caffeine."),
    ],
    "Brewing": [
        ("Copper Pour-Over Kettle", "64.00", "0.9 litres, with a spout that obeys."),
        ("Hand Grinder", "79.00", "Steel burrs, forty clicks, twenty grams."),
        ("Enamel Mug", "11.00", "White with a blue rim; survives the deck."),
    ],
}


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--stock", type=int, default=1_000_000, help="stock of each product created"
        )

    @transaction.atomic
    def handle(self, *args: object, stock: int, **options: object) -> None:
        created = 0
        for category_name, products in CATALOGUE.items():
            category, _ = Category.objects.get_or_create(
                slug=slugify(category_name), defaults={"name": category_name}
            )
            for name, price, description in products:
                _, is_new = Product.objects.get_or_create(
                    slug=slugify(name),
                    defaults={
                        "category": category,
                        "name": name,
                        "price": Decimal(price),
                        "description": description,
                        "stock": stock,
                    },
                )
                created += is_new
        self.stdout.write(f"{created} products created, {Product.objects.count()} in all")
