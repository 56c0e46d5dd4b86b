"""Which addresses we may connect to on somebody else's word: none that lies within our own walls, unless a setting says so."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Networks = tuple[IPv4Network | IPv6Network, ...]

#: Not the internet's, though the standard library counts them as global: cloud machines' own service, and addresses for local use.
_OURS = tuple(map(ip_network, ("168.63.129.16/32", "192.0.0.0/24", "fec0::/10", "64:ff9b:1::/48")))
#: An IPv4 address is written into these: translated on the way, or of old.
_NAT64, _COMPATIBLE = ip_network("64:ff9b::/96"), ip_network("::/96")


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
