"""Who runs while what is done: one coroutine a scene. Each leaves the stage with traffic going on."""

from __future__ import annotations

import asyncio

from tests.integration.chaos import acts
from tests.integration.chaos.broker import compact, stale
from tests.integration.chaos.held import line
from tests.integration.chaos.plan import AT_RANDOM, Join, Kill, Outage, Round, Zombie
from tests.integration.chaos.stage import Stage


async def one(stage: Stage, round_: Round) -> None:
    """One worker, to which everything is done; delivery and the live view beside it."""
    stage.senders()
    for act in round_.acts:
        if isinstance(act, Kill):
            await acts.kill(stage, "w1", act)
        elif isinstance(act, Join):
            await acts.join(stage, act)
        elif isinstance(act, Outage):
            await acts.running(stage, "w1", 4)
            await (acts.broker_away if act.what == "broker" else acts.outage)(stage, act)


async def two(stage: Stage, round_: Round) -> None:
    """Two workers, each killed while the other is at its work or is killed too."""
    await asyncio.gather(acts.running(stage, "w1", 2), acts.running(stage, "w2", 2))

    async def each(name: str, mine: tuple[Kill, ...]) -> None:
        for act in mine:
            await acts.kill(stage, name, act)
        await acts.running(stage, name)

    kills = tuple(act for act in round_.acts if isinstance(act, Kill))
    await asyncio.gather(each("w1", kills[::2]), each("w2", kills[1::2]))


async def broker(stage: Stage, round_: Round) -> None:
    """Two workers, one of whose places is kept for it and one's is not; the broker goes away, and between that one of them is killed."""
    lasting = {"w1": True, "w2": False}
    for number, act in enumerate(round_.acts):
        await asyncio.gather(*(acts.running(stage, name, 2, lasting_name=kept) for name, kept in lasting.items()))
        if isinstance(act, Outage):
            await acts.broker_away(stage, act)
        elif isinstance(act, Kill):
            name = "w1" if number % 2 else "w2"
            await acts.kill(stage, name, act, lasting_name=lasting[name])


async def joins(stage: Stage, round_: Round) -> None:
    """A second worker comes and goes."""
    for act in round_.acts:
        assert isinstance(act, Join)
        await acts.join(stage, act)


async def zombies(stage: Stage, round_: Round) -> None:
    """Two workers; one is stopped past its session and goes on. Then the changelog is compacted, and read again."""
    names = ["w1", "w2"]
    for act in round_.acts:
        if isinstance(act, Zombie):
            await acts.stop_and_continue(stage, act, *names)
        elif isinstance(act, Kill):
            await acts.kill(stage, names[0], act, lasting_name=False)
        names.reverse()
    await _compacted(stage)


async def held(stage: Stage, round_: Round) -> None:
    """Two workers; what one of them sends is held back by the network until the other has its partitions."""
    async with line(stage.around.held_port, stage.around.held_target) as network:
        for act in round_.acts:
            if isinstance(act, Zombie):
                await acts.hold_back(stage, act, network, "w1", "w2")
            elif isinstance(act, Kill):
                await acts.kill(stage, "w2", act, lasting_name=False)
        await _compacted(stage)


async def _compacted(stage: Stage) -> None:
    """Recovery from what compaction has left."""
    await asyncio.gather(*(stage.crew.ready(name) for name in stage.crew.members if stage.crew.members[name].alive))
    stage.tally.stale_records += await stale(stage.around.address, stage.setup.names.changelog)
    stage.tally.compacted += await compact(stage.around.address, stage.setup.names.changelog)
    for name in ("w1", "w2"):
        if stage.crew.members[name].alive:
            acts.end(stage, name, AT_RANDOM)
    await acts.running(stage, "w1", 4, lasting_name=False)


async def senders(stage: Stage, round_: Round) -> None:
    """Redis and the mail server are away for a while, and whoever is at work is killed meanwhile: the engine, delivery, the live view."""
    stage.senders()
    for number, act in enumerate(round_.acts):
        if isinstance(act, Outage):
            await acts.running(stage, "w1", 4)
            await acts.outage(stage, act)
        elif isinstance(act, Kill):
            await (acts.kill_senders(stage, act) if number % 2 else acts.kill(stage, "w1", act))


SCENES = {"one": one, "two": two, "joins": joins, "broker": broker, "outages": one, "senders": senders, "zombies": zombies, "held": held}
