"""Definitions the states were evaluated under before: kept in the changelog by fingerprint, made into engines when needed."""

from __future__ import annotations

from scoring.engine import Engine
from scoring.segments.faults import Faults
from scoring.segments.read import read
from streams.kafka.errors import Misconfigured


class Migration:
    """Engines of older definitions by fingerprint."""

    def __init__(self, current: Engine) -> None:
        self._engines = {current.fingerprint: current}
        self.current = current.fingerprint

    def learn(self, fingerprint: int, layout: bytes) -> None:
        """`layout` as the engine of that fingerprint gave it. Raises Misconfigured where this release cannot read it."""
        if fingerprint in self._engines:
            return
        try:
            self._engines[fingerprint] = Engine(read(layout.decode(), "definitions in the changelog"))
        except (Faults, UnicodeDecodeError) as error:
            raise Misconfigured(
                f"the definitions {fingerprint:08x} that customers were evaluated under cannot be read by this release: "
                "start the release that wrote them once with the new definitions, then this one"
            ) from error

    def engine(self, fingerprint: int) -> Engine:
        found = self._engines.get(fingerprint)
        if found is None:
            raise Misconfigured(
                f"customers were evaluated under definitions {fingerprint:08x}, which the changelog does not hold: restore the changelog, "
                "or start anew with another app_id"
            )
        return found

    def knows(self, fingerprint: int) -> bool:
        return fingerprint in self._engines
