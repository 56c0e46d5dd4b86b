"""Everything that is known of a customer, and where each part came from."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from scoring.engine import Engine
from scoring.instants import rfc3339
from scoring.segments.read import read
from scoring.ties import MOVED
from streams.clock import now_ms
from streams.customers import changelog
from streams.customers.changelog import RESERVED
from streams.customers.recovery import Restored
from streams.erasure import is_erased
from streams.kafka.names import Names
from streams.personal import readable
from streams.personal.topics import OnProgress, records_of
from streams.sinks.history import History
from streams.sinks.live_view import LiveView

if TYPE_CHECKING:
    from streams.settings import Settings


async def export(settings: Settings, redis: Any, customer_id: str, with_events: bool, on_progress: OnProgress) -> dict[str, Any]:
    """As JSON. An id that was joined to another is told as such, with the id to ask for. Raises KafkaError, Fatal, DecodeError.

    Needs no worker: the state is read from the changelog, as a worker that takes the partition over would find it.
    """
    names = Names(settings.app_id, settings.topic_prefix)
    told: dict[str, Any] = {"customer_id": customer_id, "exported_at": rfc3339(now_ms())}
    told["state"] = await _state(settings, names, customer_id, on_progress)
    try:
        told["redis"] = await _redis(settings, redis, customer_id)
    except (RedisError, OSError) as error:
        told["redis"] = {"source": "Redis", "unavailable": str(error)}
    if with_events:
        topics = [*names.inputs, names.changes, names.messages, names.withdrawals, names.departures, names.dead_letters]
        told["records"] = [_record(each) async for each in records_of(settings, topics, customer_id, on_progress)]
    return told


def is_known(told: dict[str, Any]) -> bool:
    """Is there anything about the customer in an export?"""
    redis = told["redis"]
    return told["state"].get("facts") is not None or bool(redis.get("memberships") or redis.get("messages") or told.get("records"))


async def _state(settings: Settings, names: Names, customer_id: str, on_progress: OnProgress) -> dict[str, Any]:
    restored = Restored(names.changelog)
    async for record in records_of(settings, [names.changelog], customer_id, on_progress, lambda key: key >= RESERVED):
        restored.partition = record.partition
        restored.read([record])
    found: dict[str, Any] = {"source": f"{names.changelog} partition {restored.partition}: the worker's own state"}
    stored = restored.states.get(customer_id.encode("utf-8", "surrogatepass"))
    if stored is None:
        return found | {"facts": None}
    state = changelog.state_of(stored)
    found["identities"] = readable.identities(state)
    if state.ties is not None and state.ties.form == MOVED:
        found["identities"]["note"] = f"all that was known went to {state.ties.into}: export that one"
    found["facts"] = readable.facts(state)
    layout = restored.layouts.get(state.definitions)
    if layout is not None:
        engine = Engine(read(layout.decode(), "definitions in the changelog"))
        found["memberships"] = readable.memberships(engine, state)
    return found


async def _redis(settings: Settings, redis: Any, customer_id: str) -> dict[str, Any]:
    seen = await LiveView(redis, settings.app_id).customer(customer_id)
    return {
        "source": f"Redis, keys {settings.app_id}:live… and {settings.app_id}:history:…",
        "memberships": {segment: {"tier": tier or None, "since": rfc3339(since)} for segment, (tier, since) in seen.items()},
        "messages": await History(redis, settings.app_id).of(customer_id, now_ms()),
        "forgotten": await is_erased(redis, settings, customer_id),
    }


def _record(record: Any) -> dict[str, Any]:
    value = record.value or b""
    try:
        shown: dict[str, Any] = {"value": json.loads(value)}
    except ValueError:
        shown = {"value_base64": base64.b64encode(value).decode()}
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset, "timestamp": rfc3339(record.timestamp), **shown}
