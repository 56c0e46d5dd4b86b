"""What became of a mail, as a record of `email-events`: the same shape whoever tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from scoring.instants import rfc3339

Type = Literal["delivered", "opened", "clicked", "bounced", "complained", "unsubscribed"]


@dataclass(frozen=True, slots=True)
class EmailEvent:
    """`at`: epoch ms. `event_id`: the same for the same thing told twice. `machine`: an opening that no person made; `soft`: a bounce that
    may pass by itself."""

    type: Type
    customer_id: str
    message_id: str
    at: int
    event_id: str
    machine: bool = False
    soft: bool = False

    @property
    def key(self) -> bytes:
        return self.customer_id.encode()

    @property
    def value(self) -> bytes:
        """JSON, as docs/events.md says."""
        fields: dict[str, object] = {
            "customer_id": self.customer_id, "ts": rfc3339(self.at), "type": self.type, "message_id": self.message_id,
            "event_id": self.event_id,
        }  # fmt: skip
        if self.machine:
            fields["machine"] = True
        if self.soft:
            fields["soft"] = True
        return msgspec.json.encode(fields)


def once(type: Type, customer_id: str, message_id: str, at: int, *, machine: bool = False, soft: bool = False) -> EmailEvent:
    """What counts once a message, however often it is told."""
    event_id = f"{type}:{message_id}" + (":machine" if machine else "") + (":soft" if soft else "")
    return EmailEvent(type, customer_id, message_id, at, event_id, machine, soft)
