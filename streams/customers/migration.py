"""Definitions the states were evaluated under before: kept in the changelog by fingerprint, made into engines when needed."""

from __future__ import annotations

from scoring.engine import Engine
from scoring.expressions.code import Layout
from scoring.segments.faults import Faults
from scoring.segments.read import read
from streams.kafka.errors import Misconfigured


class Migration:
    """Engines of older definitions by fingerprint."""

    def __init__(self, current: Engine) -> None:
        self._engines = {current.fingerprint: current}
        self._layouts: dict[int, bytes] = {}
        self.current = current.fingerprint

    def learn(self, fingerprint: int, layout: bytes) -> None:
        """`layout` as the engine of that fingerprint gave it."""
        self._layouts[fingerprint] = layout

    def engine(self, fingerprint: int) -> Engine:
        """Raises Misconfigured where the definitions are not there, or this release cannot read them."""
        found = self._engines.get(fingerprint)
        if found is None:
            found = self._engines[fingerprint] = self._made(fingerprint)
        return found

    def layout(self, fingerprint: int) -> Layout:
        """Where its memberships stand. Raises as `engine`."""
        return self.engine(fingerprint).steps.layout

    def _made(self, fingerprint: int) -> Engine:
        layout = self._layouts.get(fingerprint)
        if layout is None:
            raise Misconfigured(
                f"customers were evaluated under definitions {fingerprint:08x}, which the changelog does not hold: restore the changelog, "
                "or start anew with another app_id"
            )
        try:
            return Engine(read(layout.decode(), "definitions in the changelog"))
        except (Faults, UnicodeDecodeError) as error:
            raise Misconfigured(
                f"the definitions {fingerprint:08x} that customers were evaluated under cannot be read by this release: "
                "start the release that wrote them once with the new definitions, then this one"
            ) from error
