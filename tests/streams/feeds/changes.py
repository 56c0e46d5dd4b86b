"""Change records as the engine writes them."""

from __future__ import annotations

import json
import uuid
from typing import Any


def change(customer: str = "c1", episode: int = 1, **fields: Any) -> dict[str, Any]:
    """Of a customer's n-th change: in and out of a segment in turn. `fields` override; `come_from` is `from`."""
    kind = fields.get("kind", "entered" if episode % 2 else "exited")
    segment = fields.get("segment", "cart_abandoned")
    made: dict[str, Any] = {
        "change_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{customer}/{segment}/{episode}/{kind}")), "customer_id": customer,
        "segment": segment, "family": "purchase_habits", "kind": kind, "from": fields.pop("come_from", None), "to": None,
        "at": f"2026-03-01T11:{episode // 60 % 60:02d}:{episode % 60:02d}.000Z", "cause": "deadline", "episode": episode,
        "definition": "9f2c0a1b2c3d4e5f", "reason": "cart_items 2 > 0, cart_idle 1h >= 1h",
        "attributes": {"cart_items": 2, "cart_idle": 3600.0}, "event": None, "detected_at": "2026-03-01T11:00:01.234Z",
    }  # fmt: skip
    return made | fields


def encoded(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()
