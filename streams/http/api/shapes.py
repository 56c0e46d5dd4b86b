"""What the API answers with. Instants are RFC 3339 in UTC; the descriptions and types here are those of /openapi.json."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Instant = Annotated[str, Meta(description="RFC 3339, UTC, with milliseconds", examples=["2026-03-01T11:00:00.000Z"])]
Name = Annotated[str, Meta(description="A segment or group of tiers, as defined")]


class InSegment(Struct):
    """A simple segment the customer is in. `family` is null for one that is defined no longer."""

    segment: Name
    family: str | None
    since: Instant


class InTier(Struct):
    """The customer's tier in a group."""

    group: Name
    tier: str
    family: str | None
    since: Instant


class Customer(Struct):
    """A customer's memberships now; `since` is the instant of its first."""

    customer_id: str
    since: Instant
    segments: list[InSegment]
    tiers: list[InTier]


class Ahead(Struct):
    """What time alone will do, and when."""

    at: Instant
    kind: Literal["entered", "exited", "moved"]
    to: Annotated[str | None, Meta(description="The tier, for moved")]


class Explained(Struct):
    """Where the customer is in one segment, and why: `reason` is the clause that decides, with its values."""

    segment: Name
    family: str
    kind: Literal["segment", "tiers"]
    member: Annotated[bool, Meta(description="True for tiers: every customer is in one of them")]
    tier: Annotated[str | None, Meta(description="The customer's tier, for tiers")]
    since: Annotated[str | None, Meta(description="Since its entry; since the last exit for one who is out; null for never")]
    reason: str
    attributes: Annotated[dict[str, Any], Meta(description="What the conditions read; durations in seconds, null for missing")]
    changes: Annotated[Ahead | None, Meta(description="What time alone will do first; null for nothing")]
    looked_until: Annotated[str | None, Meta(description="Where `changes` is null: nothing up to this instant; null for never")]


class Explanation(Struct):
    """Every segment at the instant `at`, up to which all that was known to the worker has been taken in."""

    customer_id: str
    at: Instant
    segments: list[Explained]


class Counted(Struct):
    """How many are in a segment, or in a tier (then `name` is group.tier), and what part of all customers."""

    name: str
    kind: Literal["segment", "tier"]
    customers: Annotated[int, Meta(ge=0)]
    percent: float


class Family(Struct):
    family: str
    segments: list[Counted]


class Counts(Struct):
    """All customers, and those in each segment, by family in the order of the definitions; robots apart, but in the segment that says who
    they are."""

    customers: Annotated[int, Meta(ge=0)]
    robots: Annotated[int, Meta(ge=0)]
    families: list[Family]


class Member(Struct):
    customer_id: str
    since: Instant


class Members(Struct):
    """A page of a segment's members, the longest there first. `next`: the cursor of the next page, null on the last."""

    segment: str
    members: list[Member]
    next: str | None


class Outcome(Struct):
    """What became of a mail: sent, refused, dropped or sending."""

    state: str
    at: Instant | None
    why: str


class Message(Struct):
    """A decision on a step of a campaign: send, held_out, suppressed, cancelled or withdrawn, and by which rule."""

    message_id: str
    campaign: str
    step: int
    decision: str
    reason: str
    at: str
    variant: str | None
    template: str | None
    change_id: str | None
    outcome: Outcome | None


class Messages(Struct):
    """The newest 100 decisions of the last 90 days, the newest first."""

    customer_id: str
    messages: list[Message]


class Sending(Struct):
    """Do mails go? While they are paused: since when, by whom, and why."""

    paused: bool
    since: Annotated[str | None, Meta(description="RFC 3339, UTC")] = None
    who: str | None = None
    why: str | None = None


class Forgetting(Struct):
    """`forgotten`: a worker has done it; else it is on the log, and is done when a worker comes to it."""

    customer_id: str
    forgotten: bool


class Problem(Struct):
    """An error (RFC 9457). `detail` says what to do next."""

    type: str
    title: str
    status: int
    detail: str


def components() -> dict[str, Any]:
    """JSON Schemas by name."""
    types = (Customer, Explanation, Counts, Members, Messages, Sending, Forgetting, Problem)
    return msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")[1]
