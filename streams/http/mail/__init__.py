"""What mails lead back to: unsubscribing, opens, clicks, and what a provider tells of them. All of it becomes `email-events`.

    /mail/unsubscribe/{token}     GET a page with a button; POST unsubscribes (RFC 8058)
    /mail/open/{token}.gif        the pixel
    /mail/click/{token}           on to where the mail's link leads
    /mail/go/{token}              a link that only machines see
    /mail/postmark                Postmark's webhooks; also /mail/postmark/{secret}

The first four are there where `public_url` is set; a token is signed (streams/links.py). An event is confirmed by Kafka before the answer
is given; while it can't be, whoever unsubscribes or tells of a bounce gets 503 and comes again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from streams.agents.reach import redis_of
from streams.http.mail import postmark, tracking, unsubscribe
from streams.http.mail.events import EVENTS, Events
from streams.http.mail.machines import MACHINES, Machines
from streams.http.mail.page import Page
from streams.links import Links
from streams.sinks.claims import Claims

if TYPE_CHECKING:
    from streams.settings import Settings

log = structlog.get_logger(__name__)


async def check(settings: Settings) -> None:
    """Says what is not served for want of a setting."""
    if not settings.public_url:
        log.info("mails carry no links to here", remedy="set public_url and link_keys")


def attach(app: web.Application, settings: Settings) -> None:
    """Adds the routes. Nothing is connected before the application starts."""
    links = Links.of(settings)
    if links is not None:
        page = Page(settings.shop_name, settings.shop_colour)
        unsubscribe.attach(app, links, page)
        tracking.attach(app, links, page)
    if settings.postmark_hook_secret:
        postmark.attach(app, settings.postmark_hook_secret)

    async def connected(app: web.Application) -> AsyncIterator[None]:
        redis = redis_of(settings)
        app[EVENTS] = Events(settings, redis)
        app[MACHINES] = Machines(redis, settings.app_id, Claims(redis, settings.app_id))
        yield
        await app[EVENTS].close()
        await redis.aclose()

    app.cleanup_ctx.append(connected)
