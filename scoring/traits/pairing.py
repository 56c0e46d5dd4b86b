"""First one thing, then another, by product: looked at and bought, put in the cart and bought.

For each product the first time of the one, A, and the first time of the other from then on, B. Both are least values, so the order in which
events come makes no difference, and those of two customers joined are those of one. Instants are whole seconds from 1970 to 2106, products
24 bits of a hash: customers have few. With A goes a number `x`, with B perhaps a number `y`.

Facts are three strings of records, those that go first before the others, of so many at most: products with A alone `(product, A, x)`, 6;
pairs `(product, A, x, B[, y])`, the 5 newest by their B; and each B without an A before it `(product, B[, y])`, since a late A may come
before it, the 4 newest. A product that falls out begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from struct import Struct
from typing import Any

#: What a trait keeps: open, pairs, lone.
Facts = list[bytes]

OPEN, PAIRS, LONE = range(3)
_MOST = (6, 5, 4)
LAST_SECOND = (1 << 32) - 1


def seconds(ts: int) -> int:
    at = ts // 1000
    return at if 0 <= at <= LAST_SECOND else max(0, min(at, LAST_SECOND))


class Pairing:
    """`x`, `y`: how the numbers are kept (codes of `struct`; `y` "" for none). `keeps`: of products with A alone, those of whose records
    it gives the most stay."""

    def __init__(self, x: str, y: str, keeps: Callable[[tuple[Any, ...]], int]) -> None:
        self._records = (Struct(f"<3sI{x}"), Struct(f"<3sI{x}I{y}"), Struct(f"<3sI{y}"))
        #: Of a product with A alone: the bytes of its record, the place of the first of `x` in it, and the bytes of all.
        self.size, self.x = self._records[OPEN].size, 7
        self.most = _MOST[OPEN] * self.size
        self._keeps: tuple[Callable[[tuple[Any, ...]], int], ...] = (keeps, itemgetter(3), itemgetter(1))

    def nothing(self) -> Facts:
        return [b"", b"", b""]

    def pairs(self, facts: Facts) -> list[tuple[Any, ...]]:
        return list(self._records[PAIRS].iter_unpack(facts[PAIRS]))

    def open_in(self, records: bytes) -> list[tuple[Any, ...]]:
        """Of products with A alone."""
        return list(self._records[OPEN].iter_unpack(records))

    def open_record(self, facts: Facts, key: bytes) -> tuple[Any, ...] | None:
        """Of a product with A alone."""
        i = self._place(facts, OPEN, key)
        return None if i < 0 else self._records[OPEN].unpack_from(facts[OPEN], i)

    def set_open(self, facts: Facts, key: bytes, at: int, x: int) -> None:
        """Other numbers for a product that has A alone."""
        self._put(facts, OPEN, (key, at, x))

    def first(self, facts: Facts, key: bytes, at: int, x: int) -> bool:
        """A at `at` -> whether any pair is different now, or an open product forgotten."""
        if key not in facts[OPEN] and key not in facts[PAIRS] and key not in facts[LONE]:
            return self.add(facts, key, at, x)  # the commonest
        i = self._place(facts, PAIRS, key)
        if i >= 0:
            _, known, _, *end = self._records[PAIRS].unpack_from(facts[PAIRS], i)
            if at >= known:
                return False
        else:
            held = self.open_record(facts, key)
            if held is not None and at >= held[1]:
                return False
            end = []
        ends = [tuple(end)] if end else []
        for lone in self._records[LONE].iter_unpack(facts[LONE]):
            if lone[0] == key and lone[1] >= at:
                ends.append(lone[1:])
                self._drop(facts, LONE, lone)
        if not ends:
            return self._put(facts, OPEN, (key, at, x))
        self._forget(facts, OPEN, key)
        self._put(facts, PAIRS, (key, at, x, *min(ends)))
        return True

    def add(self, facts: Facts, key: bytes, at: int, x: int) -> bool:
        """A of a product of which nothing is known -> whether an open product was forgotten."""
        return self._put(facts, OPEN, (key, at, x), replace=False)

    def second(self, facts: Facts, key: bytes, at: int, *y: int) -> bool:
        """B at `at` -> whether any pair is different now."""
        i = self._place(facts, PAIRS, key)
        held = self._records[PAIRS].unpack_from(facts[PAIRS], i) if i >= 0 else self.open_record(facts, key)
        if held is not None and i >= 0 and at >= held[3]:
            return False
        if held is None or at < held[1]:
            self._put(facts, LONE, (key, at, *y), replace=False)
            return False
        self._forget(facts, OPEN, key)
        self._put(facts, PAIRS, (*held[:3], at, *y))
        return True

    def replay(self, facts: Facts, first: Callable[[bytes, int, int], Any], second: Callable[..., Any]) -> None:
        """Gives every A and B that is kept to `first(product, A, x)` and `second(product, B[, y])`: to take them into another's facts."""
        for key, at, x in self.open_in(facts[OPEN]):
            first(key, at, x)
        for key, at, x, *end in self.pairs(facts):
            first(key, at, x)
            second(key, *end)
        for lone in self._records[LONE].iter_unpack(facts[LONE]):
            second(*lone)

    # ---- records

    def _place(self, facts: Facts, kind: int, key: bytes) -> int:
        records, size = facts[kind], self._records[kind].size
        i = records.find(key)
        while i % size and i >= 0:
            i = records.find(key, i + 1)
        return i

    def _put(self, facts: Facts, kind: int, record: tuple[Any, ...], replace: bool = True) -> bool:
        """In place of the product's own, among those that go before it does and after it; -> whether the first had to go."""
        if replace:
            self._forget(facts, kind, record[0])
        records, struct, keeps = facts[kind], self._records[kind], self._keeps[kind]
        size, at, stays = struct.size, len(records), (keeps(record), record)
        while at:
            before = struct.unpack_from(records, at - size)
            if (keeps(before), before) <= stays:
                break
            at -= size
        records = records[:at] + struct.pack(*record) + records[at:]
        full = len(records) > _MOST[kind] * size
        facts[kind] = records[size:] if full else records
        return full

    def _forget(self, facts: Facts, kind: int, key: bytes) -> None:
        i, size = self._place(facts, kind, key), self._records[kind].size
        if i >= 0:
            facts[kind] = facts[kind][:i] + facts[kind][i + size :]

    def _drop(self, facts: Facts, kind: int, record: tuple[Any, ...]) -> None:
        kept = list(self._records[kind].iter_unpack(facts[kind]))
        kept.remove(record)
        facts[kind] = b"".join(self._records[kind].pack(*each) for each in kept)
