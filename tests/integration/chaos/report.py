"""A run in words."""

from __future__ import annotations

from collections import Counter

from tests.integration.chaos.plan import Round
from tests.integration.chaos.tally import BROKEN, Tally


def progress(number: int, rounds: int, round_: Round, tally: Tally, seconds: float) -> str:
    """One line when a round is over."""
    done = [f"{tally.killed} kills"] if tally.killed else []
    done += [f"{tally.rebalances} rebalances"] if tally.rebalances else []
    done += [f"{count} × broker {how}" for how, count in sorted(tally.broker.items())]
    done += [f"{count} × {how}" for how, count in sorted(tally.outages.items())]
    done += [f"{count} zombies {how}" for how, count in sorted(tally.zombies.items())]
    done += [f"{tally.compacted:,} records compacted away"] if tally.compacted else []
    said = f"{tally.changes:,} changes, {tally.repeats:,} repeats, {tally.mails:,} mails, {tally.withheld.total():,} withheld"
    wrong = ", ".join(f"{name} {getattr(tally, name)}" for name in BROKEN if getattr(tally, name))
    verdict = "as it ought to be" if tally.holds else f"WRONG: {wrong or 'stuck'}"
    return f"[{number}/{rounds}] {round_.scene:8} seed {round_.seed}  {seconds:5.1f} s  {', '.join(done)}; {said}: {verdict}"


def table(tally: Tally, seconds: float) -> str:
    """What was done, and what came out."""
    rows = [("kill -9", tally.killed)]
    rows += [(f"  {point}", count) for point, count in _ordered(tally.kills)]
    rows += [("graceful rebalances", tally.rebalances), ("broker away", sum(tally.broker.values()))]
    rows += [(f"  {how}", count) for how, count in _ordered(tally.broker)]
    rows += [("Redis or SMTP away", sum(tally.outages.values()))]
    rows += [(f"  {how}", count) for how, count in _ordered(tally.outages)]
    rows += [("zombies", sum(tally.zombies.values()))]
    rows += [(f"  {how}", count) for how, count in _ordered(tally.zombies)]
    rows += [(f"workers that ended by themselves, status {code}", count) for code, count in _ordered(tally.ended)]
    rows += [
        ("events", tally.events), ("customers", tally.customers), ("  not judged: an event of theirs came late", tally.late_customers),
        ("  judged by brute force as well", tally.naive_customers), ("changes", tally.changes), ("messages", tally.messages),
        ("repeats of changes and messages, same id and content", tally.repeats),
        ("changelog records of a former worker, ignored", tally.stale_records), ("changelog records compacted away", tally.compacted),
        ("mails", tally.mails), *((f"mails not sent, {why}", count) for why, count in _ordered(tally.withheld)),
        ("mails twice, where delivery was killed or cut off", tally.mails_doubled),
    ]  # fmt: skip
    rows += [(name.replace("_", " "), getattr(tally, name)) for name in BROKEN]
    width = max(len(name) for name, _ in rows)
    return "\n".join(["", *(f"{name:{width}}  {count:>9,}" for name, count in rows), f"{'minutes':{width}}  {seconds / 60:>9.1f}", ""])


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items())
