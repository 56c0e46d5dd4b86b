"""Limits: how large a body may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from streams.http.answers import Problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def at_most(size: int) -> Callable[[Handler], Handler]:
    """Lets a handler see bodies of up to `size` bytes only; a larger one is answered 413 without reading it all."""

    def limit(handler: Handler) -> Handler:
        async def limited(request: web.Request) -> web.StreamResponse:
            if (request.content_length or 0) > size:
                raise _too_large(size)
            try:
                return await handler(request.clone(client_max_size=size))
            except web.HTTPRequestEntityTooLarge:
                raise _too_large(size) from None

        return limited

    return limit


def _too_large(size: int, **more: Any) -> Problem:
    return Problem(413, "Content Too Large", f"At most {size:,} bytes are taken here; send less at once.", **more)
