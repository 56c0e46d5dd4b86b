"""Opens and clicks: the pixel, the links of a mail on their way to where they lead, and the link that only machines see.

A pixel is always given and a signed link always leads on, also when the event can't be kept: a customer must not be shown an error for our
sake. A machine's click is told as an automatic opening: nobody clicked.
"""

from __future__ import annotations

from hashlib import blake2b

from aiohttp import web

from streams.clock import now_ms
from streams.email_events import EmailEvent, once
from streams.http.answers import Handler, Problem
from streams.http.mail.events import EVENTS
from streams.http.mail.machines import MACHINES
from streams.http.mail.page import Page
from streams.links import Link, Links

#: A transparent GIF of one pixel.
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
#: Seconds that somebody may be kept waiting for the page they want to see.
WITHIN = 3.0
_NEVER_KEPT = {"Cache-Control": "no-store, no-cache, must-revalidate, private", "Pragma": "no-cache"}


def attach(app: web.Application, links: Links, page: Page) -> None:
    app.add_routes(
        [
            web.get("/mail/open/{token}.gif", _open(links, page)),
            web.get("/mail/click/{token}", _click(links, page)),
            web.get("/mail/go/{token}", _trap(links, page)),
        ]
    )


def _open(links: Links, page: Page) -> Handler:
    async def opened(request: web.Request) -> web.StreamResponse:
        link = links.read("open", request.match_info["token"])
        if link is None:
            return page.lost(request)
        await _opened(request, link, machine=await request.app[MACHINES].asks(request, link.message_id))
        return web.Response(body=PIXEL, content_type="image/gif", headers=_NEVER_KEPT)

    return opened


def _click(links: Links, page: Page) -> Handler:
    async def clicked(request: web.Request) -> web.StreamResponse:
        link = links.read("click", request.match_info["token"])
        if link is None:
            return page.lost(request)
        if await request.app[MACHINES].asks(request, link.message_id):
            await _opened(request, link, machine=True)
        else:
            which = blake2b(link.extra.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
            event_id = f"clicked:{link.message_id}:{which}"
            await _tell(request, EmailEvent("clicked", link.customer_id, link.message_id, now_ms(), event_id))
        return web.Response(status=302, headers={"Location": link.extra, **_NEVER_KEPT})

    return clicked


def _trap(links: Links, page: Page) -> Handler:
    async def trapped(request: web.Request) -> web.StreamResponse:
        link = links.read("trap", request.match_info["token"])
        if link is None:
            return page.lost(request)
        await request.app[MACHINES].trapped(link.message_id)
        await _opened(request, link, machine=True)
        return web.Response(status=204, headers=_NEVER_KEPT)

    return trapped


async def _opened(request: web.Request, link: Link, *, machine: bool) -> None:
    await _tell(request, once("opened", link.customer_id, link.message_id, now_ms(), machine=machine))


async def _tell(request: web.Request, event: EmailEvent) -> None:
    try:
        await request.app[EVENTS].tell(event, WITHIN)
    except Problem:  # it stands in the log
        return
