"""Faust's way to Kafka, with one gap in it closed: going back, in a partition of which nothing was committed yet."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, ClassVar

from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP


class Consumer(driver.Consumer):  # type: ignore[misc, unused-ignore]
    """After a rebalance Faust drops what it had fetched and relies on this to get it again."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seeks to what was committed, where nothing was (or the very first offset) to what is there first; returns what was committed.

        aiokafka leaves a partition of the latter kind where it is: what lies before would be skipped, and committed with what comes after.
        """
        committed: Mapping[TP, int] = await super().seek_to_committed()
        never = [place for place, offset in committed.items() if not offset]
        if never:
            # If they have been taken away meanwhile, whoever has them now seeks.
            with contextlib.suppress(IllegalStateError):
                await self.seek_wait(await self.earliest_offsets(*never))
        return committed


class Transport(driver.Transport):  # type: ignore[misc, unused-ignore]
    Consumer: ClassVar[Any] = Consumer
