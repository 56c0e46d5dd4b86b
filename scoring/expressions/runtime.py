"""What generated code calls: counts in time, what traits offer, and calculating where something may be missing."""

from __future__ import annotations

from scoring import series
from scoring.state import NEVER
from scoring.traits import cart, engagement, profile
from scoring.traits.catalog import FUNCTIONS


def divide(a: float | None, b: float | None) -> float | None:
    """Division by zero and by or of something missing is missing."""
    return None if a is None or not b else a / b


def calculate(a: float | None, op: str, b: float | None) -> float | None:
    if a is None or b is None:
        return None
    return a + b if op == "+" else a - b if op == "-" else a * b


def compare(a: float | str | None, op: str, b: float | str | None) -> bool:
    """A comparison in which a side may be missing: false then."""
    if a is None or b is None:
        return False
    if op == "==":
        return a == b
    if op == "!=":
        return a != b
    if op == "<":
        return a < b  # type: ignore[operator]
    if op == "<=":
        return a <= b  # type: ignore[operator]
    return a > b if op == ">" else a >= b  # type: ignore[operator]


#: Names the generated code uses.
NAMESPACE: dict[str, object] = (
    {
        name: getattr(module, name)
        for module, names in (
            (
                series,
                (
                    "reach",
                    "reach_both",
                    "total",
                    "total_both",
                    "reach_visits",
                    "total_visits",
                    "total_site_time",
                    "reach_days",
                    "total_days",
                ),
            ),
            (engagement, ("warmth_at", "cooling")),
            (cart, ("cart_items", "cart_value")),
            (profile, ("has_email", "email_consent", "profile_text")),
        )
        for name in names
    }
    | FUNCTIONS
    | {"NEVER": NEVER, "divide": divide, "calculate": calculate, "compare": compare, "min": min}
)
