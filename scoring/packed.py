"""How a state's history and profile travel: a third of the bytes they are worked with.

History, `{index: [episode, since, last exit]}`: many records are those of segments entered once, at the customer's first
event, and never left. These are a bit each of a mask beside their common `since`. The others are three numbers, in order of `since`,
each its distance from the one before; one whose last exit is its `since` has -1 less its index for an index. What is neither is whole:
`[since, mask, [index, episode, distance, …], index, episode, since, last exit, …]`. Unpacked, the mask stays together under ALIKE until
somebody asks for one of these.

Profile, `{field: [ts, value]}`: fields mostly come together, and have the same names in every shop. By `ts`, each its distance from the one
before it, and fields that are known by their number: `[ts, {0: "kim@example.org", "traits.size": 42}, …]`.
"""

from __future__ import annotations

from typing import Any

#: By the segment's index: episode, since, last exit.
History = dict[int, list[Any]]

_WIDTH = 4

#: In an unpacked history: `[since, mask]` of segments entered once, then, and never left. `taken` makes a record of one, `spread` of all.
ALIKE = -1

#: Numbers are for ever: names are only added at the end.
FIELDS = (
    "email", "first_name", "language", "time_zone", "country", "region", "city", "postal_code", "birth_date", "gender", "household_size",
    "income_band", "education", "occupation", "nationality", "consent.email", "consent.profiling",
)  # fmt: skip
_NUMBER = {name: number for number, name in enumerate(FIELDS)}
_NONE_ALIKE = 0, 0
_MASK_LIMIT = 1 << 63  # msgpack has no larger signed integers


def taken(history: History, index: int) -> list[Any] | None:
    """The segment's record, for use and for change in place; None if there is none."""
    found = history.get(index)
    if found is None:
        alike = history.get(ALIKE)
        if alike is not None and alike[1] >> index & 1:
            alike[1] ^= 1 << index
            found = history[index] = [1, alike[0], None]
    return found


def spread(history: History) -> None:
    """Makes a record of each."""
    alike = history.pop(ALIKE, None)
    if alike is not None:
        since, mask = alike
        while mask:
            index = mask.bit_length() - 1
            history[index] = [1, since, None]
            mask ^= 1 << index


def packed_history(history: History) -> list[Any]:
    short: list[tuple[int, int, int]] = []
    whole: list[Any] = []
    common, mask = history.pop(ALIKE, _NONE_ALIKE)
    for index, (episode, since, left) in history.items():
        if left is None:
            short.append((since, index, episode))
        elif left == since:
            short.append((since, -1 - index, episode))
        else:
            whole += (index, episode, since, left)
    short.sort()
    if short and (not mask or short[0][0] < common):
        if mask:  # not the earliest any more
            history[ALIKE] = [common, mask]
            spread(history)
            return packed_history(history)
        common = short[0][0]
    before = common
    flat: list[int] = []
    for since, index, episode in short:
        if since == common and episode == 1 and index >= 0:
            mask |= 1 << index
        else:
            flat += (index, episode, since - before)
            before = since
    return [common, mask if mask < _MASK_LIMIT else mask.to_bytes((mask.bit_length() + 7) // 8, "little"), flat, *whole]


def unpacked_history(found: list[Any]) -> History:
    since, mask, flat, *whole = found
    if mask.__class__ is bytes:
        mask = int.from_bytes(mask, "little")
    history: History = {ALIKE: [since, mask]} if mask else {}
    numbers = iter(flat)
    for index, episode, distance in zip(numbers, numbers, numbers, strict=True):
        since += distance
        if index >= 0:
            history[index] = [episode, since, None]
        else:
            history[-1 - index] = [episode, since, since]
    for at in range(0, len(whole), _WIDTH):
        history[whole[at]] = whole[at + 1 : at + _WIDTH]
    return history


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
