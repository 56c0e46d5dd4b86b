"""Families switched off: their segments are not evaluated, and nothing may depend on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.segments.families import FAMILIES
from scoring.segments.faults import Faults
from scoring.segments.read import read
from tests.contracts.scenario import toml

SHIPPED = (Path(__file__).parents[3] / "streams" / "defaults" / "segments.toml").read_text(encoding="utf-8")
LOYAL = toml("purchases >= 3", "loyal", family="loyalty")
OFF = '[families]\noff = ["loyalty"]\n'


def test_segments_of_a_family_that_is_off_are_not_there() -> None:
    assert [each.name for each in read(LOYAL + toml("page_views > 3") + OFF).segments] == ["it"]
    assert read(LOYAL + OFF).segments == ()


def test_no_one_may_ask_for_them() -> None:
    with pytest.raises(Faults) as told:
        read(LOYAL + toml("in_segment('loyal')") + OFF)
    assert [(f.message, f.hint) for f in told.value.faults] == [
        ("`loyal` belongs to `loyalty`, which this file switches off", "take it out of `off` in [families]")
    ]


def test_a_family_nobody_knows() -> None:
    with pytest.raises(Faults) as told:
        read(LOYAL + '[families]\noff = ["loyality"]\n')
    assert [(f.line, f.message, f.hint) for f in told.value.faults] == [(6, "unknown family `loyality`", "did you mean `loyalty`?")]


def test_each_family_of_the_shipped_definitions_can_be_switched_off_alone() -> None:
    for family in FAMILIES[:-1]:  # `other` says whom one may write to
        left = read(f'{SHIPPED}\n[families]\noff = ["{family}"]\n').segments
        assert left and family not in {each.family for each in left}
