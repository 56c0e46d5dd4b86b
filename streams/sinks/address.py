"""The SMTP setting taken apart: `smtp://`, `smtps://` (TLS from the start) or `starttls://`, `[user[:password]@]host[:port]`."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_PORTS = {"smtp": 25, "smtps": 465, "starttls": 587}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    security: str  # smtp, smtps or starttls
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.security}://{self.host}:{self.port}"


def server(setting: str, password: str | None = None) -> Server:
    """Reads the setting; a password given apart wins over one in it. Raises ValueError, with a sentence that never holds the password."""
    try:
        parts = urlsplit(setting)
        port = parts.port
    except ValueError:
        raise ValueError("smtp: the host or port can't be read; expected for example smtp://localhost:1025") from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(
            "smtp: expected smtp://, smtps:// or starttls://, then [user@]host[:port], for example smtps://mailer@mail.shop.example:465"
        )
    user = unquote(parts.username) if parts.username else None
    secret = password or (unquote(parts.password) if parts.password else None)
    if user and not secret:
        raise ValueError("smtp: a user without a password; give GEDRAG_SMTP_PASSWORD or smtp_password_file")
    if user and parts.scheme == "smtp" and parts.hostname not in _LOOPBACK:
        raise ValueError("smtp: smtp:// would send the password readable by anyone on the way; use smtps:// or starttls://")
    return Server(parts.hostname, port or _PORTS[parts.scheme], parts.scheme, user, secret)
