"""Who is held out of a campaign, and who gets which variant: by a hash of customer and campaign, so the same in every run and worker.

Hold-out: the hash is a number from 0 to 1, and those below the share are held out. A larger share keeps all that were, and adds some.

Variants: weighted rendezvous (Thaler and Ravishankar 1998; with weights: Schindelhauer and Schomaker 2005). For each variant the hash gives
every customer an exponential waiting time with the weight as its rate, and the shortest wins: so each wins in proportion to its weight,
and a changed weight moves customers to or from that variant only, as many as its share changed by.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from math import log

_STEPS = 1 << 53  # as many numbers between 0 and 1 as a double tells apart evenly


def held_out(customer: bytes, campaign: str, share: float) -> bool:
    """`customer` is the id in UTF-8; `share` from 0 (nobody) to 1."""
    return share > 0 and _number(customer, campaign, "") / _STEPS < share


def variant(customer: bytes, campaign: str, weights: Iterable[tuple[str, float]]) -> str | None:
    """One of the (name, weight); None if there is none. A weight of 0 is given to nobody."""
    chosen, shortest = None, float("inf")
    for name, weight in weights:
        if weight > 0:
            waiting = -log((_number(customer, campaign, name) + 0.5) / _STEPS) / weight
            if waiting < shortest:
                chosen, shortest = name, waiting
    return chosen


def _number(customer: bytes, campaign: str, variant: str) -> int:
    """From 0 up to, not including, `_STEPS`. Names hold no `/`."""
    return int.from_bytes(blake2b(f"{campaign}/{variant}/".encode() + customer, digest_size=8).digest(), "big") >> 11
