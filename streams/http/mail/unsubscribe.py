"""One click and out: RFC 8058's POST, and for people a page with a button.

A GET never unsubscribes: scanners follow links. A POST does, at once, without a log-in or cookie, whatever its body, and as often as it
comes. Its event's id holds the second it came in: one who consents again and then unsubscribes by the same mail must not be taken for a
repeat.
"""

from __future__ import annotations

from aiohttp import web

from streams.clock import now_ms
from streams.email_events import EmailEvent
from streams.http.answers import Handler
from streams.http.limits import at_most
from streams.http.mail.events import EVENTS
from streams.http.mail.page import Page
from streams.links import Links

#: Bytes; RFC 8058's body is `List-Unsubscribe=One-Click`.
LARGEST = 16_384


def attach(app: web.Application, links: Links, page: Page) -> None:
    app.add_routes(
        [
            web.get("/mail/unsubscribe/{token}", _ask(links, page)),
            web.post("/mail/unsubscribe/{token}", at_most(LARGEST)(_unsubscribe(links, page))),
        ]
    )


def _ask(links: Links, page: Page) -> Handler:
    async def ask(request: web.Request) -> web.StreamResponse:
        link = links.read("unsubscribe", request.match_info["token"])
        return page.lost(request) if link is None else page.ask(link.extra)

    return ask


def _unsubscribe(links: Links, page: Page) -> Handler:
    async def unsubscribe(request: web.Request) -> web.StreamResponse:
        link = links.read("unsubscribe", request.match_info["token"])
        if link is None:
            return page.lost(request)
        await request.read()
        now = now_ms()
        event_id = f"unsubscribed:{link.message_id}:{now // 1000}"
        await request.app[EVENTS].tell(EmailEvent("unsubscribed", link.customer_id, link.message_id, now, event_id))
        return page.done(link.extra)

    return unsubscribe
