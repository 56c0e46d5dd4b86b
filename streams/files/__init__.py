"""Files of events: NDJSON and CSV, each also gzipped, as contract section 1 "Files" says."""

from __future__ import annotations

from streams.files.faults import Rejected, Unreadable
from streams.files.reading import Record, Source, read_events, read_records

__all__ = ["Record", "Rejected", "Source", "Unreadable", "read_events", "read_records"]
