"""What every test may ask for: a broker, a cache, a mailbox, names nobody else uses.

`kafka`, `redis_url` and `inbox` are containers where a Docker engine answers, else embedded parts. A test that needs what only Apache Kafka
does is marked `real_kafka`: without Docker it is skipped with that reason, and fails in CI (CI=true, or GEDRAG_TEST_REAL=1).
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import threading
from collections.abc import Iterator

import pytest

from tests import parts

_numbers = itertools.count(1)
#: What takes longest.
_FIRST = (
    "tests/integration/", "tests/bench/", "tests/fuzz/", "tests/streams/delivery/", "tests/streams/feeds/", "tests/properties/",
    "tests/test_", "tests/streams/",
)  # fmt: skip


def pytest_configure() -> None:
    # Some hundred processes are started: what one has compiled the next need not.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # A shell that runs the tests in the background has them ignore SIGINT, and every process they start; Ctrl-C is among what is tried.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Files are handed out in this order: those that mostly wait begin, so that no process is left alone with one at the end.
    items.sort(key=lambda item: next((place for place, folder in enumerate(_FIRST) if item.nodeid.startswith(folder)), len(_FIRST)))


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
def kafka() -> Iterator[parts.Kafka]:
    """One broker for the session; its `address` is a bootstrap server. Topics are not made by themselves."""
    with parts.kafka_container() if _use_containers() else parts.embedded_broker() as broker:
        yield broker


@pytest.fixture(scope="session")
def embedded_kafka() -> Iterator[parts.Kafka]:
    """The embedded broker, whatever else there is."""
    with parts.embedded_broker() as broker:
        yield broker


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """One cache for the session; keep to keys of your own `topic_prefix`, or to a database of your own (`…/3`)."""
    with parts.redis_container() if _use_containers() else parts.embedded_cache() as url:
        yield url


@pytest.fixture(scope="session")
def inbox() -> Iterator[parts.Inbox]:
    """One SMTP server for the session that keeps what it gets; use addresses of your own."""
    with parts.maildev_container() if _use_containers() else parts.embedded_inbox() as running:
        yield running


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> str:
    """A prefix for topics, groups and customers that no other test uses, ending in a dot."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40]
    return f"{name}-{os.getpid()}-{next(_numbers)}."
