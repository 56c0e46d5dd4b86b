"""What is done with, kept in few words: whatever ends in whatever order, and wherever reading begins again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.agents.webhooks.ledger import Ledger


@given(st.lists(st.integers(0, 30), unique=True), st.integers(0, 30), st.integers(0, 30))
def test_read_again_from_anywhere_before_what_is_settled_only_the_open_ones_are_sent(done: list[int], taken: int, back: int) -> None:
    ledger = Ledger(0)
    for offset in range(taken):
        assert ledger.take(offset, offset)
    finished = [each for each in done if each < taken]
    for offset in finished:
        ledger.done(offset)
    still = [each for each in range(taken) if each not in finished]
    assert ledger.settled == (still[0] if still else taken)
    start = min(back, ledger.settled)
    again = Ledger.parse(str(ledger)).from_here(start, start)
    assert [each for each in range(start, 35) if again.take(each, each)] == [*still, *range(taken, 35)]


@given(st.integers(0, 30), st.integers(31, 60))
def test_what_was_acknowledged_meanwhile_is_open_no_more(taken: int, start: int) -> None:
    ledger = Ledger(0)
    for offset in range(taken):
        ledger.take(offset, offset)
    again = ledger.from_here(start, start)
    assert again.settled == start and again.take(start, start)


def test_a_topic_made_anew_has_other_changes() -> None:
    assert str(Ledger(500, 1_000, {400: 7}).from_here(0, 70_000)) == "0 0"
    assert Ledger(500, 1_000, {400: 7}).from_here(300, 900).open == {400: 7}
