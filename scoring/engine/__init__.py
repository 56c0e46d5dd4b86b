"""The engine: one customer's state and one event, or an instant, in; changes and messages out."""

from scoring.engine.engine import Engine

__all__ = ["Engine"]
