"""What came of a round against what ought to have come of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scoring.events.instants import epoch_ms
from streams.clock import now_ms
from tests.integration.chaos.lateness import arrivals
from tests.integration.chaos.naive import judged
from tests.integration.chaos.stage import Stage, judge
from tests.integration.chaos.tally import Tally
from tests.integration.chaos.view import live_view, view_of
from tests.integration.worker.recount import Difference, Outcome, delivered, expected, records, state_difference


async def judge_round(stage: Stage, end: int) -> None:
    """Into the tally. `end`: deadlines up to here must have fired; what was told of later ones must be right as well."""
    tally, names, address = stage.tally, stage.setup.names, stage.around.address
    engine = judge()
    later = now_ms() + 60_000  # the worker's time went on after `end`; so far states are brought on both sides
    want = await expected(address, names, engine, later)
    got = await delivered(address, names, engine, later)
    events, late = await arrivals(address, names)
    tally.events += sum(map(len, events.values()))
    tally.customers += len(events)
    tally.late_customers += len(late)
    tally.changes += len(got.changes)
    tally.messages += len(got.messages)
    tally.repeats += got.repeats
    tally.found("dead_letters", await records(address, names.dead_letters))
    want, got = without(want, late), without(got, late)
    _changes_and_messages(tally, want, got, end)
    _states(tally, want, got)
    tally.found("contradictory", [*got.contradictions, *contradictions(got)])
    customers = sorted(events.keys() - late)
    tally.found("naive_differs", judged(tally, {each: events[each] for each in customers}, got, end))
    _mails(stage, got)
    there = await live_view(stage.around.redis, stage.setup.names.app_id)
    ought = view_of(want, got)
    tally.found("view_wrong", [(each, ought.get(each), there.get(each)) for each in (ought.keys() | there.keys()) - late
                               if ought.get(each) != there.get(each)])  # fmt: skip


def without(outcome: Outcome, customers: set[str]) -> Outcome:
    """The same without some customers."""
    kept = Outcome(repeats=outcome.repeats)
    kept.changes = {name: change for name, change in outcome.changes.items() if change["customer_id"] not in customers}
    kept.messages = {name: message for name, message in outcome.messages.items() if message["customer_id"] not in customers}
    kept.order.update({customer: order for customer, order in outcome.order.items() if customer not in customers})
    kept.contradictions = [pair for pair in outcome.contradictions if pair[0]["customer_id"] not in customers]
    kept.states = {customer: state for customer, state in outcome.states.items() if customer not in customers}
    return kept


def _changes_and_messages(tally: Tally, want: Outcome, got: Outcome, end: int) -> None:
    due = want.until(end)
    for prefix, told, ought, at_least in (
        ("", got.changes, want.changes, due.changes),
        ("messages_", got.messages, want.messages, due.messages),
    ):
        tally.found(f"{prefix}missing", list(Difference.of(at_least, told).missing))
        all_told = Difference.of(ought, told)
        tally.found(f"{prefix}extra", list(all_told.extra))
        tally.found(f"{prefix}differing", list(all_told.differing))
    told = got.until(end).order
    tally.found("wrong_order", [(each, due.order.get(each), told.get(each)) for each in due.order.keys() | told.keys()
                                if due.order.get(each) != told.get(each)])  # fmt: skip


def _states(tally: Tally, want: Outcome, got: Outcome) -> None:
    wrong: list[object] = [(customer, "no state" if customer in want.states else "nobody's")
                           for customer in want.states.keys() ^ got.states.keys()]  # fmt: skip
    for customer in want.states.keys() & got.states.keys():
        if found := state_difference(want.states[customer], got.states[customer]):
            wrong.append((customer, found))
    tally.found("wrong_states", wrong)


def contradictions(got: Outcome) -> list[object]:
    """By the changes alone, repeats removed: entered and exited alternate, moves join up, time goes forward."""
    wrong: list[object] = []
    for names in got.order.values():
        at = 0
        standing: dict[str, Any] = {}
        for name in names:
            change = got.changes[name]
            segment, before = change["segment"], standing.get(change["segment"])
            when = epoch_ms(change["at"])
            fits = change["from"] == before if change["kind"] == "moved" else (change["kind"] == "exited") == (before == "entered")
            if not fits or when < at:
                wrong.append((before, change))
            at = max(at, when)
            standing[segment] = change["to"] if change["kind"] == "moved" else change["kind"]
    return wrong


def _mails(stage: Stage, got: Outcome) -> None:
    """One for each message that was decided to be sent."""
    tally = stage.tally
    sends = {name for name, message in got.messages.items() if message["decision"] == "send"}
    there = list(_message_ids(stage.around.mails()))
    tally.mails += len(there)
    twice = [name for name in set(there) if there.count(name) > 1]
    tally.found("mails_missing", list(sends - set(there)))
    tally.found("mails_extra", list(set(there) - sends) if not tally.late_customers else [])
    # At most one more for each of eight connections whenever delivery was killed or cut off.
    if len(twice) <= 8 * stage.cut and all(there.count(name) <= 1 + stage.cut for name in twice):
        tally.mails_doubled += len(twice)
    else:
        tally.found("mails_doubled_without_cause", [(name, there.count(name), stage.cut) for name in twice])


def _message_ids(mails: Iterable[dict[str, Any]]) -> Iterable[str]:
    for mail in mails:
        yield mail["headers"]["message-id"].strip("<>").partition("@")[0]
