"""The history of memberships: per segment its episode, since when, the last exit and when `when` came true.

`Customer.history` is a flat list `[index, episode, since, last exit, hold start, …]`, one record of five a segment that had any, by index.
Instants in it are ms from hour `h0`: half as many bytes as from 1970, in the first weeks.
"""

from __future__ import annotations

from typing import Any

from scoring.packed import WIDTH as WIDTH
from scoring.state import HOUR, Customer, history_of

EPISODE, SINCE, LAST_EXIT, HOLD = 1, 2, 3, 4


def record(s: Customer, index: int) -> int:
    """The place of the segment's record, made if it isn't there."""
    history = history_of(s)
    if history is None:
        s.history = [index, _before(s), 0, None, 0]
        return 0
    place = 0
    while place < len(history) and history[place] < index:
        place += WIDTH
    if place == len(history) or history[place] != index:
        history[place:place] = (index, _before(s), 0, None, 0)
    return place


def _before(s: Customer) -> int:
    """Episodes of a former life under this id: no id of a change may come twice."""
    return 0 if s.ties is None else s.ties.episodes


def find(s: Customer, index: int) -> int:
    """The place of the segment's record, -1 if there is none."""
    history = history_of(s)
    if history is not None:
        for place in range(0, len(history), WIDTH):
            if history[place] == index:
                return place
    return -1


def enter(s: Customer, index: int, now: int) -> int:
    """Counts an entry (or a move); returns its episode."""
    place = record(s, index)
    history: list[Any] = s.history  # type: ignore[assignment]
    history[place + EPISODE] += 1
    history[place + SINCE] = now - s.h0 * HOUR
    return int(history[place + EPISODE])


def entered_at(s: Customer, index: int) -> int | None:
    """When a member entered, or a customer its present tier."""
    place = find(s, index)
    return int(s.history[place + SINCE]) + s.h0 * HOUR if place >= 0 else None  # type: ignore[index]


def leave(s: Customer, index: int, now: int) -> int:
    """Notes an exit; returns the episode that ends."""
    place = record(s, index)
    history: list[Any] = s.history  # type: ignore[assignment]
    history[place + SINCE] = history[place + LAST_EXIT] = now - s.h0 * HOUR
    return int(history[place + EPISODE])


def hold(s: Customer, index: int, now: int) -> None:
    """`when` has come true."""
    place = record(s, index)
    s.history[place + HOLD] = now - s.h0 * HOUR  # type: ignore[index]


def held_since(s: Customer, index: int) -> int:
    place = find(s, index)
    return int(s.history[place + HOLD]) + s.h0 * HOUR if place >= 0 else 0  # type: ignore[index]


def last_exit(s: Customer, index: int) -> int | None:
    """None if the customer never left it."""
    place = find(s, index)
    left = s.history[place + LAST_EXIT] if place >= 0 else None  # type: ignore[index]
    return None if left is None else int(left) + s.h0 * HOUR
