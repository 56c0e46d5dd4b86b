"""Ids that are one customer: facts joined, memberships taken along, and what customers hand over to each other for it."""
