"""One customer's state: the facts traits keep, memberships, and what the worker stores beside them.

`encode` and `decode` turn it into one versioned value (msgpack, an array). A newer version of the code reads an older
value: fields are only ever added at the end, with a default.

Instants are epoch milliseconds, None where there was none. A series is a flat list `[hour - h0, n, hour - h0, n, …]`, oldest
first; see scoring/series.py.

Six fields that most events leave alone travel as msgpack within the msgpack: `decode` leaves them so (bytes), whoever asks for one calls
its opener (`history_of` and so on), and `encode` packs it again. It halves the time a value takes to be read.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec

from scoring.packed import History, packed_history, packed_profile, spread, unpacked_history, unpacked_profile
from scoring.ties import Ties

HOUR = 3_600_000
DAY = 24 * HOUR

#: Later than every instant: nothing will change by time alone.
NEVER = 1 << 62

VERSION = 3

_MASK_LIMIT = 1 << 63  # msgpack has no larger signed integers: wider masks travel as bytes


class Customer(msgspec.Struct, array_like=True, gc=False):
    """Everything known of one customer. Mutable; owned by whoever decoded it."""

    version: int = VERSION
    definitions: int = 0  # fingerprint of the definitions the memberships belong to
    at: int = 0  # evaluated up to
    due: int = NEVER  # no later than the next instant at which time alone changes something
    # presence
    first_seen: int = 0
    h0: int = 0  # hour of first_seen, at a UTC day's start: hours in series count from here
    visit_start: int | None = None  # of the newest session
    visit_end: int | None = None  # its newest activity, the customer's last visit
    day: int | None = None  # UTC day of the last activity
    session_count: int = 0
    site_time: int = 0  # ms, sessions but the newest
    day_count: int = 0
    # browsing: product views and other views apart, so that one event touches one series
    product_view_count: int = 0
    other_view_count: int = 0
    search_count: int = 0
    last_view: int | bool | None = None  # True only in a value: as visit_end
    # cart
    add_count: int = 0
    wish_count: int = 0
    last_add: int | None = None
    last_cart: int | bool | None = None  # True only in a value: as last_add
    checkout: bool = False
    # orders
    order_count: int = 0
    refund_count: int = 0
    cents: int = 0
    last_order: int | None = None
    # engagement
    warmth: float = 0.0
    warm_at: int | bool = 0  # True only in a value: as visit_end
    # series
    product_views: list[int] | None = None
    other_views: list[int] | None = None
    searches: list[int] | None = None
    adds: list[int] | None = None
    wishes: list[int] | None = None
    orders: list[int] | None = None
    refunds: list[int] | None = None
    money: list[int] | None = None
    visits: list[int] | None = None  # sessions but the newest, at their start's hour
    visit_time: list[int] | None = None
    days: list[int] | None = None  # day - h0 // 24
    # what is needed to take in late events as if they had come in order
    recent_visits: bytes | None = None  # 16 bytes each, but the newest, within the lateness window: scoring/traits/presence.py
    cart: bytes | dict[str, list[Any]] | None = None  # product -> [thousandths, cents, decimal text or None]
    cart_base: bytes | dict[str, list[Any]] | None = None  # the cart before cart_log
    cart_log: bytes | list[list[Any]] | None = None  # [order key, action, product, quantity, price] after cart_floor
    cart_floor: int | None = None  # order key: nothing at or before it can touch the cart
    base_checkout: bool = False
    order_ids: bytes | None = None  # 8 bytes each
    recent_orders: list[Any] | None = None  # records of five, see scoring/traits/orders.py
    event_ids: bytes | None = None  # 15 bytes each, the newest last
    profile: bytes | dict[str, list[Any]] | None = None  # field -> [ts, value]
    # memberships: bit masks over the definitions' layout, and what scoring/engine/membership.py remembers of each by its index
    members: int | bytes = 0
    holding: int | bytes = 0
    history: bytes | History | None = None
    gone: dict[str, list[Any]] | None = None  # segments no longer defined: name -> [episode, last exit]
    # owned by campaigns
    campaigns: dict[Any, Any] | None = None
    mail: dict[str, Any] | None = None
    # owned by the worker
    offsets: list[int] | None = None  # by topic rank: the last applied offset
    outbox: list[Any] | None = None
    ties: Ties | None = None  # to other ids: scoring/merge
    facts: bytes | dict[int, Any] | None = None  # by the key of a trait beyond the core: scoring/traits/trait.py
    # as `due`, of the segments that change in days and of those that change in weeks (scoring/engine/pace.py); in a value whole hours
    # from h0, rounded down, -1 for NEVER
    soon: int = 0
    later: int = 0
    holds: list[int] | None = None  # segments that are held or wait, and since when: scoring/engine/membership.py
    # the segments that time alone may turn, as things are: others need no look at a deadline (scoring/engine/plan.py); -1: all of them
    near: int | bytes = -1


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Customer).decode
_unpack: Callable[[bytes], Any] = msgspec.msgpack.Decoder().decode
_unpack_list: Callable[[Any], list[Any]] = msgspec.msgpack.Decoder(list[Any]).decode


def create(ts: int) -> Customer:
    """A customer whose first event is at `ts`."""
    return Customer(first_seen=ts, h0=ts // DAY * 24, at=ts, warm_at=ts, soon=NEVER, later=NEVER)


def encode(state: Customer) -> bytes:
    """The value to store. The state means what it did before; what was unpacked is packed again."""
    if state.history.__class__ is dict:
        state.history = _encode(packed_history(state.history))
    if state.cart.__class__ is dict:
        state.cart = _encode(state.cart)
    if state.cart_log.__class__ is list:
        state.cart_log = _packed_log(state.cart_log)
    if state.cart_base.__class__ is dict:
        state.cart_base = _encode(state.cart_base)
    if state.profile.__class__ is dict:
        state.profile = _encode(packed_profile(state.profile))
    if state.facts.__class__ is dict:
        state.facts = _encode(state.facts) if state.facts else None
    state.version = VERSION
    last_view, warm_at, members, holding = state.last_view, state.warm_at, state.members, state.holding
    # The newest event was most often a view, and set all three: one is enough.
    if last_view == state.visit_end:
        state.last_view = True if last_view is not None else None
    if warm_at == state.visit_end:
        state.warm_at = True
    last_cart, soon, later, h0 = state.last_cart, state.soon, state.later, state.h0
    if last_cart == state.last_add and last_cart is not None:
        state.last_cart = True
    # Written out: two calls for each of them would be a tenth of the whole.
    hour = soon // HOUR - h0
    state.soon = -1 if soon >= NEVER else hour if hour > 0 else 0
    hour = later // HOUR - h0
    state.later = -1 if later >= NEVER else hour if hour > 0 else 0
    if members >= _MASK_LIMIT:  # type: ignore[operator]
        state.members = members.to_bytes((members.bit_length() + 7) // 8, "little")  # type: ignore[union-attr]
    if holding >= _MASK_LIMIT:  # type: ignore[operator]
        state.holding = holding.to_bytes((holding.bit_length() + 7) // 8, "little")  # type: ignore[union-attr]
    near = state.near
    if near >= _MASK_LIMIT:  # type: ignore[operator]
        state.near = near.to_bytes((near.bit_length() + 7) // 8, "little")  # type: ignore[union-attr]
    value = _encode(state)
    if near >= _MASK_LIMIT:  # type: ignore[operator]
        state.near = near
    state.last_view, state.warm_at, state.members, state.holding = last_view, warm_at, members, holding
    state.last_cart, state.soon, state.later = last_cart, soon, later
    return value


def decode(value: bytes | memoryview) -> Customer:
    """Raises msgspec.DecodeError for a value that is no state, StateFromTheFuture for one of a newer version."""
    state = _decode(value)
    if state.version > VERSION:
        raise StateFromTheFuture(f"the state has version {state.version}, this release reads up to {VERSION}: install a newer release")
    if state.last_view is True:
        state.last_view = state.visit_end
    if state.warm_at is True:
        state.warm_at = state.visit_end or 0
    if state.last_cart is True:
        state.last_cart = state.last_add
    soon, later = state.soon, state.later
    state.soon = NEVER if soon < 0 else (soon + state.h0) * HOUR
    state.later = NEVER if later < 0 else (later + state.h0) * HOUR
    mask = state.members
    if mask.__class__ is bytes:
        state.members = int.from_bytes(mask, "little")
    mask = state.holding
    if mask.__class__ is bytes:
        state.holding = int.from_bytes(mask, "little")
    mask = state.near
    if mask.__class__ is bytes:
        state.near = int.from_bytes(mask, "little")
    return state


# ---- packed fields, ready for use and for change in place


def _opener(field: str, unpack: Callable[[Any], Any] | None = None) -> Callable[[Customer], Any]:
    read = attrgetter(field)

    def opened(s: Customer) -> Any:
        found = read(s)
        if found.__class__ is bytes:
            found = _unpack(found) if unpack is None else unpack(_unpack(found))
            setattr(s, field, found)
        return found

    return opened


#: What a field holds, None for nothing. Raise msgspec.DecodeError where it is damaged.
#: The history as it is worked with; see scoring/packed.py.
open_history_of: Callable[[Customer], History | None] = _opener("history", unpacked_history)
cart_of: Callable[[Customer], dict[str, list[Any]] | None] = _opener("cart")
cart_base_of: Callable[[Customer], dict[str, list[Any]] | None] = _opener("cart_base")
profile_of: Callable[[Customer], dict[str, list[Any]] | None] = _opener("profile", unpacked_profile)
_unpack_facts: Callable[[Any], dict[int, Any]] = msgspec.msgpack.Decoder(dict[int, msgspec.Raw]).decode


def history_of(s: Customer) -> History | None:
    """The history, a record for each segment the customer was ever in."""
    found = open_history_of(s)
    if found is not None:
        spread(found)
    return found


def sealed_facts(s: Customer) -> dict[int, Any] | None:
    """By trait, each still packed until somebody asks for it: most events are of interest to a few, and most looks to one."""
    found = s.facts
    if found.__class__ is bytes:
        found = s.facts = _unpack_facts(found)
    return found  # type: ignore[return-value]


def opened(facts: dict[int, Any], key: int) -> Any:
    """What a trait keeps, for use and for change in place; None if it keeps nothing."""
    found = facts.get(key)
    if found.__class__ is msgspec.Raw:
        found = facts[key] = _unpack(found)
    return found


def fact(s: Customer, key: int) -> Any:
    """As `opened`."""
    facts = s.facts
    if facts is None:
        return None
    if facts.__class__ is bytes:
        facts = s.facts = _unpack_facts(facts)
    found = facts.get(key)  # type: ignore[union-attr]
    if found.__class__ is msgspec.Raw:
        found = facts[key] = _unpack(found)  # type: ignore[index]
    return found


def facts_of(s: Customer) -> dict[int, Any] | None:
    """All of them, opened."""
    facts = sealed_facts(s)
    for key in facts or ():
        opened(facts, key)  # type: ignore[arg-type]
    return facts


def cart_log_of(s: Customer) -> list[list[Any]] | None:
    """As the others. It travels flat, each order key as its distance from the one before: three bytes less an operation."""
    found = s.cart_log
    if found.__class__ is bytes:
        flat, log, key = _unpack_list(found), [], 0
        if flat and flat[0].__class__ is list:  # as version 1 had it
            s.cart_log = flat
            return flat
        for at in range(0, len(flat), 5):
            key += flat[at]
            log.append([key, *flat[at + 1 : at + 5]])
        s.cart_log = found = log
    return found  # type: ignore[return-value]


def _packed_log(log: list[list[Any]]) -> bytes:
    flat: list[Any] = []
    before = 0
    for key, action, product, quantity, price in log:
        flat += (key - before, action, product, quantity, price)
        before = key
    return _encode(flat)


class StateFromTheFuture(ValueError):
    """A value written by a newer release."""
