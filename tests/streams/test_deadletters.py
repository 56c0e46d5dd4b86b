"""Dead letters as records."""

from __future__ import annotations

import pytest

from streams.deadletters import DeadLetter, Limit, NotADeadLetter, read

HEADERS = (("error", b"of the sender"), ("trace", b"1"))
LETTER = DeadLetter("page-views", 3, 17, 1_700_000_000_123, b"\xff", None, HEADERS, "not_json", "it is “no” JSON")
OURS = tuple(LETTER.annotated())


def test_a_letter_comes_back_as_it_was() -> None:
    assert read(LETTER.key, LETTER.value, tuple(LETTER.annotated())) == LETTER


def test_headers_say_why_and_where_from() -> None:
    headers = dict(LETTER.annotated())
    assert headers["error"] == b"not_json"
    assert (headers["topic"], headers["partition"], headers["offset"]) == (b"page-views", b"3", b"17")


def test_a_detail_cannot_make_the_record_too_large() -> None:
    letter = DeadLetter("t", 0, 0, 0, None, None, (), "not_json", "x" * 10_000_000)
    assert sum(len(value) for _, value in letter.annotated()) < 2_000


@pytest.mark.parametrize("headers", [(), (("error", b"x"),), OURS[:-1], (*OURS[:-1], ("timestamp", b"soon"))])
def test_something_else_is_not_taken_for_one(headers: tuple[tuple[str, bytes], ...]) -> None:
    with pytest.raises(NotADeadLetter):
        read(b"k", b"v", headers)


def test_no_limit() -> None:
    limit = Limit(0)
    assert not any(limit.exceeded(LETTER) for _ in range(10_000))
