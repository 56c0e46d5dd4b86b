"""How one fault is done."""

from __future__ import annotations

import asyncio
import signal

from tests.integration.chaos.broker import answers
from tests.integration.chaos.containers import Container, blocking
from tests.integration.chaos.crew import until
from tests.integration.chaos.held import Line
from tests.integration.chaos.plan import AT_RANDOM, STARTING, Join, Kill, Outage, Zombie
from tests.integration.chaos.stage import SENDERS, SESSION, Stage

#: Seconds a worker is given to come by its point.
_WITHIN = 15.0


def end(stage: Stage, name: str, why: str) -> None:
    """The plug pulled, now."""
    stage.crew.kill(name)
    stage.tally.kills[why] += 1


async def kill(stage: Stage, name: str, act: Kill, *, lasting_name: bool = True) -> None:
    """Starts a worker and kills it as the act says; one of that name that runs already is killed before."""
    crew = stage.crew
    if name in crew.members and crew.members[name].alive:
        end(stage, name, AT_RANDOM)
    if act.point == STARTING:
        stage.engine(name, lasting_name=lasting_name)
        await asyncio.sleep(act.after)
        end(stage, name, STARTING)
    elif act.point == AT_RANDOM:
        stage.engine(name, lasting_name=lasting_name)
        await crew.ready(name)
        await asyncio.sleep(act.after)
        end(stage, name, AT_RANDOM)
    else:
        await _kill_at_point(stage, name, act, lasting_name)


async def _kill_at_point(stage: Stage, name: str, act: Kill, lasting_name: bool) -> None:
    member = stage.engine(name, lasting_name=lasting_name, kept=False, kill_at=f"{act.point}:{act.times}", batch_bytes=act.batch_bytes)
    for _ in range(round(_WITHIN / 0.05)):
        if not member.alive:
            break
        await asyncio.sleep(0.05)
    if member.alive:
        end(stage, name, AT_RANDOM)  # it never came by so often
    elif member.process.process.returncode == -signal.SIGKILL:
        stage.tally.kills[act.point] += 1
    else:
        stage.crew.note_end(member)


async def running(stage: Stage, name: str, partitions: int = 0, *, lasting_name: bool = True, **how: object) -> None:
    """Started if it isn't, and at its work."""
    if name not in stage.crew.members or not stage.crew.members[name].alive:
        stage.engine(name, lasting_name=lasting_name, **how)
    await stage.crew.ready(name, partitions)


async def join(stage: Stage, act: Join) -> None:
    """w2 joins w1 and goes again."""
    crew = stage.crew
    await running(stage, "w1", 4)
    stage.engine("w2", lasting_name=False)
    if act.first_killed is not None:
        await asyncio.sleep(act.first_killed)
        end(stage, "w1", "first one while a second joins")
        stage.engine("w1")
    await asyncio.gather(crew.ready("w1", 2), crew.ready("w2", 2))
    stage.tally.rebalances += 1
    await asyncio.sleep(act.stays)
    if act.kill is not None:
        await asyncio.sleep(act.kill.after)
        end(stage, "w2", "second one, missed after its session")
    else:
        await crew.leave("w2")
        stage.tally.rebalances += 1
    await crew.ready("w1", 4)


async def stop_and_continue(stage: Stage, act: Zombie, victim: str, other: str) -> None:
    crew = stage.crew
    await asyncio.gather(running(stage, victim, 2, lasting_name=False), running(stage, other, 2, lasting_name=False))
    member = crew.members[victim]
    member.process.signal(signal.SIGSTOP)
    await crew.ready(other, 4)
    await asyncio.sleep(act.beyond)
    member.process.signal(signal.SIGCONT)
    stage.tally.zombies["stopped"] += 1
    # Either it joins again, or it ends and is started again.
    await asyncio.gather(crew.ready(victim, 2), crew.ready(other, 2))


async def hold_back(stage: Stage, act: Zombie, line: Line, victim: str, other: str) -> None:
    """What the victim sent arrives when its partitions have long been another's."""
    crew = stage.crew
    await asyncio.gather(
        running(stage, victim, 2, lasting_name=False, broker=stage.around.held_address), running(stage, other, 2, lasting_name=False)
    )
    line.hold()
    await stage.traffic.once()  # the fetch that waits at the broker still brings them, and what comes of them is held back
    await crew.ready(other, 4)
    await asyncio.sleep(act.beyond)
    if act.dead:
        end(stage, victim, "held back")
    line.let_go()
    stage.tally.zombies["held back"] += 1
    if act.dead:
        return
    await asyncio.gather(crew.ready(victim, 2), crew.ready(other, 2))


async def outage(stage: Stage, act: Outage) -> None:
    """Redis or the mail server is away."""
    container = {"redis": stage.around.cache, "smtp": stage.around.mail}[act.what]
    await _away(container, act)
    if act.what == "smtp" and act.how != "paused":
        stage.cut += 1
    if act.what == "redis" and act.how == "paused":
        stage.paused = max(stage.paused, act.seconds)
    stage.tally.outages[f"{act.what} {act.how}"] += 1


async def broker_away(stage: Stage, act: Outage) -> None:
    """The broker is away. What was sent is there before; deadlines and what is on its way are what it interrupts."""
    await stage.traffic.wait()
    await _away(stage.around.broker, act)
    await answers(stage.around.address)
    stage.tally.broker[act.how] += 1
    await stage.traffic.go_on()
    if act.seconds > SESSION:
        await asyncio.sleep(1.0)  # until workers have heard that they were dropped


async def _away(container: Container, act: Outage) -> None:
    leave, back = {
        "paused": (container.pause, container.go_on),
        "stopped": (container.stop, container.start),
        "killed": (container.kill, container.start),
    }[act.how]
    await blocking(leave)
    await asyncio.sleep(act.seconds)
    await blocking(back)


async def kill_senders(stage: Stage, act: Kill) -> None:
    """Delivery and the live view, in the middle of whatever they do, or while the mail server takes over what waited for it."""
    crew = stage.crew
    if not crew.members[SENDERS].alive:
        stage.senders()
    await until(lambda: crew.members[SENDERS].alive, 5, "delivery runs")
    await asyncio.sleep(0.5 + act.after)
    if act.times:
        await blocking(stage.around.mail.pause)
        await asyncio.sleep(2.0)
        await blocking(stage.around.mail.go_on)
        await asyncio.sleep(act.times / 1000)
        end(stage, SENDERS, "delivery, as mails were taken over")
    else:
        end(stage, SENDERS, "delivery and live view")
    stage.cut += 1
    stage.senders()
