"""A round from its start to its verdict."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.integration.chaos import acts
from tests.integration.chaos.containers import Surroundings
from tests.integration.chaos.crew import Crew, Stuck
from tests.integration.chaos.plan import Round
from tests.integration.chaos.scenes import SCENES
from tests.integration.chaos.stage import GRACE, SENDERS, Stage
from tests.integration.chaos.tally import Tally
from tests.integration.chaos.traffic import Traffic
from tests.integration.chaos.verdict import judge_round
from tests.integration.worker.recount import applied
from tests.integration.worker.running import Setup
from tests.integration.worker.shop import Feed

CUSTOMERS, RATE = 150, 150


async def play(round_: Round, around: Surroundings, folder: Path) -> tuple[Tally, list[str]]:
    """What was done and what came out, and why workers ended by themselves. Whatever gets stuck stands in the tally's examples."""
    tally = Tally()
    setup = Setup(around.address, f"chaos-{round_.scene}-{round_.seed}-{time.time_ns() // 1_000_000}.", folder)
    crew = Crew(setup, tally)
    around.forget_mails()
    try:
        await _topics(crew)
        async with Feed(around.address, setup.prefix) as feed:
            traffic = Traffic(feed, round_.seed, CUSTOMERS, RATE)
            stage = Stage(around, setup, crew, traffic, tally)
            await _guarded(_act(stage, round_), traffic.run(), crew.watch())
    except (Stuck, AssertionError, TimeoutError) as error:
        tally.examples.append(f"{round_.scene}, seed {round_.seed}: {type(error).__name__}: {error}")
    finally:
        crew.kill_all()
    return tally, crew.notes


async def _guarded(work: object, *beside: object) -> None:
    """Runs the work to its end; what fails beside it ends it."""
    main = asyncio.ensure_future(work)  # type: ignore[arg-type]
    others = [asyncio.ensure_future(each) for each in beside]  # type: ignore[arg-type]
    waiting = {main, *others}
    try:
        while not main.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
    finally:
        for each in (main, *others):
            each.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await each


async def _topics(crew: Crew) -> None:
    """A first worker makes them, and ends well."""
    crew.start("w0", kept=False, group_instance_id="")
    await crew.ready("w0", 4)
    await crew.leave("w0")


async def _act(stage: Stage, round_: Round) -> None:
    crew = stage.crew
    await SCENES[round_.scene](stage, round_)
    if not any(member.alive for name, member in crew.members.items() if name != SENDERS):
        await acts.running(stage, "w1", 4)
    await asyncio.sleep(0.5)
    stage.traffic.end()
    while not stage.traffic.over:
        await asyncio.sleep(0.05)
    end = stage.traffic.last
    await applied(stage.around.address, stage.setup.names, timeout=60)
    await asyncio.sleep(GRACE / 1000 + 0.7)
    for name in list(crew.members):
        if name != SENDERS and crew.members[name].alive:
            await crew.leave(name)
    if SENDERS not in crew.members:
        stage.senders()
    await _sent(stage)
    await crew.leave(SENDERS)
    await judge_round(stage, end)


async def _sent(stage: Stage, timeout: float = 90.0) -> None:
    """Returns when delivery and the live view have done with everything the engine told them."""
    names = stage.setup.names
    for role, topic in (("delivery", names.messages), ("live-view", names.changes)):
        consumer = AIOKafkaConsumer(bootstrap_servers=stage.around.address, group_id=f"{names.app_id}-{role}", enable_auto_commit=False)
        await consumer.start()
        try:
            tps = [TopicPartition(topic, number) for number in range(stage.setup.partitions)]
            end = time.monotonic() + timeout
            while True:
                ends = await consumer.end_offsets(tps)
                left = {tp.partition: ends[tp] - (await consumer.committed(tp) or 0) for tp in tps}
                if not any(count > 0 for count in left.values()):
                    break
                if time.monotonic() > end:
                    log = stage.crew.members[SENDERS].process.text()[-3_000:]
                    raise Stuck(f"{role} has records left after {timeout:g} s: {left}\n{log}")
                await asyncio.sleep(0.2)
        finally:
            await consumer.stop()
