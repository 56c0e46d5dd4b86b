"""Rows of one CSV file with the same type, customer, order and ts are the lines of one order, at the place of the first."""

from __future__ import annotations

import json
from pathlib import Path

from scoring.events.rows import kafka_value, line_decoder
from scoring.events.schema import PageView, Purchase
from tests.streams.files.writing import HEADER, csv, read, records, write


def test_rows_far_apart_are_one_order_where_the_first_stands(tmp_path: Path) -> None:
    found = csv(
        tmp_path,
        "page_view,c1,500,,,,,,",
        "purchase,c1,1970-01-01T00:00:01Z,p,,1.10,2,s1,o1",
        "purchase,c2,1000,p,,5,1,,o1",
        "page_view,c1,900,,,,,,",
        "purchase,c1,1000,q,,0.005,1,s2,o1",
        "purchase,c1,1000,r,,0.005,1,,o1",
        "purchase,c1,1000,,,,,,o1",
    )
    assert found.rejected == []
    assert found.events == [
        PageView("c1", 500),
        Purchase("c1", 1000, "o1", amount=220, session_id="s1"),  # 0.5 cent is 0, line by line
        Purchase("c2", 1000, "o1", amount=500),
        PageView("c1", 900),
    ]
    assert found.lines == [2, 3, 4, 5]


def test_another_type_customer_order_or_ts_is_another_order(tmp_path: Path) -> None:
    rows = ["purchase,c1,1000,p,,1,1,,o", "refund,c1,1000,p,,1,1,,o", "purchase,c2,1000,p,,1,1,,o", "purchase,c1,1001,p,,1,1,,o",
            "purchase,c1,1000,p,,1,1,,O", "cart_add,c1,1000,p,,1,1,,o", "cart_add,c1,1000,p,,1,1,,o"]  # fmt: skip
    assert len(csv(tmp_path, *rows).events) == len(rows)


def test_refunds_gather_too_and_ignore_signs(tmp_path: Path) -> None:
    found = csv(tmp_path, "refund,c1,1000,p,,2.5,-2,,o", "refund,c1,1000,q,,1,3,,o")
    assert found.events == [Purchase("c1", 1000, "o", refunded=True, amount=800)]


def test_without_order_id_customer_and_time_are_the_order(tmp_path: Path) -> None:
    found = csv(
        tmp_path, "purchase,c1,1000,p,,1,1,,", "purchase,c1,1970-01-01T00:00:01.000Z,q,,2,1,,", "purchase,c1,1000,r,,4,1,,c1@1000",
        "purchase,c1,2000,p,,8,1,,",
    )  # fmt: skip
    assert found.events == [Purchase("c1", 1000, "c1@1000", amount=700), Purchase("c1", 2000, "c1@2000", amount=800)]


def test_the_first_total_given_counts(tmp_path: Path) -> None:
    header = HEADER + ",total,event_id"
    found = csv(
        tmp_path,
        "purchase,c1,1000,p,,1,1,,o,,",
        "purchase,c1,1000,q,,1,1,,o,7.005,e1",
        "purchase,c1,1000,r,,1,1,,o,9,e2",
        "refund,c1,2000,p,,1,1,,o,-3,",
        header=header,
    )
    assert found.events == [Purchase("c1", 1000, "o", amount=700, event_id="e1"), Purchase("c1", 2000, "o", refunded=True, amount=300)]


def test_a_faulty_row_leaves_the_order_its_other_lines(tmp_path: Path) -> None:
    header = HEADER + ",total,currency"
    found = csv(
        tmp_path,
        "purchase,c1,1000,p,,-1,1,,o,,",
        "purchase,c1,1000,p,,1,1,,o,,",
        "purchase,c1,1000,p,,1,one,,o,,",
        "purchase,c1,1000,p,,1,1,,o,much,",
        "purchase,c1,1000,p,,1,1,,o,,USD",
        "purchase,c1,1000,p,,2,1,,o,,",
        header=header,
    )
    assert found.events == [Purchase("c1", 1000, "o", amount=300)]
    assert found.lines == [3]
    assert found.errors == [(2, "out_of_range"), (4, "wrong_type"), (5, "wrong_type"), (6, "currency")]


def test_an_order_too_large_as_a_whole_is_refused_where_it_begins(tmp_path: Path) -> None:
    row = "purchase,c1,1000,p,,900000000000,1,,o"
    found = csv(tmp_path, row, row, "page_view,c1,1000,,,,,,")
    assert found.events == [PageView("c1", 1000)]
    assert found.errors == [(2, "out_of_range")]


def test_orders_end_with_their_file(tmp_path: Path) -> None:
    row = f"{HEADER}\npurchase,c1,1000,p,,1,1,,o\n"
    found = read(write(tmp_path / "a.csv", row), write(tmp_path / "b.csv.gz", row))
    assert [event.amount for event in found.events] == [100, 100]  # type: ignore[union-attr]


def test_a_gathered_order_is_one_kafka_value_with_all_its_lines(tmp_path: Path) -> None:
    header = HEADER + ",total,coupon"
    rows = (
        "purchase,c1,1000,p,k,1.10,2,s,,,",
        "page_view,c1,1500,p,,,,,,,",
        "purchase,c1,1000,q,,0.5,,,,9.5,X",
    )
    order, view = records(write(tmp_path / "a.csv", "\n".join((header, *rows))))
    assert order.value is not None and view.value is not None
    assert json.loads(kafka_value(order.value, order.event)) == {
        "customer_id": "c1", "ts": 1000, "order_id": "c1@1000", "status": "placed", "session_id": "s", "total": 9.5, "coupon": "X",
        "lines": [{"product_id": "p", "category_id": "k", "price": 1.10, "quantity": 2}, {"product_id": "q", "price": 0.5}],
    }  # fmt: skip
    assert json.loads(kafka_value(view.value, view.event, shift=-500)) == {"customer_id": "c1", "ts": 1000, "product_id": "p"}
    assert line_decoder()(order.value[:-1] + b',"order_id":"c1@1000"}') == order.event
