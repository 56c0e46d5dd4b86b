"""What ties an id to others: where its history went, what came to it, and what it has said to others so far."""

from __future__ import annotations

import msgspec

#: A customer; an id that was handed over to another; one that was forgotten; one that waits for another's facts, unjudged so far.
LIVING, MOVED, FORGOTTEN, AWAITING = range(4)


class Ties(msgspec.Struct, array_like=True, gc=False):
    """Of a customer without merges there are none. Instants are epoch ms.

    `episodes`: no episode of this id may be counted from less, since its former life had some. `sent` counts what it handed to others,
    `received` what it took in, by sender: the number of the newest. `names`: ids joined into this one, and when.
    """

    form: int = LIVING
    into: str = ""  # MOVED: to whom
    since: int = 0  # MOVED, FORGOTTEN: when; LIVING: back since, after it was forgotten (0: never was)
    episodes: int = 0
    sent: int = 0
    received: dict[str, int] = {}
    names: dict[str, int] = {}
