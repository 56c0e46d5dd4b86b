"""Everything we use of aiokafka that is not its public interface, each with its reason.

tests/integration/test_internals.py holds every one of them against a broker: an upgrade that moves them fails there,
not in production.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from weakref import ref

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, String, TaggedFields

_TEXT = String("utf-8")


def watch_fetches(consumer: AIOKafkaConsumer, now: Callable[[], int]) -> dict[TopicPartition, int]:
    """A mapping kept up to date: when the newest answered fetch of a partition was *sent*.

    aiokafka tells when an answer came; what the answer says holds for the moment the question was put. A worker or
    broker that stalls between the two must not think that time has passed without events.
    """
    fetcher = consumer._fetcher
    send = fetcher._proc_fetch_request
    sent: dict[TopicPartition, int] = {}

    async def proc(assignment: Any, node_id: int, request: Any) -> bool:
        at = now()
        asked = [TopicPartition(topic, part[0]) for topic, parts in request.topics for part in parts]
        before = [_answered(assignment, tp) for tp in asked]
        found: bool = await send(assignment, node_id, request)
        for tp, stamp in zip(asked, before, strict=True):
            if _answered(assignment, tp) != stamp:
                sent[tp] = at
        return found

    fetcher._proc_fetch_request = proc
    return sent


def take_as_read(consumer: AIOKafkaConsumer) -> None:
    """Records come out as read from an answer's bytes (offset, timestamp, key, value, headers). To be called before anything is fetched.

    By default each is copied into a ConsumerRecord that names its topic, partition and sizes as well: a third of a fetch's time.
    """
    fetcher = consumer._fetcher
    send = fetcher._proc_fetch_request

    async def proc(assignment: Any, node_id: int, request: Any) -> bool:
        found: bool = await send(assignment, node_id, request)
        for topic, parts in request.topics:
            for part in parts:
                records = getattr(fetcher._records.get(TopicPartition(topic, part[0])), "_partition_records", None)
                if records is not None:
                    records._consumer_record = _itself
        return found

    fetcher._proc_fetch_request = proc


def _itself(tp: TopicPartition, record: Any) -> Any:
    return record


def _answered(assignment: Any, tp: TopicPartition) -> Any:
    """Changes with every answered fetch: the high watermark is set with the time of the answer."""
    state = assignment.state_value(tp)
    return None if state is None else state.timestamp


def fetch_past_full_queues(consumer: AIOKafkaConsumer) -> None:
    """Fetch other partitions soon while one has records we have no room for.

    By default aiokafka waits 100 ms for somebody to take those first; merging topics by time, we leave the topic that
    is ahead on purpose. Without any wait the next fetch would leave before we have taken what the last one brought, without that
    partition, and hold it up until others have something: a p99 of 50 ms where this has 10.
    """
    consumer._fetcher._prefetch_backoff = 0.005


def generation(consumer: AIOKafkaConsumer) -> int:
    """The group generation the current assignment belongs to."""
    return int(consumer._coordinator.generation)


def watch_membership(
    consumer: AIOKafkaConsumer, on_beat: Callable[[float], None], on_lost: Callable[[], None], now: Callable[[], float]
) -> Callable[[], Awaitable[None]]:
    """Calls `on_beat` with the moment a heartbeat that succeeded was sent, and `on_lost` when the group has dropped us.

    Returns a function that sends a heartbeat at once and waits for its answer.
    """
    coordinator = consumer._coordinator
    heartbeat, reset = coordinator._do_heartbeat, coordinator.reset_generation

    async def beat() -> bool:
        at = now()
        good: bool = await heartbeat()
        if good:
            on_beat(at)
        return good

    def lost() -> None:
        on_lost()
        reset()

    async def at_once() -> None:
        await beat()

    coordinator._do_heartbeat = beat
    coordinator.reset_generation = lost
    return at_once


def guard_produce(producer: AIOKafkaProducer, gate: Callable[[], Awaitable[None]]) -> None:
    """Awaits `gate` before every produce request, the last place where a record can be held back.

    Batches wait in the producer and are sent again after errors, long after we handed them over. Where the gate raises a
    KafkaError that is not to be retried, the records of the request fail with it.
    """
    client = producer.client
    send = client.send

    async def guarded(node_id: int, request: Any, **options: Any) -> Any:
        if isinstance(request, ProduceRequest):
            await client.ready(node_id)  # connecting may take long: the gate comes after it
            await gate()
            _put_together_once(request)
        return await send(node_id, request, **options)

    client.send = guarded


def _put_together_once(request: Any) -> None:
    """The request's bytes are joined from their parts at once. By default every level of the message copies all that is in it: eight times
    the megabytes of a flush, a tenth of what an event costs.

    Nothing here refers to the request or to what it builds: they would be a cycle, and the megabytes stay until the collector comes.
    """
    itself, build = ref(request), type(request).build

    def built(kind: type[Any]) -> Any:
        made = build(itself(), kind)
        if kind.API_VERSION >= 3:
            parts = _Parts(produce_parts(made))
            made.encode = lambda: parts
        return made

    request.build = built


class _Parts:
    """Stands for the bytes of a request until the connection has put its own before them: first the header, then the size of all."""

    def __init__(self, parts: list[Any], headed: bool = False) -> None:
        self._parts = parts
        self._headed = headed

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __radd__(self, before: bytes) -> Any:
        parts = [before, *self._parts]
        return b"".join(parts) if self._headed else _Parts(parts, True)


def produce_parts(request: Any) -> list[Any]:
    """What a produce request of version 3 to 7 consists of: together as its own `encode` gives it."""
    fields = request.__dict__
    topics = fields["topics"]
    parts = [
        _TEXT.encode(fields["transactional_id"]), Int16.encode(fields["required_acks"]), Int32.encode(fields["timeout"]),
        Int32.encode(len(topics)),
    ]  # fmt: skip
    for topic, partitions in topics:
        parts += (_TEXT.encode(topic), Int32.encode(len(partitions)))
        for number, records in partitions:
            parts += (Int32.encode(number), Int32.encode(len(records)), records)
    return parts


class _Uuid:
    """16 bytes; of the nil one the broker says that it knows no id."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: Any) -> bytes:
        read: bytes = data.read(16)
        return read

    @classmethod
    def repr(cls, value: bytes) -> str:
        return value.hex()


