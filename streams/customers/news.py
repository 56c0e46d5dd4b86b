"""News of products finds its customers: in a partition, those whose state at rest says that they have viewed the product.

A record of news names no customer, and lies in every partition. At its place in order it becomes an event of each customer to whom it
matters, like any other from there on: it is folded, late or not, and skipped where the customer's offset of the topic says that it was
heard. Nobody else is decoded or written. One pass through the states serves all news that is taken together.

Large states are compressed. So that few have to be expanded, a value in memory notes which products the customer has viewed, a bit each,
chosen by the product's hash: when it is first asked, and until it is written anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from scoring.events.schema import PRODUCT_NEWS, CartEvent, News, PageView
from scoring.traits.products import HASH, hashed
from scoring.traits.seen_products import WIDTH, at_rest, wanted
from streams.customers.alignment import Item
from streams.customers.changelog import body, slot_of, with_slot

#: Customers looked at before others may have a turn: some 15 ms where all have to be expanded, a fifth of that where all have noted.
SEARCHED = 2_000
#: And events given to customers.
GIVEN = 2_000
#: In a note: that it was made.
_NOTED = 1 << 63


def apart(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """(news, the others), each in order."""
    return [item for item in items if item[1] == PRODUCT_NEWS], [item for item in items if item[1] != PRODUCT_NEWS]


def spread(
    news: list[Item], states: dict[bytes, bytes], customers: dict[bytes, list[Item]], tied: frozenset[bytes], hearing: set[bytes]
) -> Iterator[None]:
    """Puts news among the events of customers, each in its place, and their keys in `hearing`. Customers whom others may hand facts over to
    now, `tied`, listen to all of it. Yields now and then, so that others may have a turn."""
    by_product: dict[bytes, list[Item]] = {}
    for item in news:
        by_product.setdefault(hashed(_of(item).product_id), []).append(item)
    given = 0
    for key, products in _listeners(by_product, states, customers, tied):
        if key is None:
            yield
            continue
        told: list[Item] = [
            (*item[:3], key, replace(_of(item), customer_id=key.decode("utf-8", "surrogatepass")))
            for each in products for item in by_product[each]
        ]  # fmt: skip
        theirs = customers.get(key)
        if theirs is not None:
            if key not in states:  # who has just come has heard nothing before
                told = [item for item in told if item[:3] > theirs[0][:3]]
            told += theirs
        if told:
            told.sort()  # never compares further than (time, rank, offset), which differ
            customers[key] = told
            hearing.add(key)
        given += len(told)
        if given > GIVEN:
            given = 0
            yield


def _listeners(
    by_product: dict[bytes, list[Item]], states: dict[bytes, bytes], customers: dict[bytes, list[Item]], tied: frozenset[bytes]
) -> Iterator[tuple[bytes | None, set[bytes]]]:
    """Each customer once, with the products; None now and then. What happens to customers now counts as well: it may precede the news."""
    instants = {product: [_of(item).ts for item in items] for product, items in by_product.items()}
    here: dict[bytes, set[bytes]] = {}
    for n, (key, theirs) in enumerate(customers.items()):
        viewed = {hashed(event.product_id) for *_, event in theirs if isinstance(event, PageView | CartEvent) and event.product_id}
        here[key] = set(by_product) if key in tied else viewed & by_product.keys()
        if n % SEARCHED == 0:
            yield None, set()
    bits = _bits(by_product)
    keys = list(states)
    for start in range(0, len(keys), SEARCHED):
        for key in keys[start : start + SEARCHED]:
            stored = states[key]
            note, state = slot_of(stored), None
            if not note:
                state = body(stored)
                note = _NOTED | _bits(seen[i : i + HASH] for seen in at_rest(state) for i in range(0, len(seen) - WIDTH + 1, WIDTH))
                states[key] = with_slot(stored, note)
            if not note & bits:
                continue
            products = wanted(body(stored) if state is None else state, instants)
            if products:
                yield key, here.pop(key, set()).union(products)
        yield None, set()
    yield from ((key, products) for key, products in here.items() if products)


def _bits(products: Iterable[bytes]) -> int:
    """By hash."""
    found = 0
    for product in products:
        found |= 1 << product[0] % 63
    return found


def _of(item: Item) -> News:
    event = item[4]
    assert isinstance(event, News)
    return event
