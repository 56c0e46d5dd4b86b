"""What a worker has at hand when it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.traits import user_agents
from streams.settings import Settings
from streams.worker import load_engine

CORE = Path(__file__).parents[2] / "bench" / "definitions" / "reference.toml"


@pytest.mark.parametrize(("segments", "loaded"), [({}, 1), ({"segments": str(CORE)}, 0)])
def test_lists_of_user_agents_are_loaded_where_they_are_wanted(segments: dict[str, str], loaded: int, tmp_path: Path) -> None:
    none = tmp_path / "none.toml"
    none.touch()
    user_agents._read.cache_clear()
    load_engine(Settings.load(overrides=segments and segments | {"campaigns": str(none)}))
    assert user_agents._read.cache_info().currsize == loaded
