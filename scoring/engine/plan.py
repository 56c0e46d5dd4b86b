"""Which segments need a look after an event: those whose answer its effects can turn, given where the customer is.

Three masks per set of effects say: look if outside, look if inside, look while `when` is held true. Whoever refers to a segment that
gets a look gets one too, after it. Plans are kept per mask, so an event costs a few integer operations to choose one.
"""

from __future__ import annotations

from scoring.engine.steps import Compiled, Step, Steps
from scoring.segments.model import Segment


class Plans:
    """Plans of steps, in the order in which they must run."""

    def __init__(self, steps: Steps) -> None:
        self._ordered = steps.ordered
        self.full: tuple[Step, ...] = tuple(each.step for each in steps.ordered)
        self.timed: tuple[Step, ...] = tuple(each.step for each in steps.ordered if each.timed or each.refs)
        self._masks: dict[int, tuple[int, int, int, int, dict[int, tuple[Step, ...]]]] = {}

    def choose(self, effects: int, members: int, holding: int) -> tuple[Step, ...]:
        """The steps to run after an event with these effects."""
        masks = self._masks.get(effects)
        if masks is None:
            masks = self._masks[effects] = (*self._mask(effects), {0: ()})
        outside, inside, held, quick, plans = masks
        need = (outside & ~(members | holding)) | (inside & members) | (held & holding)
        plan = plans.get(need)
        if plan is None:
            plan = plans[need] = self._plan(need, quick)
        return plan

    def _mask(self, effects: int) -> tuple[int, int, int, int]:
        outside = inside = held = quick = 0
        for each in self._ordered:
            if not isinstance(each.definition, Segment):
                look, lifted = _tier_masks(each, effects)
                inside |= look
                if not each.definition.settle:
                    quick |= lifted
                elif any((code.rise | code.fall) & effects for code in each.codes):
                    held |= each.bits
                continue
            when, leaving, bit = each.when, each.exit_when, each.bit
            assert when is not None
            if (when.rise | when.fall | (leaving.rise | leaving.fall if leaving else 0)) & effects:
                held |= bit
            if (when.rise | (leaving.fall if leaving else 0)) & effects:
                outside |= bit
            turning = leaving.rise if leaving else when.fall
            if (turning | when.rise if each.definition.hold_for else turning) & effects:
                inside |= bit
        return outside, inside, held, quick

    def _plan(self, need: int, quick: int) -> tuple[Step, ...]:
        plan: list[Step] = []
        looked_at: set[str] = set()
        for each in self._ordered:
            if each.refs & looked_at:
                plan.append(each.step)
            elif need & each.bits:
                lifted = need & quick & each.bits
                # The mask has one bit, that of the tier the customer is in.
                plan.append(each.quick[(lifted // each.bit).bit_length() - 1] if lifted else each.step)
            else:
                continue
            looked_at.add(each.name)
        return tuple(plan)


def _tier_masks(each: Compiled, effects: int) -> tuple[int, int]:
    """(tiers from which a look is due, those of them from which a quick look will do)."""
    look = quick = 0
    for j, code in enumerate(each.codes):
        mark = each.bit << j
        earlier = [c for c in each.codes[:j] if c.rise & effects]
        if code.fall & effects or any(c.timed_rise for c in earlier):
            look |= mark
        elif earlier:
            look |= mark
            quick |= mark
    return look, quick
