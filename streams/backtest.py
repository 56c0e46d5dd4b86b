"""What the campaigns of a back-test came to: decisions counted by campaign, step, variant and rule, with the customers they met.

It reads message records (contract, section 7), so whatever rule a decision names is counted under that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

SEND = "send"
#: In the order a table shows them; a decision not among them comes last.
DECISIONS = (SEND, "held_out", "suppressed", "cancelled")


class Key(NamedTuple):
    """What decisions are counted by."""

    campaign: str
    step: int
    variant: str | None
    decision: str
    reason: str


@dataclass(slots=True)
class Count:
    """So many messages, to or not to these customers."""

    messages: int = 0
    customers: set[str] = field(default_factory=set)


class _Record(msgspec.Struct):
    campaign: str
    step: int
    decision: str
    variant: str | None = None
    reason: str = ""


class Tally:
    """Memory: a set of customers for each campaign, step, variant, decision and reason."""

    def __init__(self, campaigns: Iterable[str] = ()) -> None:
        """`campaigns`: in the order they are shown."""
        self._order = {name: place for place, name in enumerate(campaigns)}
        self._counts: dict[Key, Count] = {}
        self._decode = msgspec.json.Decoder(_Record).decode

    def add(self, customer_id: str, record: bytes) -> None:
        """Counts one message record."""
        told = self._decode(record)
        key = Key(told.campaign, told.step, told.variant, told.decision, told.reason)
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = Count()
        count.messages += 1
        count.customers.add(customer_id)

    def by_reason(self) -> dict[Key, Count]:
        """Everything apart, in the order of campaign, step, variant, decision and reason."""
        return self._grouped(lambda key: key)

    def by_decision(self) -> dict[Key, Count]:
        """Each step and variant: what was decided, whatever the reason (empty here)."""
        return self._grouped(lambda key: key._replace(reason=""))

    def rules(self) -> dict[Key, Count]:
        """What stopped messages of each campaign, over all its steps (0) and variants (None), the rule that stopped most first."""
        found = self._grouped(lambda key: key._replace(step=0, variant=None))
        stopped = [each for each in found.items() if each[0].decision != SEND]
        stopped.sort(key=lambda each: (self._place(each[0])[:4], -each[1].messages))
        return dict(stopped)

    def sent_to(self) -> set[str]:
        """The customers anything was sent to."""
        return set().union(*(count.customers for key, count in self._counts.items() if key.decision == SEND))

    def stopped_by(self, reason: str) -> int:
        """How many messages a rule stopped."""
        return sum(count.messages for key, count in self._counts.items() if key.reason == reason)

    def never_started(self) -> list[str]:
        """Campaigns of which nothing was decided."""
        started = {key.campaign for key in self._counts}
        return [name for name in self._order if name not in started]

    def _grouped(self, group: Callable[[Key], Key]) -> dict[Key, Count]:
        found: dict[Key, Count] = {}
        for key, count in self._counts.items():
            together = found.setdefault(group(key), Count())
            together.messages += count.messages
            together.customers |= count.customers
        return dict(sorted(found.items(), key=lambda each: self._place(each[0])))

    def _place(self, key: Key) -> tuple[object, ...]:
        decision = DECISIONS.index(key.decision) if key.decision in DECISIONS else len(DECISIONS)
        return (self._order.get(key.campaign, len(self._order)), key.campaign), key.step, key.variant or "", decision, key.reason
