"""A plausible message of a campaign, for looking at its mail before anybody gets one, and for trying its templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scoring.campaigns.model import Campaign, Moved
from scoring.expressions.tree import And, Attr, Compare, Condition, Const, Not, Or, Since, TierOf
from scoring.expressions.words import Leaf, Reader, key
from scoring.segments.model import Definitions, Segment, Tiers
from scoring.traits import viewed_products
from streams.agents.message import Context, Line, Message, Product

CUSTOMER, ADDRESS, FIRST_NAME = "customer-1", "kim@example.org", "Kim"
#: No message has it: `message_id` of real ones are UUIDv5.
MESSAGE_ID = "00000000-0000-4000-8000-000000000000"

_PRODUCTS = {"nl": ("Espressomachine", "Koffiebonen 1 kg", "Papieren filters")}
_OTHERWISE = ("Espresso machine", "Coffee beans 1 kg", "Paper filters")
_PRICES = ((1, 189.0), (2, 18.5), (3, 2.95))  # quantity, price
_OF_CARTS = frozenset({"cart_items", "cart_value", "cart_idle", "checkout_open"})
#: What only customers have who viewed a product of which there is news.
_OF_PRODUCTS = frozenset(attribute.name for attribute in viewed_products.TRAIT.attributes)
_HOUR = 3600.0


def sample(
    campaign: Campaign, step: int, definitions: Definitions, *, variant: str | None = None, language: str = "en", bare: bool = False
) -> Message:
    """The message of a step (from 1). `bare`: of a customer of whom as little is known as can be."""
    definition = next(each for each in definitions.segments if each.name == campaign.trigger.segment)
    return Message(
        message_id=MESSAGE_ID,
        customer_id=CUSTOMER,
        campaign=campaign.name,
        step=step,
        template=campaign.steps[step - 1].template,
        decision="send",
        to=ADDRESS,
        language=language,
        variant=variant,
        context=_context(campaign, definition, language, bare),
    )


def _context(campaign: Campaign, definition: Segment | Tiers, language: str, bare: bool) -> Context:
    trigger, conditions = campaign.trigger, list(_conditions(definition))
    read = Reader(conditions).leaves
    cart = _cart(language, bare, any(getattr(leaf, "name", "") in _OF_CARTS for leaf in read))
    origin = tier = None
    if isinstance(trigger, Moved):
        tiers = [each.name for each in definition.tiers] if isinstance(definition, Tiers) else []
        tier = trigger.to[0]
        origin = (trigger.origin or [each for each in tiers if each != tier] or [tier])[0]
    return Context(
        segment=trigger.segment,
        origin=origin,
        tier=tier,
        since="2026-03-01T11:00:00.000Z",
        first_name=None if bare else FIRST_NAME,
        transactional=campaign.transactional,
        cart=cart,
        products=_products(language, bare, any(getattr(leaf, "name", "") in _OF_PRODUCTS for leaf in read)),
        cart_items=sum(line.quantity for line in cart),
        cart_value=sum(line.value for line in cart),
        attributes={key(leaf): _value(leaf, conditions) for leaf in read},
    )


def _cart(language: str, bare: bool, about_carts: bool) -> list[Line]:
    names = _PRODUCTS.get(language, _OTHERWISE)
    if bare:
        return [Line(names[0], 1, None, 0.0)] if about_carts else []
    return [Line(name, quantity, price, round(quantity * price, 2)) for name, (quantity, price) in zip(names, _PRICES, strict=True)]


def _products(language: str, bare: bool, about_products: bool) -> list[Product]:
    if not about_products:
        return []
    names = _PRODUCTS.get(language, _OTHERWISE)
    if bare:
        return [Product(names[0], "", None, None, True), Product(names[1], "", 9.5, 12.0, False)]
    return [Product(names[0], names[0], 189.0, 219.0, True), Product(names[1], names[1], 16.95, 18.5, False)]


def _value(leaf: Leaf, conditions: list[Condition]) -> Any:
    """The limit it is compared with, where there is one: there the customer enters."""
    if isinstance(leaf, Attr | Since):
        limit = next((each for condition in conditions for each in _limits(leaf, condition)), None)
        if leaf.kind == "string":
            return "something"
        if leaf.kind == "duration":
            return _HOUR if limit is None else limit / 1000
        return 3 if limit is None else limit
    return "some_tier" if isinstance(leaf, TierOf) else True


def _limits(attribute: Attr | Since, condition: Condition) -> Iterator[float]:
    if isinstance(condition, And | Or):
        for part in condition.parts:
            yield from _limits(attribute, part)
    elif isinstance(condition, Not):
        yield from _limits(attribute, condition.part)
    elif isinstance(condition, Compare) and condition.left == attribute and isinstance(condition.right, Const):
        if not isinstance(condition.right.value, str):
            yield condition.right.value


def _conditions(definition: Segment | Tiers) -> Iterator[Condition]:
    if isinstance(definition, Tiers):
        yield from definition.conditions
    else:
        yield from (each for each in (definition.when, definition.exit_when) if each is not None)
