"""What stays of the forgotten: marks and tombstones, through recoveries and former workers' late records."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from scoring.merge.identities import form_of, shell
from scoring.state import create, encode
from scoring.ties import FORGOTTEN, Ties
from streams.customers import changelog
from streams.customers.changelog import ERASED, ERASURE_KEY, META, Meta
from streams.customers.erased import Erased
from streams.customers.recovery import Restored
from streams.kafka.errors import Fatal, Misconfigured

STATE = encode(create(1_000))


@dataclass
class Record:
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    offset: int = 0


def restored(*records: Record) -> Restored:
    found = Restored("log", 0)
    found.read(records)
    return found


def value(epoch: int) -> bytes:
    return changelog.value(epoch, 5, 0xCAFE, STATE)


def buried(key: bytes, epoch: int) -> Record:
    return Record(key, None, changelog.tombstone(epoch))


def forgotten(since: int = 99) -> Erased:
    """With marks of c1 and c2."""
    erased = Erased()
    for name in ("c1", "c2"):
        state = shell(Ties(FORGOTTEN, "", since, 7, 3), since)
        state.offsets = [4, -1, -1, -1, -1, -1, 8, 2]
        erased.add(name, state)
    return erased


def test_a_mark_tells_who_was_forgotten_and_nothing_else() -> None:
    erased = forgotten()
    mark = erased.find("c1")
    assert mark is not None and erased.find("c3") is None
    assert not any(b"c1" in name + (erased.body(ERASED + name) or b"") for name in erased.marks)
    state = mark.state()
    assert form_of(state) == FORGOTTEN and state.offsets == [4, -1, -1, -1, -1, -1, 8, 2]
    assert state.ties is not None and (state.ties.since, state.ties.episodes, state.ties.sent) == (99, 7, 3)


def test_the_first_mark_brings_its_key_along() -> None:
    erased = Erased()
    state = shell(Ties(FORGOTTEN, "", 99), 99)
    first, second = erased.add("c1", state), erased.add("c2", state)
    assert [key for key, _ in first][0] == ERASURE_KEY and len(first) == 2
    assert len(second) == 1 and second[0][0].startswith(ERASED)
    found = restored(*(Record(key, changelog.own(3, body)) for key, body in (*first, *second)))
    again = Erased.restored(None, found.erasure_key, found.marks)
    assert again.find("c1") == again.find("c2") == erased.find("c1") and again.find("c3") is None


def test_a_key_of_ones_own_stays_out_of_the_changelog() -> None:
    erased = Erased.restored("horse battery", None, {})
    records = erased.add("c1", shell(Ties(FORGOTTEN, "", 99), 99))
    assert len(records) == 1
    marks = {key[len(ERASED) :]: body for key, body in records}
    assert Erased.restored("horse battery", None, marks).find("c1") is not None
    for other in ("another", None):
        with pytest.raises(Misconfigured, match="set erasure_key as it was"):
            Erased.restored(other, None, marks)


def test_a_key_may_be_set_later() -> None:
    erased = forgotten()
    marks = {name: erased.body(ERASED + name) or b"" for name in erased.marks}
    later = Erased.restored("horse battery", erased.kept, marks)
    later.add("c3", shell(Ties(FORGOTTEN, "", 99), 99))
    assert all(later.find(name) for name in ("c1", "c2", "c3"))


def test_a_tombstone_of_a_worker_that_had_lost_the_partition_buries_nobody() -> None:
    log = [Record(b"c1", value(5)), Record(META, changelog.own(6, Meta(0, 0, [])))]
    assert restored(*log, buried(b"c1", 6)).states == {}
    late = restored(*log, buried(b"c1", 5))
    assert late.states == {b"c1": value(5)} and late.hidden == {b"c1"} and late.ignored == 1


def test_nor_does_one_of_its_states_bring_somebody_back() -> None:
    found = restored(Record(b"c1", value(5)), buried(b"c1", 6), Record(b"c1", value(5)))
    assert found.states == {} and found.hidden == {b"c1"}, "to be covered with a tombstone again"
    assert found.epoch == 6


def test_a_tombstone_without_epoch_counts_as_ever() -> None:
    assert restored(Record(b"c1", value(5)), Record(b"c1", None)).states == {}


def test_a_tombstone_that_says_nonsense_stops_the_worker() -> None:
    with pytest.raises(Fatal, match="a tombstone of epoch"):
        restored(Record(b"c1", value(5)), Record(b"c1", None, [("epoch", b"x")]))
