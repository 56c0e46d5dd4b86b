"""The broker of a run: one's own (BROKER=host:port), or a fresh Apache Kafka in a container.

python -m bench.broker      a broker that stays until Ctrl-C, for several runs: BROKER=… python -m bench --only worker
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

HOW = """Kafka rows need Apache Kafka, and there is none. One of:
  a Docker engine (https://docs.docker.com/engine/install/): a container is started and removed again, nothing else is needed
  a broker of your own:  BROKER=host:port make bench"""


class NoBroker(Exception):
    """The text says why, and what to do."""


@contextmanager
def broker() -> Iterator[str]:
    """The address of a broker. Raises NoBroker."""
    own = os.environ.get("BROKER", "")
    if own:
        yield own
        return
    from tests.parts import kafka_container, why_no_docker

    if why := why_no_docker():
        raise NoBroker(f"{why}\n{HOW}")
    with kafka_container() as container:
        yield container.address


def main() -> None:
    # Blocked, or they would end this process before the container is removed.
    ending = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    with broker() as address:
        print(f"BROKER={address}", flush=True)
        signal.sigwait(ending)


if __name__ == "__main__":
    main()
