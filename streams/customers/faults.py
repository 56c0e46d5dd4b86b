"""Named points of a flush and of a takeover at which a test can have the process killed, as if the plug were pulled.

`GEDRAG_TEST_KILL_AT=changelog_acked:3` ends the process without any clean-up the third time it comes by that point.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "GEDRAG_TEST_KILL_AT"
#: Bytes of a batch of records where a test wants one flush to take several.
BATCH_VARIABLE = "GEDRAG_TEST_BATCH_BYTES"
#: Of a flush: before and after the changelog is acknowledged, the outputs are acknowledged, the offsets are committed.
POINTS = ("flush", "changelog_sent", "changelog_acked", "outputs_sent", "outputs_acked", "committing", "committed")
#: Of a takeover: changelog read, our own epoch in it acknowledged, open outputs published.
TAKEOVER_POINTS = ("restored", "opened", "published")

_wanted, _, _count = os.environ.get(VARIABLE, "").partition(":")
_left = int(_count or 1)
if _wanted and _wanted not in POINTS + TAKEOVER_POINTS:
    raise ValueError(f"{VARIABLE}: {_wanted!r} is none of {', '.join(POINTS + TAKEOVER_POINTS)}")


def batch_options() -> dict[str, int]:
    """Options of the producer that a test asks for."""
    wanted = os.environ.get(BATCH_VARIABLE)
    return {"max_batch_size": int(wanted)} if wanted else {}


def point(name: str) -> None:
    global _left
    if _wanted and name == _wanted:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
