"""What a change says of its segment, whoever's change it is: two parts of the record (contract, section 5), as JSON."""

from __future__ import annotations

from typing import Any

import msgspec

#: By the number in an entry.
KINDS = ("entered", "exited", "moved")

#: What stands before the customer's instant, and what between the episode and the event.
Parts = tuple[bytes, bytes]

_json = msgspec.json.Encoder().encode


def said(
    name: str, family: str, kind: int, come_from: str | None, to: str | None, definition: str, reason: str, attributes: dict[str, Any]
) -> Parts:
    """From `,"segment"` to `"at":"`, and from `,"definition"` to `"event":`."""
    before = {"segment": name, "family": family, "kind": KINDS[kind], "from": come_from, "to": to}
    after = {"definition": definition, "reason": reason, "attributes": attributes}
    return b',%b,"at":"' % _json(before)[1:-1], b',%b,"event":' % _json(after)[1:-1]
