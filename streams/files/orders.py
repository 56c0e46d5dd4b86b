"""Orders in CSV files: rows of the same event type, customer, order and `ts` are the lines of one order.

They may stand anywhere in the file, so an order is complete only at its end: from the first order on, a file's events are held back.
"""

from __future__ import annotations

from typing import Any

import msgspec

from scoring.events import money
from scoring.events.invalid import Invalid
from scoring.events.rows import FromLine
from scoring.events.schema import Purchase
from scoring.events.wire import PurchaseValue

_encode = msgspec.json.encode
_Key = tuple[bool, str, str, int]


class Order:
    """An order in the making: the first row's event, and what the later ones add."""

    __slots__ = ("event", "lines", "row", "total")

    def __init__(self, event: Purchase, total: int | None, row: dict[str, Any] | None) -> None:
        self.event = event
        self.total = total
        #: The first row as a JSON object and the lines of all, where the whole value is wanted.
        self.row = row
        self.lines: list[Any] | None = None if row is None else list(row.get("lines", ()))

    def add(self, event: Purchase, total: int | None, row: dict[str, Any] | None) -> None:
        """A later row. Of other fields than the lines the first one given counts."""
        self.event.amount += event.amount
        self.event.event_id = self.event.event_id or event.event_id
        self.event.session_id = self.event.session_id or event.session_id
        self._add_more(event.more)
        if self.total is None:
            self.total = total
        if self.row is not None and self.lines is not None and row is not None:
            self.lines += row.pop("lines", ())
            self.row = {**row, **self.row}

    def _add_more(self, theirs: PurchaseValue | None) -> None:
        mine = self.event.more
        if mine is None or theirs is None:
            return
        mine.lines = (mine.lines or []) + (theirs.lines or [])
        mine.discount = mine.discount if len(mine.discount) else theirs.discount
        mine.coupon = theirs.coupon if mine.coupon is None else mine.coupon
        mine.gift = theirs.gift if mine.gift is None else mine.gift

    def finish(self) -> bytes | None:
        """Settles the event's amount; -> the order's JSON value if it was wanted. Raises Invalid."""
        if self.total is not None:
            self.event.amount = abs(self.total) if self.event.refunded else self.total
        money.within(self.event.amount, "lines")
        if self.row is None:
            return None
        return _encode({**self.row, "lines": self.lines} if self.lines else self.row)


class Orders:
    """The orders of one file."""

    def __init__(self, decode: FromLine, values: bool) -> None:
        self._decode = decode
        self._values = values
        self._orders: dict[_Key, Order] = {}

    def row(self, row: dict[str, Any]) -> Order | None:
        """Takes a row of a purchase or refund -> the order it is the first line of, else None. Raises Invalid, and then took nothing."""
        total = row.get("total")
        event = self._decode(_encode({name: given for name, given in row.items() if name != "total"}))
        if not isinstance(event, Purchase):
            raise Invalid("unknown_type", "event_type: not an order")
        cents = None if total is None else money.amount(bytes(total), "total")
        key = (event.refunded, event.customer_id, event.order_id, event.ts)
        order = self._orders.get(key)
        kept = row if self._values else None
        if order is not None:
            order.add(event, cents, kept)
            return None
        order = self._orders[key] = Order(event, cents, kept)
        return order
