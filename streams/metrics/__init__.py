"""Series for Prometheus, made when somebody asks: docs/operations.md says what each means and what to do about it."""
