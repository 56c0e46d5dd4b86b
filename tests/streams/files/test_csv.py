"""CSV: a header of any field names, empty cells absent, numbers by their decimal text."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.events.schema import CartEvent, EmailEvent, Feedback, PageView, Profile, Purchase
from streams.files import Unreadable
from streams.files.lines import LIMIT
from tests.streams.files.writing import csv, read, write


def test_events_of_several_kinds(tmp_path: Path) -> None:
    found = csv(
        tmp_path,
        "page_view,c1,1970-01-01T00:00:01Z,p,k,,,s,",
        "cart_add,c1,2000,p,k,12.345,2,s,",
        "cart_remove,c1,3000,p,,,,,",
        "cart_clear,c1,4000,,,,,,",
        "checkout_started,c1,5000,,,,,,",
        "wishlist_add,c1,6000,p,,,,,",
        "purchase,c1,7000,p,k,0.005,3,s,o",
        "refund,c1,8000,p,,12.5,-2,,o",
    )
    assert found.rejected == []
    assert found.events == [
        PageView("c1", 1000, None, "p", None, "k", "s"),
        CartEvent("c1", 2000, "add", None, "p", 2000, "12.345", "k", "s"),
        CartEvent("c1", 3000, "remove", product_id="p"),
        CartEvent("c1", 4000, "clear"),
        CartEvent("c1", 5000, "checkout_started"),
        CartEvent("c1", 6000, "wishlist_add", product_id="p"),
        Purchase("c1", 7000, "o", False, 2, None, "s"),
        Purchase("c1", 8000, "o", True, 2500),
    ]
    assert found.lines == list(range(2, 10))


def test_other_field_names_and_unknown_ones(tmp_path: Path) -> None:
    header = "x,ts,customer_id,event_type,message_id,machine,kind,score,max_score,text,page_type,event_id,answers"
    found = csv(
        tmp_path,
        "?,1000,c1,email_opened,m,TRUE,,,,,,e1,",
        ",1000,c1,feedback,,,nps,9.5,10,fine,,,yes",
        ",1000,c1,page_view,,,,,,,landing,,",
        header=header,
    )
    assert found.rejected == []
    assert found.events == [
        EmailEvent("c1", 1000, "opened", "m", True, "e1"),
        Feedback("c1", 1000, "nps", 9.5, 10.0, "fine"),
        PageView("c1", 1000, page_type="other"),
    ]


def test_consents_and_traits_have_columns_of_their_own(tmp_path: Path) -> None:
    header = "event_type,customer_id,ts,email,household_size,consent.email,consent.profiling,traits.size,consent.fax"
    found = csv(tmp_path, "profile,c1,1000,a@example.com,3,true,0,M,perhaps", "profile,c1,1000,,,,,,", header=header)
    assert found.rejected == []
    given = {"email": "a@example.com", "household_size": 3, "consent.email": True, "consent.profiling": False, "traits.size": "M"}
    assert found.events == [Profile("c1", 1000, given), Profile("c1", 1000, {})]


@pytest.mark.parametrize("ts", ["1970-01-01T00:00:01Z", "1970-01-01t02:00:01.0009+02:00", "1000", " 1000 ", "01000"])
def test_ts_is_text_or_a_whole_number(tmp_path: Path, ts: str) -> None:
    assert [event.ts for event in csv(tmp_path, f"page_view,c1,{ts},,,,,,").events] == [1000]


@pytest.mark.parametrize(
    ("price", "kept"),
    [
        ("12.50", 1250),
        ("+12.5", 1250),
        ("012.5", 1250),
        ("12.", 1200),
        (".5", 50),
        (" 12.5 ", 1250),
        ("1e1", 1000),
        ("-0", 0),
        ("4.35", 435),
    ],
)
def test_numbers_by_their_decimal_text(tmp_path: Path, price: str, kept: int) -> None:
    found = csv(tmp_path, f"cart_add,c1,1000,p,,{price},,,")
    assert [event.price for event in found.events] == [kept]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("view,c1,1000,,,,,,", "unknown_type"), (",c1,1000,,,,,,", "missing_field"), ("page_view,,1000,,,,,,", "missing_field"),
        ("page_view,c1,,,,,,,", "missing_field"), ("page_view,c1,2026-03-01,,,,,,", "bad_ts"), ("page_view,c1,1000.5,,,,,,", "bad_ts"),
        ("page_view,c1,99999999999999999999999,,,,,,", "bad_ts"), ("page_view," + "x" * 129 + ",1000,,,,,,", "too_long"),
        ('cart_add,c1,1000,p,,"12,5",1,,', "wrong_type"), ("cart_add,c1,1000,p,,12 euros,1,,", "wrong_type"),
        ("cart_add,c1,1000,p,,NaN,,,", "wrong_type"),
        ("cart_add,c1,1000,p,,inf,,,", "wrong_type"), ("cart_add,c1,1000,p,,.,,,", "wrong_type"),
        ("cart_add,c1,1000,p,,0x1F,,,", "wrong_type"),
        ("cart_add,c1,1000,p,,１２,,,", "wrong_type"), ("cart_add,c1,1000,p,,1_000,,,", "wrong_type"),
        ("cart_add,c1,1000,p,,1e400,,,", "out_of_range"),
        ("cart_add,c1,1000,p,,1E999999999,,,", "out_of_range"), ("cart_add,c1,1000,p,,-1,,,", "out_of_range"),
        ("cart_add,c1,1000,p,,1,0,,", "out_of_range"), ("cart_add,c1,1000,,,1,1,,", "missing_field"),
        ("purchase,c1,1000,p,,1,-1,,o", "out_of_range"),
        ("page_view,c1,1000,,,,,,,surplus", "bad_csv"), ('page_view,"c1"x,1000,,,,,,', "bad_csv"),
    ],
)  # fmt: skip
def test_a_faulty_row_is_refused_by_itself(tmp_path: Path, row: str, error: str) -> None:
    found = csv(tmp_path, "page_view,c1,1000,,,,,,", row, "page_view,c1,2000,,,,,,")
    assert found.errors == [(3, error)]
    assert found.lines == [2, 4]
    assert str(found.rejected[0]).isprintable()


def test_cells_that_would_be_objects(tmp_path: Path) -> None:
    header = "event_type,customer_id,ts,lines,consent,traits,machine"
    found = csv(tmp_path, "purchase,c1,1,[],,,", "profile,c1,1,,yes,,", "profile,c1,1,,,{},", "email_opened,c1,1,,,,maybe", header=header)
    assert found.errors == [(line, "wrong_type") for line in (2, 3, 4, 5)]


def test_quoted_cells_may_hold_commas_quotes_and_line_ends(tmp_path: Path) -> None:
    found = csv(tmp_path, 'page_view,"a,""b""\nc",1000,,,,,,', "nonsense,c1,1000,,,,,,", "page_view,c1,2000,,,,,,")
    assert [event.customer_id for event in found.events] == ['a,"b"\nc', "c1"]
    assert found.lines == [2, 5]
    assert found.errors == [(4, "unknown_type")]


def test_a_quote_never_closed_is_refused(tmp_path: Path) -> None:
    found = csv(tmp_path, "page_view,c1,1000,,,,,,", 'page_view,"c1,1000,,,,,,', "page_view,c1,2000,,,,,,")
    assert found.lines == [2]
    assert found.errors == [(3, "bad_csv")]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    content = b"event_type,customer_id,ts\npage_view,c\xff,1000\npage_view,c1,2000\npage_view,a\x00b,3000\n"
    found = read(write(tmp_path / "a.csv", content))
    assert found.errors == [(2, "bad_csv")]
    assert [event.customer_id for event in found.events] == ["c1", "a\x00b"]


def test_missing_cells_at_the_end_blank_lines_and_windows_line_ends(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfevent_type, customer_id ,ts,price\r\npage_view,c1,1000\r\n\r\npage_view,c1,2000,\r\n"
    found = read(write(tmp_path / "a.csv", content))
    assert [(event.ts, line) for event, line in zip(found.events, found.lines, strict=True)] == [(1000, 2), (2000, 4)]
    assert found.rejected == []


def test_a_row_over_the_limit(tmp_path: Path) -> None:
    found = csv(
        tmp_path, "page_view," + "x" * LIMIT + ",1000,,,,,,", "page_view," + "x" * 200_000 + ",1000,,,,,,", "page_view,c1,2000,,,,,,"
    )
    assert found.errors == [(2, "too_long"), (3, "bad_csv")]
    assert found.lines == [4]


@pytest.mark.parametrize(
    "content",
    ["", "\n", "page_view,c1,1000\n", "event_type;customer_id;ts\n", "event_type,customer_id\n",
    '"event_type,customer_id,ts\n', "event_type,customer_id,ts,ts\n",
     b"event_type,customer_id,ts,\xff\n", b"\x1f\x8b\x08\x00garbage"],
)  # fmt: skip
def test_without_a_header_a_file_is_unreadable(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(Unreadable, match=str(path)):
        read(write(path, content))


def test_a_header_alone_is_no_fault(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.csv", "ts,event_type,customer_id")) == ([], [], [])
