"""The right to write, by our own clock."""

from __future__ import annotations

import asyncio

import pytest

from streams.customers.lease import Lease, LeaseEnded


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def lease() -> tuple[Lease, Clock]:
    clock = Clock()
    return Lease(10, clock), clock


async def test_it_is_held_within_a_session_of_a_heartbeat() -> None:
    held, clock = lease()
    assert not held.held
    held.renew(98.0)
    clock.now = 105.9
    assert held.held
    await held.gate()
    clock.now = 106.0  # four fifths of the session
    assert not held.held


async def test_an_older_heartbeat_answered_late_does_not_shorten_it() -> None:
    held, clock = lease()
    held.renew(100.0)
    held.renew(95.0)
    clock.now = 107.0
    assert held.held


async def test_an_expired_one_waits_for_what_the_next_heartbeat_brings() -> None:
    held, clock = lease()
    held.renew(100.0)
    clock.now = 200.0
    waiting = asyncio.create_task(held.gate())
    await asyncio.sleep(0)
    assert not waiting.done()
    held.renew(199.9)  # the broker was away, and knows us still
    await asyncio.wait_for(waiting, 1)


async def test_nothing_passes_once_the_group_has_gone_on() -> None:
    held, clock = lease()
    held.renew(100.0)
    clock.now = 200.0
    waiting = asyncio.create_task(held.gate())
    await asyncio.sleep(0)
    held.end()
    with pytest.raises(LeaseEnded):
        await waiting
    held.renew(200.0)
    with pytest.raises(LeaseEnded):  # what was on its way then must never leave
        await held.gate()
