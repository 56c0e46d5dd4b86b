"""What `gedrag preview` shows: the message of a customer out of files of events, and a mail in the terminal or in files."""

from __future__ import annotations

import sys
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from scoring.campaigns import cart, contact
from scoring.campaigns.decide import Campaigns
from scoring.campaigns.model import Campaign
from scoring.engine import Engine
from scoring.events.instants import epoch_ms
from scoring.events.invalid import Invalid
from scoring.expressions.problem import suggest
from scoring.instants import rfc3339
from scoring.segments.model import Definitions
from scoring.state import Customer, cart_of
from scoring.traits.profile import value
from streams.agents.mail import Composer
from streams.agents.message import Context, Message
from streams.agents.sample import ADDRESS, sample
from streams.cli.output import complete_file
from streams.clock import now_ms
from streams.files import read_events
from streams.replay import Events, Replay

_HEADERS = ("From", "To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post")


class _Decision(Message):
    """A message record with why it was decided so."""

    reason: str = ""


_decode = msgspec.json.Decoder(_Decision).decode


def customers_message(
    engine: Engine,
    campaigns: Campaigns,
    campaign: Campaign,
    customer: str,
    files: list[str],
    currency: str,
    end: int | None,
    step: int | None,
) -> tuple[Message, str]:
    """The newest mail of the campaign the customer got up to `end` (ms; None: the last event of the files), else the one it would be; and
    a sentence that tells which. Raises Invalid, Unreadable."""
    events, last, others = _events(files, currency, customer)
    if not events:
        raise Invalid(
            "unknown_customer", f"--customer {customer}: no event of that customer in the files; {suggest(customer, others, 'customers')}"
        )
    until = last if end is None else end
    decided: list[tuple[int, _Decision]] = []
    attributes: dict[str, Any] = {}

    def changed(at: int, change: bytes) -> None:
        told = msgspec.json.decode(change)
        if told["segment"] == campaign.trigger.segment:
            attributes.update(told["attributes"])

    def message(at: int, customer_id: str, record: bytes) -> None:
        found = _decode(record)
        if found.campaign == campaign.name and step in (None, found.step):
            decided.append((at, found))

    driver = Replay(engine, changed, message)
    for place, event in events.taken(until, as_arrived=False):
        driver.event(event, place)
    driver.until(until)
    sent = [(at, found) for at, found in decided if found.decision == "send"]
    if sent:
        at, found = sent[-1]
        return found, f"{customer} got this mail at {rfc3339(at)}: {campaign.name}, step {found.step}"
    state = driver.customers.get(customer)
    if state is None:
        raise Invalid("unknown_customer", f"--customer {customer}: the first event is after {rfc3339(until)}; give a later --at")
    made = _made_up(state, engine.definitions, campaigns, campaign, customer, decided[-1][1].step if decided else step or 1, attributes)
    return made, f"{_why_not(customer, campaign, decided, until)}; shown with what is known at {rfc3339(until)}"


def show(composer: Composer, message: Message, campaign: Campaign) -> None:
    """Headers and the text part, on standard output."""
    mail = _parsed(composer, message)
    console = Console(highlight=False, markup=False)
    for name in _HEADERS:
        if mail[name] is not None:
            console.print(f"{name}: ", style="bold cyan", end="")
            console.print(str(mail[name]), soft_wrap=True)
    console.print()
    body = mail.get_body(("plain",))
    sys.stdout.flush()
    console.print(body.get_content().replace("\r\n", "\n") if body is not None else "", soft_wrap=True, end="")
    _tell(composer, message, campaign)


def write(composer: Composer, message: Message, campaign: Campaign, out: Path, folder: bool) -> None:
    """One file, or all three of them in a folder, which is made if need be. Says which. Raises OSError."""
    written = composer.write(message)
    parts = {
        ".html": written.html.encode(),
        ".txt": f"Subject: {written.subject}\n\n{written.text}".encode(),
        ".eml": _eml(composer, message),
    }
    if folder:
        out.mkdir(parents=True, exist_ok=True)
        variant = f".{message.variant}" if message.variant else ""
        paths = {ending: out / f"{message.campaign}_{message.step}{variant}.{written.language}{ending}" for ending in parts}
    else:
        paths = {out.suffix: out}
    for ending, path in paths.items():
        with complete_file(path) as file:
            file.write(parts[ending])
        sys.stdout.write(f"{path}\n")
    _tell(composer, message, campaign)


def _tell(composer: Composer, message: Message, campaign: Campaign) -> None:
    chosen = composer.templates.choose(message.template, message.variant, message.language)
    other = "" if chosen.language == message.language else f"; there is none in {message.language}"
    of = f"step {message.step} of {len(campaign.steps)}"
    sys.stdout.flush()
    sys.stderr.write(f"{campaign.name}, {of}: {chosen.html}, {chosen.text}{other}\n")


def _eml(composer: Composer, message: Message) -> bytes:
    return composer.compose(message, epoch_ms(message.context.since) if message.context.since else now_ms())


def _parsed(composer: Composer, message: Message) -> EmailMessage:
    mail = message_from_bytes(_eml(composer, message), policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def _events(files: list[str], currency: str, customer: str) -> tuple[Events, int, set[str]]:
    """The customer's events, the instant of the last event of all, and the other customers."""
    events, last, others = Events(), 0, set[str]()
    for event, _ in read_events(files, currency):
        last = max(last, event.ts)
        if event.customer_id == customer:
            events.add(event)
        else:
            others.add(event.customer_id)
    return events, last, others


def _why_not(customer: str, campaign: Campaign, decided: list[tuple[int, _Decision]], until: int) -> str:
    if not decided:
        return f"{customer} has not started {campaign.name} by {rfc3339(until)}"
    at, last = decided[-1]
    reason = f" ({last.reason})" if last.reason else ""
    return f"{customer} did not get this mail: {campaign.name}, step {last.step} was {last.decision}{reason} at {rfc3339(at)}"


def _made_up(
    state: Customer,
    definitions: Definitions,
    campaigns: Campaigns,
    campaign: Campaign,
    customer: str,
    step: int,
    attributes: dict[str, Any],
) -> Message:
    """The mail as the customer would have it now; what only a trigger tells is made up where there was none."""
    example = sample(campaign, step, definitions)
    name = value(state, "first_name")
    shown = cart.shown(cart.lines_of(cart_of(state)))
    context = msgspec.convert(shown, Context)
    context.segment, context.tier, context.origin = example.context.segment, example.context.tier, example.context.origin
    context.transactional, context.first_name = campaign.transactional, name if isinstance(name, str) else None
    context.attributes = attributes or example.context.attributes
    address = value(state, "email")
    return msgspec.structs.replace(
        example,
        customer_id=customer,
        to=address if contact.is_address(address) else ADDRESS,
        language=contact.language(state, campaigns.policy.language),
        context=context,
    )
