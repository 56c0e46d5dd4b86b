"""A request's body: read up to a limit, unzipped on the way, and taken apart into calls."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from msgspec import Raw, Struct

from scoring.tracking.calls import Envelope, Instant
from streams.http.answers import Problem

#: As Segment documents them: of a request to /v1/batch, and of a call.
LARGEST_BATCH = 500 * 1024
LARGEST_CALL = 32 * 1024
#: Seconds in which a body has to be here: who sends one byte after the other holds a place for no longer.
WITHIN = 10.0


class _Body(Struct, rename="camel"):
    write_key: str | None = None
    batch: list[Raw] | None = None
    sent_at: Instant = None
    context: dict[str, Raw] | None = None


class Calls(NamedTuple):
    """What a request holds: JSON of each call, and what goes for all of them."""

    write_key: str | None
    around: Envelope
    values: list[bytes]


_decode = msgspec.json.Decoder(_Body).decode


def refused(status: int, code: str, detail: str, **headers: str) -> Problem:
    """`code` and `message` are what tracking libraries show of an answer."""
    titles = {400: "Bad Request", 401: "Unauthorized", 408: "Request Timeout", 413: "Content Too Large", 429: "Too Many Requests"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Problem(status, titles[status], detail, given, success=False, code=code, message=detail)


async def read(request: web.Request, most: int) -> bytes:
    """The body as it was before it was zipped. Raises Problem."""
    if (request.content_length or 0) > most:
        raise _too_large(most)
    chunks, size = [], 0
    try:
        async with asyncio.timeout(WITHIN):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > most:
                    raise _too_large(most)
                chunks.append(chunk)
    except TimeoutError:
        raise refused(408, "too_slow", f"The body was not here within {WITHIN:g} seconds: send it again.") from None
    except (HttpProcessingError, web.RequestPayloadError):
        request.content.feed_eof()  # else aiohttp reads on, for the next request, and logs the same once more as an error of ours
        raise refused(400, "invalid_body", "The body is not what its Content-Encoding says: gzip, deflate, or none.") from None
    return b"".join(chunks)


def _too_large(most: int) -> Problem:
    detail = f"At most {most // 1024} KiB are taken here: {LARGEST_BATCH // 1024} KiB a batch, {LARGEST_CALL // 1024} KiB a call."
    return refused(413, "too_large", detail)


def calls(body: bytes, type_: str | None) -> Calls:
    """`type_`: of the one call that the body is; None: it is a batch. Raises Problem."""
    try:
        if not body.isascii():
            body.decode()
        found = _decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as failure:
        raise refused(400, "invalid_json", f"The body is not the JSON object of a call or a batch: {failure}") from None
    if type_ is not None:
        return Calls(found.write_key, Envelope(type_), [body])
    if found.batch is None:
        raise refused(400, "invalid_batch", 'A batch is {"batch": [call, …]}, each call with its "type".')
    return Calls(found.write_key, Envelope(None, found.sent_at, found.context), [bytes(each) for each in found.batch])
