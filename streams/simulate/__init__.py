"""A made-up shop: customers of several kinds, their visits, carts and orders, as rows of an events file."""

from streams.simulate.shop import simulate

__all__ = ["simulate"]
