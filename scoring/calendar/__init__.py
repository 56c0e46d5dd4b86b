"""Occasions: the days that come round every year, for everybody or by country, and when a customer's own clock shows them."""
