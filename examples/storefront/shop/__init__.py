"""The shop: catalogue, cart, orders, their JSON API, and what operating them needs."""
