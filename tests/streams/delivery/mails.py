"""Message records, and the mails made of them."""

from __future__ import annotations

import json
import uuid
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from scoring.instants import rfc3339
from streams.agents.mail import Composer
from streams.agents.message import read
from streams.agents.shop import Shop
from streams.clock import now_ms

NOW = 1_772_359_200_000  # 2026-03-01T10:00:00Z
SHOP = Shop(
    name="Koffie & Co",
    sender=Address("Koffie & Co", "hallo", "koffie.example"),
    link="https://koffie.example/cart?customer={customer_id}",
    product_link="https://koffie.example/p/{product_id}",
    unsubscribe_link="https://koffie.example/u/{customer_id}/{message_id}",
    address="Prinsengracht 1, Amsterdam",
)


def line(product_id: str = "p1", quantity: float = 2, price: float | None = 19.99) -> dict[str, Any]:
    return {"product_id": product_id, "quantity": quantity, "price": price, "value": round(quantity * (price or 0), 2)}


def record(to: str = "kim@example.org", **fields: Any) -> dict[str, Any]:
    """A message record as the engine writes it; `fields` override it, `context_…` its context."""
    context = {
        "segment": "cart_abandoned", "from": None, "to": None, "since": "2026-03-01T10:00:00.000Z", "attributes": {"cart_items": 2},
        "first_name": "Kim", "transactional": False, "cart": [line()], "cart_lines_left_out": 0, "cart_items": 2, "cart_value": 39.98,
    }  # fmt: skip
    context |= {name.removeprefix("context_"): value for name, value in fields.items() if name.startswith("context_")}
    made = {
        "message_id": str(uuid.uuid4()), "customer_id": "c1", "campaign": "abandoned_cart", "step": 1, "variant": None,
        "template": "abandoned_cart_1", "decision": "send", "reason": "", "at": rfc3339(now_ms()), "change_id": str(uuid.uuid4()),
        "to": to, "language": "en", "context": context,
    }  # fmt: skip
    return made | {name: value for name, value in fields.items() if not name.startswith("context_")}


def encoded(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode()


def composer(templates: Path | None = None, shop: Shop = SHOP, currency: str = "EUR") -> Composer:
    return Composer(shop, currency, templates)


def compose(composer: Composer, record: dict[str, Any]) -> EmailMessage:
    return parsed(composer.compose(read(encoded(record)), NOW))


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def text(mail: EmailMessage) -> str:
    return _part(mail, "plain")


def html(mail: EmailMessage) -> str:
    return _part(mail, "html")


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())
