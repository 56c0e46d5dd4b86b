"""Traffic put on the input topics: the same bytes for every contestant, fast, ending about now.

JSON events of 110 to 160 bytes, 85 % page views, 12 % cart events, 3 % purchases. Each event is anybody's, which touches
the most states. Events are evenly spaced so that a customer has EVENTS_PER_HOUR of them, whatever the number of customers:
so deadlines fall due, and segments change, at the rate of a shop at its busiest (bench/README.md).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import murmur2

from scoring.events.schema import TOPICS

EVENTS_PER_HOUR = 7.2
PARTITIONS = 4
#: Bytes of a batch, as producers that linger a little make them.
BATCH = 100_000
#: Topics that get events; the others of a worker stay empty.
USED = TOPICS[:3]
PROFILES = "profiles"

Produced = tuple[int, int, bytes]  # topic rank, customer, value


@dataclass(frozen=True)
class Load:
    """Events on topics of their own. `prefix` names them by their content, so that a second run finds them there."""

    name: str
    events: int
    customers: int
    seed: int = 1
    per_hour: float = EVENTS_PER_HOUR  # events of a customer

    @property
    def prefix(self) -> str:
        return f"bench-{self.name}-{self.events}-{self.customers}-{self.seed}."

    @property
    def span(self) -> float:
        """Milliseconds from the first event to the last."""
        return self.events / (self.customers * self.per_hour) * 3_600_000


def key_of(customer: int) -> bytes:
    return b"c%07d" % customer


class Partitioner:
    """Where Kafka's default partitioner puts a customer; remembered, since murmur2 in Python is slow."""

    def __init__(self, customers: int) -> None:
        self._known = bytearray(b"\xff") * customers

    def __call__(self, customer: int) -> int:
        found = self._known[customer]
        if found == 255:
            found = self._known[customer] = (murmur2(key_of(customer)) & 0x7FFFFFFF) % PARTITIONS
        return found


class Writer:
    """Values of events. Most of a value comes from a pool, since many are needed and JSON is slow to write."""

    def __init__(self, seed: int) -> None:
        r = self._random = random.Random(seed)
        self._orders = f"{seed:x}-"
        self._second, self._head = -1, ""
        self._views = [_view(r) for _ in range(8192)]
        self._carts = [_cart(r) for _ in range(8192)]
        self._paid = [f'","total":{r.randrange(1000, 30000) / 100}}}' for _ in range(1024)]

    def write(self, n: int, customer: int, ts: int) -> Produced:
        """The `n`-th event, of `customer` at `ts` (epoch ms)."""
        second = ts // 1000
        if second != self._second:
            self._second, self._head = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        dice = self._random.random()
        head = f'{{"customer_id":"c{customer:07d}","ts":"{self._head}.{ts % 1000:03d}Z","session_id":"s{customer:x}-{second // 3600:x}"'
        at = int(dice * 1e9)
        if dice < 0.85:
            return 0, customer, (head + self._views[at & 8191]).encode()
        if dice < 0.97:
            return 1, customer, (head + self._carts[at & 8191]).encode()
        return 2, customer, (head + f',"order_id":"o{self._orders}{n:07d}' + self._paid[at & 1023]).encode()


def _price(r: random.Random) -> float:
    return r.randrange(500, 20000) / 100


def _view(r: random.Random) -> str:
    if r.random() < 0.6:
        return f',"page_type":"product","product_id":"p{r.randrange(5000):05d}","price":{_price(r)}}}'
    page = r.choice(("home", "category", "search", "help"))
    return f',"page_type":"{page}","url":"/{page}/{r.randrange(1000)}"}}'


def _cart(r: random.Random) -> str:
    action = r.choices(("add", "remove", "update", "checkout_started", "wishlist_add"), (60, 10, 8, 10, 12))[0]
    more = f',"quantity":{r.randrange(1, 4)},"price":{_price(r)}' if action in ("add", "update") else ""
    return f',"action":"{action}","product_id":"p{r.randrange(5000):05d}"{more}}}'


