"""The message record: a decision as other systems read it, on the topic `messages`."""

from __future__ import annotations

from typing import Any

import msgspec

from scoring.campaigns import cart
from scoring.engine.changes import headers
from scoring.ids import CHANGES, MESSAGES, uuid5
from scoring.instants import rfc3339

TOPIC = "messages"

#: topic, JSON value, headers
Rendered = tuple[str, bytes, list[tuple[str, bytes]]]

_encode = msgspec.json.Encoder().encode


def message_id(campaign: str, customer_id: str, segment: str, episode: int, step: int) -> str:
    """The same in every re-run. The trigger's episode is counted within its segment, so the segment is part of it."""
    return uuid5(MESSAGES, f"{customer_id}/{campaign}/{segment}/{episode}/{step}")


def message(entry: list[Any], customer_id: str, detected_at: int | None) -> Rendered:
    """Renders an entry of `Campaigns`; what the driver appended to it is left alone."""
    _, campaign, step, decision, reason, at, episode, template, segment, kind = entry[:10]
    to, language, context = None, None, {}
    if decision == "send":
        to, language, first_name, transactional, started, origin, tier, attributes, lines = entry[10:19]
        context = {
            "segment": segment, "from": origin, "to": tier, "since": rfc3339(started), "attributes": attributes, "first_name": first_name,
            "transactional": transactional, **cart.shown(lines),
        }  # fmt: skip
    record: dict[str, Any] = {
        "message_id": message_id(campaign, customer_id, segment, episode, step),
        "customer_id": customer_id,
        "campaign": campaign,
        "step": step,
        "variant": None,
        "template": template,
        "decision": decision,
        "reason": reason,
        "at": rfc3339(at),
        "change_id": uuid5(CHANGES, f"{customer_id}/{segment}/{episode}/{kind}"),
        "to": to,
        "language": language,
        "context": context,
    }
    if detected_at is not None:
        record["detected_at"] = rfc3339(detected_at)
    return TOPIC, _encode(record), headers(record["message_id"], f"gedrag.message.{decision}".encode(), record["at"], customer_id)
