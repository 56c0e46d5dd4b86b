"""What stands in the changelog, and which of it counts."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from scoring.state import NEVER, create, encode
from streams.customers import changelog
from streams.customers.changelog import META, TOPICS, Meta, TopicIds, Unreadable
from streams.customers.recovery import Restored, check_position, check_topics
from streams.kafka.errors import Fatal

STATE = encode(create(1_000))


@dataclass
class Record:
    key: bytes | None
    value: bytes | None
    offset: int = 0
    topic: str = "g-customers-changelog"
    partition: int = 3


def value(epoch: int, due: int = 5, sequence: int = 0) -> bytes:
    plain = changelog.value(epoch, due, 0xCAFE, STATE)
    return changelog.with_outbox(plain, [[sequence, [0, "entry"]]]) if sequence else plain


def restored(*records: Record) -> Restored:
    found = Restored("g-customers-changelog", 3)
    found.read(records)
    return found


def test_a_header_says_what_recovery_needs() -> None:
    stored = value(7, due=NEVER, sequence=(7 << 32) + 1)
    assert changelog.epoch_of(stored) == 7
    assert changelog.header(stored) == (NEVER, (7 << 32) + 1, 0xCAFE)
    assert changelog.without_outbox(stored) == value(7, due=NEVER)
    assert changelog.body(changelog.without_outbox(stored)) == STATE
    assert changelog.outbox_of(stored) == [[(7 << 32) + 1, [0, "entry"]]]
    assert changelog.outbox_of(value(7)) == []


def test_a_value_of_the_first_format_still_has_its_outputs() -> None:
    state = create(1_000)
    state.outbox = [[5, [0, "entry"]]]
    stored = changelog.HEADER.pack(1, 7, 99, 5, 0xCAFE) + encode(state)
    found = restored(Record(b"a", stored)).states[b"a"]
    assert changelog.outbox_of(found) == [[5, [0, "entry"]]]
    assert changelog.without_outbox(found) == found
    read = changelog.state_of(found)
    assert (read.due, read.definitions, read.outbox, read.first_seen) == (99, 0xCAFE, None, 1_000)


@pytest.mark.parametrize("size", [0, 1, 600, 800, 1_000, 70_000])
def test_a_state_of_any_size_comes_back_with_and_without_outputs(size: int) -> None:
    state = create(1_000)
    state.order_ids = random.Random(size).randbytes(size)
    stored = changelog.value(7, 99, 0xCAFE, encode(state))
    assert stored[0] == (changelog.FORMAT if size < 700 else changelog.COMPRESSED)
    assert restored(Record(b"a", stored)).states == {b"a": stored}
    assert changelog.body(stored) == encode(state)
    speaking = changelog.with_outbox(changelog.with_due(stored, 88), [[5, [0, "entry"]]])
    assert changelog.outbox_of(speaking) == [[5, [0, "entry"]]] and changelog.header(speaking) == (88, 5, 0xCAFE)
    read = changelog.state_of(speaking)
    assert (read.due, read.definitions, read.order_ids) == (88, 0xCAFE, state.order_ids)


def test_outputs_that_are_damaged_are_told() -> None:
    stored = value(7, sequence=3)
    with pytest.raises(Unreadable, match="its outputs"):
        changelog.outbox_of(stored[:-5] + b"\xc1" + stored[-4:])


@pytest.mark.parametrize("cut", [*range(1, 40, 3), 70])
def test_without_its_outputs_a_damaged_one_still_has_its_header(cut: int) -> None:
    """Timers and recovery ask for no more than that: who the customer is who cannot be read, the next event says."""
    stored = value(7, due=99, sequence=3)[:-cut]
    for each in (stored, changelog.without_outbox(stored)):
        assert len(each) >= changelog.SIZE and changelog.due_of(each) == 99 and changelog.epoch_of(each) == 7


def test_a_deadline_before_1970_has_its_place() -> None:
    """An event of that time is old, not invalid: it must not stop the worker that stores its customer."""
    assert changelog.header(value(7, due=-1)) == (-1, 0, 0xCAFE)
    assert changelog.with_due(value(7), -62_135_596_800_000) == value(7, due=-62_135_596_800_000)


def test_parts_of_a_header_are_replaced_alone() -> None:
    assert changelog.with_epoch(value(7), 9) == value(9)
    assert changelog.with_due(value(7), 88) == value(7, due=88)


def test_records_of_our_own_come_back() -> None:
    meta, topics = Meta(3, 4_000, [1, 2, 3, 4, 5, 6]), TopicIds(4, {"page-views": "aa"})
    layout = Record(changelog.layout_key(0xBEEF), changelog.own(2, b"text"))
    found = restored(Record(META, changelog.own(2, meta)), Record(TOPICS, changelog.own(2, topics)), layout)
    assert (found.meta, found.topics, found.layouts) == (meta, topics, {0xBEEF: b"text"})
    assert found.states == {}


def test_no_customer_id_is_a_reserved_key() -> None:
    for character in ("\x00", "meta", "\uffff", "\U0010ffff"):
        assert character.encode() < changelog.RESERVED <= min(META, TOPICS, changelog.layout_key(1))


def test_the_newest_record_of_a_customer_counts() -> None:
    found = restored(Record(b"a", value(1, due=1)), Record(b"b", value(1)), Record(b"a", value(1, due=2)), Record(b"b", None))
    assert found.states == {b"a": value(1, due=2)}


def test_a_former_workers_late_records_are_ignored_and_to_be_covered() -> None:
    found = restored(
        Record(b"a", value(1)), Record(META, changelog.own(2, Meta(1, 1, [1]))), Record(b"a", value(1, due=99)), Record(b"new", value(1)),
        Record(META, changelog.own(1, Meta(9, 9, [9]))),
    )  # fmt: skip
    assert found.states == {b"a": value(1)}
    assert found.meta == Meta(1, 1, [1])
    assert (found.epoch, found.ignored, found.hidden) == (2, 3, {b"a", b"new", META})


def test_what_was_written_after_them_needs_no_cover() -> None:
    found = restored(Record(META, changelog.own(2, Meta(1, 1, [1]))), Record(b"a", value(1)), Record(b"a", value(2)))
    assert found.hidden == set()


BAD = [
    b"",
    b"?",
    changelog.value(7, 1, 2, STATE)[: changelog.SIZE],
    changelog.HEADER.pack(3, 9, 1, 0, 1) + STATE,
    b"\x01\x00",
    b"\x02" + bytes(60),
    b"\x01" + bytes(60),
    changelog.HEADER.pack(1, 9, 1, 1, 1),
    b'{"a": 1}' * 9,
]


@pytest.mark.parametrize("bad", BAD)
def test_a_record_that_cannot_be_read_is_never_passed_over(bad: bytes) -> None:
    with pytest.raises(Fatal, match="g-customers-changelog partition 3 offset 17 cannot be read"):
        restored(Record(b"a", value(5)), Record(b"a", bad, 17))


@pytest.mark.parametrize("key", [META, TOPICS])
def test_nor_is_one_of_our_own(key: bytes) -> None:
    with pytest.raises(Fatal, match="offset 8 cannot be read"):
        restored(Record(key, changelog.own(1, b"\xc1"), 8))


def test_a_record_without_a_key() -> None:
    with pytest.raises(Fatal, match="no key"):
        restored(Record(None, value(1)))


def test_unreadable_says_of_a_newer_release() -> None:
    with pytest.raises(Unreadable, match="format is 4, this release reads up to 3"):
        changelog.epoch_of(b"\x04" + bytes(30))


class TestTopics:
    KNOWN = TopicIds(4, {"page-views": "aa", "purchases": "bb"})

    def test_the_same_are_fine(self) -> None:
        check_topics(self.KNOWN, TopicIds(4, {"page-views": "aa", "purchases": "bb"}), "log")

    def test_brokers_without_ids_are_fine(self) -> None:
        check_topics(self.KNOWN, TopicIds(4, {"page-views": "", "purchases": ""}), "log")

    def test_more_partitions_are_refused(self) -> None:
        with pytest.raises(Fatal, match=r"have 8 partitions, log was written with 4: .* partitions = 8 and another app_id"):
            check_topics(self.KNOWN, TopicIds(8, self.KNOWN.ids), "log")

    def test_one_made_anew(self) -> None:
        with pytest.raises(Fatal, match="^purchases was deleted and made anew"):
            check_topics(self.KNOWN, TopicIds(4, {"page-views": "aa", "purchases": "cc"}), "log")

    def test_others(self) -> None:
        with pytest.raises(Fatal, match="written for page-views, purchases, not x.page-views"):
            check_topics(self.KNOWN, TopicIds(4, {"x.page-views": "aa"}), "log")


class TestPositions:
    def test_within_the_topic(self) -> None:
        check_position("purchases", 2, 10, 10, 10)
        check_position("purchases", 2, 10, 0, None)

    def test_a_gap_says_how_much_is_lost(self) -> None:
        with pytest.raises(Fatal, match="purchases partition 2 begins at offset 30, but 20 records.*--accept-gap"):
            check_position("purchases", 2, 10, 30, 40)

    def test_beyond_the_end(self) -> None:
        with pytest.raises(Fatal, match="ends at offset 5, before offset 10.*app_id"):
            check_position("purchases", 2, 10, 0, 5)
