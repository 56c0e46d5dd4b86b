"""Telling a mail that is refused from a server that refuses every mail.

A wrong sender address, a lapsed contract or a block list makes a server answer 5xx to everything; taken at its word, it would turn every
mail into a dead letter and every customer into one who can't be reached. So after a few refusals in a row, further ones are doubted:
those mails wait, and are tried one at a time, until some mail is accepted. One refused both before and after that is refused for its own
sake.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.sinks.backoff import Backoff

#: So many refusals in a row, without a mail accepted between them, are believed.
BELIEVED = 5


class Refusals:
    """Belongs to one event loop."""

    def __init__(self, believed: int = BELIEVED, first: float = 0.5, longest: float = 60.0) -> None:
        """`first`, `longest`: seconds between tries while every mail is refused."""
        self._believed = believed
        self._run = 0
        self._accepted = 0
        self._doubted: dict[str, int] = {}
        self._probing = asyncio.Lock()
        self._backoff = Backoff(first, longest)

    @property
    def universal(self) -> bool:
        """Has everything been refused of late?"""
        return self._run >= self._believed

    def accepted(self, message_id: str) -> None:
        self._doubted.pop(message_id, None)
        self._run = 0
        self._accepted += 1
        self._backoff.reset()

    def believe(self, message_id: str) -> bool:
        """A message was refused: is that the message's fault? If not, it is to be tried again."""
        doubted = self._doubted.get(message_id)
        if doubted is not None and doubted < self._accepted:
            del self._doubted[message_id]
            return True
        if self.universal:
            self._doubted[message_id] = self._accepted
            return False
        self._run += 1
        return True

    def forget(self, message_id: str) -> None:
        self._doubted.pop(message_id, None)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """To send in. One at a time, with waits between, while everything is refused; else at once."""
        if self.universal:
            async with self._probing:
                if self.universal:  # those who come after an accepted mail need not wait for each other
                    await asyncio.sleep(self._backoff.next())
                    yield
                    return
        yield
