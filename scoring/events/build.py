"""From a checked JSON value to the event: the rules of contract section 1 that types can't say. All raise Invalid.

An empty string where an id belongs (event, session, product, category, order, message) is an absent id, as an empty cell of a CSV
file is. `event_type` may stand in for `action`, `status` or `type` where those are absent, and must agree with them where they are not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from scoring.events import money
from scoring.events.invalid import Invalid, shown
from scoring.events.schema import PAGE_VIEWS, CartEvent, EmailEvent, Event, Feedback, Identity, PageView, Profile, Purchase
from scoring.events.wire import (
    CONSENTS,
    PROFILE_FIELDS,
    CartValue,
    EmailValue,
    FeedbackValue,
    IdentityValue,
    Line,
    PageViewValue,
    ProfileValue,
    PurchaseValue,
    Value,
)

_PAGE_TYPES = {
    word: word
    for word in (
        "home", "category", "product", "search", "sale", "help", "returns", "shipping", "warranty", "reviews", "size_guide", "checkout",
        "account", "article",
    )
}  # fmt: skip
#: event_type -> what it says in the topic's own field (action, status, type), by rank.
TYPES: tuple[dict[str, str], ...] = (
    {"page_view": ""},
    {
        "cart_add": "add", "cart_remove": "remove", "cart_update": "update", "cart_clear": "clear", "checkout_started": "checkout_started",
        "wishlist_add": "wishlist_add",
    },
    {"purchase": "placed", "refund": "refunded"},
    {
        f"email_{type_}": type_ for type_ in ("delivered", "opened", "clicked", "bounced", "complained", "unsubscribed")
    },
    {"feedback": ""},
    {"profile": ""},
    {"identity": "", "forget": ""},
)  # fmt: skip
_ACTIONS = {action: action for action in TYPES[1].values()}
_STATUSES = {status: status for status in TYPES[2].values()}
_EMAIL_TYPES = {type_: type_ for type_ in TYPES[3].values()}
_KINDS = {kind: kind for kind in ("nps", "csat", "ces", "review", "survey", "complaint")}

#: action -> (default quantity in thousandths, least sign of one given); quantity and price are kept for these alone.
_LINE_ACTIONS: dict[str, tuple[int | None, int]] = {"add": (1000, 1), "update": (1000, 0), "remove": (None, 0)}
_WITHOUT_PRODUCT = frozenset(("clear", "checkout_started"))

_TRAIT_DEPTH = 8
#: Characters of what the state keeps as given (a product in the cart, a profile's value as JSON): without a limit a few events could make a
#: state that no broker takes.
_LONGEST_ID, _LONGEST_VALUE = 1_000, 4_000
_LEAST_INT, _LARGEST_INT = -(1 << 63), (1 << 63) - 1

Build = Callable[[Any, int], Event]


def page_view(value: PageViewValue, ts: int) -> PageView:
    page_type = value.page_type
    if page_type is not None:
        page_type = _PAGE_TYPES.get(page_type, "other")
    if value.event_type is not None and value.event_type != "page_view":
        raise _contradiction(value, 0, "the topic")
    return PageView(
        value.customer_id,
        ts,
        value.event_id or None,
        value.product_id or None,
        page_type,
        value.category_id or None,
        value.session_id or None,
        money.amount(bytes(value.price), "price") if len(value.price) else None,
    )


def cart_event(value: CartValue, ts: int) -> CartEvent:
    action = _word(value, 1, "action", value.action, _ACTIONS, "unknown_action")
    quantity = money.quantity(bytes(value.quantity), "quantity")
    price = money.price(bytes(value.price), "price")
    product_id = value.product_id or None
    session_id = value.session_id or None
    limits = _LINE_ACTIONS.get(action)
    if limits is None:
        quantity = price = None
    else:
        default, least = limits
        if quantity is None:
            quantity = default
        elif money.sign(bytes(value.quantity)) < least:  # as given: 0.0004 is more than nothing, and rounds to it
            expected = f"{action} expects a number {'> 0' if least else '>= 0'}"
            raise Invalid("out_of_range", f"quantity {shown(bytes(value.quantity).decode())}: {expected}")
    if action in _WITHOUT_PRODUCT:
        product_id = None
    elif product_id is None:
        raise Invalid("missing_field", f"product_id: required for {action}")
    return CartEvent(
        value.customer_id, ts, action, value.event_id or None, product_id, quantity, price, value.category_id or None, session_id
    )


def purchase(value: PurchaseValue, ts: int) -> Purchase:
    status = _word(value, 2, "status", value.status, _STATUSES, "unknown_status", default="placed")
    if not value.order_id:
        raise Invalid("missing_field", "order_id: required")
    refunded = status == "refunded"
    cents = sum(_line_cents(line, index, refunded) for index, line in enumerate(value.lines)) if value.lines else 0
    total = money.amount(bytes(value.total), "total")
    if total is not None:
        cents = abs(total) if refunded else total
    money.amount(bytes(value.discount), "discount")
    money.within(cents, "lines")
    return Purchase(value.customer_id, ts, value.order_id, refunded, cents, value.event_id or None, value.session_id or None)


def email_event(value: EmailValue, ts: int) -> EmailEvent:
    type_ = _word(value, 3, "type", value.type, _EMAIL_TYPES, "unknown_type")
    if not value.message_id:
        raise Invalid("missing_field", "message_id: required")
    return EmailEvent(value.customer_id, ts, type_, value.message_id, value.machine or False, value.event_id or None, value.soft or False)


def feedback(value: FeedbackValue, ts: int) -> Feedback:
    if value.event_type is not None and value.event_type != "feedback":
        raise _contradiction(value, 4, "the topic")
    if value.kind is None:
        raise Invalid("missing_field", "kind: required")
    kind = _KINDS.get(value.kind)
    if kind is None:
        raise Invalid("unknown_kind", f"kind {shown(value.kind)}: expected one of {', '.join(_KINDS)}")
    text = value.text[:_LONGEST_VALUE] if value.text is not None else None
    return Feedback(value.customer_id, ts, kind, value.score, value.max_score, text, value.product_id or None, value.event_id or None)


def profile(value: ProfileValue, ts: int) -> Profile:
    if value.event_type is not None and value.event_type != "profile":
        raise _contradiction(value, 5, "the topic")
    fields: dict[str, object] = {}
    for name in PROFILE_FIELDS:
        given = getattr(value, name)
        if given is not UNSET:
            fields[name] = _storable(given, name)
    consent = value.consent
    if consent is not UNSET:
        for name in CONSENTS:  # null for all consents takes each away
            given = None if consent is None else getattr(consent, name)
            if given is not UNSET:
                fields["consent." + name] = given
    if value.traits is not UNSET and value.traits is not None:
        for name, given in value.traits.items():
            fields[_trait(name)] = _storable(given, "traits." + name)
    return Profile(value.customer_id, ts, fields, value.event_id or None)


def identity(value: IdentityValue, ts: int) -> Identity:
    said = value.event_type
    forget = bool(value.forget) if said is None else said == "forget"
    if said not in (None, "identity", "forget") or (value.forget is not None and value.forget is not forget):
        raise _contradiction(value, 6, "the topic" if said not in (None, "identity", "forget") else f"forget {str(value.forget).lower()}")
    if forget and value.anonymous_id:
        raise Invalid("contradiction", "anonymous_id: not with forget, which is of customer_id and all that was joined to it")
    if not forget and not value.anonymous_id:
        raise Invalid("missing_field", 'anonymous_id: required, unless "forget" is true')
    return Identity(value.customer_id, ts, value.anonymous_id or "", forget, value.event_id or None)


def _word(value: Value, rank: int, field: str, given: str | None, allowed: dict[str, str], error: str, default: str | None = None) -> str:
    """The topic's own word for what happened, from its field or `event_type`."""
    types = TYPES[rank]
    said = value.event_type
    if said is not None:
        meant = types.get(said)
        if meant is None or (given is not None and given != meant and given in allowed):
            raise _contradiction(value, rank, "the topic" if meant is None else f"{field} {shown(given)}")
        if given is None:
            return meant
    if given is None:
        if default is None:
            raise Invalid("missing_field", f"{field}: required, one of {', '.join(allowed)}")
        return default
    word = allowed.get(given)  # the table's own string: events share it
    if word is None:
        raise Invalid(error, f"{field} {shown(given)}: expected one of {', '.join(allowed)}")
    return word


