"""No webhook goes behind our own walls, whatever address, name or trick leads there."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from streams.sinks.guard import Forbidden, Guard
from streams.sinks.reachable import networks, reachable
from streams.sinks.webhook import Endpoint, Poster, Undelivered, Webhook
from tests.streams.feeds.receiver import SECRET, Receiver


@pytest.mark.parametrize("address", [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "224.0.0.1", "224.0.1.1", "240.0.0.1", "255.255.255.255", "198.18.0.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1",
    "2001:0:7f00:1::", "2001:db8::1",
])  # fmt: skip
def test_private_addresses_are_not_reached(address: str) -> None:
    assert not reachable(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_public_ones_are(address: str) -> None:
    assert reachable(address)


def test_networks_that_are_allowed_are_reached_and_no_others() -> None:
    allowed = networks("10.1.0.0/16, fd00:1::/32, 127.0.0.1")
    assert all(reachable(each, allowed) for each in ("10.1.2.3", "::ffff:10.1.2.3", "fd00:1::5", "127.0.0.1", "8.8.8.8"))
    assert not any(reachable(each, allowed) for each in ("10.2.0.1", "127.0.0.2", "fd00:2::5", "169.254.169.254"))
    assert reachable("169.254.169.254", networks("any")) and reachable("::1", networks("any"))


class Names(AbstractResolver):
    """Answers differently every time, as a name made for rebinding does."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        found = self.answers.pop(0)
        return [
            {
                "hostname": host,
                "host": each,
                "port": port,
                "family": socket.AF_INET6 if ":" in each else socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for each in found
        ]

    async def close(self) -> None:
        pass


async def test_a_name_is_refused_if_any_of_its_addresses_is_private() -> None:
    for found in (["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["8.8.8.8", "::ffff:192.168.0.1"], ["fe80::1%2"]):
        with pytest.raises(Forbidden, match="webhook_networks"):
            await Guard((), resolver=Names(found)).resolve("hook.example", 443)


async def test_what_is_connected_to_is_what_was_judged(receiver: Callable[..., Awaitable[Receiver]]) -> None:
    """The second look-up would lead to us; the connection goes to what the one and only look-up gave."""
    hook = await receiver()
    names = Names(["203.0.113.9"], ["127.0.0.1"])
    endpoint = Endpoint("x", f"https://hook.example:{hook.port}/hook", (SECRET,), timeout=1_000)
    poster = Poster(endpoint, ())
    poster._guard._resolver = names
    with pytest.raises(Undelivered, match="no public address"):  # 203.0.113.0/24 is for documentation
        await poster.post(Webhook("a", b"{}"), 1_772_359_200_000)
    with pytest.raises(Undelivered, match="no public address"):
        await poster.post(Webhook("a", b"{}"), 1_772_359_200_000)
    assert names.answers == [] and hook.tries == []
    await poster.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
async def test_however_it_is_written(host: str, receiver: Callable[..., Awaitable[Receiver]]) -> None:
    hook = await receiver()
    poster = Poster(Endpoint("x", f"https://{host}:{hook.port}/hook", (SECRET,), timeout=2_000), ())
    with pytest.raises(Undelivered):
        await poster.post(Webhook("a", b"{}"), 1_772_359_200_000)
    assert hook.tries == []
    await poster.close()


async def test_http_goes_to_allowed_networks_only() -> None:
    guard = Guard(networks("127.0.0.0/8"), only=True, resolver=Names(["8.8.8.8"], ["127.0.0.1"]))
    with pytest.raises(Forbidden, match="use https://"):
        await guard.resolve("hook.example", 80)
    assert (await guard.resolve("hook.example", 80))[0]["host"] == "127.0.0.1"
