"""Decoding a record of an input topic: (value, key, record timestamp) -> event, or Invalid with the reason.

Any bytes whatever give one or the other, never another exception.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import msgspec

from scoring.events import instants
from scoring.events.build import BUILDS, Build, building
from scoring.events.instants import EARLIEST, LATEST
from scoring.events.invalid import Invalid, shown
from scoring.events.refusals import refusal
from scoring.events.schema import Event
from scoring.events.wire import VALUES, Value

__all__ = ["FUTURE", "Decode", "Invalid", "decoders"]

#: (value, key, record timestamp in epoch ms) -> event; raises Invalid.
Decode = Callable[[bytes | None, bytes | None, int], Event]

#: How far an event's `ts` may be after the broker's record timestamp, in ms.
FUTURE = 5 * 60_000


def decoders(currency: str = "EUR", whole: Collection[int] = ()) -> tuple[Decode, ...]:
    """One decoder a topic, by rank. `currency` is the shop's; events of the topics in `whole` have the whole record with them (`more`)."""
    return tuple(_decoder(parser(rank, currency), building(rank, rank in whole)) for rank in range(len(BUILDS)))


def parser(rank: int, currency: str) -> Callable[[bytes], Any]:
    """JSON -> the checked value of a topic; raises Invalid. Money in another currency is refused."""
    return parser_of(VALUES[rank], currency)


def parser_of(kind: type[msgspec.Struct], currency: str) -> Callable[[bytes], Any]:
    """JSON -> the checked value of that kind; raises Invalid."""
    decode = msgspec.json.Decoder(kind).decode
    has_money = "currency" in kind.__struct_fields__

    def parse(value: bytes) -> Any:
        try:
            if not value.isascii():
                value.decode()  # msgspec leaves the text of fields it skips unchecked
            found: Any = decode(value)
        except (msgspec.DecodeError, ValueError, RecursionError) as failure:
            raise refusal(failure) from None
        if has_money and found.currency is not None and found.currency != currency:
            raise Invalid("currency", f"currency {shown(found.currency)}: this shop's is {currency}")
        return found

    return parse


def _decoder(parse: Callable[[bytes], Any], build: Build) -> Decode:
    epoch_ms = instants.epoch_ms

    def decode(value: bytes | None, key: bytes | None, timestamp: int) -> Event:
        if value is None:
            raise Invalid("no_value", "the record has no value (a tombstone): expected a JSON object")
        found: Value = parse(value)
        if key != found.customer_id.encode():
            raise Invalid("key_mismatch", f"the key is {shown(key)}: expected the UTF-8 bytes of customer_id {shown(found.customer_id)}")
        ts = found.ts
        if ts.__class__ is str:
            ts = epoch_ms(ts)
        elif ts is None:
            if timestamp < 0:
                raise Invalid("bad_ts", "ts is absent and the record has no timestamp either")
            ts = instants.checked(timestamp)
        elif not EARLIEST <= ts <= LATEST:  # type: ignore[operator]
            instants.checked(ts)  # type: ignore[arg-type]
        if ts > timestamp + FUTURE:  # type: ignore[operator]
            raise Invalid("future_ts", f"ts is {shown(found.ts)}, more than 5 minutes after the record's own timestamp {timestamp}")
        return build(found, ts)  # type: ignore[arg-type]

    return decode
