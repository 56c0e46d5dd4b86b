"""What comes in from outside: bad inputs put aside and retried, files produced, a shop's own agents."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from scoring.events.schema import TOPICS
from streams.clock import now_ms
from tests.integration.worker.agreement import agrees, settled
from tests.integration.worker.recount import applied, delivered, records
from tests.integration.worker.running import DEFINITIONS, Process, Setup, engine
from tests.integration.worker.shop import CART_EVENTS, PAGE_VIEWS, PURCHASES, Feed, traffic

pytestmark = pytest.mark.real_kafka

ROOT = Path(__file__).parents[3]


def gedrag(setup: Setup, *arguments: str, code: int = 0, text: str | None = None) -> str:
    """Runs a command with the setup's settings; returns its standard output."""
    command = [sys.executable, "-c", "from streams.cli.main import main; main()", *arguments]
    for name, value in setup.settings().items():
        command += ["--set", f"{name}={value}"]
    path = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, cwd=setup.folder, env=path, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


BAD: list[tuple[int, bytes | None, bytes | None, str]] = [
    (PAGE_VIEWS, b"c1", b"\xff\xfe no text \x00", "not_json"),
    (PAGE_VIEWS, b"c1", None, "no_value"),
    (PAGE_VIEWS, b"c1", b"[" * 100_000, "not_an_object"),
    (PAGE_VIEWS, b"c1", b'"' + b"x" * 1_000_000, "not_json"),  # with what we say of it, more than Kafka's default allows
    (PAGE_VIEWS, b"c2", b'{"customer_id": "c1", "ts": 1}', "key_mismatch"),
    (PAGE_VIEWS, None, b'{"customer_id": "c1", "ts": 1}', "key_mismatch"),
    (CART_EVENTS, b"c1", b'{"customer_id": "c1", "ts": 1, "action": "ad"}', "unknown_action"),
    (PURCHASES, b"c1", b'{"customer_id": "c1", "ts": 1}', "missing_field"),
    (PURCHASES, b"c1", b'{"customer_id": "c1", "ts": 99999999999999, "order_id": "o"}', "future_ts"),
]


async def test_bad_inputs_become_dead_letters_with_their_very_bytes(setup: Setup, worker: type[Process]) -> None:
    running = await asyncio.to_thread(worker().ready)
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.event(PAGE_VIEWS, "c1")
        for rank, key, value, _ in BAD:
            await feed.send(rank, key, value)
        await feed.event(PAGE_VIEWS, "c1")
    await applied(setup.address, setup.names, setup.partitions)
    running.stop()
    letters = await records(setup.address, setup.names.dead_letters)
    sent = sorted((repr(key), repr(value)) for _, key, value, _ in BAD)
    assert sorted((repr(letter.key), repr(letter.value)) for letter in letters) == sent
    for letter in letters:
        headers = dict(letter.headers)
        topic, offset = headers["topic"].decode(), int(headers["offset"])
        place = letter.partition, offset
        origin = next(record for record in await records(setup.address, topic) if (record.partition, record.offset) == place)
        assert (origin.key, origin.value) == (letter.key, letter.value)
        assert int(headers["partition"]) == origin.partition and headers["detail"]
        assert (headers["error"].decode()) in {error for _, key, value, error in BAD if (key, value) == (letter.key, letter.value)}


async def test_dead_letters_are_listed_and_sent_again_once(setup: Setup, worker: type[Process]) -> None:
    assert "no dead letters" in gedrag(setup, "dlq", "list")
    running = await asyncio.to_thread(worker().ready)
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.send(CART_EVENTS, b"c1", b'{"customer_id": "c1", "action": "fill"}', now_ms() - 5_000)
        await feed.send(PAGE_VIEWS, b"c1", b"?")
        await feed.flush()
    await applied(setup.address, setup.names, setup.partitions)
    running.stop()
    listed = [json.loads(line) for line in gedrag(setup, "dlq", "list", "--json").splitlines()]
    of_views = [each for each in listed if each["topic"] == setup.names.inputs[PAGE_VIEWS]]
    assert [(each["error"], each["value"], each["retried"]) for each in of_views] == [("not_json", "?", False)]
    assert "fill" in gedrag(setup, "dlq", "list", "--error", "unknown_action")
    assert gedrag(setup, "dlq", "retry", "--error", "unknown_action") == "1 dead letter sent again\n"
    assert gedrag(setup, "dlq", "retry", "--error", "unknown_action") == "0 dead letters sent again\n"
    assert gedrag(setup, "dlq", "retry") == "1 dead letter sent again\n"  # the other one
    again = await records(setup.address, setup.names.inputs[CART_EVENTS])
    assert [(record.value, record.timestamp) for record in again] == [(again[0].value, again[0].timestamp)] * 2
    running = await asyncio.to_thread(worker().ready)
    await applied(setup.address, setup.names, setup.partitions)
    running.stop()
    # Refused again, they are dead letters anew; what was sent again is told apart.
    listed = [json.loads(line) for line in gedrag(setup, "dlq", "list", "--json").splitlines()]
    assert sorted(each["retried"] for each in listed) == [False, False, True, True]


