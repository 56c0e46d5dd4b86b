"""A trait beyond the core: a file of its own in this folder whose `TRAIT` says what it keeps, how events fold into it, and what it offers.

Facts lie in `Customer.facts` under the trait's `key`, a number that is its own for ever, as any value that msgpack holds, and are read and
written by the trait alone. They are bounded: a robot's million events must not make a state that no broker takes. Folds must not depend on
the order in which events come, as far as the lateness window reaches: keep sums, counts by hour or day, the newest by `ts`, the least and
the greatest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scoring.segments.model import Definitions
from scoring.state import Customer, facts_of, sealed_facts
from scoring.traits.attribute import Attribute
from scoring.traits.effects import ORDER

#: (facts by key, to be had by `opened`, state, event, ts) -> effects. The core's own fold of the event has been done; `event.more` is
#: the whole record.
Fold = Callable[[dict[int, Any], Customer, Any, int], int]

#: What a page view may say: itself, and in its whole record.
_SAID = (
    "product_id", "category_id", "url", "referrer", "user_agent", "query", "feature", "benefit", "country", "language",
)  # fmt: skip

#: (definitions, lateness in ms) -> the fold of one topic's events.
Folder = Callable[[Definitions, int], Fold]


@dataclass(frozen=True, slots=True)
class Views:
    """The page views that mean something to a trait, so that others need not be shown to it: those of these types, and those that have one
    of these fields: `product_id`, `category_id` or a field of the whole record. Neither: all of them."""

    pages: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trait:
    """`families` it belongs to: it is kept while any of them is on. `folders` by topic rank.

    `functions` are what the attributes' code calls, by their `__name__`. `views`: of which page views it wants to hear. `join(mine, theirs,
    s, f)` makes the facts of two customers, `s` who stays and `f` who joins, those of one; either's may be None, not both.
    """

    key: int
    families: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    folders: Mapping[int, Folder]
    join: Callable[[Any, Any, Customer, Customer], Any]
    functions: tuple[Callable[..., Any], ...] = field(default=())
    views: Views = Views()


def counted(name: str, meaning: str, series: str, effect: int, fed_by: tuple[str, ...]) -> Attribute:
    """The attribute of a count, windowed or for the lifetime. `series` is code for hours from h0 with their counts (None for none);
    what is older than 400 days falls out of it, and so out of the count."""
    return Attribute(
        name, "number", "steps", meaning, f"ever({series})", effect, windowed=True, total=f"total({series}, s.h0, now, {{w}}, {{grain}})",
        reach=f"reach({series}, s.h0, now, {{w}}, {{k}}, {{grain}})", fed_by=fed_by,
    )  # fmt: skip


def ever(series: list[int] | None) -> int:
    """All that a series counts."""
    return sum(series[1::2]) if series is not None else 0


def with_traits(core: Callable[[Customer, Any, int], int], folds: tuple[Fold, ...]) -> Callable[[Customer, Any, int], int]:
    """A topic's fold by the core and then by traits: (state, event, ts) -> effects.

    Of an order whose later record came first the traits have had that one: this one is the core's alone (decision 11).
    """
    if not folds:
        return core

    def fold(s: Customer, e: Any, ts: int) -> int:
        orders = s.order_count
        effects = core(s, e, ts)
        if effects & ORDER and s.order_count == orders:
            return effects
        facts = sealed_facts(s)
        if facts is None:
            facts = s.facts = {}
        for each in folds:
            effects |= each(facts, s, e, ts)
        return effects

    return fold


def with_views(core: Callable[[Customer, Any, int], int], folds: Sequence[tuple[Views, Fold]]) -> Callable[[Customer, Any, int], int]:
    """As `with_traits`, of page views: each is shown to those that want it. Most say little, and mean something to few."""
    if not folds:
        return core
    unheard = {name for views, _ in folds for name in views.fields} - set(_SAID)
    if unheard:
        raise ValueError(f"nothing looks whether page views have {', '.join(sorted(unheard))}: add it here, in _SAID and in the shape")
    chosen: dict[tuple[Any, ...], tuple[Fold, ...]] = {}

    def choose(page: str | None, *missing: bool) -> tuple[Fold, ...]:
        there = {name for name, is_missing in zip(_SAID, missing, strict=False) if not is_missing}
        return tuple(fold for views, fold in folds if views == Views() or page in views.pages or not there.isdisjoint(views.fields))

    def fold(s: Customer, e: Any, ts: int) -> int:
        effects = core(s, e, ts)
        facts: Any = s.facts
        if facts.__class__ is not dict:
            facts = sealed_facts(s)
            if facts is None:
                facts = s.facts = {}
        more = e.more
        shape: tuple[Any, ...]
        if more is None:
            shape = e.page_type, e.product_id is None, e.category_id is None
        else:  # each by its name: what takes fields by a list of them takes five times as long
            shape = (
                e.page_type, e.product_id is None, e.category_id is None, more.url is None, more.referrer is None, more.user_agent is None,
                more.query is None, more.feature is None, more.benefit is None, more.country is None, more.language is None,
            )  # fmt: skip
        wanted = chosen.get(shape)
        if wanted is None:
            wanted = chosen[shape] = choose(*shape)
        for each in wanted:
            effects |= each(facts, s, e, ts)
        return effects

    return fold


def keep_only(s: Customer, kept: Iterable[Trait]) -> None:
    """Drops what traits kept that are switched off by now."""
    facts = sealed_facts(s)
    if facts is not None:
        known = {trait.key for trait in kept}
        s.facts = {key: value for key, value in facts.items() if key in known} or None


def join_facts(s: Customer, f: Customer, traits: Iterable[Trait]) -> None:
    """Takes the facts of `f` into `s`."""
    theirs = facts_of(f)
    if not theirs:
        return
    mine = facts_of(s)
    if mine is None:
        mine = s.facts = {}
    for trait in traits:
        if trait.key in theirs:
            mine[trait.key] = trait.join(mine.get(trait.key), theirs[trait.key], s, f)
