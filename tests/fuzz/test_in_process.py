"""A million records, most of them broken, through intake, evaluation and flush: nothing crashes, nothing is lost, nobody else is harmed."""

from __future__ import annotations

import gc
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from scoring.events.schema import TOPICS
from streams.customers.changelog import state_of
from tests.fuzz.corpus import corpus
from tests.fuzz.in_process import NAMES, Line, engine
from tests.fuzz.judging import Place, can_be_read_again, carries_its_input
from tests.fuzz.mutator import HOUR, Input, Mutator
from tests.integration.worker.recount import Outcome, compare, counted
from tests.integration.worker.shop import traffic
from tests.properties.profiles import LONG

INPUTS = 1_000_000 if LONG else 12_000
AT_ONCE = 2_000
#: Milliseconds from one input to the next: deadlines of hours and days fall due in between.
STEP = 1_500
MINUTE = 60_000
START = 1_772_323_200_000  # 2026-03-01
#: Bytes.
LARGEST_STATE = 150_000
#: KiB by which the process may grow between the first tenth and the end.
GROWTH = 45_000


def unharmed() -> Iterator[Input]:
    """Customers c0, c1, … whose events are in order; nobody damages them."""
    for sent in traffic(9, 50, START, (INPUTS + AT_ONCE) * STEP / 1000, 1 / 30):
        yield Input(sent.rank, sent.key, sent.value, sent.ts, ())


def resident() -> int:
    """KiB of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])


@pytest.mark.timeout(600)
def test_every_input_is_applied_or_a_repeat_or_a_dead_letter(tmp_path: Path) -> None:
    mutator, line, good = Mutator(7, corpus()), Line(), unharmed()
    line.start(START)
    waiting = next(good)
    # What is told of the unharmed lies in files until the end: in memory it would be half of what the process grows by.
    told = {topic: (tmp_path / topic).open("wb+") for topic in (NAMES.changes, NAMES.messages)}
    offsets = array("q")
    letters, total, grown_from = 0, 0, 0
    for batch in range(INPUTS // AT_ONCE):
        began = START + batch * AT_ONCE * STEP
        now = began + AT_ONCE * STEP
        records = [mutator.record(began + number * STEP) for number in range(AT_ONCE)]
        whole = []
        while waiting.timestamp < now:
            whole.append(waiting)
            waiting = next(good)
        records += whole
        records.sort(key=lambda record: record.timestamp)
        inputs: dict[Place, Input] = {}
        for record in records:
            line.place(record)
            inputs[record.topic, 0, record.offset] = record
        offsets.extend(record.offset for record in whole)
        total += len(records)

        line.take(records, now)

        sent = line.sent.get(NAMES.dead_letters, ())
        places = {carries_its_input(*letter, inputs) for letter in sent}
        assert len(places) == len(sent), "an input is a dead letter twice"
        letters += len(sent)
        counters = line.counters
        assert counters.dead_letters == letters
        assert counters.events + counters.repeats + letters == total and not counters.replayed, counters
        for key, value, _ in line.changelog:
            can_be_read_again(key, value)
        for topic, kept in told.items():
            for key, value, _ in line.sent.get(topic, ()):
                if key.startswith(b"c"):
                    kept.write(value + b"\n")
        if batch == INPUTS // AT_ONCE // 10:
            grown_from = resident()
    assert total >= INPUTS and min(counters.events, counters.repeats, letters, 50 * counters.fired) > INPUTS / 10, counters
    states = line.partition.states
    assert max(map(len, states.values())) < LARGEST_STATE
    assert resident() - grown_from < GROWTH

    outcome, of_the_good = Outcome(), [list[Input]() for _ in TOPICS]
    for topic, add in ((NAMES.changes, outcome.add), (NAMES.messages, outcome.add_message)):
        told[topic].seek(0)
        for value in told[topic]:
            add(value)
        told[topic].close()
    for sent, offset in zip(unharmed(), offsets, strict=False):
        sent.offset = offset
        of_the_good[sent.rank].append(sent)
    judge, later = engine(), now + HOUR
    want = counted(of_the_good, NAMES, judge, later)
    for key in want.states:
        outcome.states[key] = state = state_of(states[key.encode()])
        judge.until(state, later, [], key)
    assert len(want.states) == 50
    settled = now - MINUTE  # a deadline of this very instant is due in the next look
    compare(want.until(settled), outcome.until(settled))
    print(
        f"{total:,} inputs: {counters.events:,} applied, {counters.repeats:,} repeats, {letters:,} dead letters; {len(states):,} customers"
    )


def test_the_mutator_is_seeded() -> None:
    first, second, other = (Mutator(seed, corpus()) for seed in (1, 1, 2))
    same = [first.record(START + number) for number in range(500)]
    assert same == [second.record(START + number) for number in range(500)]
    assert same != [other.record(START + number) for number in range(500)]
