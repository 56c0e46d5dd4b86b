"""The history of memberships: per segment its episode, since when, and the last exit (of members: None); and what is held now.

`Customer.holds` is `[index, since when, …]` by index, of the segments that `holding` has a bit of: apart from the history, since most
events in between ask for it alone. Instants are ms from hour `h0`: half as many bytes as from 1970, in the first weeks.
"""

from __future__ import annotations

from typing import Any

from scoring.packed import ALIKE, taken
from scoring.state import HOUR, Customer, open_history_of

#: Places in a record.
EPISODE, SINCE, LAST_EXIT = range(3)


def record(s: Customer, index: int) -> list[Any]:
    """The segment's record, made if there is none."""
    history = open_history_of(s)
    if history is None:
        history = s.history = {}
    found = taken(history, index)
    if found is None:
        # Episodes of a former life under this id: no id of a change may come twice.
        found = history[index] = [0 if s.ties is None else s.ties.episodes, 0, None]
    return found


def find(s: Customer, index: int) -> list[Any] | None:
    """The segment's record, None if there is none."""
    history = open_history_of(s)
    return None if history is None else taken(history, index)


def enter(s: Customer, index: int, now: int) -> int:
    """Counts an entry (or a move); returns its episode. The exit before it has had its day: only who is outside waits for a cooldown."""
    found = record(s, index)
    episode: int = found[EPISODE] + 1
    found[:] = episode, now - s.h0 * HOUR, None
    return episode


def land(s: Customer, index: int, now: int) -> int:
    """As `enter`, of somebody who was in nothing of it before: memberships that begin together are kept together."""
    since = now - s.h0 * HOUR
    history = open_history_of(s)
    if history is None:
        history = s.history = {}
    alike = history.get(ALIKE)
    if s.ties is not None or index in history or (alike is not None and alike[0] != since):
        return enter(s, index, now)
    if alike is None:
        history[ALIKE] = [since, 1 << index]
    else:
        alike[1] |= 1 << index
    return 1


def entered_at(s: Customer, index: int) -> int | None:
    """When a member entered, or a customer its present tier."""
    found = find(s, index)
    return None if found is None else int(found[SINCE]) + s.h0 * HOUR


def leave(s: Customer, index: int, now: int) -> int:
    """Notes an exit; returns the episode that ends."""
    found = record(s, index)
    found[SINCE] = found[LAST_EXIT] = now - s.h0 * HOUR
    return int(found[EPISODE])


def hold(s: Customer, index: int, now: int) -> None:
    """`when` has come true, or the answer another than the membership."""
    holds, place = _place(s, index)
    holds[place : place + 2 * _is_at(holds, place, index)] = index, now - s.h0 * HOUR
    s.holds = holds


def release(s: Customer, index: int) -> None:
    """It is held no more."""
    holds, place = _place(s, index)
    if _is_at(holds, place, index):
        del holds[place : place + 2]
        s.holds = holds or None


def held_since(s: Customer, index: int) -> int:
    """Of one that is held."""
    holds, place = _place(s, index)
    return holds[place + 1] + s.h0 * HOUR if _is_at(holds, place, index) else 0


def _place(s: Customer, index: int) -> tuple[list[int], int]:
    holds = s.holds
    if holds is None:
        return [], 0
    place = 0
    while place < len(holds) and holds[place] < index:
        place += 2
    return holds, place


def _is_at(holds: list[int], place: int, index: int) -> bool:
    return place < len(holds) and holds[place] == index


def last_exit(s: Customer, index: int) -> int | None:
    """None if the customer never left it, or is in it."""
    found = find(s, index)
    left = None if found is None else found[LAST_EXIT]
    return None if left is None else int(left) + s.h0 * HOUR
