"""A seeded mutator: valid events in, and out come the records that broken producers send (and some that are right)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.fuzz.corpus import Event, Fields

Headers = tuple[tuple[str, bytes | None], ...]

HOUR, DAY = 3_600_000, 86_400_000

#: Values of JSON that no field, or only some, should have; some are no JSON.
STRANGE = (
    b"null", b"true", b"false", b"0", b"-1", b"-0", b"0.0004", b"1e400", b"-1e-400", b"1E999999999", b"99999999999999999999999999",
    b"1" * 400, b"0." + b"3" * 300, b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"1.7976931348623157e308",
    b"5e-324", b"007", b"0x10", b"1.", b".5", b"+1", b"NaN", b"nan", b"Infinity", b"-Infinity", b"undefined", b"", b'""', b'"x"', b"'x'",
    b'"', b'"\\ud800"', b'"\\udfff\\ud800"', b'"\xed\xa0\x80"', b'"\xff"', b'"\\u0000"', b'"\x00"', b'"\xe2\x80\xae\xf0\x9f\x9b\x92"',
    b'"' + b"long " * 2_000 + b'"', b"[]", b"{}", b"[null]", b'[{"product_id":{}}]', b'[{"quantity":1e11,"price":1e11}]',
    b'[{"quantity":-3,"price":-9.99}]', b'[{"quantity":"2"}]', b'{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":1}}}}}}}}}',
    b'{"a":1,"a":2}', b"[" * 60 + b"]" * 60, b"[" * 3_000, b'{"x":' * 1_500 + b"1" + b"}" * 1_500, b'{"":null}', b'{"\\ud800":1}',
    b'{"email":"yes"}', b'{"email":true,"email":false}', b'{"n":12345678901234567890}', b'{"f":1e308,"g":-2.5e-308}', b'"add"',
    b'"refunded"', b'"opened"', b'"nps"', b'"placed "', b'"USD"', b'"EUR"',
)  # fmt: skip
#: Instants as strings and numbers: far, near, and none.
INSTANTS = (
    b'"2026-03-01T11:00:00Z"', b'"2026-03-01 11:00:00"', b'"2026-03-01T11:00:00"', b'"2026-02-30T11:00:00Z"', b'"2016-12-31T23:59:60Z"',
    b'"0001-01-01T00:00:00Z"', b'"0001-01-01T00:00:00+23:59"', b'"9999-12-31T23:59:59.999Z"', b'"9999-12-31T23:59:59-23:59"',
    b'"1969-12-31T23:59:59.999Z"', b'"1900-01-01t00:00:00.123456789z"', b"-1", b"0", b"1", b"-62135596800000", b"-62135596800001",
    b"253402300799999", b"253402300800000", b"1e12", b"1700000000.5", b"1700000000", b"9223372036854775808", b'"now"', b'""', b"null",
    b"[]", b"true",
)  # fmt: skip
#: Fields of every topic: one may turn up in another.
NAMES = (
    "customer_id", "ts", "event_type", "event_id", "session_id", "action", "product_id", "quantity", "price", "category_id", "order_id",
    "status", "lines", "total", "discount", "coupon", "gift", "currency", "type", "message_id", "machine", "kind", "score", "max_score",
    "text", "answers", "email", "first_name", "household_size", "birth_date", "consent", "traits", "page_type", "benefit", "url",
    "query", "", "\\u0000", "CUSTOMER_ID",
)  # fmt: skip
HEADERS: tuple[Headers, ...] = (
    (),
    (("trace", b"00-4bf9"),),
    (("", b""), ("null", None), ("null", b"\x00\xff")),
    (("error", b"not_json"), ("detail", b""), ("topic", b"purchases"), ("partition", b"x"), ("offset", b"-1"), ("timestamp", b"")),
    (("ключ" * 20, b"\xff" * 300),),
    tuple((f"h{number}", b"v") for number in range(40)),
)  # fmt: skip
INSERTED = (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"}", b",", b'"', b"\\", b"\n\r\t")
CUSTOMERS = ("\x00", "a\nb", "é" * 128, "x" * 128, "x" * 129, "\U0001f6d2", "\ufeff", " ", "0", "null", "a/b", "\u202e")


@dataclass(slots=True)
class Input:
    """A record of an input topic. `topic`, `partition` and `offset` say where it came to stand."""

    rank: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Headers
    topic: str = ""
    partition: int = 0
    offset: int = 0


class Mutator:
    """`record` is the next of an endless row of records, the same one for the same seed."""

    def __init__(self, seed: int, events: Sequence[Event]) -> None:
        self._dice = random.Random(seed)
        self._events = events
        self._kinds: list[Callable[[Input, Fields], None]] = [
            *[self._as_it_is] * 3, *[self._at_another_time] * 2, self._again, self._bytes_changed, self._bytes_changed, self._cut,
            self._inserted, self._doubled, self._spliced, self._field_strange, self._field_strange, self._field_strange,
            self._field_gone, self._field_twice, self._field_of_another_topic, self._instant_strange, self._instant_strange,
            self._another_key, self._another_customer, self._no_value, self._another_topic, self._wrapped, self._many_traits,
            self._noise,
        ]  # fmt: skip
        self._last = Input(0, b"v0", b"{}", 0, ())

    def record(self, ts: int) -> Input:
        """Made of an event at `ts` (ms), which is the record's timestamp too."""
        dice = self._dice
        event = self._events[int(dice.random() * len(self._events))]
        fields = [*event.fields, ("ts", b"%d" % ts)]
        if event.ids:  # the corpus comes by again and again: its orders and event ids are others half a day later
            for place in event.ids:
                name, value = fields[place]
                fields[place] = name, b'%s-%d"' % (value[:-1], ts // (12 * HOUR))
        record = Input(event.rank, event.customer.encode(), None, ts, HEADERS[int(dice.random() ** 3 * len(HEADERS))])
        self._kinds[int(dice.random() * len(self._kinds))](record, fields)
        self._last = record
        return record

    # ---- right, or nearly

    def _as_it_is(self, record: Input, fields: Fields) -> None:
        record.value = text(fields)

    def _at_another_time(self, record: Input, fields: Fields) -> None:
        """Late, early, or of another year."""
        dice = self._dice
        reach = dice.choice((HOUR, DAY, DAY, 400 * DAY, 20_000 * DAY))
        record.value = text(fields[:-1] + [("ts", b"%d" % (record.timestamp - int(reach * (dice.random() * 1.1 - 0.1))))])

    def _again(self, record: Input, fields: Fields) -> None:
        last = self._last
        record.rank, record.key, record.value, record.headers = last.rank, last.key, last.value, last.headers

    # ---- bytes

    def _bytes_changed(self, record: Input, fields: Fields) -> None:
        dice, changed = self._dice, bytearray(text(fields))
        for _ in range(1 + int(dice.random() ** 2 * 6)):
            place = int(dice.random() * len(changed))
            changed[place] = changed[place] ^ (1 << int(dice.random() * 8)) if dice.random() < 0.5 else int(dice.random() * 256)
        record.value = bytes(changed)

    def _cut(self, record: Input, fields: Fields) -> None:
        whole = text(fields)
        record.value = whole[: int(self._dice.random() * len(whole))]

    def _inserted(self, record: Input, fields: Fields) -> None:
        whole = text(fields)
        place = int(self._dice.random() * (len(whole) + 1))
        record.value = whole[:place] + self._dice.choice(INSERTED) + whole[place:]

    def _doubled(self, record: Input, fields: Fields) -> None:
        whole = text(fields)
        first, last = sorted((int(self._dice.random() * len(whole)), int(self._dice.random() * len(whole))))
        record.value = whole[:last] + whole[first:]

    def _spliced(self, record: Input, fields: Fields) -> None:
        whole, other = text(fields), self._last.value or b"null"
        record.value = whole[: int(self._dice.random() * len(whole))] + other[int(self._dice.random() * len(other)) :]

    def _noise(self, record: Input, fields: Fields) -> None:
        record.value = self._dice.randbytes(int(self._dice.random() * 60))

    # ---- JSON and fields

    def _field_strange(self, record: Input, fields: Fields) -> None:
        place = int(self._dice.random() * len(fields))
        fields[place] = fields[place][0], self._dice.choice(STRANGE)
        record.value = text(fields)

    def _field_gone(self, record: Input, fields: Fields) -> None:
        del fields[int(self._dice.random() * len(fields))]
        record.value = text(fields)

    def _field_twice(self, record: Input, fields: Fields) -> None:
        name, value = self._dice.choice(fields)
        fields.insert(int(self._dice.random() * len(fields)), (name, value if self._dice.random() < 0.5 else self._dice.choice(STRANGE)))
        record.value = text(fields)

    def _field_of_another_topic(self, record: Input, fields: Fields) -> None:
        for _ in range(1 + int(self._dice.random() * 3)):
            fields.append((self._dice.choice(NAMES), self._dice.choice(STRANGE)))
        record.value = text(fields)

    def _instant_strange(self, record: Input, fields: Fields) -> None:
        record.value = text(fields[:-1] + [("ts", self._dice.choice(INSTANTS))])

    def _many_traits(self, record: Input, fields: Fields) -> None:
        number = int(self._dice.random() * 10**9)
        record.value = text([*fields, ("traits", b'{"t%d":%s,"u":%s}' % (number % 40, self._dice.choice(STRANGE), b"%d" % number))])

    def _wrapped(self, record: Input, fields: Fields) -> None:
        before, after = self._dice.choice(((b"[", b"]"), (b'{"value":', b"}"), (b'"', b'"'), (b" \n", b" "), (b"", b"{}"), (b"", b"\n")))
        record.value = before + text(fields) + after

    # ---- the record around it

    def _another_key(self, record: Input, fields: Fields) -> None:
        key = record.key or b""
        others = None, b"", b'"' + key + b'"', key + b" ", key.upper() + b"\x00", b"\xff\xfe", b"\xffmeta", key * 300
        record.key = self._dice.choice(others)
        record.value = text(fields)

    def _another_customer(self, record: Input, fields: Fields) -> None:
        """An id that is odd, and mostly right."""
        customer = self._dice.choice(CUSTOMERS)
        record.key = customer.encode()
        quoted = b'"%s"' % customer.encode().replace(b"\n", b"\\n").replace(b"\x00", b"\\u0000")
        record.value = text([("customer_id", quoted), *fields[1:]])

    def _no_value(self, record: Input, fields: Fields) -> None:
        record.value = self._dice.choice((None, None, b"", b"null", b"{}", b"[]", b"0", b'""'))

    def _another_topic(self, record: Input, fields: Fields) -> None:
        record.rank = int(self._dice.random() * 6)
        record.value = text(fields)


def text(fields: Fields) -> bytes:
    return b"{" + b",".join([b'"%s":%s' % (name.encode(), value) for name, value in fields]) + b"}"
