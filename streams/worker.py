"""A worker process: which services it runs, how it starts, stops, and with what exit status.

The customer engine is started by itself and first: a Faust app starts its services only when its own consumer group has
joined, and the engine must not wait for that.
"""

from __future__ import annotations

import asyncio
import importlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import faust
import structlog
from aiokafka.errors import AuthenticationFailedError, KafkaError
from mode import Service
from prometheus_client.registry import Collector

from scoring.campaigns.read import read as read_campaigns
from scoring.engine import Engine
from scoring.events.schema import PAGE_VIEWS
from scoring.segments.faults import Faults
from scoring.segments.read import read as read_segments
from scoring.traits import user_agents
from streams import app as apps
from streams.agents import delivery
from streams.agents.parting import parted
from streams.customers.health import faults_of_life, faults_of_work
from streams.customers.partition import Partition
from streams.customers.service import CustomerService
from streams.exposition import Exposition
from streams.kafka import clients
from streams.kafka.errors import Fatal, Misconfigured
from streams.kafka.topics import prepare
from streams.lookup.answer import Answers
from streams.metrics.agents import OBSTACLES, AgentsCollector
from streams.metrics.engine import EngineCollector
from streams.settings import Settings
from streams.sinks import outage
from streams.web import Health, Web

Role = Literal["customers", "catalogue", "delivery", "live-view", "webhooks", "crm"]
ROLES: tuple[Role, ...] = ("customers", "catalogue", "delivery", "live-view", "webhooks", "crm")
#: Where the agents of a role are; each module has `register(app, settings)` and may have `async check(settings)`, before anything runs, and
#: `async begin(settings)`, when the topics are there. One with `parts(settings)` has an app for each part, `register(app, settings, part)`;
#: with none it isn't set up, and doesn't run. `figures()` and `obstacles()` are for the health pages.
_AGENTS = {
    "catalogue": "streams.agents.catalogue",
    "delivery": "streams.agents.delivery",
    "live-view": "streams.agents.live_view",
    "webhooks": "streams.agents.webhooks",
    "crm": "streams.agents.crm",
}
#: Why a role may have nothing to do.
NOT_SET_UP = "it isn't set up; see docs/feeds.md"
_IDLE = {"catalogue": "no family that is on needs it"}

#: Seconds everything together may take to stop.
STOP_WITHIN = 30.0

log = structlog.get_logger(__name__)


def load_engine(settings: Settings) -> Engine:
    """The engine of the definitions and campaigns the settings name. Raises Faults, OSError."""
    definitions = read_segments(_text(settings.segments), str(settings.segments))
    campaigns = read_campaigns(_text(settings.campaigns), definitions, str(settings.campaigns))
    engine = Engine(definitions, campaigns, settings.lateness)
    if PAGE_VIEWS in engine.whole:
        user_agents.load()  # a fifth of a second that later would pass between two events
    return engine


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