def _contradiction(value: Value, rank: int, what: str) -> Invalid:
    return Invalid("contradiction", f"event_type {shown(value.event_type)} contradicts {what}: this topic has {', '.join(TYPES[rank])}")


def _line_cents(line: Line, index: int, refunded: bool) -> int:
    quantity = money.quantity(bytes(line.quantity), f"lines[{index}].quantity")
    price = money.price(bytes(line.price), f"lines[{index}].price")
    if quantity is None:
        quantity = 1000
    elif refunded:
        quantity = abs(quantity)
    elif quantity < 0:
        raise Invalid("out_of_range", f"lines[{index}].quantity {quantity / 1000:g}: expected a number >= 0")
    return money.line_cents(quantity, price)


def _storable(given: object, field: str, depth: int = 0) -> object:
    """A profile value as given, if the state can hold it: JSON of 64-bit integers, not nested deeper than a person's traits are."""
    if isinstance(given, str):
        if len(given) > _LONGEST_VALUE:
            raise Invalid("too_long", f"{_told(field)}: expected at most {_LONGEST_VALUE} characters")
    elif isinstance(given, int):
        if not _LEAST_INT <= given <= _LARGEST_INT:
            raise Invalid("out_of_range", f"{_told(field)}: expected an integer of at most 64 bits")
    elif isinstance(given, list | dict):
        if depth == _TRAIT_DEPTH:
            raise Invalid("out_of_range", f"{_told(field)}: nested deeper than {_TRAIT_DEPTH}")
        for inner in given.values() if isinstance(given, dict) else given:
            _storable(inner, field, depth + 1)
        if not depth and len(msgspec.json.encode(given)) > _LONGEST_VALUE:
            raise Invalid("too_long", f"{_told(field)}: expected at most {_LONGEST_VALUE} characters")
    return given


