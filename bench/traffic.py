"""Seeded traffic for benchmarks: JSON events of 110 to 160 bytes, 85 % views, 12 % cart, 3 % purchases, `ts` in RFC 3339."""

from __future__ import annotations

import random
from collections.abc import Iterator

from scoring.instants import rfc3339

Record = tuple[int, bytes, bytes, int]  # topic rank, key, value, event time in ms

_PAGES = ("home", "category", "search", "help")


def traffic(
    events: int, customers: int, *, seed: int = 1, start: int = 1_767_225_600_000, per_second: float = 20.0, evenly: bool = False
) -> Iterator[Record]:
    """Events in time order. Customers visit in bursts, a few of them much more often than the rest; or (`evenly`) each event is
    anybody's, which touches the most states."""
    r = random.Random(seed)
    now = float(start)
    active = [r.randrange(customers) for _ in range(max(16, customers // 40))]
    for n in range(events):
        now += r.expovariate(per_second) * 1000
        slot = r.randrange(len(active))
        if evenly:
            active[slot] = r.randrange(customers)
        elif r.random() < 0.08:
            active[slot] = int(customers * r.random() ** 1.5)
        customer = f"c{active[slot]:07d}"
        ts = int(now)
        head = f'{{"customer_id":"{customer}","ts":"{rfc3339(ts)}","session_id":"s{active[slot]:x}-{ts // 3_600_000:x}"'
        product = f"p{r.randrange(5000):05d}"
        kind = r.random()
        if kind < 0.85:
            body = (
                f',"page_type":"product","product_id":"{product}","price":{r.randrange(500, 20000) / 100}'
                if r.random() < 0.6
                else (f',"page_type":"{r.choice(_PAGES)}","url":"/{r.choice(_PAGES)}/{n % 997}"')
            )
            yield 0, customer.encode(), f"{head}{body}}}".encode(), ts
        elif kind < 0.97:
            action = r.choices(("add", "remove", "update", "checkout_started", "wishlist_add"), (60, 10, 8, 10, 12))[0]
            body = f',"action":"{action}","product_id":"{product}"'
            if action in ("add", "update"):
                body += f',"quantity":{r.randrange(1, 4)},"price":{r.randrange(500, 20000) / 100}'
            yield 1, customer.encode(), f"{head}{body}}}".encode(), ts
        else:
            yield 2, customer.encode(), f'{head},"order_id":"o{n:08d}","total":{r.randrange(1000, 30000) / 100}}}'.encode(), ts
