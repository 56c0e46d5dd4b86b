"""How long to search: quick by default, long with GEDRAG_TEST_LONG=1 (or =N for N times as long)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

LONG = int(os.environ.get("GEDRAG_TEST_LONG", "0"))


def searching(examples: int) -> settings:
    """Settings for a property that tries so many examples; a third of them in the quick profile."""
    return settings(
        max_examples=examples * 40 * LONG or examples // 3,
        deadline=None,
        derandomize=not LONG,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
