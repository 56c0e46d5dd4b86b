"""Files to read, and what reading them gave."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

from scoring.events.schema import Event
from streams.files import Record, Rejected, read_events, read_records

HEADER = "event_type,customer_id,ts,product_id,category_id,price,quantity,session_id,order_id"


class Reading(NamedTuple):
    events: list[Event]
    lines: list[int]
    rejected: list[Rejected]

    @property
    def errors(self) -> list[tuple[int, str]]:
        return [(rejected.line, rejected.error) for rejected in self.rejected]


def write(path: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def read(*paths: Path, currency: str = "EUR") -> Reading:
    rejected: list[Rejected] = []
    found = list(read_events(paths, currency, rejected.append))
    assert all(source.file in map(str, paths) for _, source in found)
    return Reading([event for event, _ in found], [source.line for _, source in found], rejected)


def csv(tmp_path: Path, *rows: str, header: str = HEADER) -> Reading:
    """A CSV file of these rows; the header is line 1."""
    return read(write(tmp_path / "shop.csv", "\n".join((header, *rows)) + "\n"))


def ndjson(tmp_path: Path, *rows: str | bytes) -> Reading:
    lines = [row.encode() if isinstance(row, str) else row for row in rows]
    return read(write(tmp_path / "shop.ndjson", b"\n".join(lines) + b"\n"))


def records(*paths: Path) -> list[Record]:
    return list(read_records(paths))
