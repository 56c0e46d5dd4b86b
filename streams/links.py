"""Links in mails that lead back to us: signed, so that nobody can make one, or lead anybody elsewhere by ours.

A link's last part is `<key>.<what>.<signature>`: the name of the key that signed it, a JSON array in base64url, and 144 bits of
HMAC-SHA256 over both. The newest key of the ring signs; every key of it verifies, so that a mail of last year still unsubscribes as long
as its key is kept. What a link says can be read by whoever has it (the customer and message ids), not changed.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from streams.settings import Settings

Kind = Literal["unsubscribe", "open", "click", "trap"]

_SIGNATURE_BYTES = 18
#: Letters of the kinds in a link; a signature holds for its own kind only.
_LETTERS: dict[Kind, str] = {"unsubscribe": "u", "open": "o", "click": "c", "trap": "t"}
_decode = msgspec.json.Decoder(tuple[str, str, str, str]).decode


class Mailed(Protocol):
    """The message a link stands in. `language`: two or three letters, or None."""

    @property
    def customer_id(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def language(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Link:
    """What a link said. `extra`: the language of an unsubscription, the address a click leads to, else empty."""

    customer_id: str
    message_id: str
    extra: str


class Links:
    """Makes and verifies links; pure."""

    def __init__(self, base: str, keys: tuple[tuple[str, str], ...]) -> None:
        """`base`: where the server is reached, without a last slash; `keys`: (name, secret), the newest first, at least one."""
        self._base = base
        self._newest = keys[0][0]
        self._keys = {name: secret.encode() for name, secret in keys}

    @classmethod
    def of(cls, settings: Settings) -> Links | None:
        """None if no `public_url` is set: mails then carry no links to us."""
        return cls(settings.public_url, settings.link_keys) if settings.public_url and settings.link_keys else None

    def unsubscribe(self, message: Mailed) -> str:
        """For List-Unsubscribe and the foot of the mail: a POST unsubscribes, a GET shows a page with a button."""
        return f"{self._base}/mail/unsubscribe/{self._token('unsubscribe', message, message.language or '')}"

    def click(self, message: Mailed, url: str) -> str:
        """Leads to `url`, and tells that it was followed. What is no web address (mailto:, empty) stays as it is."""
        if not url.startswith(("https://", "http://")):
            return url
        return f"{self._base}/mail/click/{self._token('click', message, url)}"

    def opened(self, message: Mailed) -> str:
        """An image of one pixel."""
        return f"{self._base}/mail/open/{self._token('open', message, '')}.gif"

    def trap(self, message: Mailed) -> str:
        """A link no person sees: who follows it is a machine."""
        return f"{self._base}/mail/go/{self._token('trap', message, '')}"

    def read(self, kind: Kind, token: str) -> Link | None:
        """What the link said; None if we didn't sign it, for this kind."""
        name, _, rest = token.partition(".")
        said, _, signature = rest.partition(".")
        if name not in self._keys or not hmac.compare_digest(self._sign(name, said).encode(), signature.encode("utf-8", "replace")):
            return None
        letter, customer_id, message_id, extra = _decode(urlsafe_b64decode(said + "=" * (-len(said) % 4)))
        return Link(customer_id, message_id, extra) if letter == _LETTERS[kind] else None

    def _token(self, kind: Kind, message: Mailed, extra: str) -> str:
        said = _text(msgspec.json.encode((_LETTERS[kind], message.customer_id, message.message_id, extra)))
        return f"{self._newest}.{said}.{self._sign(self._newest, said)}"

    def _sign(self, name: str, said: str) -> str:
        digest = hmac.new(self._keys[name], f"{name}.{said}".encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return _text(digest[:_SIGNATURE_BYTES])


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
