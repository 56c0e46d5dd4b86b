"""What the contract says of a customer, told from the whole history each time: no state, no increments.

Slow and plain on purpose. It shares nothing with `scoring.traits` or `scoring.engine` but the event structs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from scoring.events.schema import CartEvent, EmailEvent, Event, PageView, Profile, Purchase
from scoring.segments.model import Engagement

HOUR, DAY = 3_600_000, 86_400_000
SESSION_GAP = 30 * 60_000
#: Attributes whose value grows by itself.
GROWING = ("since_first_seen", "since_last_visit", "since_last_page_view", "since_last_cart_add", "since_last_purchase", "cart_idle")

Value = float | bool | str | None


def counted_until(ts: int, window: int) -> int:
    """The instant from which an event at `ts` no longer counts in a window: hours up to 31 days, else UTC days."""
    grain = HOUR if window <= 31 * DAY else DAY
    return (ts // grain + 1) * grain + window


def line_cents(quantity: int, price: int | str | None) -> int:
    """Thousandths times a price (whole cents, or decimal text in currency units), rounded half even to cents."""
    if price is None:
        return 0
    cents = Decimal(price) if isinstance(price, int) else Decimal(price) * 100
    return int((Decimal(quantity) * cents / 1000).quantize(Decimal(1), ROUND_HALF_EVEN))


def without_repeated_orders(events: Iterable[Event]) -> list[Event]:
    """An order is placed once: the first in order; refunds are never repeats."""
    seen: set[str] = set()
    kept: list[Event] = []
    for event in events:
        if isinstance(event, Purchase) and not event.refunded:
            if event.order_id in seen:
                continue
            seen.add(event.order_id)
        kept.append(event)
    return kept


class Cart:
    """The cart after some events: product -> [thousandths, last known price]."""

    def __init__(self, events: Iterable[Event], too_late: frozenset[int] = frozenset()) -> None:
        """`too_late`: ids of events that came beyond the lateness window; they are cart events, but without effect."""
        self.lines: dict[str | None, list] = {}
        self.touched: int | None = None  # the last cart event other than wishlist_add
        self.checkout_open = False
        for event in events:
            if isinstance(event, CartEvent) and event.action != "wishlist_add":
                self.touched = event.ts
                if id(event) not in too_late:
                    self._cart_event(event)
            elif isinstance(event, Purchase) and not event.refunded and id(event) not in too_late:
                self.lines = {}
            if not self.lines:
                self.checkout_open = False

    def _cart_event(self, event: CartEvent) -> None:
        if event.action == "checkout_started":
            self.checkout_open = self.checkout_open or bool(self.lines)
        elif event.action == "clear":
            self.lines = {}
        elif event.action in ("add", "update") or event.product_id in self.lines:
            had, price = self.lines.get(event.product_id, [0, None])
            quantity = {
                "add": had + (event.quantity if event.quantity is not None else 1000),
                "update": event.quantity if event.quantity is not None else 1000,
                "remove": 0 if event.quantity is None else had - event.quantity,
            }[event.action]
            self.lines[event.product_id] = [quantity, price if event.price is None else event.price]
            if quantity <= 0:
                del self.lines[event.product_id]


class History:
    """Events of one customer in order, all of them accepted; `too_late` are those (by id) that came too late to touch the cart."""

    def __init__(self, events: Sequence[Event], engagement: Engagement, too_late: frozenset[int] = frozenset()) -> None:
        self.engagement = engagement
        self.events = without_repeated_orders(events)
        self.cart = Cart(self.events, too_late)
        activity = [e.ts for e in self.events if is_activity(e)]
        sessions: list[list[int]] = []
        for ts in activity:
            if sessions and ts - sessions[-1][1] <= SESSION_GAP:
                sessions[-1][1] = ts
            else:
                sessions.append([ts, ts])
        views = [e for e in self.events if isinstance(e, PageView)]
        adds = [e.ts for e in self.events if isinstance(e, CartEvent) and e.action == "add"]
        wishes = [e.ts for e in self.events if isinstance(e, CartEvent) and e.action == "wishlist_add"]
        orders = [e for e in self.events if isinstance(e, Purchase)]
        placed = [e for e in orders if not e.refunded]
        #: attribute -> (instant it counts at, amount)
        self.marks: dict[str, list[tuple[int, int]]] = {
            "page_views": [(e.ts, 1) for e in views],
            "product_views": [(e.ts, 1) for e in views if e.product_id is not None],
            "searches": [(e.ts, 1) for e in views if e.page_type == "search"],
            "cart_adds": [(ts, 1) for ts in adds],
            "wishlist_adds": [(ts, 1) for ts in wishes],
            "purchases": [(e.ts, 1) for e in placed],
            "refunds": [(e.ts, 1) for e in orders if e.refunded],
            "spend": [(e.ts, -e.amount if e.refunded else e.amount) for e in orders],
            "sessions": [(start, 1) for start, _ in sessions],
            "time_on_site": [(start, end - start) for start, end in sessions],
        }
        self.days = sorted({ts // DAY for ts in activity})
        self.instants: dict[str, int | None] = {
            "since_first_seen": self.events[0].ts,
            "since_last_visit": max(activity, default=None),
            "since_last_page_view": max((e.ts for e in views), default=None),
            "since_last_cart_add": max(adds, default=None),
            "since_last_purchase": max((e.ts for e in placed), default=None),
            "cart_idle": self.cart.touched if self.cart.lines else None,
        }
        weights = [(e.ts, weight_of(e, engagement)) for e in self.events]
        self.weighted = [(ts, weight) for ts, weight in weights if weight]

    def value(self, name: str, window: int | None, now: int) -> Value:
        """The attribute's value at `now` if nothing else happens until then; None is missing."""
        if name in self.marks:
            total = sum(n for ts, n in self.marks[name] if window is None or now < counted_until(ts, window))
            return total / 100 if name == "spend" else float(total)
        if name == "active_days":
            return float(len([day for day in self.days if window is None or now // DAY - day < window // DAY]))
        if name in self.instants:
            since = self.instants[name]
            return None if since is None else float(now - since)
        if name == "cart_items":
            return sum(quantity for quantity, _ in self.cart.lines.values()) / 1000
        if name == "cart_value":
            return sum(line_cents(quantity, price) for quantity, price in self.cart.lines.values()) / 100
        if name == "checkout_open":
            return self.cart.checkout_open
        if name == "engagement":
            return self.engagement_at(now)
        if name == "has_email":
            return bool(self.profile("email"))
        if name == "email_consent":
            return self.profile("consent.email") is True
        raise LookupError(name)

    def engagement_at(self, now: int) -> float:
        total = math.fsum(weight * 2.0 ** (-(now - ts) / self.engagement.half_life) for ts, weight in self.weighted)
        return max(total, 5e-324) if self.weighted else 0.0  # the sum of powers never reaches 0, a double does

    def profile(self, field: str) -> object:
        """The newest value by `ts`, the later in order at equal `ts`: the last one, as events are in order."""
        given = [e.fields[field] for e in self.events if isinstance(e, Profile) and field in e.fields]
        return given[-1] if given else None


def is_activity(event: Event) -> bool:
    return isinstance(event, PageView | CartEvent) or (isinstance(event, Purchase) and not event.refunded)


def weight_of(event: Event, engagement: Engagement) -> float:
    if isinstance(event, EmailEvent) and event.type == "opened" and event.machine:
        return 0.0
    return engagement.weights.get(event.event_type, 0.0)
