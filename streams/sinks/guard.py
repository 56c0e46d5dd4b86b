"""Connections on somebody else's word go to addresses that may be reached, whatever name they were asked for by.

A name is looked up by `Guard`, which refuses it if any of its addresses is forbidden; the connection then goes to the very addresses that
were judged, so that a name that answers differently the next time gains nothing.
"""

from __future__ import annotations

import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from streams.sinks.reachable import Networks, reachable, within


class Forbidden(OSError):
    """An address within the walls."""


class Guard(AbstractResolver):
    """Looks names up for an HTTP session. `only`: nothing but the allowed networks may be reached, the internet neither."""

    def __init__(self, allowed: Networks, *, only: bool = False, resolver: AbstractResolver | None = None) -> None:
        self._allowed = allowed
        self._only = only
        self._resolver = resolver or ThreadedResolver()

    def check(self, host: str) -> None:
        """Raises Forbidden for an address (names pass; they are judged when looked up)."""
        try:
            fine = within(host, self._allowed) if self._only else reachable(host, self._allowed)
        except ValueError:
            return
        if not fine:
            raise Forbidden(self._words(host))

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """Raises Forbidden, OSError."""
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            self.check(each["host"])
        return found

    def _words(self, address: str) -> str:
        if self._only and reachable(address):
            return f"{address} is on the internet, where http:// can be read by anyone on the way; use https://"
        return f"{address} is no public address; if it is meant, allow its network by the setting webhook_networks"

    async def close(self) -> None:
        await self._resolver.close()
