"""A character: a name, the segment that should find it, and the story it plays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from streams.simulate.characters.script import Row, Script

Story = Callable[[Script], None]


@dataclass(frozen=True, slots=True)
class Character:
    """`segment` of the shipped definitions, a tier as `group.tier`. `past`: the story begins with what every customer has behind them."""

    name: str
    segment: str
    story: Story
    past: bool = True

    def play(self, seed: int, number: int, end: int) -> list[tuple[int, Row]]:
        """The `number`-th customer of this character: (instant, row) in order of time, all before `end` (epoch ms)."""
        script = Script(Random(f"{seed}/{self.name}/{number}"), self.name, number, end)
        if self.past:
            script.past()
        self.story(script)
        return script.told()


def found_by(segment: str, *, past: bool = True) -> Callable[[Story], Character]:
    """Makes a story a character, named after its function."""
    return lambda story: Character(story.__name__, segment, story, past)
