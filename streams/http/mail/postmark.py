"""Postmark's webhooks: https://postmarkapp.com/developer/webhooks/webhooks-overview.

They come with the secret as password of HTTP basic authentication (any user), or at the end of the address. Whose mail one is about is in
the Metadata that went with it (streams/sinks/postmark.py); what lacks that was not sent by us, and is taken and left alone.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from binascii import Error as Base64Error
from hashlib import blake2b

import msgspec
import structlog
from aiohttp import web

from scoring.events.instants import epoch_ms
from scoring.events.invalid import Invalid
from streams.clock import now_ms
from streams.email_events import EmailEvent, once
from streams.http.answers import Handler, Problem
from streams.http.limits import at_most
from streams.http.mail.events import EVENTS
from streams.http.mail.machines import MACHINES, Machines, calls_itself_one

#: Bytes; a bounce comes with an extract of the mail that came back.
LARGEST = 1_000_000

#: Types of bounces after which an address is given up, and those that are complaints or unsubscriptions sent as bounces.
_HARD = frozenset({"HardBounce", "BadEmailAddress", "ManuallyDeactivated"})
_COMPLAINT = frozenset({"SpamComplaint", "SpamNotification"})
_SUPPRESSED = {"HardBounce": "bounced", "SpamComplaint": "complained", "ManualSuppression": "unsubscribed"}

log = structlog.get_logger(__name__)


class Hook(msgspec.Struct, rename="pascal"):
    """Every webhook's fields that are looked at; each has those of its RecordType."""

    record_type: str
    metadata: dict[str, str] = {}
    delivered_at: str | None = None
    bounced_at: str | None = None
    received_at: str | None = None
    changed_at: str | None = None
    type: str = ""
    inactive: bool = False
    user_agent: str = ""
    original_link: str = ""
    suppress_sending: bool = False
    suppression_reason: str | None = None


_decode = msgspec.json.Decoder(Hook).decode


def attach(app: web.Application, secret: str) -> None:
    handler = at_most(LARGEST)(_take(secret))
    app.add_routes([web.post("/mail/postmark", handler), web.post("/mail/postmark/{secret}", handler)])


def _take(secret: str) -> Handler:
    async def take(request: web.Request) -> web.StreamResponse:
        if not hmac.compare_digest(_given(request), secret.encode()):
            challenge = {"WWW-Authenticate": 'Basic realm="webhooks"'}
            raise Problem(401, "Unauthorized", "Give postmark_hook_secret as password, or at the end of the address.", challenge)
        try:
            hook = _decode(await request.read())
            event = await event_of(hook, request.app[MACHINES])
        except (msgspec.DecodeError, UnicodeDecodeError, Invalid) as error:
            # Told as final: Postmark would send it again and again.
            log.warning("a webhook nobody can read", error=str(error))
            raise Problem(403, "Forbidden", f"This is no webhook of Postmark's: {error}") from None
        if event is None:
            log.info("a webhook that changes nothing", record_type=hook.record_type, type=hook.type)
        else:
            await request.app[EVENTS].tell(event)
        return web.Response(status=200)

    return take


def _given(request: web.Request) -> bytes:
    if (given := request.match_info.get("secret")) is not None:
        return given.encode("utf-8", "surrogateescape")
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        return b64decode(encoded, validate=True).partition(b":")[2] if scheme.lower() == "basic" else b""
    except (Base64Error, ValueError):
        return b""


async def event_of(hook: Hook, machines: Machines) -> EmailEvent | None:
    """The event a webhook tells of; None if of nothing that concerns us. Raises Invalid."""
    customer_id, message_id = customer_of(hook.metadata), hook.metadata.get("message_id", "")
    if not customer_id or not message_id:
        return None
    kind = hook.record_type
    if kind == "Delivery":
        return once("delivered", customer_id, message_id, _at(hook.delivered_at))
    if kind in ("Bounce", "SpamComplaint"):
        return _bounce(hook, customer_id, message_id)
    if kind == "SubscriptionChange":
        return _suppressed(hook, customer_id, message_id)
    if kind in ("Open", "Click"):
        at = _at(hook.received_at)
        machine = calls_itself_one(hook.user_agent) or await machines.was_at(message_id, at)
        if machine or kind == "Open":
            return once("opened", customer_id, message_id, at, machine=machine)
        which = blake2b(hook.original_link.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
        return EmailEvent("clicked", customer_id, message_id, at, f"clicked:{message_id}:{which}")
    return None


def customer_of(metadata: dict[str, str]) -> str:
    """The customer's id, which may come in two pieces; empty if it isn't there."""
    return metadata.get("customer_id", "") + metadata.get("customer_id_2", "")


def _bounce(hook: Hook, customer_id: str, message_id: str) -> EmailEvent | None:
    at = _at(hook.bounced_at)
    if hook.record_type == "SpamComplaint" or hook.type in _COMPLAINT:
        return once("complained", customer_id, message_id, at)
    if hook.type == "Unsubscribe":
        return EmailEvent("unsubscribed", customer_id, message_id, at, f"unsubscribed:{message_id}:{at // 1000}")
    if hook.type in ("AutoResponder", "Subscribe", "ChallengeVerification", "OpenRelayTest", "AddressChange"):
        return None
    return once("bounced", customer_id, message_id, at, soft=not (hook.inactive or hook.type in _HARD))


def _suppressed(hook: Hook, customer_id: str, message_id: str) -> EmailEvent | None:
    """Reactivation at Postmark gives nobody's consent back: that is a profile's to say."""
    known = _SUPPRESSED.get(hook.suppression_reason or "")
    if not hook.suppress_sending or known is None:
        return None
    at = _at(hook.changed_at)
    if known == "bounced":
        return once("bounced", customer_id, message_id, at)
    if known == "complained":
        return once("complained", customer_id, message_id, at)
    return EmailEvent("unsubscribed", customer_id, message_id, at, f"unsubscribed:{message_id}:{at // 1000}")


def _at(text: str | None) -> int:
    """When it happened (epoch ms), not later than now: an event from the future would be refused."""
    return min(epoch_ms(text), now_ms()) if text else now_ms()
