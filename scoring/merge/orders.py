"""The orders of two ids as one's: an order told under both counts once."""

from __future__ import annotations

from typing import Any

from scoring.segments.model import Engagement
from scoring.state import Customer
from scoring.traits.orders import take_back
from scoring.traits.presence import ORDER_WIDTH, spans_of

_WIDTH, _KEPT = 8, 10_000
_RECENT_KEPT = 128


def once(s: Customer, f: Customer, settings: Engagement) -> None:
    """Takes back what is in both, where it came later; joins the ids and the recent orders. Before presence is joined: it asks for the
    activities of each."""
    mine, theirs = _ids(s), _ids(f)
    older = {order for order in mine if order in theirs and not _take_back_later(s, f, order, settings)}
    if older:
        _forget_all(f, theirs, older) or _forget_all(s, mine, older)
    s.order_ids = b"".join((theirs | mine).keys())[-_KEPT * _WIDTH :] or None
    s.recent_orders = _recent(s, f)


def _ids(s: Customer) -> dict[bytes, None]:
    found = s.order_ids or b""
    return dict.fromkeys(found[i : i + _WIDTH] for i in range(0, len(found), _WIDTH))


def _place(s: Customer, order: bytes) -> int:
    wanted, recent = int.from_bytes(order, "big"), s.recent_orders or []
    return next((i for i in range(0, len(recent), ORDER_WIDTH) if recent[i] == wanted), -1)


def _take_back_later(s: Customer, f: Customer, order: bytes, settings: Engagement) -> bool:
    """Of the two records the later one; one that isn't among the recent orders came before one that is. False where neither is."""
    at, other = _place(s, order), _place(f, order)
    if at < 0 and other < 0:
        return False
    weight, half_life = settings.weights.get("purchase", 0.0), settings.half_life
    mine = at >= 0 and (other < 0 or s.recent_orders[at + 1] > f.recent_orders[other + 1])  # type: ignore[index]
    take_back(*((s, at) if mine else (f, other)), weight, half_life)
    return True


def _forget_all(s: Customer, ids: dict[bytes, None], common: set[bytes]) -> bool:
    """All orders of an id that has no others: they are counted under the other one. False where it is not so simple."""
    if s.refund_count or not ids.keys() <= common or s.order_count != len(ids):
        return False
    s.order_count, s.cents, s.orders, s.money, s.last_order = 0, 0, None, None, None
    return True


def _recent(s: Customer, f: Customer) -> list[Any] | None:
    """By `ts`; next to each the activities of both ids."""
    records = [(record, f) for record in _records(s)] + [(record, s) for record in _records(f)]
    for record, other in records:
        record[3:] = _neighbours(record, spans_of(other))
    records.sort(key=lambda each: int(each[0][1]))
    return [field for record, _ in records[-_RECENT_KEPT:] for field in record] or None


def _records(s: Customer) -> list[list[Any]]:
    recent = s.recent_orders or []
    return [recent[i : i + ORDER_WIDTH] for i in range(0, len(recent), ORDER_WIDTH)]


def _neighbours(record: list[Any], spans: list[tuple[int, int]]) -> list[int | None]:
    _, ts, _, before, after = record
    for start, end in spans:
        if start <= ts <= end:
            return [ts, ts]  # taken away, it leaves nothing changed
        if end < ts:
            before = end if before is None else max(before, end)
        else:
            after = start if after is None else min(after, start)
    return [before, after]
