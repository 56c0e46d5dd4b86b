"""Reading `webhooks.toml`: the endpoints, each with its filter and secrets; every fault of the file at once, at its place.

[[endpoint]]
name = "crm"                                        # [a-z][a-z0-9_]*
url = "https://crm.example/hooks/gedrag"
secrets_file = "crm.secrets"                        # whsec_…, one a line, the newest first; or GEDRAG_WEBHOOK_CRM_SECRETS
segments = ["cart_abandoned", "engagement.dormant"] # optional, as all below: segments, groups of tiers, and tiers of them
families = ["loyalty"]
kinds = ["entered", "moved"]
timeout = "15s"                                     # for an answer
retry_for = "24h"
in_flight = 8                                       # requests at once
ca_file = "our-ca.pem"                              # certificate authorities; default: the system's
"""

from __future__ import annotations

import base64
import binascii
import math
import os
import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scoring.expressions.problem import suggest
from scoring.segments.document import Document
from scoring.segments.families import FAMILIES
from scoring.segments.model import Definitions, Tiers
from scoring.segments.read import read as read_segments
from scoring.segments.table import Table, kind_word
from streams.sinks.reachable import Networks, networks, reachable
from streams.sinks.webhook import Endpoint

if TYPE_CHECKING:
    from streams.settings import Settings

KINDS = ("entered", "exited", "moved")
_KEYS = ("name", "url", "secrets_file", "segments", "families", "kinds", "timeout", "retry_for", "in_flight", "ca_file")
_MAKE = 'one is made by: echo "whsec_$(openssl rand -base64 32)"'
_MOST_IN_FLIGHT = 64


def endpoints(settings: Settings) -> tuple[Endpoint, ...]:
    """Those of the settings; none without a file. Raises Faults, OSError."""
    if not settings.webhooks.is_file():
        return ()
    definitions = read_segments(settings.segments.read_text(encoding="utf-8"), str(settings.segments))
    text = settings.webhooks.read_text(encoding="utf-8")
    return read(text, definitions, str(settings.webhooks), networks(settings.webhook_networks), os.environ)


def read(
    text: str, definitions: Definitions, file: str = "webhooks.toml", allowed: Networks = (), environ: Mapping[str, str] | None = None
) -> tuple[Endpoint, ...]:
    """The endpoints of a file; its folder is where files it names are. Raises Faults."""
    document = Document(text, file)
    found = _Reader(document, definitions, allowed, environ or {}).endpoints()
    document.done()
    return tuple(found)


def variable(name: str) -> str:
    """The environment variable that holds an endpoint's secrets."""
    return f"GEDRAG_WEBHOOK_{name.upper()}_SECRETS"


