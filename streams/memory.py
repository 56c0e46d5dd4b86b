"""How the process gets its memory, where that can be told: glibc."""

from __future__ import annotations

import ctypes
import sys

#: mallopt's name for the size from which on a block is a mapping of its own.
_M_MMAP_THRESHOLD = -3
#: Bytes. Fetches and batches are larger, customers' states smaller.
LARGE = 256 * 1024


def keep_apart() -> bool:
    """Keeps large buffers that come and go out of the heap where millions of states stay: they would leave holes between them.

    glibc starts so, and gives it up when it sees large blocks being freed. False where there is no glibc: nothing was done then.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL("libc.so.6").mallopt(_M_MMAP_THRESHOLD, LARGE))
    except (OSError, AttributeError):
        return False
