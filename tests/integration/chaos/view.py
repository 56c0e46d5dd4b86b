"""The live view as it is in Redis, and as it ought to be."""

from __future__ import annotations

from redis.asyncio import Redis

from scoring.events.instants import epoch_ms
from streams.sinks.live_view import LiveView
from tests.integration.worker.recount import Outcome

#: By segment: the tier ("" for simple segments), and since when (ms).
Memberships = dict[str, tuple[str, int]]


async def live_view(url: str, app_id: str) -> dict[str, Memberships]:
    """By customer."""
    redis = Redis.from_url(url)
    try:
        prefix = f"{app_id}:live:customer:"
        view = LiveView(redis, app_id)
        keys = [key.decode() async for key in redis.scan_iter(match=prefix + "*", count=1_000)]
        return {key.removeprefix(prefix): await view.customer(key.removeprefix(prefix)) for key in keys}
    finally:
        await redis.aclose()


def view_of(want: Outcome, got: Outcome) -> dict[str, Memberships]:
    """From the changes that ought to be, as far as they were told when the worker stopped."""
    found: dict[str, Memberships] = {}
    for customer, names in want.order.items():
        for change in (want.changes[name] for name in names if name in got.changes):
            mine = found.setdefault(customer, {})
            if change["kind"] == "exited" or (change["kind"] == "moved" and change["to"] is None):
                mine.pop(change["segment"], None)
            else:
                mine[change["segment"]] = (change["to"] or "", epoch_ms(change["at"]))
    return found
