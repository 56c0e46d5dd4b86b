"""Which addresses we may connect to on somebody else's word: none that lies within our own walls, unless a setting says so.

A name is looked up by `Guard`, which refuses it if any of its addresses is forbidden; the connection then goes to the very addresses that
were judged, so that a name that answers differently the next time gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

Networks = tuple[IPv4Network | IPv6Network, ...]

#: Not the internet's, though the standard library counts them as global: cloud machines' own service, and addresses for local use.
_OURS = tuple(map(ip_network, ("168.63.129.16/32", "192.0.0.0/24", "fec0::/10", "64:ff9b:1::/48")))
#: An IPv4 address is written into these: translated on the way, or of old.
_NAT64, _COMPATIBLE = ip_network("64:ff9b::/96"), ip_network("::/96")


class Forbidden(OSError):
    """An address within the walls."""


def networks(text: str) -> Networks:
    """CIDR networks or single addresses, with commas; "any" is all there are. Raises ValueError."""
    if text.strip().lower() == "any":
        return ip_network("0.0.0.0/0"), ip_network("::/0")
    return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def within(address: str, allowed: Networks) -> bool:
    """Is it an address of these networks, whatever they are?"""
    found = ip_address(address.partition("%")[0])
    return any(each in network for network in allowed for each in (found, getattr(found, "ipv4_mapped", None)) if each is not None)


def reachable(address: str, allowed: Networks = ()) -> bool:
    """May we connect to it: is it the open internet's, or of a network that is allowed? Raises ValueError if it is no address."""
    return within(address, allowed) or all(map(_public, _behind(ip_address(address.partition("%")[0]))))


def _public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in network for network in _OURS)


def _behind(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """The address, and those it stands for."""
    yield address
    if isinstance(address, IPv6Address):
        yield from (each for each in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())) if each is not None)
        if address in _NAT64 or address in _COMPATIBLE:
            yield IPv4Address(int(address) & 0xFFFFFFFF)


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
