"""A state as somebody can read it who never saw one: instants as text, money in currency units, quantities as numbers, nothing left out."""

from __future__ import annotations

from typing import Any

from scoring.engine import Engine
from scoring.engine.membership import EPISODE, LAST_EXIT, SINCE, find
from scoring.instants import rfc3339
from scoring.segments.model import Segment
from scoring.state import DAY, HOUR, Customer, cart_of, facts_of, profile_of
from scoring.ties import AWAITING, FORGOTTEN, LIVING, MOVED
from scoring.traits.catalog import TRAITS
from scoring.traits.presence import spans_of

_FORMS = {LIVING: "customer", MOVED: "joined to another id", FORGOTTEN: "forgotten", AWAITING: "waits for the facts of another id"}
_COUNTS = {
    "product_view_count": "product views", "other_view_count": "other page views", "search_count": "searches",
    "add_count": "cart additions", "wish_count": "wish list additions", "session_count": "sessions", "day_count": "active days",
    "order_count": "orders", "refund_count": "refunds",
}  # fmt: skip
_INSTANTS = {
    "first_seen": "first seen", "visit_end": "last visit", "last_view": "last page view", "last_add": "last cart addition",
    "last_cart": "last cart event", "last_order": "last order", "at": "evaluated up to",
}  # fmt: skip
_BY_HOUR = ("product_views", "other_views", "searches", "adds", "wishes", "orders", "refunds", "visits")


def facts(state: Customer) -> dict[str, Any]:
    """What is known, but for memberships."""
    return {
        "instants": {said: _instant(getattr(state, name)) for name, said in _INSTANTS.items()},
        "counts": {said: getattr(state, name) for name, said in _COUNTS.items()},
        "spend": state.cents / 100,
        "engagement": {"score": state.warmth, "as of": _instant(state.warm_at)},
        "time on site, seconds": (state.site_time + (state.visit_end or 0) - (state.visit_start or 0)) / 1000,
        "latest sessions": [{"from": _instant(start), "to": _instant(end)} for start, end in spans_of(state)],
        "active days": [rfc3339((day + state.h0 // 24) * DAY)[:10] for day in state.days or ()],
        "by hour": {name: _series(getattr(state, name), state.h0) for name in _BY_HOUR if getattr(state, name)}
        | ({"spend, cents": _series(state.money, state.h0)} if state.money else {}),
        "cart": [
            {"product_id": product, "quantity": line[0] / 1000, "price": line[1] / 100 if isinstance(line[1], int) else line[1]}
            for product, line in (cart_of(state) or {}).items()
        ],
        "checkout open": state.checkout,
        "profile": {field: {"value": value, "since": _instant(ts)} for field, (ts, value) in (profile_of(state) or {}).items()},
        "traits": {_trait_name(key): _shown(kept) for key, kept in (facts_of(state) or {}).items()},
        "mail": state.mail or {},
        "campaigns": {name: run for name, run in (state.campaigns or {}).items() if name},
        "mails decided of late": (state.campaigns or {}).get("", []),
        "kept as hashes only": {"order ids": len(state.order_ids or b"") // 8, "event ids": len(state.event_ids or b"") // 15},
    }


def identities(state: Customer) -> dict[str, Any]:
    ties = state.ties
    if ties is None:
        return {"is": _FORMS[LIVING], "joined ids": {}}
    found: dict[str, Any] = {"is": _FORMS[ties.form], "joined ids": {name: _instant(ts) for name, ts in ties.names.items()}}
    if ties.form == MOVED:
        found["joined to"] = ties.into
    return found


def memberships(engine: Engine, state: Customer) -> list[dict[str, Any]]:
    """Every segment the customer is in, or was; `engine`: of the definitions they were judged under."""
    is_in, found = engine.memberships(state), []
    for each in engine.steps.by_index:
        record = find(state, each.index)
        if record is None:
            continue
        simple = isinstance(each.definition, Segment)
        left = record[LAST_EXIT]
        found.append(
            {
                "segment": each.name, "family": each.definition.family, "member": bool(is_in.get(each.name)),
                "tier": None if simple else is_in.get(each.name), "since": _instant(record[SINCE] + state.h0 * HOUR),
                "entries" if simple else "moves": record[EPISODE],
                "last left": None if left is None else _instant(left + state.h0 * HOUR),
            }
        )  # fmt: skip
    return found


def _trait_name(key: int) -> str:
    """A trait's families and what it is mostly asked for, as nobody knows it by its key."""
    return next((f"{', '.join(trait.families)} ({trait.attributes[0].name})" for trait in TRAITS if trait.key == key), str(key))


def _shown(kept: Any) -> Any:
    """What a trait keeps; what it has packed is told in hexadecimal digits."""
    if isinstance(kept, dict):
        return {_shown(name): _shown(each) for name, each in kept.items()}
    if isinstance(kept, list | tuple):
        return [_shown(each) for each in kept]
    return kept.hex() if isinstance(kept, bytes) else kept


def _instant(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)


def _series(series: list[int] | None, h0: int) -> dict[str, int]:
    flat = series or []
    return {rfc3339((flat[i] + h0) * HOUR): flat[i + 1] for i in range(0, len(flat), 2)}
