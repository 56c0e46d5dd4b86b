"""Cycles among definitions that refer to each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple


class Link(NamedTuple):
    """`source` refers to `target`, at offsets `start` to `end` of the file."""

    source: str
    target: str
    start: int
    end: int


def find_cycles(names: Iterable[str], links: Iterable[Link]) -> list[list[Link]]:
    """One shortest cycle through each knot of references, as links that lead round, in order of `names`."""
    out: dict[str, list[Link]] = {name: [] for name in names}
    for link in links:
        if link.target in out:
            out[link.source].append(link)
    knotted = _knotted(out)
    found = []
    seen: set[str] = set()
    for name in out:
        if name in knotted and name not in seen:
            cycle = _shortest(name, out, knotted)
            if cycle:
                found.append(cycle)
                seen.update(link.source for link in cycle)
    return found


def _knotted(out: dict[str, list[Link]]) -> set[str]:
    """The names left when those that refer to nothing left are taken away, again and again."""
    referrers: dict[str, list[str]] = {name: [] for name in out}
    count = {}
    for name, links in out.items():
        count[name] = len(links)
        for link in links:
            referrers[link.target].append(name)
    free = deque(name for name, number in count.items() if number == 0)
    left = set(out)
    while free:
        name = free.popleft()
        left.discard(name)
        for referrer in referrers[name]:
            count[referrer] -= 1
            if count[referrer] == 0:
                free.append(referrer)
    return left


def _shortest(start: str, out: dict[str, list[Link]], among: set[str]) -> list[Link]:
    came: dict[str, Link] = {}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        for link in out[name]:
            if link.target not in among or link.target in came:
                continue
            came[link.target] = link
            if link.target == start:
                queue.clear()
                break
            queue.append(link.target)
    if start not in came:
        return []
    path = [came[start]]
    while path[-1].source != start:
        path.append(came[path[-1].source])
    return path[::-1]
