"""The reference job as an ordinary Faust app, in the way of Faust's documentation and with its defaults.

    BROKER=… PREFIX=… EVENTS=… APP=… DATADIR=… python -m bench.contestants.plain_faust worker --without-web

An agent a topic, records, tables with a changelog for counts, cart and tier; a change is sent when the tier changes and when the cart gets
filled or empty (a purchase empties it). From the first event applied to the last; prints one JSON object and exits.
"""

from __future__ import annotations

import json
import os
import time

import faust

PREFIX = os.environ["PREFIX"]
EVENTS = int(os.environ["EVENTS"])

app = faust.App(os.environ["APP"], broker=f"kafka://{os.environ['BROKER']}", topic_partitions=4, datadir=os.environ["DATADIR"])


class PageView(faust.Record, serializer="json"):
    customer_id: str
    ts: str
    session_id: str | None = None
    page_type: str | None = None
    product_id: str | None = None
    url: str | None = None
    price: float | None = None


class CartEvent(faust.Record, serializer="json"):
    customer_id: str
    ts: str
    action: str
    product_id: str | None = None
    session_id: str | None = None
    quantity: float = 1
    price: float | None = None


class Purchase(faust.Record, serializer="json"):
    customer_id: str
    ts: str
    order_id: str
    total: float
    session_id: str | None = None


class Change(faust.Record, serializer="json"):
    customer_id: str
    segment: str
    kind: str
    at: str


page_views = app.topic(PREFIX + "page-views", key_type=str, value_type=PageView)
cart_events = app.topic(PREFIX + "cart-events", key_type=str, value_type=CartEvent)
purchases = app.topic(PREFIX + "purchases", key_type=str, value_type=Purchase)
changes = app.topic(PREFIX + "plain-faust-changes", key_type=str, value_type=Change)

views = app.Table("views", default=int)
orders = app.Table("orders", default=int)
carts = app.Table("carts", default=dict)
tiers = app.Table("tiers", default=str)

_done, _began, _cpu = 0, 0.0, 0.0


@app.agent(page_views)
async def on_page_view(stream: faust.Stream[PageView]) -> None:
    async for event in stream:
        customer = event.customer_id
        seen = views[customer] + 1
        views[customer] = seen
        tier = "heavy" if seen >= 12 else "medium" if seen >= 4 else "light"
        if tiers[customer] != tier:
            tiers[customer] = tier
            await changes.send(key=customer, value=Change(customer, "usage", "moved", event.ts))
        count()


@app.agent(cart_events)
async def on_cart_event(stream: faust.Stream[CartEvent]) -> None:
    async for event in stream:
        customer = event.customer_id
        cart = dict(carts[customer])
        was_filled = bool(cart)
        if event.action == "add":
            cart[event.product_id] = cart.get(event.product_id, 0) + event.quantity
        elif event.action == "update":
            cart[event.product_id] = event.quantity
        elif event.action == "remove":
            cart.pop(event.product_id, None)
        carts[customer] = cart
        if bool(cart) != was_filled:
            await changes.send(key=customer, value=Change(customer, "cart_filled", "entered" if cart else "exited", event.ts))
        count()


@app.agent(purchases)
async def on_purchase(stream: faust.Stream[Purchase]) -> None:
    async for event in stream:
        customer = event.customer_id
        orders[customer] += 1
        if carts[customer]:
            carts[customer] = {}
            await changes.send(key=customer, value=Change(customer, "cart_filled", "exited", event.ts))
        count()


def count() -> None:
    global _done, _began, _cpu
    _done += 1
    if _done == 1:
        _began, _cpu = time.perf_counter(), time.process_time()
    elif _done == EVENTS:
        figures = {"events": EVENTS - 1, "seconds": time.perf_counter() - _began, "cpu": time.process_time() - _cpu}
        os.write(1, b"\nFIGURES " + json.dumps(figures).encode() + b"\n")
        os._exit(0)


if __name__ == "__main__":
    app.main()
