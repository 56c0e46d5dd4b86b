"""A deliverer as one process has it, quick to try again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from streams.agents.deliver import Deliverer, Patience, Record
from streams.agents.gate import Gate, Refusal
from streams.agents.standing import Standing
from streams.erasure import is_erased
from streams.settings import Settings
from streams.sinks.claims import Claims
from streams.sinks.handovers import HandOvers
from streams.sinks.mail import Mailer
from streams.sinks.sending import Switch
from tests.streams.delivery.mails import composer

HOUR = 3_600_000
QUICK = Patience(first=0.02, longest=0.1, deferred=0.1, give_up=0.4, look=0.05, reply=2.0)


@dataclass
class Sender:
    """`aside`: the places of messages that were put aside."""

    deliverer: Deliverer
    claims: Claims
    aside: list[str] = field(default_factory=list)

    async def deliver(self, value: bytes, place: str = "0@1") -> Refusal | None:
        refused = await self.deliverer.deliver(Record(value, 0, place, aside=lambda: self.aside.append(place)))
        return None if refused is None else refused[1]

    @property
    def standing(self) -> Standing:
        return self.deliverer.standing


def sender(
    mailer: Mailer, redis: Any, app_id: str, lease: float = 10.0, caps: list[tuple[int, int]] | None = None,
    max_age: int = 24 * HOUR, patience: Patience = QUICK,
) -> Sender:  # fmt: skip
    claims, settings = Claims(redis, app_id, lease), Settings(app_id=app_id)

    async def erased(customer_id: str, at: int | None) -> bool:
        return await is_erased(redis, settings, customer_id, at)

    gate = Gate(claims, Switch(redis, app_id), HandOvers(redis, app_id, caps or []), max_age, erased=erased, look=patience.look)
    return Sender(Deliverer(mailer, claims, composer(), gate, patience), claims)
