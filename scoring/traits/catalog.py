"""Every attribute a definition may read: those of the core, and those of the traits, each a file in this folder with a TRAIT."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Collection
from importlib import import_module
from typing import Any

from scoring import traits
from scoring.events.schema import PRODUCT_NEWS
from scoring.traits import browsing, cart, engagement, orders, presence, profile
from scoring.traits.attribute import Attribute
from scoring.traits.trait import Trait, ever

#: What every deployment has.
CORE: dict[str, Attribute] = {
    attribute.name: attribute for trait in (presence, browsing, cart, orders, engagement, profile) for attribute in trait.ATTRIBUTES
}


def _found() -> tuple[Trait, ...]:
    modules = [import_module(f"{traits.__name__}.{each.name}") for each in pkgutil.iter_modules(traits.__path__)]
    return tuple(module.TRAIT for module in modules if hasattr(module, "TRAIT"))


#: By their files' names.
TRAITS: tuple[Trait, ...] = _found()


def traits_on(off: Collection[str], read: Collection[str] | None = None) -> tuple[Trait, ...]:
    """Those in use where these families are off. `read`: the attributes that are asked for, None if that is not known: for `other`, the
    family of segments that belong nowhere else, only traits are kept that somebody reads."""
    found = []
    for trait in TRAITS:
        on = set(trait.families) - set(off)
        if on and (on != {"other"} or read is None or any(attribute.name in read for attribute in trait.attributes)):
            found.append(trait)
    return tuple(found)


def hears_news(off: Collection[str]) -> bool:
    """Does one of them want news of products?"""
    return any(PRODUCT_NEWS in trait.folders for trait in traits_on(off))


#: Whose an attribute is.
TRAIT_OF: dict[str, Trait] = {attribute.name: trait for trait in TRAITS for attribute in trait.attributes}

CATALOG: dict[str, Attribute] = CORE | {attribute.name: attribute for trait in TRAITS for attribute in trait.attributes}

#: What their code calls.
FUNCTIONS: dict[str, Callable[..., Any]] = {"ever": ever} | {each.__name__: each for trait in TRAITS for each in trait.functions}


def _check() -> None:
    keys = [str(trait.key) for trait in TRAITS]
    names = [*CORE, *(attribute.name for trait in TRAITS for attribute in trait.attributes)]
    functions = [each.__name__ for trait in TRAITS for each in trait.functions]
    for what, given in (("key", keys), ("attribute", names), ("function", functions)):
        twice = {each for each in given if given.count(each) > 1}
        assert not twice, f"two traits have one {what}: {', '.join(sorted(twice))}"


_check()
