"""Whether the traffic kept to what the recount takes for granted: that every event reached the broker about when its `ts` says."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from scoring.events.decode import decoders
from streams.kafka.names import Names
from tests.integration.chaos.stage import GRACE
from tests.integration.worker.recount import records

#: ms a record may take from its `ts` to the broker less than what would matter.
_SLACK = 50


async def arrivals(address: str, names: Names) -> tuple[dict[str, list[Any]], set[str]]:
    """Events by customer in order of (ts, rank, offset), and the customers of whom one came late by the worker's rules.

    Late: after another one of the customer with a later `ts`, or later than deadlines wait. Records carry the time of their arrival.
    """
    decode_by = decoders()
    found: dict[str, list[tuple[int, int, int, int, Any]]] = defaultdict(list)
    for rank, topic in enumerate(names.inputs):
        for record in await records(address, topic):
            event = decode_by[rank](record.value, record.key, record.timestamp)
            found[event.customer_id].append((event.ts, rank, record.offset, record.timestamp, event))
    late = set()
    for customer, events in found.items():
        events.sort(key=lambda each: each[:3])
        following = [ts for ts, *_ in events[1:]] + [1 << 62]
        for (ts, _, _, arrived, _), after in zip(events, following, strict=True):
            if arrived - ts > GRACE - _SLACK or after <= arrived + _SLACK and arrived - ts > _SLACK:
                late.add(customer)
    return {customer: [each[4] for each in events] for customer, events in found.items()}, late
