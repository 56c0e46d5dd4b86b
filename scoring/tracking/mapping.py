"""A call and the table in, records of the input topics out: each as its topic wants it, checked by the same rules the worker goes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Raw

from scoring.events.decode import Decode
from scoring.events.invalid import Invalid, shown
from scoring.events.schema import IDENTITIES, PAGE_VIEWS, PROFILES
from scoring.instants import rfc3339
from scoring.tracking.calls import Call, happened, known_id
from scoring.tracking.fields import EVENTS, LINE, LINES, PROFILE
from scoring.tracking.read import ANY
from scoring.tracking.table import Rule, Sources, Table
from scoring.tracking.values import NULL, Properties, Reader, items, look, plain, properties

#: Types of calls that are taken and become nothing.
_WITHOUT_EVENTS = ("group",)
TYPES = ("track", "identify", "page", "screen", "alias", *_WITHOUT_EVENTS)

_encode = msgspec.json.Encoder().encode
Fields = dict[str, object]


class Record(NamedTuple):
    """One for the input topic of this rank."""

    rank: int
    key: bytes
    value: bytes


class Unknown(Exception):
    """A track call by a name that stands nowhere in the table. `error` and `detail` as Invalid's, for those who refuse it."""

    error = "unknown_name"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.detail = f"event {shown(name)}: no name of a track call that collector.toml knows"


class Mapper:
    """Calls to records by one table. `decoders` by rank, for the shop's currency."""

    def __init__(self, table: Table, decoders: Sequence[Decode]) -> None:
        self._table = table
        self._decoders = decoders
        #: Traits that fill a field, by the first name of their paths: they are no traits of the profile besides.
        self._filling = frozenset(each.path[0] for sources in table.traits.values() for each in sources if not each.context)

    def records(self, call: Call, received: int, now: int | None = None) -> list[Record]:
        """What a call becomes; empty: nothing. Raises Invalid, and Unknown.

        `received`, and `now` when the records are written (default: then), in epoch ms.
        """
        if call.type not in TYPES:
            expected = f"expected one of {', '.join(TYPES)}"
            raise Invalid("missing_field" if call.type is None else "unknown_type", f"type {shown(call.type)}: {expected}")
        ts = rfc3339(happened(call, received))
        customer, message = self._who(call), known_id(call.message_id, "messageId")
        if call.type in _WITHOUT_EVENTS:
            return []
        context = properties(call.context)
        if call.type == "track":
            found = self._tracked(call, context, message)
        elif call.type == "identify":
            found = [(PROFILES, self._profile(properties(call.traits), context))]
            if (anonymous := known_id(call.anonymous_id, "anonymousId")) and anonymous != customer:
                found.append((IDENTITIES, {"anonymous_id": anonymous}))
        elif call.type == "alias":
            found = self._joined(call, customer)
        else:
            found = self._viewed(call, context)
        return [self._record(rank, fields, customer, ts, message, now or received) for rank, fields in found]

    def _who(self, call: Call) -> str:
        user = known_id(call.user_id, "userId")
        if call.type == "alias":
            if not user:
                raise Invalid("missing_field", "userId: required for alias")
            return user
        customer = user or known_id(call.anonymous_id, "anonymousId")
        if not customer:
            raise Invalid("missing_field", "userId or anonymousId: one of them is required")
        return customer

    def _tracked(self, call: Call, context: Properties, message: str) -> list[tuple[int, Fields]]:
        if not call.event:
            raise Invalid("missing_field", "event: required, the name of a track call")
        rule = self._table.track.get(plain(call.event))
        if rule is None:
            raise Unknown(call.event)
        if not rule.event_type:
            return []
        given = properties(call.properties)
        rank, name, word, wanted = EVENTS[rule.event_type]
        fields: Fields = {name: word} if name else {}
        fields |= self._fields(given, context, wanted, rule)
        if rule.event_type in ("purchase", "refund"):
            lines = self._look(given, context, rule.sources.get(LINES) or self._table.properties.get(LINES, ()))
            if lines is not None and lines != NULL:
                fields["lines"] = [self._fields(line, {}, LINE, Rule("")) for line in items(lines, LINES)]
        if name == "type" and "message_id" not in fields and message:
            fields["message_id"] = message  # an unsubscription must not be lost for want of the mail's id
        return [(rank, fields)]

    def _viewed(self, call: Call, context: Properties) -> list[tuple[int, Fields]]:
        pages = self._table.pages
        names = [plain(name) for name in (call.category, call.name) if name]
        page_type = next((pages[name] for name in names if name in pages), pages.get(ANY))
        if page_type == "":
            return []
        given = properties(call.properties)
        given.pop("category", None)  # the page's own once more, in analytics.js, and no product's
        fields = self._fields(given, context, EVENTS["page_view"][3], Rule("page_view"))
        if page_type is not None:
            fields.setdefault("page_type", page_type)
        return [(PAGE_VIEWS, fields)]

    def _joined(self, call: Call, customer: str) -> list[tuple[int, Fields]]:
        former = known_id(call.previous_id, "previousId") or known_id(call.anonymous_id, "anonymousId")
        if not former:
            raise Invalid("missing_field", "previousId: required for alias")
        return [(IDENTITIES, {"anonymous_id": former})] if former != customer else []

    def _fields(self, given: Properties, context: Properties, wanted: Mapping[str, Reader], rule: Rule) -> Fields:
        found: Fields = {}
        for name, read in wanted.items():
            if name in rule.fixed:
                found[name] = Raw(rule.fixed[name])
                continue
            value = self._look(given, context, rule.sources.get(name) or self._table.properties.get(name, ()))
            if value is not None and value != NULL and (value := read(value, name)) is not None:
                found[name] = Raw(value)
        return found

    def _profile(self, given: Properties, context: Properties) -> Fields:
        found: Fields = {}
        consent: Fields = {}
        for name, read in PROFILE.items():
            value = self._look(given, context, self._table.traits.get(name, ()), null=True)
            if value is not None and value != NULL:
                value = read(value, name)
            if value is not None:
                of_consent = name.removeprefix("consent.")
                (found if of_consent == name else consent)[of_consent] = Raw(value)
        if consent:
            found["consent"] = consent
        traits = {name: Raw(value) for key, (name, value) in given.items() if key not in self._filling}
        if traits:
            found["traits"] = traits
        return found

    def _look(self, given: Properties, context: Properties, sources: Sources, *, null: bool = False) -> bytes | None:
        """The first that is there; with `null` also a null."""
        for source in sources:
            value = look(context if source.context else given, source.path)
            if value is not None and (null or value != NULL):
                return value
        return None

    def _record(self, rank: int, fields: Fields, customer: str, ts: str, message: str, now: int) -> Record:
        head: Fields = {"customer_id": customer, "ts": ts}
        if message:
            # A customer's events are told apart by their ids over all topics: what an identify call says of two things has two.
            head["event_id"] = message if rank != IDENTITIES else f"{message}#identity"
        key, value = customer.encode("utf-8", "surrogatepass"), _encode(head | fields)
        self._decoders[rank](value, key, now)
        return Record(rank, key, value)