async def test_files_produced_come_out_as_replayed(setup: Setup, worker: type[Process]) -> None:
    file = setup.folder / "shop.ndjson"
    types = {"page-views": "page_view", "purchases": "purchase", "profiles": "profile"}
    start = now_ms() - 3_600_000
    rows = []
    for event in traffic(8, 100, start, 10, 200):
        row = json.loads(event.value)
        action = row.pop("action", None)
        row["event_type"] = types.get(TOPICS[event.rank]) or (action if action == "checkout_started" else f"cart_{action}")
        rows.append(json.dumps(row))
    file.write_text("\n".join([*rows, '{"event_type": "wish"}', ""]))
    running = await asyncio.to_thread(worker().ready)
    running.stop()
    gedrag(setup, "produce", str(file), code=3)
    assert sum([len(await records(setup.address, topic)) for topic in setup.names.inputs]) == len(rows)
    running = await asyncio.to_thread(worker().ready)
    await settled(setup)
    running.stop()
    await agrees(setup, start + 10_000)
    replayed = [json.loads(line) for line in gedrag(setup, "replay", str(file), "--segments", str(DEFINITIONS), code=3).splitlines()]
    changed = [json.loads(record.value) for record in await records(setup.address, setup.names.changes)]
    last = max(change["at"] for change in replayed)
    assert {change["change_id"] for change in replayed} == {change["change_id"] for change in changed if change["at"] <= last}


async def test_a_shops_own_agent(setup: Setup, worker: type[Process]) -> None:
    (setup.folder / "my_shop_actions.py").write_text((ROOT / "examples" / "my_shop_actions.py").read_text())
    running = worker(options=("--role", "customers", "--agents", "my_shop_actions"))
    await asyncio.to_thread(running.ready)
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.event(PURCHASES, "c7", order_id="o1", total=120)
    await asyncio.to_thread(running.wait_for, "a bunch of flowers for c7: spend 120 >= 100")
    running.stop()


async def test_produced_to_now_and_timed(setup: Setup) -> None:
    file = setup.folder / "shop.ndjson"
    row = '{{"event_type":"page_view","customer_id":"c1","ts":"2020-01-01T00:00:0{}Z"}}\n'
    file.write_text("".join(row.format(second) for second in (0, 1, 2)))
    before = now_ms()
    gedrag(setup, "produce", str(file), "--now", "--speed", "2")
    sent = await records(setup.address, setup.names.inputs[PAGE_VIEWS])
    times = [json.loads(record.value)["ts"] for record in sent]
    assert [later - earlier for earlier, later in zip(times, times[1:], strict=False)] == [1_000, 1_000]
    assert before < times[-1] <= now_ms()
    late = [record.timestamp - (times[-1] - ahead) for record, ahead in zip(sent, (1_000, 500, 0), strict=True)]
    assert -20 <= min(late) < 2_000, late  # the machine may have other things to do


async def test_compressed_topics(setup: Setup, worker: type[Process]) -> None:
    """As most producers write them, each in its own way."""
    codecs = {PAGE_VIEWS: "lz4", CART_EVENTS: "snappy", PURCHASES: "zstd"}
    admin = AIOKafkaAdminClient(bootstrap_servers=setup.address)
    await admin.start()
    await admin.create_topics(
        [NewTopic(setup.names.inputs[rank], 4, 1, topic_configs={"compression.type": codecs[rank]}) for rank in codecs]
    )
    await admin.close()
    running = await asyncio.to_thread(worker().ready)
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.each(PAGE_VIEWS, 20)
        await feed.each(CART_EVENTS, 20, action="add", product_id="p", price=1)
        await feed.each(PURCHASES, 20, order_id="o{}", total=120)
    await applied(setup.address, setup.names, setup.partitions)
    running.stop()
    judge, later = engine(), now_ms()
    states = (await delivered(setup.address, setup.names, judge, later)).states
    assert [(state.other_view_count, state.add_count, state.order_count) for state in states.values()] == [(1, 1, 1)] * 20
