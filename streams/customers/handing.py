"""What customers hand over to each other, as records: to the receiver's partition, whoever has it."""

from __future__ import annotations

import msgspec

from scoring.engine.steps import Entry
from scoring.events.invalid import Invalid
from scoring.instants import rfc3339
from scoring.merge import handover
from scoring.merge.handover import HANDED, Handover
from streams.customers.draft import Batch, Batches, MakeBatch
from streams.kafka.place import partition_of


class Handing:
    """Handovers by the receiver's partition, and notices of departures, in the order they are added."""

    def __init__(self, partitions: int, make: MakeBatch) -> None:
        self.departures: Batches | None = None
        self._partitions = partitions
        self._make = make
        self._batches: dict[int, Batches] = {}

    def add(self, key: bytes, entry: Entry) -> None:
        """An entry of the customer `key`."""
        own = key.decode("utf-8", "surrogatepass")
        if entry[0] == HANDED:
            receiver, value = handover.value(entry, own)
            to = receiver.encode("utf-8", "surrogatepass")
            number = partition_of(to, self._partitions)
            found = self._batches.get(number)
            if found is None:
                found = self._batches[number] = Batches(self._make)
            found.add(to, value)
            return
        _, why, into, _, _, at = entry[:6]
        if self.departures is None:
            self.departures = Batches(self._make)
        self.departures.add(key, msgspec.json.encode({"customer_id": own, "why": why, "into": into, "at": rfc3339(at)}))

    def filled(self) -> dict[int, list[Batch]]:
        return {number: batches.filled for number, batches in self._batches.items()}


def handed_over(value: bytes | None, key: bytes | None, timestamp: int) -> Handover:
    """Decodes a record of the topic. Raises Invalid."""
    try:
        return handover.read(value or b"")
    except (msgspec.DecodeError, ValueError) as error:
        raise Invalid("not_a_handover", f"only workers write to this topic: {error}") from None
