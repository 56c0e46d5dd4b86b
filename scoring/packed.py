"""How a state's history and profile travel: a third of the bytes they are worked with.

History, `[index, episode, since, last exit, hold start, …]` by index: many records are those of segments entered once, at the customer's
first event, and never left. These are a bit each of a mask beside their common `since`; others that were never left and hold nothing are
three numbers, and only what is left is whole, with True for a last exit that is its `since`:
`[[since, mask], [index, episode, since, …], index, episode, since, last exit, hold start, …]`.

Profile, `{field: [ts, value]}`: fields mostly come together, and have the same names in every shop. By `ts`, each its distance from the one
before it, and fields that are known by their number: `[ts, {0: "kim@example.org", "traits.size": 42}, …]`.
"""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import Any

WIDTH = 5

#: Numbers are for ever: names are only added at the end.
FIELDS = (
    "email", "first_name", "language", "time_zone", "country", "region", "city", "postal_code", "birth_date", "gender", "household_size",
    "income_band", "education", "occupation", "nationality", "consent.email", "consent.profiling",
)  # fmt: skip
_NUMBER = {name: number for number, name in enumerate(FIELDS)}
_MASK_LIMIT = 1 << 63  # msgpack has no larger signed integers


def packed_history(history: list[Any]) -> list[Any]:
    entered_once = [history[at + 2] for at in range(0, len(history), WIDTH) if history[at + 1] == 1 and _is_plain(history, at)]
    since = Counter(entered_once).most_common(1)[0][0] if entered_once else 0
    mask = 0
    plain: list[Any] = []
    others: list[Any] = []
    for at in range(0, len(history), WIDTH):
        if not _is_plain(history, at):
            index, episode, entered, left, hold = history[at : at + WIDTH]
            others += (index, episode, entered, True if left == entered else left, hold)
        elif history[at + 1] == 1 and history[at + 2] == since:
            mask |= 1 << history[at]
        else:
            plain += history[at : at + 3]
    return [[since, mask if mask < _MASK_LIMIT else mask.to_bytes((mask.bit_length() + 7) // 8, "little")], plain, *others]


def unpacked_history(found: list[Any]) -> list[Any]:
    """By index, whatever it was packed by; a list that was not packed is itself."""
    if not found or found[0].__class__ is not list:
        return found
    since, mask = found[0]
    if mask.__class__ is bytes:
        mask = int.from_bytes(mask, "little")
    plain = found[1]
    records = [[index, 1, since, None, 0] for index in range(mask.bit_length()) if mask >> index & 1]
    records += [[*plain[at : at + 3], None, 0] for at in range(0, len(plain), 3)]
    for at in range(2, len(found), WIDTH):
        index, episode, entered, left, hold = found[at : at + WIDTH]
        records.append([index, episode, entered, entered if left is True else left, hold])
    records.sort(key=itemgetter(0))
    return [part for record in records for part in record]


def _is_plain(history: list[Any], at: int) -> bool:
    return history[at + 3] is None and bool(history[at + 4] == 0)


def packed_profile(profile: dict[str, list[Any]]) -> list[Any]:
    by_ts: dict[int, dict[str | int, Any]] = {}
    for field, (ts, value) in profile.items():
        by_ts.setdefault(ts, {})[_NUMBER.get(field, field)] = value
    flat: list[Any] = []
    before = 0
    for ts in sorted(by_ts):
        flat += (ts - before, by_ts[ts])
        before = ts
    return flat


def unpacked_profile(found: list[Any] | dict[str, list[Any]]) -> dict[str, list[Any]]:
    """A profile as versions before 3 had it is itself."""
    if isinstance(found, dict):
        return found
    profile: dict[str, list[Any]] = {}
    ts = 0
    for at in range(0, len(found), 2):
        ts += found[at]
        for field, value in found[at + 1].items():
            profile[FIELDS[field] if field.__class__ is int else field] = [ts, value]
    return profile
