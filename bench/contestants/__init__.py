"""What runs beside our worker over the same bytes, each a process of its own."""