class Worker(Service):
    """`roles` in this process; `agents`: modules of Faust agents on `streams.app.app`.

    `customers` is the engine's service once it has started, with its counters.
    """

    logger = clients.LIFE_CYCLE

    def __init__(self, settings: Settings, roles: Sequence[Role] = ROLES, agents: Sequence[str] = (), *, accept_gap: bool = False) -> None:
        super().__init__()
        self.settings = settings
        self.roles = roles
        self.agents = agents
        self.accept_gap = accept_gap
        self.customers: CustomerService | None = None
        self._services: list[Service] = []
        self._apps_by_role: list[tuple[str, faust.App]] = []
        self._began = False

    async def on_start(self) -> None:
        """Returns when the engine has joined its group and all apps run. Raises Fatal, Faults, KafkaError."""
        engine = load_engine(self.settings) if "customers" in self.roles else None
        faust_apps = self._apps()
        await self._check()
        await clients.persist(self.settings, lambda: prepare(self.settings))
        for begin in self._hooks("begin"):
            await clients.persist(self.settings, lambda begin=begin: begin(self.settings))  # type: ignore[misc]
        if self.settings.web != "off":
            wanted = self.settings.origins.get("web", "default") != "default"
            await self._serve(engine, wanted)
        if engine is not None:
            self.customers = CustomerService(self.settings, engine, accept_gap=self.accept_gap)
            await self._run(self.customers)
        for app in faust_apps:
            app.finalize()
        prefix = self.settings.app_id + "-"
        self._apps_by_role = [(app.conf.id.removeprefix(prefix), app) for app in faust_apps]
        await asyncio.gather(*map(self._run, faust_apps))  # each joins a group of its own, which takes its time
        self._began = True

    async def _serve(self, engine: Engine | None, wanted: bool) -> None:
        """Health and figures; and, where the engine runs, customers by look-up."""
        answers = None if engine is None else Answers(self.settings, engine, self._owned, lambda: page.address)
        collectors: list[Collector] = [AgentsCollector(self.roles, lambda: self._apps_by_role)]
        if engine is not None:
            collectors.append(EngineCollector(lambda: self.customers, engine.definitions, self.settings.partitions))
        exposition = Exposition(self.settings, self.settings.web, collectors)
        page = Web(
            self.settings.web, list(self.roles), self._report, wanted=wanted, live=self._live, ready=self._ready, metrics=exposition.handle,
            routes=answers.routes if answers else (),
        )  # fmt: skip
        await self._run(page)
        if answers is not None:
            await self._run(answers.announcer)

    def _owned(self) -> dict[int, Partition]:
        return {} if self.customers is None else self.customers.owned()

    def _report(self) -> tuple[bool, dict[str, int]]:
        """Whether this worker does its work, and its counters."""
        works = self.started and not self.should_stop and not self.crashed
        figures = {name: count for found in self._hooks("figures") for name, count in found().items()}
        if self.customers is None:
            return works and "customers" not in self.roles, figures
        return works and self.customers.failure is None, self.customers.counters.as_dict() | figures

    def _live(self) -> Health:
        return Health([] if self.customers is None else faults_of_life(self.customers))

    def _ready(self) -> Health:
        """What agents wait for is said in a word: its details may name somebody."""
        faults = ["it stops"] if self.should_stop or self.crashed else [] if self._began else ["it is still starting"]
        if self.customers is not None:
            faults += faults_of_work(self.customers, self.settings.grace)
        waiting = [f"delivery: {name}" for name in OBSTACLES if delivery.standing.stands(name)] if "delivery" in self.roles else []
        waiting += [words for obstacles in self._hooks("obstacles") for words in obstacles()]
        return Health(faults, waiting + sorted({f"{each.what} is away" for each in outage.every if each.lasts}))

    def _apps(self) -> list[faust.App]:
        apps.configure(self.settings)
        found = []
        for role, module in _AGENTS.items():
            if role in self.roles:
                found += self._apps_of(role, importlib.import_module(module))
        if not found and not self.agents and "customers" not in self.roles:
            why = [f"{role} has nothing to do: {_IDLE.get(role, NOT_SET_UP)}" for role in self.roles]
            raise Misconfigured(f"--role {', '.join(self.roles)}: {'; '.join(why)}")
        for module in self.agents:
            if str(Path.cwd()) not in sys.path:
                sys.path.insert(0, str(Path.cwd()))
            try:
                importlib.import_module(module)
            except ImportError as error:
                raise Misconfigured(f"--agents {module}: {error}; name a module that can be imported from here") from error
        if self.agents:
            if not apps.app.agents:
                raise Misconfigured(
                    f"--agents {', '.join(self.agents)}: no agent of `streams.app.app` there; see examples/my_shop_actions.py"
                )
            found.append(apps.app)
        return found

    def _apps_of(self, role: str, module: Any) -> list[faust.App]:
        if not hasattr(module, "parts"):
            app = apps.create(self.settings, role)
            module.register(app, self.settings)
            return [app]
        found = []
        for part in module.parts(self.settings):
            found.append(apps.create(self.settings, f"{role}-{part}"))
            module.register(found[-1], self.settings, part)
        return found

    async def _check(self) -> None:
        """Whatever a role needs beside Kafka is there."""
        for check in self._hooks("check"):
            await check(self.settings)

    def _hooks(self, name: str) -> list[Any]:
        """The functions of this name in the modules of our roles."""
        found = (getattr(importlib.import_module(module), name, None) for role, module in _AGENTS.items() if role in self.roles)
        return [each for each in found if each is not None]

    async def _run(self, service: Service) -> None:
        service.beacon.reattach(self.beacon)  # what makes one crash makes this one crash
        self._services.append(service)
        await service.start()

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop` is set. Raises what went wrong."""
        try:
            if not await self._started_before(stop):
                return
            waits: list[Any] = [stop]
            if self.customers is not None:
                waits.append(self.customers.failed)
            await self.wait_first(*waits)
            if self.customers is not None and self.customers.failure is not None:
                raise self.customers.failure
            if self.crashed:
                raise self.crash_reason or Fatal("an agent's app crashed; see the log")
        finally:
            await self._stop_all()

    async def _started_before(self, stop: asyncio.Event) -> bool:
        starting, stopped = asyncio.ensure_future(self.start()), asyncio.ensure_future(stop.wait())
        await asyncio.wait((starting, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if starting.done():
            starting.result()
            return True
        starting.cancel()
        await asyncio.wait((starting,))
        return False

    async def _stop_all(self) -> None:
        """The engine last of all: what it still writes, agents need not see."""
        for service in reversed(self._services):
            try:
                await asyncio.wait_for(service.stop(), STOP_WITHIN)
            except Exception as error:
                log.warning("a service did not stop cleanly", service=str(service.label), error=repr(error))
        await parted(STOP_WITHIN)
        await self.stop()


async def run(worker: Worker) -> int:
    """Runs the worker until SIGTERM or SIGINT; returns the exit status. Errors are logged in one line."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await worker.run(stop)
    except Faults as faults:
        sys.stderr.write(faults.render(sys.stderr.isatty()) + "\n")
        return Misconfigured.code
    except Fatal as error:
        log.error(str(error))
        return error.code
    except AuthenticationFailedError as error:
        log.error("the broker refused to let us in: see to sasl_username and its password", broker=worker.settings.broker, error=str(error))
        return Misconfigured.code
    except KafkaError as error:
        log.error("the broker refused", error=str(error) or repr(error))
        return 1
    except OSError as error:
        log.error(str(error))
        return Misconfigured.code
    except Exception:
        log.exception("the worker failed; nothing is lost, it goes on from here when started again")
        return 1
    log.info("stopped")
    return 0