def events(load: Load, end: int) -> Iterator[Produced]:
    """The events of a load in order of time, the last one at `end` (epoch ms)."""
    r = random.Random(load.seed)
    step = load.span / load.events
    start = end - load.span
    write, customers, draw = Writer(load.seed).write, load.customers, r.random
    for n in range(load.events):
        yield write(n, int(draw() * customers), int(start + n * step))


async def fill(broker: str, load: Load, progress: Callable[[int], None] = lambda _: None) -> bool:
    """Puts the load on its topics, unless it is there already; says whether it had to."""
    await make_topics(broker, [load.prefix + topic for topic in TOPICS])
    there = await on_topics(broker, load.prefix)
    if there == load.events:
        return False
    if there:
        raise SystemExit(
            f"{there:,} of {load.events:,} events are on the topics {load.prefix}…: delete those topics, or use another broker"
        )
    producer = AIOKafkaProducer(bootstrap_servers=broker, acks=1, max_batch_size=BATCH, max_request_size=16_000_000)
    await producer.start()
    try:
        partition_of = Partitioner(load.customers)
        keys: dict[int, bytes] = {}
        open_ = {(rank, number): producer.create_batch() for rank in range(len(USED)) for number in range(PARTITIONS)}
        now = int(time.time() * 1000)
        sent = []
        for n, (rank, customer, value) in enumerate(events(load, now)):
            place = rank, partition_of(customer)
            key = keys.get(customer) or keys.setdefault(customer, key_of(customer))
            if open_[place].append(timestamp=now, key=key, value=value) is None:
                sent.append(await producer.send_batch(open_[place], load.prefix + USED[rank], partition=place[1]))
                batch = open_[place] = producer.create_batch()
                batch.append(timestamp=now, key=key, value=value)
            if n % 20_000 == 0:
                progress(n)
                await asyncio.sleep(0)
        for (rank, number), batch in open_.items():
            if batch.record_count():
                sent.append(await producer.send_batch(batch, load.prefix + USED[rank], partition=number))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return True


async def fill_profiles(broker: str, load: Load) -> None:
    """An address and consent of every customer, on the load's topic of profiles, from before its first event; unless they are there."""
    topic = load.prefix + PROFILES
    if sum((await ends(broker, [topic])).values()):
        return
    producer = AIOKafkaProducer(bootstrap_servers=broker, acks=1, max_batch_size=BATCH, max_request_size=16_000_000)
    await producer.start()
    try:
        partition_of = Partitioner(load.customers)
        now = int(time.time() * 1000)
        ts = int(now - load.span - 3_600_000)
        open_ = [producer.create_batch() for _ in range(PARTITIONS)]
        sent = []
        for customer in range(load.customers):
            number, key = partition_of(customer), key_of(customer)
            name = key.decode()
            value = f'{{"customer_id":"{name}","ts":{ts},"email":"{name}@shop.example","consent":{{"email":true}}}}'.encode()
            if open_[number].append(timestamp=now, key=key, value=value) is None:
                sent.append(await producer.send_batch(open_[number], topic, partition=number))
                open_[number] = producer.create_batch()
                open_[number].append(timestamp=now, key=key, value=value)
        sent += [await producer.send_batch(batch, topic, partition=number) for number, batch in enumerate(open_)]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def make_topics(broker: str, names: list[str]) -> None:
    """Makes those that are missing, and waits until they can be written to."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        there = {topic["topic"] for topic in await admin.describe_topics()}
        new = [NewTopic(name, PARTITIONS, 1) for name in names if name not in there]
        if new:
            await admin.create_topics(new)
            while True:
                found = [t for t in await admin.describe_topics() if t["topic"] in names and t["error_code"] == 0]
                if sum(part["leader"] >= 0 for t in found for part in t["partitions"]) >= PARTITIONS * len(names):
                    break
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def on_topics(broker: str, prefix: str) -> int:
    """Records on the input topics."""
    return sum((await ends(broker, [prefix + topic for topic in USED])).values())


async def ends(broker: str, topics: list[str]) -> dict[TopicPartition, int]:
    """End offset of every partition of `topics`."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker)
    await consumer.start()
    try:
        return dict(await consumer.end_offsets([TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]))
    finally:
        await consumer.stop()