class _Reader:
    def __init__(self, document: Document, definitions: Definitions, allowed: Networks, environ: Mapping[str, str]) -> None:
        self._document = document
        self._allowed = allowed
        self._environ = environ
        self._folder = Path(document.file).parent
        self._names = list(_names(definitions))

    def endpoints(self) -> list[Endpoint]:
        data = self._document.data
        for key in data:
            if key != "endpoint":
                self._document.fault((key,), f"unknown table `{key[:64]}`", suggest(key, ("endpoint",)), key=True)
        tables = data.get("endpoint", [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            self._document.fault(("endpoint",), "`endpoint` must be a list of tables", "each begins with [[endpoint]], in two brackets")
            return []
        found: list[Endpoint] = []
        taken: set[str] = set()
        for i, each in enumerate(tables):
            table = Table(self._document, ("endpoint", i), each, "endpoint")
            endpoint = self._endpoint(table)
            if endpoint is not None and endpoint.name in taken:
                table.fault(f"there is an endpoint `{endpoint.name}` already", at="name")
            elif endpoint is not None:
                taken.add(endpoint.name)
                found.append(endpoint)
        return found

    def _endpoint(self, table: Table) -> Endpoint | None:
        if "secret" in table.data or "secrets" in table.data:
            key = "secret" if "secret" in table.data else "secrets"
            table.fault("a secret is taken from the environment or a file only", 'give secrets_file = "crm.secrets"', at=key, key=True)
        else:
            table.only(_KEYS)
        name, url = table.name(), self._url(table)
        secrets = self._secrets(table, name) if name is not None else ()
        segments = self._words(table, "segments", self._names, "segment")
        families = self._words(table, "families", FAMILIES, "family")
        kinds = self._words(table, "kinds", KINDS, "kind")
        timeout = self._span(table, "timeout", "15s", 1_000, 120_000)
        retry_for = self._span(table, "retry_for", "24h", 1_000, 30 * 86_400_000)
        in_flight, ca_file = self._number(table), self._file(table, "ca_file", "our-ca.pem")
        if name is None or url is None:
            return None
        return Endpoint(name, url, secrets, segments, families, kinds, timeout, retry_for, in_flight, ca_file)

    def _url(self, table: Table) -> str | None:
        example = '"https://crm.example/hooks/gedrag"'
        value = table.text("url", required=True, example=example)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            fine = parts.scheme in ("https", "http") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            fine = False
        if not fine or not re.fullmatch(r"[!-~]+", value) or parts.fragment or _odd_number(parts.hostname or ""):
            table.fault("this is no address that webhooks can be sent to", f"such as url = {example}", at="url")
        elif parts.username is not None or parts.password is not None:
            table.fault("no user or password in the address: anyone could read it there; webhooks are signed instead", at="url")
        elif parts.scheme == "http" and not self._allowed:
            hint = "use https://; http:// only goes to networks that the setting webhook_networks allows"
            table.fault("http:// can be read and changed by anyone on the way", hint, at="url")
        elif not _may_be_reached(parts.hostname or "", self._allowed):
            hint = "if it is meant, allow its network by the setting webhook_networks"
            table.fault("webhooks are not sent to private addresses", hint, at="url")
        else:
            return value
        return None

    def _secrets(self, table: Table, name: str) -> tuple[str, ...]:
        """The lines of the variable, else of the file."""
        given = self._environ.get(variable(name))
        at = None if given is not None else "secrets_file"
        if given is None:
            path = self._file(table, "secrets_file", "crm.secrets")
            if path is None:
                if "secrets_file" not in table.data:
                    table.fault(f'an endpoint needs a secret: secrets_file = "{name}.secrets", or {variable(name)}', _MAKE)
                return ()
            given = path.read_text(encoding="utf-8", errors="replace")
        secrets = tuple(re.split(r"[\s,]+", given.strip()))
        if not all(map(_is_secret, secrets)):
            where = f"{variable(name)}: " if at is None else ""
            table.fault(f"{where}a secret is whsec_ and 24 to 64 bytes in base64, one a line, the newest first", _MAKE, at=at)
        return secrets

    def _file(self, table: Table, key: str, example: str) -> Path | None:
        value = table.text(key, example=f'"{example}"')
        if value is None:
            return None
        path = self._folder / value
        try:
            path.read_bytes()
        except OSError as error:
            table.fault(f"{path} can't be read: {error.strerror}", at=key)
            return None
        return path

    def _words(self, table: Table, key: str, known: Iterable[str], what: str) -> frozenset[str]:
        value = table.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            table.fault(f"`{key}` must be a list of texts, not {kind_word(value)}", at=key)
            return frozenset()
        if key in table.data and not value:
            table.fault(f"`{key}` is empty: nothing would be sent", f"leave `{key}` out to send all", at=key)
        for i, each in enumerate(value):
            if each not in known:
                self._document.fault((*table.path, key, i), f"unknown {what} `{each[:64]}`", suggest(each, known))
        return frozenset(value)

    def _span(self, table: Table, key: str, default: str, low: int, high: int) -> int:
        length = table.span(key, example=f'"{default}"', positive=True)
        if length is None:
            return {"15s": 15_000, "24h": 86_400_000}[default]
        if not low <= length <= high:
            table.fault(f"`{key}` must be from {low // 1000}s to {high // 1000}s", at=key)
        return math.ceil(length)

    def _number(self, table: Table) -> int:
        value = table.data.get("in_flight", 8)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_IN_FLIGHT:
            table.fault(f"`in_flight` must be a whole number from 1 to {_MOST_IN_FLIGHT}", at="in_flight")
            return 8
        return value


def _names(definitions: Definitions) -> Iterable[str]:
    for each in definitions.segments:
        yield each.name
        if isinstance(each, Tiers):
            yield from (f"{each.name}.{tier.name}" for tier in each.tiers)


def _may_be_reached(host: str, allowed: Networks) -> bool:
    try:
        return reachable(host, allowed)
    except ValueError:
        return True  # a name: judged when it is looked up


def _odd_number(host: str) -> bool:
    """Is it an IPv4 address in a spelling (127.1, 0x7f000001) that only some programs understand, and each in its own way?"""
    if not re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?", host.lower()):
        return False
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _is_secret(text: str) -> bool:
    try:
        return text.startswith("whsec_") and 24 <= len(base64.b64decode(text[6:] + "=" * (-len(text) + 6 & 3), validate=True)) <= 64
    except (binascii.Error, ValueError):
        return False
