"""The accepted event, one struct a topic: what the decoders return and the traits fold.

Units: `ts` is event time in epoch milliseconds; quantities are whole thousandths; a price is whole cents as an `int`, or
its decimal text as a `str` where it is not whole cents; an amount is whole cents. `offset` is the record's place in its
topic partition (in files: the order read). `more` is the whole record, where traits beyond the core want it: its texts are as they came.
A page view has it where it says more than the event.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from scoring.events.wire import FeedbackValue, PageViewValue, PurchaseValue

#: Topic names in rank order: at equal `ts` a customer's events are taken in this order.
TOPICS: tuple[str, ...] = ("page-views", "cart-events", "purchases", "email-events", "feedback", "profiles", "identities")
PAGE_VIEWS, CART_EVENTS, PURCHASES, EMAIL_EVENTS, FEEDBACK, PROFILES, IDENTITIES = range(7)
#: The worker reads one topic more, on which customers hand things over to each other (scoring/merge).
HANDOVERS = 7
#: And, where a trait wants it, one that tells of products (docs/decisions/0014-product-news.md): of an instant's events they come last.
PRODUCT_NEWS = 8
#: What the shop's catalogue says of products, keyed by product: it becomes news where it is compared with what it said before.
CATALOG = "catalog"
NEWS = "product-news"
RANKS = 9

#: Topics whose events can have the whole record with them, as `more`.
WHOLE = frozenset((PAGE_VIEWS, PURCHASES, FEEDBACK))

#: Event types of a cart event's `action`.
CART_EVENT_TYPES: dict[str, str] = {
    "add": "cart_add", "remove": "cart_remove", "update": "cart_update", "clear": "cart_clear",
    "checkout_started": "checkout_started", "wishlist_add": "wishlist_add",
}  # fmt: skip


class PageView(msgspec.Struct, gc=False):
    rank: ClassVar[int] = PAGE_VIEWS
    customer_id: str
    ts: int
    event_id: str | None = None
    product_id: str | None = None
    page_type: str | None = None
    category_id: str | None = None
    session_id: str | None = None
    cents: int | None = None  # the price shown
    more: PageViewValue | None = None  # the last, wherever there is one: scoring/merge/handover.py

    @property
    def event_type(self) -> str:
        return "page_view"


class CartEvent(msgspec.Struct, gc=False):
    rank: ClassVar[int] = CART_EVENTS
    customer_id: str
    ts: int
    action: str  # add, remove, update, clear, checkout_started, wishlist_add
    event_id: str | None = None
    product_id: str | None = None
    quantity: int | None = None  # thousandths; defaults filled in: add and update 1000, remove None = the whole line
    price: int | str | None = None
    category_id: str | None = None
    session_id: str | None = None

    @property
    def event_type(self) -> str:
        return CART_EVENT_TYPES[self.action]


class Purchase(msgspec.Struct, gc=False):
    rank: ClassVar[int] = PURCHASES
    customer_id: str
    ts: int
    order_id: str
    refunded: bool = False
    amount: int = 0  # cents, never negative for a refund: `total`, else the sum over the lines
    event_id: str | None = None
    session_id: str | None = None
    more: PurchaseValue | None = None

    @property
    def event_type(self) -> str:
        return "refund" if self.refunded else "purchase"


class EmailEvent(msgspec.Struct, gc=False):
    rank: ClassVar[int] = EMAIL_EVENTS
    customer_id: str
    ts: int
    type: str  # delivered, opened, clicked, bounced, complained, unsubscribed
    message_id: str = ""
    machine: bool = False
    event_id: str | None = None
    soft: bool = False  # of bounced: one that may pass, such as a full mailbox

    @property
    def event_type(self) -> str:
        return "email_" + self.type


class Feedback(msgspec.Struct, gc=False):
    rank: ClassVar[int] = FEEDBACK
    customer_id: str
    ts: int
    kind: str
    score: float | None = None
    max_score: float | None = None
    text: str | None = None
    product_id: str | None = None
    event_id: str | None = None
    more: FeedbackValue | None = None

    @property
    def event_type(self) -> str:
        return "feedback"


class Profile(msgspec.Struct, gc=False):
    rank: ClassVar[int] = PROFILES
    customer_id: str
    ts: int
    #: Field name -> value; None takes the field away. Each consent and trait is a field of its own: `consent.email`, `traits.shoe_size`.
    fields: dict[str, object]
    event_id: str | None = None

    @property
    def event_type(self) -> str:
        return "profile"


class Identity(msgspec.Struct, gc=False):
    """Two ids are one customer, `customer_id`; or, with `forget`, that customer is to be forgotten."""

    rank: ClassVar[int] = IDENTITIES
    customer_id: str
    ts: int
    anonymous_id: str = ""  # "" with `forget`
    forget: bool = False
    event_id: str | None = None

    @property
    def event_type(self) -> str:
        return "forget" if self.forget else "identity"


class Product(msgspec.Struct, gc=False):
    """What the catalogue says of a product, on the topic `catalog`. What a record leaves out is None: it stays as it was known."""

    rank: ClassVar[int] = PRODUCT_NEWS
    product_id: str
    ts: int
    name: str | None = None
    price: int | None = None  # cents
    in_stock: bool | None = None

    @property
    def event_type(self) -> str:
        return CATALOG


class News(msgspec.Struct, gc=False):
    """That a product's price or stock is another than before, as told to one customer. No two of a product have one `ts`."""

    rank: ClassVar[int] = PRODUCT_NEWS
    customer_id: str
    ts: int
    product_id: str
    name: str
    price: int | None  # cents
    old_price: int | None
    in_stock: bool | None
    was_in_stock: bool | None

    event_id: ClassVar[None] = None

    @property
    def event_type(self) -> str:
        return CATALOG


#: What a customer does, or is told of it: the engine's own. By rank.
Happening = PageView | CartEvent | Purchase | EmailEvent | Feedback | Profile
HAPPENINGS = (PageView, CartEvent, Purchase, EmailEvent, Feedback, Profile)

Event = Happening | News | Identity
