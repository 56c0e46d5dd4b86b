"""The message record as delivery takes it from Kafka: anybody may have written it, so nothing in it is believed."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from scoring.campaigns.contact import is_address
from scoring.events.instants import epoch_ms
from scoring.events.invalid import Invalid

LONGEST_ID = 128

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class BadMessage(ValueError):
    """A record that can't become a mail. `error` is a short code, the text a sentence."""

    def __init__(self, error: str, detail: str) -> None:
        self.error = error
        super().__init__(detail)


class Line(msgspec.Struct):
    product_id: str
    quantity: float = 1
    price: float | None = None
    value: float = 0


class Product(msgspec.Struct):
    """One the customer has viewed. `seen_price`: what it was then, where it is cheaper now; `back_in_stock`: it can be had again."""

    product_id: str
    name: str = ""
    price: float | None = None
    seen_price: float | None = None
    back_in_stock: bool = False


class Context(msgspec.Struct):
    segment: str = ""
    tier: str | None = msgspec.field(default=None, name="to")
    origin: str | None = msgspec.field(default=None, name="from")
    since: str = ""
    first_name: str | None = None
    transactional: bool = False
    cart: list[Line] = []
    cart_lines_left_out: int = 0
    cart_items: float = 0
    cart_value: float = 0
    products: list[Product] = []
    attributes: dict[str, Any] = {}
    #: When the next step takes its place; the instants at which the customer's quiet hours begin and end, in turn. RFC 3339.
    valid_until: str | None = None
    quiet: list[str] | None = None


class Message(msgspec.Struct):
    message_id: str
    customer_id: str
    campaign: str
    step: int
    template: str
    decision: str
    at: str = ""
    to: str | None = None
    language: str | None = None
    variant: str | None = None
    context: Context = msgspec.field(default_factory=Context)

    @property
    def decided(self) -> int | None:
        """When it was decided (epoch ms); None if the record doesn't say."""
        return epoch_ms(self.at) if self.at else None

    @property
    def valid_until(self) -> int | None:
        """The instant (epoch ms) from which on it isn't to be sent any more."""
        until = self.context.valid_until
        return epoch_ms(until) if until else None

    @property
    def quiet(self) -> list[tuple[int, int]]:
        """The customer's quiet hours that come after the decision (epoch ms), each from its first instant to the one after its last."""
        instants = [epoch_ms(each) for each in self.context.quiet or ()]
        return list(zip(instants[::2], instants[1::2], strict=False))


_decode = msgspec.json.Decoder(Message).decode


def read(value: bytes | None) -> Message:
    """Raises BadMessage (not_a_message, bad_address)."""
    try:
        message = _decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadMessage("not_a_message", str(error)) from None
    if message.decision != "send":
        return message
    if not 1 <= len(message.customer_id) <= LONGEST_ID:
        raise BadMessage("not_a_message", f"customer_id: expected 1 to {LONGEST_ID} characters")
    for field, known in (("message_id", _UUID), ("template", _NAME), ("campaign", _NAME)):
        if not known.fullmatch(getattr(message, field)):
            raise BadMessage("not_a_message", f"{field} {getattr(message, field)[:80]!r} is none")
    if message.variant is not None and not _NAME.fullmatch(message.variant):
        raise BadMessage("not_a_message", f"variant {message.variant[:80]!r} is none")
    if message.language is not None and not _LANGUAGE.fullmatch(message.language):
        raise BadMessage("not_a_message", f"language {message.language[:80]!r} is none")
    try:
        _ = message.decided, message.valid_until, message.quiet
    except Invalid as error:
        raise BadMessage("not_a_message", f"at, valid_until or quiet: {error}") from None
    if not is_address(message.to):
        raise BadMessage("bad_address", "`to` is no plain e-mail address")
    return message
