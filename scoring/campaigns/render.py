"""The message record: a decision as other systems read it, on the topic `messages`; and that a mail is withdrawn, on `withdrawals`."""

from __future__ import annotations

from typing import Any

import msgspec

from scoring.campaigns import cart
from scoring.engine.changes import headers
from scoring.ids import CHANGES, MESSAGES, uuid5
from scoring.instants import rfc3339

TOPIC = "messages"
#: For delivery alone: a step is decided once, so what becomes of the reason afterwards doesn't stand among the decisions.
WITHDRAWALS = "withdrawals"

#: topic, JSON value, headers
Rendered = tuple[str, bytes, list[tuple[str, bytes]]]

_encode = msgspec.json.Encoder().encode


def message_id(campaign: str, customer_id: str, segment: str, episode: int, step: int) -> str:
    """The same in every re-run. The trigger's episode is counted within its segment, so the segment is part of it."""
    return uuid5(MESSAGES, f"{customer_id}/{campaign}/{segment}/{episode}/{step}")


def message(entry: list[Any], customer_id: str, detected_at: int | None) -> Rendered:
    """Renders an entry of `Campaigns`; what the driver appended to it is left alone. Entries of an older release end earlier."""
    _, campaign, step, decision, reason, at, episode, template, segment, kind = entry[:10]
    record: dict[str, Any] = {
        "message_id": message_id(campaign, customer_id, segment, episode, step),
        "customer_id": customer_id,
        "campaign": campaign,
        "step": step,
    }
    change_id = uuid5(CHANGES, f"{customer_id}/{segment}/{episode}/{kind}")
    if decision == "withdrawn":
        record |= {"decision": decision, "reason": reason, "at": rfc3339(at), "change_id": change_id}
    else:
        variant, to, language, context = _contents(entry)
        record |= {
            "variant": variant, "template": template, "decision": decision, "reason": reason, "at": rfc3339(at), "change_id": change_id,
            "to": to, "language": language, "context": context,
        }  # fmt: skip
    if detected_at is not None:
        record["detected_at"] = rfc3339(detected_at)
    topic = WITHDRAWALS if decision == "withdrawn" else TOPIC
    return topic, _encode(record), headers(record["message_id"], f"gedrag.message.{decision}".encode(), record["at"], customer_id)


def _contents(entry: list[Any]) -> tuple[str | None, str | None, str | None, dict[str, Any]]:
    """(variant, to, language, context): only what is sent has the last three."""
    if entry[3] != "send":
        return entry[10] if len(entry) > 10 else None, None, None, {}
    to, language, first_name, transactional, started, origin, tier, attributes, lines = entry[10:19]
    variant, valid_until, quiet = entry[19:22] if len(entry) >= 22 else (None, None, [])
    if not isinstance(quiet, list):  # of an older release: one beginning and end, or None
        quiet, entry = [] if quiet is None else entry[21:23], entry[:22]
    products = entry[22] if len(entry) >= 23 else []
    context = {
        "segment": entry[8], "from": origin, "to": tier, "since": rfc3339(started), "attributes": attributes, "first_name": first_name,
        "transactional": transactional, **shown(lines, products),
        "valid_until": None if valid_until is None else rfc3339(valid_until),
        "quiet": [rfc3339(instant) for instant in quiet] or None,
    }  # fmt: skip
    return variant, to, language, context


def shown(lines: list[Any], products: list[Any]) -> dict[str, Any]:
    """The JSON form of what lies in the cart, and of products there is news of, if any."""
    return cart.shown(lines) | ({"products": [_product(*each) for each in products]} if products else {})


def _product(product_id: str, name: str, price: int | None, seen: int | None, back: bool) -> dict[str, Any]:
    """One that became cheaper than the price the customer has seen, or can be had again. Money in currency units."""
    return {
        "product_id": product_id, "name": name, "price": None if price is None else price / 100,
        "seen_price": None if seen is None else seen / 100, "back_in_stock": back,
    }  # fmt: skip
