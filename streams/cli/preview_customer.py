"""The message `gedrag preview --customer` shows: out of files of events, or as the worker knows the customer now."""

from __future__ import annotations

from typing import Any

import msgspec
from redis.exceptions import RedisError

from scoring.campaigns import cart, contact, render
from scoring.campaigns.model import Campaign
from scoring.engine import Engine
from scoring.events.invalid import Invalid
from scoring.events.schema import Identity, Product
from scoring.expressions.problem import nearest
from scoring.instants import rfc3339
from scoring.state import Customer, cart_of
from scoring.traits import viewed_products
from scoring.traits.profile import value
from streams.agents.message import Context, Message
from streams.agents.reach import redis_of
from streams.agents.sample import ADDRESS, sample
from streams.cli.progress import Meter
from streams.files import Rejected, read_events
from streams.lookup.ask import Moving, Workers
from streams.replay import Events, Replay
from streams.settings import Settings


class _Decision(Message):
    """A message record with why it was decided so."""

    reason: str = ""


_decode = msgspec.json.Decoder(_Decision).decode


def of_files(
    engine: Engine, campaign: Campaign, customer: str, files: list[str], currency: str, end: int | None, step: int | None
) -> tuple[Message, str]:
    """The newest mail of the campaign the customer got up to `end` (ms; None: the last event of the files), else the one it would be; and
    a sentence that tells which. Raises Invalid, Unreadable."""
    events, ties, everybody = _events(files, currency, engine.whole)
    if customer not in everybody:
        close = nearest(customer, everybody) if len(everybody) <= 1000 else None
        near = f"did you mean `{close}`?" if close else "look the id up in them"
        raise Invalid("unknown_customer", f"--customer {customer}: no event of that customer in the files; {near}")
    last = events.last()
    until = end if end is not None else last if last is not None else 0
    ids = _joined(customer, ties)
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
        if isinstance(event, Product) or event.customer_id in ids:
            driver.event(event, place)
    driver.until(until)
    sent = [(at, found) for at, found in decided if found.decision == "send"]
    if sent:
        at, found = sent[-1]
        return found, f"{customer} got this mail at {rfc3339(at)}: {campaign.name}, step {found.step}"
    state = next((driver.customers[each] for each in (customer, *sorted(ids)) if each in driver.customers), None)
    if state is None:
        raise Invalid(
            "unknown_customer", f"--customer {customer}: there is nothing of that customer by {rfc3339(until)}; give a later --at"
        )
    made = _made_up(state, engine, campaign, customer, decided[-1][1].step if decided else step or 1, attributes)
    return made, f"{_why_not(customer, campaign, decided, until)}; shown with what is known at {rfc3339(until)}"


async def of_worker(settings: Settings, engine: Engine, campaign: Campaign, customer: str, step: int | None) -> tuple[Message, str]:
    """The mail as it would be now, and a sentence. Raises Invalid."""
    instead = "or give files of events that customer is in"
    redis = redis_of(settings)
    try:
        async with Workers(redis, settings) as workers:
            found = await workers.customer(customer)
    except (RedisError, OSError) as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise Invalid(
            "no_redis", f"--customer {customer}: Redis, which says where workers are, does not answer ({said}); start it, {instead}"
        ) from None
    except Moving as error:
        raise Invalid("no_worker", f"--customer {customer}: {error}; start one, {instead}") from None
    finally:
        await redis.aclose()
    if found is None:
        raise Invalid("unknown_customer", f"--customer {customer}: the worker knows nobody of that id; look the id up, {instead}")
    return _made_up(found.state, engine, campaign, customer, step or 1, {}), f"{customer} as the worker knows them now"


def _events(files: list[str], currency: str, whole: frozenset[int]) -> tuple[Events, list[tuple[str, str]], set[str]]:
    """All events, the ids that they join, and whose they are."""
    events, ties, everybody = Events(), list[tuple[str, str]](), set[str]()
    with Meter() as meter:
        rejected: list[Rejected] = []
        meter.stage("reading", None)
        for event, _ in read_events(files, currency, rejected.append, meter.update, whole):
            events.add(event)
            if isinstance(event, Product):
                continue
            everybody.add(event.customer_id)
            if isinstance(event, Identity) and event.anonymous_id:
                ties.append((event.customer_id, event.anonymous_id))
        if rejected:
            meter.line(f"{len(rejected):,} line{'s' if len(rejected) > 1 else ''} rejected, the first {rejected[0]}")
    return events, ties, everybody


def _joined(customer: str, ties: list[tuple[str, str]]) -> set[str]:
    """All ids that become one with the customer's, now or later."""
    ids, before = {customer}, 0
    while len(ids) > before:
        before = len(ids)
        for tie in ties:
            if ids.intersection(tie):
                ids.update(tie)
    return ids


def _why_not(customer: str, campaign: Campaign, decided: list[tuple[int, _Decision]], until: int) -> str:
    if not decided:
        return f"{customer} has not started {campaign.name} by {rfc3339(until)}"
    at, last = decided[-1]
    reason = f" ({last.reason})" if last.reason else ""
    return f"{customer} did not get this mail: {campaign.name}, step {last.step} was {last.decision}{reason} at {rfc3339(at)}"


def _made_up(state: Customer, engine: Engine, campaign: Campaign, customer: str, step: int, attributes: dict[str, Any]) -> Message:
    """The mail as the customer would have it now; what only a trigger tells is made up where there was none."""
    assert engine.campaigns is not None
    example = sample(campaign, step, engine.definitions)
    name = value(state, "first_name")
    context = msgspec.convert(render.shown(cart.lines_of(cart_of(state)), viewed_products.shown(state)), Context)
    context.segment, context.tier, context.origin = example.context.segment, example.context.tier, example.context.origin
    context.transactional, context.first_name = campaign.transactional, name if isinstance(name, str) else None
    context.attributes = attributes or example.context.attributes
    address = value(state, "email")
    return msgspec.structs.replace(
        example,
        customer_id=customer,
        to=address if contact.is_address(address) else ADDRESS,
        language=contact.language(state, engine.campaigns.policy.language),
        context=context,
    )
