"""Events of files, in the order read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from scoring.events.invalid import Invalid
from scoring.events.rows import FromLine, from_cells, line_decoder
from scoring.events.schema import Event, Product
from streams.files import tables
from streams.files.faults import Rejected, Unreadable
from streams.files.lines import LIMIT, STDIN, Lines, size
from streams.files.orders import Order, Orders

OnReject = Callable[[Rejected], None]
#: (bytes read, bytes in all) of the files on disk.
OnProgress = Callable[[int, int], None]

_PROGRESS_EVENTS = 4096
_encode = msgspec.json.encode
_ORDER_TYPES = ("purchase", "refund")


class Source(NamedTuple):
    file: str
    line: int


class Record(NamedTuple):
    """An event, or what the catalogue says of a product; the JSON row it was read of (None when values aren't wanted) and its place."""

    event: Event | Product
    value: bytes | None
    source: Source


def read_events(
    paths: Iterable[str | Path],
    currency: str = "EUR",
    on_reject: OnReject | None = None,
    on_progress: OnProgress | None = None,
    whole: frozenset[int] = frozenset(),
) -> Iterator[tuple[Event | Product, Source]]:
    """Every valid event of the files, file after file. An order of several CSV rows comes whole, at the place of its first row.

    Lines that are refused go to `on_reject`. Memory: one line, except that a CSV file is held from its first order to its end. `-` is
    NDJSON on standard input. Events of the topics (ranks) in `whole` have the whole record with them. Reading blocks on the disk. Raises
    Unreadable.
    """
    for event, _, source in read_records(paths, currency, on_reject, on_progress, values=False, whole=whole):
        yield event, source


def read_records(
    paths: Iterable[str | Path],
    currency: str = "EUR",
    on_reject: OnReject | None = None,
    on_progress: OnProgress | None = None,
    *,
    values: bool = True,
    whole: frozenset[int] = frozenset(),
) -> Iterator[Record]:
    """As `read_events`, with the JSON row of each event: what `scoring.events.rows.kafka_value` makes a topic's value of."""
    files = [(path, _is_table(path), size(path)) for path in paths]
    total = sum(bytes_ for _, _, bytes_ in files)
    done = 0
    reject = on_reject or (lambda rejected: None)
    decode = line_decoder(currency, whole)
    for path, is_table, bytes_ in files:
        with Lines(path) as lines:
            for count, record in enumerate((_table if is_table else _objects)(lines, decode, reject, values)):
                yield record
                if on_progress is not None and count % _PROGRESS_EVENTS == 0:
                    on_progress(done + lines.position, total)
        done += bytes_
        if on_progress is not None:
            on_progress(done, total)


def _is_table(path: str | Path) -> bool:
    """Whether a file is CSV, by its name. Raises Unreadable when the name says neither CSV nor NDJSON."""
    name = str(path).lower().removesuffix(".gz")
    if name.endswith(".csv"):
        return True
    if name.endswith(".ndjson") or str(path) == STDIN:
        return False
    raise Unreadable(str(path), "expected a name that ends in .ndjson, .csv, .ndjson.gz or .csv.gz")


def _objects(lines: Lines, decode: FromLine, reject: OnReject, values: bool) -> Iterator[Record]:
    for line in lines:
        if line is None:
            reject(Rejected(lines.name, lines.number, "too_long", f"the line is longer than {LIMIT} bytes"))
            continue
        try:
            event = decode(line)
        except Invalid as failure:
            if line.strip():
                reject(Rejected(lines.name, lines.number, failure.error, failure.detail))
            continue
        yield Record(event, line if values else None, Source(lines.name, lines.number))


def _table(lines: Lines, decode: FromLine, reject: OnReject, values: bool) -> Iterator[Record]:
    orders = Orders(decode, values)
    held: list[tuple[int, Event | Product, bytes | None, Order | None]] | None = None
    for number, cells in tables.rows(lines, reject):
        order = value = None
        try:
            row = from_cells(cells)
            if row.get("event_type") in _ORDER_TYPES:
                order = orders.row(row)
                if order is None:
                    continue
                event: Event | Product = order.event
            else:
                value = _encode(row)
                event = decode(value)
        except Invalid as failure:
            reject(Rejected(lines.name, number, failure.error, failure.detail))
            continue
        if not values:
            value = None
        if held is None and order is None:
            yield Record(event, value, Source(lines.name, number))
            continue
        held = [] if held is None else held
        held.append((number, event, value, order))
    for number, event, value, order in held or ():
        if order is not None:
            try:
                value = order.finish()
            except Invalid as failure:
                reject(Rejected(lines.name, number, failure.error, failure.detail))
                continue
        yield Record(event, value, Source(lines.name, number))
