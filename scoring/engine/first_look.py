"""A customer's first event: most segments ask for what nothing is known of yet, and need no look at all.

A condition *rests* while what it reads is as in a customer of whom nothing is known, if it is false of such a one and time alone would
never make it true.
"""

from __future__ import annotations

from functools import reduce
from itertools import islice, product
from operator import or_

from scoring.engine.steps import Steps
from scoring.expressions.tree import And, Attr, Condition, Flag, Or
from scoring.expressions.words import leaves
from scoring.state import NEVER, create
from scoring.traits.catalog import CATALOG

#: A condition has few ways to rest; more than these are not looked for.
_WAYS = 16


def resting(steps: Steps, node: Condition) -> tuple[int, ...]:
    """Sets of effects: after a first event that has none of any one of these the condition rests."""
    if isinstance(node, And):
        return tuple(islice((way for part in node.parts for way in resting(steps, part)), _WAYS))
    if isinstance(node, Or):
        parts = [resting(steps, part) for part in node.parts]
        return tuple(reduce(or_, ways) for ways in islice(product(*parts), _WAYS))
    read = list(leaves(node))
    if not all(isinstance(leaf, Attr | Flag) for leaf in read):
        return ()  # it asks for memberships
    nobody = create(0)
    if steps.moment(steps.compiler.condition(node))(nobody, nobody.at) != (False, NEVER):
        return ()
    return (reduce(or_, (CATALOG[leaf.name].rise | CATALOG[leaf.name].fall for leaf in read if isinstance(leaf, Attr | Flag)), 0),)
