"""Members as CSV, NDJSON and Parquet: customer_id, tier (of a group of tiers), since."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO

import msgspec

from scoring.instants import rfc3339

#: Writes a page of one tier ("" for a segment): customers and since when (ms).
Write = Callable[[str, Sequence[tuple[str, int]]], None]
Table = Callable[[BinaryIO], AbstractContextManager[Write]]


def csv_table(with_tier: bool) -> Table:
    """RFC 4180, UTF-8, with a header; `since` in RFC 3339."""

    @contextmanager
    def table(file: BinaryIO) -> Iterator[Write]:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        rows = csv.writer(text)
        rows.writerow(("customer_id", "tier", "since") if with_tier else ("customer_id", "since"))

        def write(tier: str, page: Sequence[tuple[str, int]]) -> None:
            rows.writerows((customer, tier, rfc3339(since)) if with_tier else (customer, rfc3339(since)) for customer, since in page)

        try:
            yield write
        finally:
            text.detach()  # else it would close the file

    return table


def ndjson_table(with_tier: bool) -> Table:
    """One object a line, with the CSV's fields."""
    encode = msgspec.json.Encoder().encode

    @contextmanager
    def table(file: BinaryIO) -> Iterator[Write]:
        def write(tier: str, page: Sequence[tuple[str, int]]) -> None:
            own = {"tier": tier} if with_tier else {}
            for customer, since in page:
                file.write(encode({"customer_id": customer, **own, "since": rfc3339(since)}) + b"\n")

        yield write

    return table


def parquet_table(with_tier: bool) -> Table:
    """`since` is a timestamp in UTC, to the millisecond. Raises ImportError without pyarrow."""
    import pyarrow
    from pyarrow import parquet

    fields = [("customer_id", pyarrow.string()), ("since", pyarrow.timestamp("ms", tz="UTC"))]
    if with_tier:
        fields.insert(1, ("tier", pyarrow.string()))
    schema = pyarrow.schema(fields)

    @contextmanager
    def table(file: BinaryIO) -> Iterator[Write]:
        with parquet.ParquetWriter(file, schema, compression="zstd") as writer:

            def write(tier: str, page: Sequence[tuple[str, int]]) -> None:
                columns = {"customer_id": [customer for customer, _ in page], "since": [since for _, since in page]}
                if with_tier:
                    columns["tier"] = [tier] * len(page)
                writer.write_table(pyarrow.table(columns, schema=schema))

            yield write

    return table
