"""What was done, and what came out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields

#: Figures of which a single one means that a promise is broken.
BROKEN = (
    "missing", "extra", "differing", "contradictory", "wrong_order", "wrong_states", "naive_differs", "messages_missing", "messages_extra",
    "messages_differing", "withdrawals_missing", "withdrawals_extra", "mails_missing", "mails_extra", "mails_not_on_record",
    "mails_after_withdrawal", "mails_withheld_without_cause", "mails_doubled_without_cause", "view_wrong", "dead_letters",
)  # fmt: skip


@dataclass
class Tally:
    """`kills` by point, `broker` and `outages` by kind, `ended`: workers that ended by themselves, by exit status, `withheld`: mails
    rightly not sent, by reason."""

    kills: Counter[str] = field(default_factory=Counter)
    rebalances: int = 0
    broker: Counter[str] = field(default_factory=Counter)
    outages: Counter[str] = field(default_factory=Counter)
    zombies: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    events: int = 0
    customers: int = 0
    late_customers: int = 0  # whose events reached the broker too late to be judged by their `ts`
    changes: int = 0
    messages: int = 0
    repeats: int = 0
    stale_records: int = 0  # of a former worker, ignored at the last recovery
    compacted: int = 0  # changelog records that compaction took away
    naive_customers: int = 0  # judged by the recount that shares nothing with the engine, as well
    mails: int = 0
    withheld: Counter[str] = field(default_factory=Counter)
    mails_doubled: int = 0  # where delivery was killed or cut off
    missing: int = 0
    extra: int = 0
    differing: int = 0
    contradictory: int = 0
    wrong_order: int = 0
    wrong_states: int = 0
    messages_missing: int = 0
    messages_extra: int = 0
    messages_differing: int = 0
    withdrawals_missing: int = 0
    withdrawals_extra: int = 0
    mails_missing: int = 0
    mails_extra: int = 0
    mails_not_on_record: int = 0  # not marked as sent: they would be sent again
    mails_after_withdrawal: int = 0
    mails_withheld_without_cause: int = 0
    mails_doubled_without_cause: int = 0
    view_wrong: int = 0
    naive_differs: int = 0
    dead_letters: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            else:
                setattr(self, each.name, mine + theirs)

    def found(self, name: str, wrong: list[object]) -> None:
        """Counts what is wrong, and keeps an example."""
        if wrong:
            setattr(self, name, getattr(self, name) + len(wrong))
            self.examples.append(f"{name} ({len(wrong)}): {wrong[0]}"[:2_000])

    @property
    def killed(self) -> int:
        return sum(self.kills.values())

    @property
    def holds(self) -> bool:
        return not any(getattr(self, name) for name in BROKEN) and not self.examples

    def as_dict(self) -> dict[str, object]:
        figures: dict[str, object] = {"killed": self.killed}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "examples":
                figures[each.name] = dict(sorted(value.items())) if isinstance(value, Counter) else value
        return figures
