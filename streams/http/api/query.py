"""Query parameters, checked: each fault says which parameter, and what is allowed."""

from __future__ import annotations

import base64
import binascii
import difflib
from collections.abc import Sequence

from aiohttp import web

from scoring.events.instants import checked, epoch_ms
from scoring.events.invalid import Invalid
from streams.http.answers import Problem


def only(request: web.Request, *known: str) -> None:
    """Raises Problem 400 for a parameter that means nothing here: it may be one written wrong."""
    for name in request.query:
        if name not in known:
            said = f"those here are {', '.join(known)}" if known else "there are none here"
            raise bad(f"There is no parameter {name[:64]!r}; {said}.")


def number(request: web.Request, name: str, default: int, most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise bad(f"{name} must be a whole number from 1 to {most:,}.")
    return int(text)


def instant(request: web.Request, name: str) -> int | None:
    """Epoch ms."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return checked(int(text)) if text.isascii() and text.isdigit() and len(text) < 18 else epoch_ms(text)
    except Invalid:
        raise bad(f"{name} must be RFC 3339, such as 2026-03-01T11:00:00Z, or epoch milliseconds.") from None


def cursor(request: web.Request) -> tuple[str, int] | None:
    """Customer and instant of a page's last member, as `written` gave it."""
    text = request.query.get("cursor")
    if text is None:
        return None
    try:
        since, _, customer = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True).decode().partition(" ")
        # Redis holds scores as doubles.
        if abs(int(since)) < 1 << 53 and since == str(int(since)):
            return customer, int(since)
    except (ValueError, binascii.Error):
        pass
    raise bad("cursor must be what `next` of the page before said.")


def written(customer: str, since: int) -> str:
    return base64.urlsafe_b64encode(f"{since} {customer}".encode()).decode()


def nearest(name: str, known: Sequence[str]) -> str:
    """A sentence that helps somebody who wrote a name wrong."""
    near = difflib.get_close_matches(name[:64], known, 1, 0.6)
    return f"Did you mean {near[0]}?" if near else "GET /v1/segments lists them."


def bad(detail: str) -> Problem:
    return Problem(400, "Bad Request", detail)
