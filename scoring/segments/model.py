"""Segment definitions as the engine takes them: checked, ordered, with durations in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scoring.calendar.calendar import EMPTY, Calendar
from scoring.expressions.tree import Condition, Flag


@dataclass(frozen=True, slots=True)
class Segment:
    """A simple segment: a customer is in or out."""

    name: str
    family: str
    when: Condition
    exit_when: Condition | None
    hold_for: int
    cooldown: int
    definition: str  # 16 hex digits: changes when the meaning does, not with spaces or comments
    settle: int = 0  # a change either way counts once it has lasted so long


@dataclass(frozen=True, slots=True)
class Tier:
    name: str
    when: Condition | None  # None: the last one, for everybody else


@dataclass(frozen=True, slots=True)
class Tiers:
    """Ordered tiers: a customer is in exactly one, the first whose condition holds; with `of`, in none while that is not true."""

    name: str
    family: str
    tiers: tuple[Tier, ...]
    definition: str
    settle: int = 0
    of: Condition | None = None

    @property
    def conditions(self) -> list[Condition]:
        """All that it asks for, `of` first."""
        return [each for each in (self.of, *(tier.when for tier in self.tiers)) if each is not None]


@dataclass(frozen=True, slots=True)
class Engagement:
    """`[engagement]`: half-life in milliseconds and weight by event type."""

    half_life: float
    weights: dict[str, float]


@dataclass(frozen=True, slots=True)
class Definitions:
    segments: tuple[Segment | Tiers, ...]  # in file order, [[segment]] and [[tiers]] together
    engagement: Engagement
    fingerprint: int  # 32 bits over all of it: equal if and only if no membership can have another meaning
    source: str = field(default="", compare=False)  # the file's text, from which `read` makes these definitions again
    off: frozenset[str] = frozenset()  # families that are switched off: their segments are not among these
    switched_off: Mapping[str, str] = field(default_factory=dict)  # those segments and tiers, each with its family
    calendar: Calendar = field(default=EMPTY, compare=False)  # what occasions conditions can name; their meaning counts in `definition`

    @property
    def robots(self) -> str | None:
        """The segment that says who is a robot, the first whose `when` is `is_robot` alone: its members are counted apart."""
        return next((each.name for each in self.segments if isinstance(each, Segment) and each.when == Flag("is_robot")), None)


#: Contract, section 3. `[engagement.weights]` overrides single ones.
DEFAULT_WEIGHTS: dict[str, float] = {
    "page_view": 1.0, "wishlist_add": 2.0, "cart_add": 3.0, "checkout_started": 4.0, "purchase": 10.0,
    "email_opened": 0.5, "email_clicked": 2.0, "feedback": 3.0,
}  # fmt: skip
DEFAULT_HALF_LIFE = 7.0 * 86_400_000
