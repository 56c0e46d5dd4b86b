"""What a customer may ask for: to be told what is known, and to be forgotten (docs/decisions/0009)."""
