"""Two customers' facts as one's: as if one id had done everything. Docs: decisions/0008, which says what is exact.

`join` goes field by field; what takes more than a line has a module of its own here.
"""

from __future__ import annotations

from scoring.merge import carts, orders, permission, sessions
from scoring.segments.model import Engagement
from scoring.series import joined
from scoring.state import Customer, profile_of
from scoring.traits.catalog import TRAITS
from scoring.traits.engagement import warm
from scoring.traits.trait import join_facts

#: Bytes of an event id, and how many of them are kept (scoring/repeats.py); the last seven hold its `ts`.
_ID_WIDTH, _IDS_KEPT, _STAMP = 15, 32, 8
_MOST_FIELDS = 500


def join(s: Customer, f: Customer, settings: Engagement, lateness: int) -> None:
    """Takes the facts of `f` into `s`, which stays who it is: its memberships, campaigns, ties and offsets are left alone. `f` is used up.

    `s.at` becomes the later of both: nothing may be judged before what is known happened.
    """
    s.at = max(s.at, f.at)
    orders.once(s, f, settings)
    sessions.join(s, f, lateness)
    shift = f.h0 - s.h0
    for series in ("product_views", "other_views", "searches", "adds", "wishes", "orders", "refunds", "money"):
        setattr(s, series, joined(getattr(s, series), getattr(f, series), shift))
    for count in (
        "product_view_count", "other_view_count", "search_count", "add_count", "wish_count", "order_count", "refund_count", "cents",
    ):  # fmt: skip
        setattr(s, count, getattr(s, count) + getattr(f, count))
    carts.join(s, f, lateness)  # before last_cart: it tells a cart that was cleared from a log that was cut
    for last in ("last_view", "last_add", "last_cart", "last_order"):
        setattr(s, last, _later(getattr(s, last), getattr(f, last)))
    s.first_seen = min(s.first_seen, f.first_seen)
    warm(s, f.warmth, f.warm_at, settings.half_life)
    join_facts(s, f, TRAITS)
    refused = permission.Refusals(s), permission.Refusals(f)
    _profiles(s, f)
    permission.join(s, f, refused)
    s.event_ids = event_ids(s.event_ids, f.event_ids)


def _later(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else max(a, b)


def _profiles(s: Customer, f: Customer) -> None:
    """Per field the newest `ts`; at equal ones that of the id that stays."""
    profile, other = profile_of(s), profile_of(f)
    if not other:
        return
    if profile is None:
        profile = s.profile = {}
    for field, entry in other.items():
        known = profile.get(field)
        if known is None:
            if len(profile) < _MOST_FIELDS:
                profile[field] = entry
        elif entry[0] > known[0]:
            profile[field] = entry


def event_ids(a: bytes | None, b: bytes | None) -> bytes | None:
    """The newest of both, by `ts`: in which order they came, two partitions can't tell."""
    both = (a or b"") + (b or b"")
    ids = [both[i : i + _ID_WIDTH] for i in range(0, len(both), _ID_WIDTH)]
    ids.sort(key=lambda each: int.from_bytes(each[_STAMP:], "big", signed=True))
    return b"".join(ids[-_IDS_KEPT:]) or None
