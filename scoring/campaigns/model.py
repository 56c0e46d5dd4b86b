"""Campaigns as the engine takes them: checked, with durations in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.campaigns.caps import Cap
from scoring.campaigns.quiet import QuietHours
from scoring.events.schema import CART_EVENT_TYPES
from scoring.expressions.tree import Condition, In, InSegment, TierOf

EVENT_TYPES: tuple[str, ...] = (
    "page_view", *CART_EVENT_TYPES.values(), "purchase", "refund",
    "email_delivered", "email_opened", "email_clicked", "email_bounced", "email_complained", "email_unsubscribed",
    "feedback", "profile",
)  # fmt: skip
#: Contract, section 7: event types that end a campaign where `stop_on` isn't given.
DEFAULT_STOP_ON = frozenset({"purchase"})
DEFAULT_LANGUAGE = "en"
DEFAULT_TIME_ZONE = "UTC"


@dataclass(frozen=True, slots=True)
class Entered:
    """The campaign starts when a customer enters this simple segment."""

    segment: str

    def membership(self) -> Condition:
        return InSegment(self.segment, text=f"in_segment({self.segment!r})")


@dataclass(frozen=True, slots=True)
class Moved:
    """The campaign starts when a customer moves to one of `to`, from one of `origin` (None: from anywhere, the first tier included)."""

    tiers: str
    origin: tuple[str, ...] | None
    to: tuple[str, ...]

    @property
    def segment(self) -> str:
        return self.tiers

    def membership(self) -> Condition:
        return In(TierOf(self.tiers, text=f"tier({self.tiers!r})"), self.to, text=f"tier({self.tiers!r}) in {list(self.to)!r}")


@dataclass(frozen=True, slots=True)
class Step:
    after: int  # milliseconds after the trigger
    template: str


@dataclass(frozen=True, slots=True)
class Reentry:
    """Not started again within `length` milliseconds of its last start. `text` is the span as the file has it."""

    length: int
    text: str


@dataclass(frozen=True, slots=True)
class Campaign:
    name: str
    trigger: Entered | Moved
    condition: Condition  # `while`, or the trigger's membership
    stop_on: frozenset[str]  # event types
    steps: tuple[Step, ...]  # `after` strictly rising
    transactional: bool
    priority: int = 0
    reentry: Reentry | None = None
    excludes: tuple[str, ...] = ()  # names of campaigns
    hold_out: float = 0.0  # share of customers, below 1
    variants: tuple[tuple[str, float], ...] = ()  # (name, weight), in file order


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for all campaigns of a file. `time_zone` and `language` are of customers whose profile names none."""

    time_zone: str = DEFAULT_TIME_ZONE
    language: str = DEFAULT_LANGUAGE
    quiet_hours: QuietHours | None = None
    caps: tuple[Cap, ...] = ()
    not_while: Condition | None = None  # while it is true, only transactional mail is sent
