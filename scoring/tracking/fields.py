"""The fields a call can fill, by event type, and how each is read."""

from __future__ import annotations

from scoring.events.build import TYPES
from scoring.events.wire import CONSENTS, PROFILE_FIELDS
from scoring.tracking.values import Reader, currency, day, flag, identifier, number, words

#: Written without a word of an event: the call is known, and nothing comes of it.
IGNORE = "ignore"

_VIEW: dict[str, Reader] = {
    "product_id": identifier, "category_id": identifier, "page_type": words, "price": number, "currency": currency, "query": words,
    "url": words, "referrer": words, "user_agent": words, "country": words, "language": words, "feature": words, "benefit": words,
    "session_id": identifier,
}  # fmt: skip
_CART: dict[str, Reader] = {
    "product_id": identifier, "quantity": number, "price": number, "category_id": identifier, "currency": currency,
    "session_id": identifier,
}  # fmt: skip
_ORDER: dict[str, Reader] = {
    "order_id": identifier, "total": number, "discount": number, "coupon": words, "gift": flag, "currency": currency,
    "session_id": identifier,
}  # fmt: skip
_EMAIL: dict[str, Reader] = {"message_id": identifier, "machine": flag, "soft": flag, "session_id": identifier}
_FEEDBACK: dict[str, Reader] = {
    "kind": words, "score": number, "max_score": number, "text": words, "product_id": identifier, "session_id": identifier,
}  # fmt: skip

#: By rank.
_FIELDS = (_VIEW, _CART, _ORDER, _EMAIL, _FEEDBACK)
#: Of each line of an order, looked for in its `products`.
LINE: dict[str, Reader] = {"product_id": identifier, "quantity": number, "price": number, "category_id": identifier}
#: Where the products themselves are.
LINES = "lines"

#: event_type -> (rank, the topic's own field that says it, its word, the fields a track call can fill).
EVENTS: dict[str, tuple[int, str, str, dict[str, Reader]]] = {
    event_type: (rank, ("", "action", "status", "type", "")[rank], word, _FIELDS[rank])
    for rank in range(len(_FIELDS))
    for event_type, word in TYPES[rank].items()
}

#: Fields of a profile, each consent one of its own. Traits that fill none of them are kept as traits.
PROFILE: dict[str, Reader] = {
    **dict.fromkeys(PROFILE_FIELDS, identifier),
    "household_size": number,
    "birth_date": day,
    **{f"consent.{name}": flag for name in CONSENTS},
}

#: Every field that a path can be given for outside of profiles.
NAMES: frozenset[str] = frozenset(name for _, _, _, fields in EVENTS.values() for name in fields) | {LINES}
