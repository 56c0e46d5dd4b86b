"""The catalogue: records of the topic `catalog`, keyed by product, and what is news in them.

A record says what a product is now; what it leaves out stays as it was known. A record without a value says that the product is gone: it
is out of stock. The newest in the topic counts, whatever its `ts`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from scoring.events import instants, money
from scoring.events.decode import FUTURE, parser_of
from scoring.events.invalid import Invalid, shown
from scoring.events.schema import News, Product
from scoring.events.wire import ProductValue

#: (value, key, record timestamp in epoch ms) -> product; raises Invalid.
DecodeProduct = Callable[[bytes | None, bytes | None, int], Product]

#: Customers keep a product's name with what they were told of it.
_LONGEST_NAME = 200


class Known(msgspec.Struct, array_like=True, gc=False):
    """What is known of a product. `told`: the instant of the newest news of it, or of its first record; `price` in cents."""

    told: int
    price: int | None = None
    in_stock: bool | None = None
    name: str | None = None


def compare(known: Known | None, product: Product) -> tuple[Known, News | None]:
    """What is known with this record, and what is news to customers: another price than before, or another stock. The first record of a
    product is none. Of two records of a product the later has a later instant, so news can be told apart by product and `ts`."""
    if known is None:
        return Known(product.ts, product.price, product.in_stock, product.name), None
    price = known.price if product.price is None else product.price
    in_stock = known.in_stock if product.in_stock is None else product.in_stock
    name = product.name or known.name
    if price == known.price and in_stock == known.in_stock:
        return (known if name == known.name else Known(known.told, price, in_stock, name)), None
    ts = max(product.ts, known.told + 1)
    news = News("", ts, product.product_id, name or product.product_id, price, known.price, in_stock, known.in_stock)
    return Known(ts, price, in_stock, name), news


def decoder(currency: str = "EUR") -> DecodeProduct:
    """Of the records of the topic `catalog`."""
    parse = parser_of(ProductValue, currency)

    def decode(value: bytes | None, key: bytes | None, timestamp: int) -> Product:
        if value is None:
            return _gone(key, timestamp)
        found: ProductValue = parse(value)
        if key != found.product_id.encode():
            raise Invalid("key_mismatch", f"the key is {shown(key)}: expected the UTF-8 bytes of product_id {shown(found.product_id)}")
        if found.ts is None and timestamp < 0:
            raise Invalid("bad_ts", "ts is absent and the record has no timestamp either")
        ts = _instant(timestamp if found.ts is None else found.ts)
        if ts > timestamp + FUTURE:
            raise Invalid("future_ts", f"ts is {shown(found.ts)}, more than 5 minutes after the record's own timestamp {timestamp}")
        return _product(found, ts)

    return decode


def row_decoder(currency: str = "EUR") -> Callable[[bytes], Product]:
    """Of the rows of files, JSON with an `event_type`; there `ts` is required."""
    parse = parser_of(ProductValue, currency)

    def decode(line: bytes) -> Product:
        found: ProductValue = parse(line)
        if found.ts is None:
            raise Invalid("missing_field", "ts: required in files")
        return _product(found, _instant(found.ts))

    return decode


def _instant(given: int | str) -> int:
    return instants.epoch_ms(given) if isinstance(given, str) else instants.checked(given)


def _gone(key: bytes | None, timestamp: int) -> Product:
    try:
        product_id = (key or b"").decode()
    except UnicodeDecodeError:
        raise Invalid("key_mismatch", f"the key is {shown(key)}: expected a product id in UTF-8") from None
    if not product_id:
        raise Invalid("missing_field", "the key: expected a product id")
    return Product(product_id, instants.checked(timestamp), in_stock=False)


def _product(found: ProductValue, ts: int) -> Product:
    if found.event_type not in (None, "catalog"):
        raise Invalid("contradiction", f"event_type {shown(found.event_type)} contradicts the topic: this topic has catalog")
    if not found.product_id:
        raise Invalid("missing_field", "product_id: required")
    money.price(bytes(found.price), "price")  # refuses what is below 0
    price = money.amount(bytes(found.price), "price")
    return Product(found.product_id, ts, (found.name or "")[:_LONGEST_NAME] or None, price, found.in_stock)


# ---- news, as records of a topic of our own

_encode = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(News).decode


def news_value(news: News) -> bytes:
    return _encode(news)


def told(value: bytes | None, key: bytes | None, timestamp: int) -> Any:
    """News from its record. Raises Invalid."""
    try:
        return _read(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as failure:
        raise Invalid("not_news", f"no record of ours: {failure}") from None
