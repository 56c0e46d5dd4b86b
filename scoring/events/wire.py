"""The values of the input topics as they stand in JSON: contract section 1, field by field.

msgspec checks types while it reads; numbers that become money or quantities are kept as their text (`Raw`). Optional fields may be
null, which is the same as absent, except in profiles, where null takes a field away. Fields not named here are ignored.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

CUSTOMER_ID_LENGTH = 128
CustomerId = Annotated[str, Meta(min_length=1, max_length=CUSTOMER_ID_LENGTH)]
#: Of ids that are kept while an event waits its turn: thousands of events wait, and each must be small.
ID_LENGTH = 1_000
Id = Annotated[str, Meta(max_length=ID_LENGTH)]
_NONE = Raw()


class Value(Struct, gc=False, omit_defaults=True):
    """What every event has. A number that is absent has no text, and must not be written."""

    customer_id: CustomerId
    ts: int | str | None = None
    event_type: str | None = None
    event_id: Id | None = None


class PageViewValue(Value, gc=False):
    page_type: str | None = None
    product_id: Id | None = None
    category_id: Id | None = None
    session_id: Id | None = None
    price: Raw = _NONE
    currency: str | None = None
    url: str | None = None
    query: str | None = None
    referrer: str | None = None
    user_agent: str | None = None
    country: str | None = None
    language: str | None = None
    feature: str | None = None
    benefit: str | None = None


class CartValue(Value, gc=False):
    action: str | None = None
    product_id: Id | None = None
    quantity: Raw = _NONE
    price: Raw = _NONE
    category_id: Id | None = None
    session_id: Id | None = None
    currency: str | None = None


class Line(Struct, gc=False, omit_defaults=True):
    product_id: Id | None = None
    quantity: Raw = _NONE
    price: Raw = _NONE
    category_id: Id | None = None


class PurchaseValue(Value):
    order_id: Id | None = None
    status: str | None = None
    lines: list[Line] | None = None
    total: Raw = _NONE
    discount: Raw = _NONE
    coupon: str | None = None
    gift: bool | None = None
    session_id: Id | None = None
    currency: str | None = None


class EmailValue(Value, gc=False):
    type: str | None = None
    message_id: Id | None = None
    machine: bool | None = None
    soft: bool | None = None
    session_id: Id | None = None


class FeedbackValue(Value, gc=False):
    kind: str | None = None
    score: float | None = None
    max_score: float | None = None
    text: str | None = None
    product_id: Id | None = None
    answers: Raw = _NONE
    session_id: Id | None = None


Text = str | None | UnsetType
Number = int | float | None | UnsetType
Flag = bool | None | UnsetType


class Consent(Struct, gc=False):
    email: Flag = UNSET
    profiling: Flag = UNSET


class ProfileValue(Value):
    email: Text = UNSET
    first_name: Text = UNSET
    language: Text = UNSET
    time_zone: Text = UNSET
    country: Text = UNSET
    region: Text = UNSET
    city: Text = UNSET
    postal_code: Text = UNSET
    birth_date: Text = UNSET
    gender: Text = UNSET
    household_size: Number = UNSET
    income_band: Text = UNSET
    education: Text = UNSET
    occupation: Text = UNSET
    nationality: Text = UNSET
    consent: Consent | None | UnsetType = UNSET
    traits: dict[str, Any] | None | UnsetType = UNSET
    session_id: Id | None = None


class IdentityValue(Value, gc=False):
    anonymous_id: Annotated[str, Meta(max_length=CUSTOMER_ID_LENGTH)] | None = None
    forget: bool | None = None


class ProductValue(Struct, gc=False):
    """Of the topic `catalog`: a product's, no customer's."""

    product_id: Id
    ts: int | str | None = None
    event_type: str | None = None
    name: str | None = None
    category: str | None = None
    price: Raw = _NONE
    currency: str | None = None
    in_stock: bool | None = None


#: The plain fields of a profile; consents and traits are fields of their own besides.
PROFILE_FIELDS: tuple[str, ...] = ProfileValue.__struct_fields__[
    ProfileValue.__struct_fields__.index("email") : ProfileValue.__struct_fields__.index("consent")
]
CONSENTS: tuple[str, ...] = Consent.__struct_fields__

#: By rank.
VALUES: tuple[type[Value], ...] = (PageViewValue, CartValue, PurchaseValue, EmailValue, FeedbackValue, ProfileValue, IdentityValue)


class Head(Struct, gc=False):
    """What tells which of them a row of a file is."""

    event_type: str | None = None


HEAD = msgspec.json.Decoder(Head)