def _told(field: str) -> str:
    """A field's name as it may stand in a sentence: traits have names of the producer's."""
    return field if field.isprintable() and len(field) <= 60 else shown(field)


def _trait(name: str) -> str:
    """The field's name of a trait."""
    if len(name) > _LONGEST_ID:
        raise Invalid("too_long", f"traits: a name has at most {_LONGEST_ID} characters, not {len(name)}")
    return "traits." + name


#: By rank.
BUILDS: tuple[Build, ...] = (page_view, cart_event, purchase, email_event, feedback, profile, identity)


def _says_more(value: PageViewValue) -> bool:
    """Than the event made of it. Each field by its name: an attrgetter of eight takes twice as long."""
    return (
        value.url is not None or value.query is not None or value.referrer is not None or value.user_agent is not None
        or value.country is not None or value.language is not None or value.feature is not None or value.benefit is not None
    )  # fmt: skip


def building(rank: int, whole: bool) -> Build:
    """How a topic's events are built. `whole`: with the record, except page views whose record says nothing more: most of them, and
    thousands of events wait."""
    build = BUILDS[rank]
    if not whole:
        return build

    def with_record(value: Any, ts: int) -> Event:
        event = build(value, ts)
        if rank != PAGE_VIEWS or _says_more(value):
            event.more = value  # type: ignore[union-attr]
        return event

    return with_record
