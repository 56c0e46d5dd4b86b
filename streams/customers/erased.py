"""Marks of forgotten customers: keyed hashes that name nobody, and what must be known should one of them come again.

In the changelog a mark stands under `ERASED` with the key's own number and the hash. The key is the setting `erasure_key`; without it, one
is made at the first need and kept in the changelog too (docs/decisions/0009).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from scoring.merge.identities import shell
from scoring.state import Customer
from scoring.ties import FORGOTTEN, Ties
from streams.customers.changelog import ERASED, ERASURE_KEY
from streams.erasure import keyed_hash, secret_of
from streams.kafka.errors import Misconfigured

_NUMBER = 4  # bytes that tell keys apart


class Mark(msgspec.Struct, array_like=True):
    """Forgotten at `since` (ms); ids of changes count on from `episodes`, handovers from `sent`; events up to `offsets` are done with."""

    since: int
    episodes: int
    sent: int
    offsets: list[int]

    def state(self) -> Customer:
        state = shell(Ties(FORGOTTEN, "", self.since, self.episodes, self.sent), self.since)
        state.offsets = list(self.offsets)
        return state


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Mark).decode


def _number(secret: bytes) -> bytes:
    return blake2b(b"number", key=secret, digest_size=_NUMBER).digest()


@dataclass(slots=True)
class Erased:
    """Of one partition. `kept`: the key in the changelog, where there is one. `marks` by the key's number and the hash."""

    secret: bytes | None = None  # new marks are made with it
    kept: bytes | None = None
    marks: dict[bytes, Mark] = field(default_factory=dict)

    @classmethod
    def restored(cls, setting: str | None, kept: bytes | None, marks: dict[bytes, bytes]) -> Erased:
        """From the changelog's records. Raises Misconfigured where marks were made with a key that is not there any more."""
        found = cls(secret_of(setting) if setting else kept, kept, {name: _decode(body) for name, body in marks.items()})
        known = {_number(secret) for secret in found._secrets()}
        if any(name[:_NUMBER] not in known for name in found.marks):
            raise Misconfigured(
                "customers were forgotten under another erasure_key than the one set, and could not be told any more: set erasure_key "
                "as it was"
            )
        return found

    def find(self, customer_id: str) -> Mark | None:
        if self.marks:
            for secret in self._secrets():
                mark = self.marks.get(_number(secret) + keyed_hash(secret, customer_id))
                if mark is not None:
                    return mark
        return None

    def add(self, customer_id: str, state: Customer) -> list[tuple[bytes, bytes]]:
        """Marks a customer whose state says that it is forgotten; the records that must be in the changelog for it, in their order."""
        assert state.ties is not None
        records = []
        if self.secret is None:
            self.secret = self.kept = secrets.token_bytes(32)
            records.append((ERASURE_KEY, self.kept))
        mark = Mark(state.ties.since, state.ties.episodes, state.ties.sent, state.offsets or [])
        name = _number(self.secret) + keyed_hash(self.secret, customer_id)
        self.marks[name] = mark
        return [*records, (ERASED + name, _encode(mark))]

    def body(self, key: bytes) -> bytes | None:
        """What the record under a reserved key holds; None where there is to be none."""
        if key == ERASURE_KEY:
            return self.kept
        mark = self.marks.get(key[len(ERASED) :])
        return None if mark is None else _encode(mark)

    def _secrets(self) -> list[bytes]:
        return [secret for secret in dict.fromkeys((self.secret, self.kept)) if secret is not None]
