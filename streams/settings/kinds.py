"""How the text of a setting becomes its value. Each kind raises ValueError with a sentence that says what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit

from scoring.segments import spans
from streams.sinks import reachable
from streams.sinks.address import server

Read = Callable[[str], object]


def text(value: str) -> str:
    return _one_line(value)


def name(value: str) -> str:
    """Part of a topic's or group's name."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", value):
        raise ValueError("1 to 100 of the letters, digits, '.', '_' and '-' that Kafka allows in names")
    return value


def prefix(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,100}", value):
        raise ValueError("at most 100 of the letters, digits, '.', '_' and '-' that Kafka allows in names, or nothing")
    return value


def number(low: int, high: int) -> Read:
    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", value) or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low:,} to {high:,}")
        return int(value)

    return read


def span(low: str, high: str) -> Read:
    """A span in ms."""
    least, most = spans.milliseconds(low), spans.milliseconds(high)

    def read(value: str) -> int:
        try:
            length = spans.milliseconds(value)
        except ValueError:
            raise ValueError(f'a span from {low} to {high}: digits and one of s m h d w, such as "90s", "1.5h", "7d"') from None
        if not least <= length <= most:
            raise ValueError(f"a span from {low} to {high}")
        return length

    return read


def choice(*allowed: str) -> Read:
    def read(value: str) -> str:
        for word in allowed:
            if word.casefold() == value.casefold():
                return word
        raise ValueError("one of " + ", ".join(allowed))

    return read


def currency(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError("a currency's three capitals (ISO 4217), such as EUR")
    return value


def brokers(value: str) -> str:
    """`host:port`, several with commas."""
    addresses = [part.strip() for part in value.split(",")]
    for address in addresses:
        _host_port(address, "host:port, several with commas, such as localhost:9092 or kafka1:9092,kafka2:9092")
    return ",".join(addresses)


def listen(value: str) -> str:
    """`host:port` to serve on, or "off"."""
    if value != "off":
        _host_port(value, 'host:port to serve on, such as 127.0.0.1:6066, or "off"')
    return value


def address(value: str) -> str:
    """`host:port` to serve on."""
    _host_port(value, "host:port to serve on, such as 127.0.0.1:8080 or 0.0.0.0:8080")
    return value


def redis(value: str) -> str:
    allowed = "redis://[user@]host[:port][/database], rediss:// with TLS, or unix:///path, such as redis://localhost:6379/0"
    try:
        parts = urlsplit(value)
        fine = parts.scheme == "unix" or (parts.scheme in ("redis", "rediss") and bool(parts.hostname) and (parts.port or 1) > 0)
    except ValueError:
        fine = False
    if not fine or not re.fullmatch(r"/?[0-9]{0,3}", parts.path) and parts.scheme != "unix":
        raise ValueError(allowed)
    return value


def smtp(value: str) -> str:
    # Whether user, password and security fit together is checked when all settings are read.
    try:
        server(value, "given apart")
    except ValueError as error:
        if "expected " in str(error):
            raise ValueError(str(error).partition("expected ")[2]) from None
    return value


def mailbox(value: str) -> str:
    """`name <local@domain>` or the bare address."""
    _one_line(value)
    shown, address = parseaddr(value)
    try:
        parsed = Address(shown, addr_spec=address)
    except (MessageError, ValueError, IndexError):
        parsed = Address()
    if not parsed.username or not parsed.domain:
        raise ValueError("an address such as shop@shop.example, or with a name: My Shop <shop@shop.example>")
    return value


def link(value: str) -> str:
    """A web address, or nothing."""
    _one_line(value)
    if value and not re.fullmatch(r"https?://[^\s<>\"]+", value):
        raise ValueError("a web address that starts with https:// or http://, or nothing")
    return value


def web_base(value: str) -> str:
    """An address that paths are put behind, without the last slash; http:// only to this machine. Or nothing."""
    _one_line(value)
    if value and not re.fullmatch(r"(https://[^\s<>\"?#@]+|http://(localhost|127(\.\d+){3}|\[::1\])(:\d+)?(/[^\s<>\"?#]*)?)", value):
        raise ValueError("an address that starts with https:// (http:// only for this machine), such as https://mail.shop.example")
    return value.rstrip("/")


def key_ring(value: str) -> tuple[tuple[str, str], ...]:
    """`name:secret`, several with commas or lines, the newest first."""
    keys = tuple((name, text) for name, _, text in (part.partition(":") for part in re.split(r"[,\s]+", value.strip())))
    fine = all(re.fullmatch(r"[A-Za-z0-9_-]{1,16}", name) and re.fullmatch(r"[!-~]{32,}", text) for name, text in keys)
    if not fine or len({name for name, _ in keys}) != len(keys):
        raise ValueError(
            "name:secret, several with commas or lines, each with a name of its own (letters and digits) and a secret of at least 32 "
            'characters; one is made by: echo "k1:$(openssl rand -hex 32)"'
        )
    return keys


def write_keys(value: str) -> tuple[str, ...]:
    """Several with commas or lines: while one is replaced, the old and the new."""
    keys = tuple(re.split(r"[,\s]+", value.strip()))
    if not all(re.fullmatch(r"[A-Za-z0-9._~-]{16,128}", key) for key in keys):
        raise ValueError(
            "16 to 128 letters, digits and '.', '_', '~', '-' each, several with commas or lines; one is made by: openssl rand -hex 16"
        )
    return keys


def origins(value: str) -> tuple[str, ...]:
    """Web sites by scheme and host, several with commas; or "*"."""
    sites = tuple(part.strip() for part in value.split(",") if part.strip())
    if sites != ("*",) and not all(re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", site) for site in sites):
        raise ValueError('scheme and host of web sites, such as https://www.shop.example, several with commas, or "*"')
    return tuple(site.lower() for site in sites)


def networks(value: str) -> str:
    """CIDR networks with commas, "any", or nothing."""
    try:
        reachable.networks(value)
    except ValueError:
        raise ValueError('networks with commas, such as 10.0.0.0/8, 127.0.0.1/32; "any" for all; or nothing') from None
    return value


def property_name(value: str) -> str:
    """A property of HubSpot's."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", value):
        raise ValueError("a small letter, then small letters, digits and _, at most 100 in all")
    return value


def colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError("a colour, # and six hex digits, such as #1f6f5c")
    return value


def secret(value: str) -> str:
    if not value or "\n" in value:
        raise ValueError("one line that is not empty")
    return value


def _one_line(value: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError("one line of text, without control characters")
    return value


def _host_port(value: str, allowed: str) -> None:
    match = re.fullmatch(r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", value)
    if not match or not 0 < int(match[1]) < 65536:
        raise ValueError(allowed)
