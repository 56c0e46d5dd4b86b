"""`ts` as text: RFC 3339 and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.events.instants import EARLIEST, LATEST, epoch_ms
from scoring.events.invalid import Invalid
from scoring.instants import rfc3339

NOON = 1_772_362_800_000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-03-01T11:00:00Z", NOON),
        ("2026-03-01t11:00:00z", NOON),
        ("2026-03-01T13:00:00+02:00", NOON),
        ("2026-03-01T05:30:00-05:30", NOON),
        ("2026-03-01T11:00:00-00:00", NOON),
        ("2026-03-01T11:00:00.5Z", NOON + 500),
        ("2026-03-01T11:00:00.123Z", NOON + 123),
        ("2026-03-01T11:00:00.123999999Z", NOON + 123),
        ("2026-03-01T11:00:00.9996+00:00", NOON + 999),
        ("2026-03-01T11:00:59Z", NOON + 59_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("2017-01-01T00:59:60.25+01:00", 1_483_228_800_250),
        ("0001-01-01T00:00:00Z", EARLIEST),
        ("9999-12-31T23:59:59.999Z", LATEST),
    ],
)
def test_is_read(text: str, ms: int) -> None:
    assert epoch_ms(text) == ms
    assert epoch_ms(text) == ms, "the second time, with its minute known"


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2026-03-01", "2026-03-01T11:00:00", "2026-03-01T11:00Z", "2026-03-01 11:00:00Z", "2026-03-01T11:00:00+0200",
        "2026-03-01T11:00:00+02", "2026-03-01T11:00:00.Z", "2026-03-01T11:00:00,5Z", "2026-03-01T24:00:00Z", "2026-03-01T11:60:00Z",
        "2026-03-01T11:00:61Z", "2026-03-01T11:00:60Z", "2026-02-29T11:00:00Z", "2026-13-01T11:00:00Z", "2026-00-01T11:00:00Z",
        "2026-03-01T11:00:00+24:00", "2026-03-01T11:00:00+02:60", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01", "2026-03-01T11:00: 5Z", "2026-03-01T11:00:+5Z", "2026-03-01T11:00:5_Z", "２026-03-01T11:00:00Z",
        "2026-03-01T11:00:00Z ", " 2026-03-01T11:00:00Z", "2026-03-01T11:00:00Z\n", "2026-03-01T11:00:00.123", "1772362800000",
        "20260301T110000Z", "2026-W09-7T11:00:00Z", "12026-03-01T11:00:00Z",
    ],
)  # fmt: skip
def test_is_refused(text: str) -> None:
    epoch_ms("2026-03-01T11:00:00Z")  # a minute that is known must not let more in
    with pytest.raises(Invalid) as refused:
        epoch_ms(text)
    assert refused.value.error == "bad_ts"


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
instants = st.integers(-1900 * 365 * 86_400 * 10**6, 8000 * 365 * 86_400 * 10**6).map(lambda us: EPOCH + timedelta(microseconds=us))
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59)


@given(instants, offsets, st.integers(0, 9))
def test_agrees_with_the_standard_library(instant: datetime, minutes: int, digits: int) -> None:
    local = instant.astimezone(timezone(timedelta(minutes=minutes)))
    fraction = f".{local.microsecond:06d}000"[: digits + 1] if digits else ""
    sign = "-" if minutes < 0 else "+"
    text = f"{local:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f"{fraction}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    whole = (instant.replace(microsecond=0) - EPOCH) // timedelta(milliseconds=1)
    expected = whole + int((fraction[1:] + "000")[:3])
    assert epoch_ms(text) == expected


@given(st.integers(0, LATEST))
def test_reads_what_records_carry(ms: int) -> None:
    assert epoch_ms(rfc3339(ms)) == ms
