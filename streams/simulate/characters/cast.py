"""All characters, and their stories as one stream of events."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from streams.simulate.characters import (
    benefits,
    catalogue,
    engagement,
    experience,
    journey,
    loyalty,
    occasions,
    on_the_way,
    persons,
    purchase_habits,
    satisfaction,
    technology,
)
from streams.simulate.characters.character import Character
from streams.simulate.characters.script import Row

_FILES: tuple[ModuleType, ...] = (
    on_the_way, purchase_habits, catalogue, benefits, occasions, journey, loyalty, engagement, satisfaction, persons, technology,
    experience,
)  # fmt: skip

CHARACTERS: tuple[Character, ...] = tuple(each for file in _FILES for each in vars(file).values() if isinstance(each, Character))


def perform(of_each: int, seed: int, end: int) -> Iterator[list[tuple[int, Row]]]:
    """The stories of so many customers of every character, each (instant, row) in order of time. They end before `end` (epoch ms)."""
    for character in CHARACTERS:
        for number in range(1, of_each + 1):
            yield character.play(seed, number, end)
