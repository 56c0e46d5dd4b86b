"""What every test may ask for: a broker, a cache, a mailbox, names nobody else uses.

`kafka`, `redis_url` and `inbox` are containers where a Docker engine answers, else embedded parts. A test that needs what only Apache Kafka
does is marked `real_kafka`: without Docker it is skipped with that reason, and fails in CI (CI=true, or GEDRAG_TEST_REAL=1).
"""

from __future__ import annotations

import gc
import itertools
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest

from tests import parts
from tests.shared import shared

_numbers = itertools.count(1)
_shared = ExitStack()
Container = Callable[[str, Callable[[], AbstractContextManager[str]]], str]
#: Which files go first: of these beginnings of a path the longest that fits says a file's place. In front are those that mostly wait, the
#: longest first; at the end those that only compute; in the middle, where the processes meet at last, short ones.
_ORDER = (
    "tests/integration/test_compose", "tests/integration/test_demo", "tests/integration/worker/test_crashes",
    "tests/integration/worker/test_life", "tests/integration/worker/test_catalogue", "tests/integration/chaos/",
    "tests/integration/worker/test_refusals", "tests/streams/delivery/test_agents", "tests/streams/delivery/test_outage",
    "tests/integration/api/", "tests/streams/feeds/test_webhooks", "tests/integration/", "tests/streams/delivery/", "tests/streams/feeds/",
    "tests/integration/worker/test_partitions", "tests/integration/worker/test_time", "tests/integration/worker/test_upgrade",
    "tests/integration/worker/test_worker", "tests/bench/", "tests/fuzz/", "tests/streams/", "tests/scoring/", "tests/contracts/",
    "tests/test_", "tests/properties/", "tests/contracts/test_expected",
)  # fmt: skip
#: Folders whose files share what is slow to start and busy as long as it runs.
_TOGETHER = ("tests/integration/api/",)


def pytest_configure() -> None:
    # Some hundred processes are started: what one has compiled the next need not.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # A shell that runs the tests in the background has them ignore SIGINT, and every process they start; Ctrl-C is among what is tried.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _ORDER.index(max((each for each in _ORDER if item.nodeid.startswith(each)), key=len, default=_ORDER[-1])))


@pytest.hookimpl(optionalhook=True)  # without xdist there is nothing to hand out
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """As with any --dist loadfile a file goes to one process; of some folders all files do. And one process begins at the end: what waits
    and what computes go on beside each other, so that neither processors nor processes have nothing to do."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return next((folder for folder in _TOGETHER if file.startswith(folder)), file)

        def _assign_work_unit(self, node: Any) -> None:
            if len(self.nodes) > 1 and node is self.nodes[-1]:
                self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
            super()._assign_work_unit(node)

    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    needs = [name for name in ("real_kafka", "docker") if item.get_closest_marker(name)]
    if needs and (why := parts.why_no_docker()):
        reason = f"{needs[0]}: {why}"
        if parts.REQUIRED:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def _use_containers() -> bool:
    why = parts.why_no_docker()
    if why and parts.REQUIRED:
        pytest.fail(why, pytrace=False)
    return not why


@pytest.fixture(scope="session")
def container(tmp_path_factory: pytest.TempPathFactory) -> Container:
    """Starts a container that the processes of this run share; gives what its context manager does."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    # To the end of the session: as the end of a fixture, waiting for other processes would count as its last test's time.
    return lambda what, start: _shared.enter_context(shared(folder, what, start))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    _shared.close()
    # What nobody refers to any more goes now, and says so if it can't. Of the rest, hundreds of megabytes of a process that has had its
    # tests, pytest and Python would look through every object half a dozen times before they let it end.
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def kafka(container: Container) -> Iterator[parts.Kafka]:
    """One broker for all; its `address` is a bootstrap server. Topics are not made by themselves."""
    if _use_containers():
        yield parts.Kafka(container("kafka", _kafka), real=True)
        return
    with parts.embedded_broker() as broker:
        yield broker


@contextmanager
def _kafka() -> Iterator[str]:
    # On a machine that is very busy its own controller would take it for dead, and every partition would be without a leader for a while.
    with parts.kafka_container(**parts.BRIEF, KAFKA_BROKER_SESSION_TIMEOUT_MS="60000") as broker:
        yield broker.address


@pytest.fixture(scope="session")
def embedded_kafka() -> Iterator[parts.Kafka]:
    """The embedded broker, whatever else there is."""
    with parts.embedded_broker() as broker:
        yield broker


@pytest.fixture(scope="session")
def redis_url(container: Container) -> Iterator[str]:
    """One cache for all; keep to keys of your own `topic_prefix`."""
    if _use_containers():
        yield container("redis", parts.redis_container)
        return
    with parts.embedded_cache() as url:
        yield url


@pytest.fixture(scope="session")
def inbox(container: Container) -> Iterator[parts.Inbox]:
    """One SMTP server for all that keeps what it gets; use addresses of your own."""
    if _use_containers():
        yield parts.maildev(*container("maildev", _maildev).split())
        return
    with parts.embedded_inbox() as running:
        yield running


@contextmanager
def _maildev() -> Iterator[str]:
    with parts.maildev_container() as running:
        yield f"{running.url} {running.api}"


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> str:
    """A prefix for topics, groups and customers that no other test uses, ending in a dot."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40]
    return f"{name}-{os.getpid()}-{next(_numbers)}."
