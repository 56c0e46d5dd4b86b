"""What came of a round against what ought to have come of it."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from scoring.events.instants import epoch_ms
from scoring.instants import rfc3339
from streams.clock import now_ms
from tests.integration.chaos.lateness import arrivals
from tests.integration.chaos.mails import LOOKS, Withdrawal, mails_of, outcomes_of
from tests.integration.chaos.mails import judged as judged_mails
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
    withdrawals = await records(address, names.withdrawals)
    await _mails(stage, got, withdrawals)
    want, got = without(want, late), without(got, late)
    _changes_and_messages(tally, want, got, end)
    _states(tally, want, got)
    tally.found("contradictory", [*got.contradictions, *contradictions(got)])
    customers = sorted(events.keys() - late)
    tally.found("naive_differs", judged(tally, {each: events[each] for each in customers}, got, end))
    _withdrawals(tally, want, withdrawals, late, end)
    there = await live_view(stage.around.redis, stage.setup.names.app_id)
    ought = view_of(want, got)
    tally.found("view_wrong", [(each, ought.get(each), there.get(each)) for each in (ought.keys() | there.keys()) - late
                               if ought.get(each) != there.get(each)])  # fmt: skip


def without(outcome: Outcome, customers: set[str]) -> Outcome:
    """The same without some customers."""
    kept = Outcome(repeats=outcome.repeats)
    kept.changes = {name: change for name, change in outcome.changes.items() if change["customer_id"] not in customers}
    kept.messages = {name: message for name, message in outcome.messages.items() if message["customer_id"] not in customers}
    kept.withdrawals = [told for told in outcome.withdrawals if told["customer_id"] not in customers]
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


async def _mails(stage: Stage, got: Outcome, withdrawals: list[Any]) -> None:
    """One for each message that was decided to be sent, or a reason; of customers whose events came late, too."""
    tally = stage.tally
    sends = {name: message for name, message in got.messages.items() if message["decision"] == "send"}
    withdrawn = defaultdict(list)
    for record in withdrawals:
        told = json.loads(record.value)
        withdrawn[told["message_id"]].append(Withdrawal(told["reason"], record.timestamp))
    there = mails_of(stage.around.mails())
    outcomes = await outcomes_of(stage.around.redis, stage.setup.names.app_id, sends)
    found = judged_mails(sends, there, outcomes, withdrawn, stage.cut, LOOKS + round(stage.paused * 1000))
    tally.mails += len(there)
    tally.mails_doubled += found.doubled
    tally.withheld += found.withheld
    for name, wrong in found.wrong.items():
        tally.found(name, wrong)


def _withdrawals(tally: Tally, want: Outcome, withdrawals: list[Any], late: set[str], end: int) -> None:
    """Told for the same messages, with the same reasons, at the same instants. Repeats are allowed."""
    told = {_withdrawal(each) for each in map(json.loads, (record.value for record in withdrawals)) if each["customer_id"] not in late}
    ought = {_withdrawal(each) for each in want.withdrawals}
    last = rfc3339(end)
    tally.found("withdrawals_missing", [each for each in ought - told if each[2] <= last])
    tally.found("withdrawals_extra", list(told - ought))


def _withdrawal(told: dict[str, Any]) -> tuple[str, str, str]:
    return told["message_id"], told["reason"], told["at"]