_NAME = CompactString("utf-8")
_INTS = CompactArray(Int32)


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(("node", Int32), ("host", _NAME), ("port", Int32), ("rack", _NAME), ("tags", TaggedFields))),
        ("cluster_id", _NAME),
        ("controller", Int32),
        (
            "topics",
            CompactArray(
                ("error", Int16),
                ("name", _NAME),
                ("id", _Uuid),
                ("internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error", Int16), ("partition", Int32), ("leader", Int32), ("leader_epoch", Int32),
                        ("replicas", _INTS), ("isr", _INTS), ("offline", _INTS), ("tags", TaggedFields),
                    ),
                ),
                ("operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("operations", Int32),
        ("tags", TaggedFields),
    )  # fmt: skip


class _MetadataStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("id", _Uuid), ("name", _NAME), ("tags", TaggedFields))),
        ("create", Boolean), ("cluster_operations", Boolean), ("topic_operations", Boolean), ("tags", TaggedFields),
    )  # fmt: skip


class _MetadataRequest(Request[_MetadataStruct]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        return request_struct_class([(bytes(16), topic, {}) for topic in self._topics], False, False, False, {})


async def topic_ids(client: AIOKafkaClient, topics: list[str]) -> dict[str, str]:
    """Id by topic, as hex digits; a topic made anew has another one. None for brokers that give no ids (before 2.8).

    aiokafka speaks the metadata request up to version 5, ids come with 10. Makes no topic. Raises KafkaError.
    """
    try:
        response = await client.send(client.get_random_node(), _MetadataRequest(topics))
    except NotImplementedError:
        return {}
    return {name: topic_id.hex() for error, name, topic_id, *_ in response.topics if error == 0 and any(topic_id)}
