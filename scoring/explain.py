"""Why a customer is where it is: for every segment in or out, since when, the clause that decides, and when time alone will change that.

The last is found by letting time pass on a copy of the state with the engine's own `until`: it is exact for the same reason that the
deadlines are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scoring.engine import Engine, membership
from scoring.engine.steps import Compiled, Entry
from scoring.engine.telling import KINDS
from scoring.expressions.tree import Condition
from scoring.expressions.words import span
from scoring.segments.model import Segment, Tiers
from scoring.state import HOUR, NEVER, Customer, decode, encode

#: Instants looked at in search of the next change; a customer has as many ahead as its windows have hours and days with something in them.
LOOKS = 5_000


@dataclass(frozen=True, slots=True)
class Ahead:
    """What time alone will do: `kind` is entered, exited or moved (then `to` is the tier), at an instant in ms."""

    at: int
    kind: str
    to: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`member`: of a simple segment; `tier`: of tiers, None for who is in none. `since`: ms; None for one the customer never was in.

    `ahead` None: time alone changes nothing, unless `sure_until` (ms) says how far was looked. Durations in `attributes` are seconds.
    """

    segment: str
    family: str
    kind: str  # segment, tiers
    member: bool
    tier: str | None
    since: int | None
    reason: str
    attributes: dict[str, Any]
    ahead: Ahead | None
    sure_until: int | None


def explain(engine: Engine, state: Customer, now: int) -> list[Verdict]:
    """Every segment at `now`, in the order of the definitions; `now` is moved up to the instant the customer was last evaluated at.

    The state stays as it is. It must have been judged under the engine's definitions (ValueError). An engine without campaigns will do.
    """
    if state.definitions != engine.fingerprint:
        raise ValueError("the customer was judged under other definitions than the engine's")
    copy = _copy(state)
    now = max(now, copy.at)
    engine.until(copy, now, [])
    at_now = [_Now(engine, each, copy, now) for each in engine.steps.by_index]
    ahead, sure_until = _look_ahead(engine, copy)
    return [each.verdict(ahead.get(each.index), sure_until) for each in at_now]


def _copy(state: Customer) -> Customer:
    return decode(encode(state))


def _look_ahead(engine: Engine, copy: Customer) -> tuple[dict[int, Ahead], int | None]:
    """By segment the next change, and how far was looked (None: to the end). The copy is used up."""
    found: dict[int, Ahead] = {}
    wanted = {each.index for each in engine.steps.by_index if each.timed or each.refs}
    for _ in range(LOOKS):
        if copy.due >= NEVER or not wanted - found.keys():
            return found, None
        out: list[Entry] = []
        engine.until(copy, copy.due, out)
        for entry in out:
            if entry[0] == 0:
                found.setdefault(entry[1], Ahead(entry[5], KINDS[entry[2]], entry[4]))
    return found, copy.due


class _Now:
    """A segment and where the customer is in it."""

    def __init__(self, engine: Engine, each: Compiled, s: Customer, now: int) -> None:
        self.index = each.index
        self._each = each
        self._values = each.values(s, now)
        assert isinstance(s.members, int)
        definition = each.definition
        self._tier: str | None = None
        if isinstance(definition, Segment):
            self._member = bool(s.members & each.bit)
            self._reason = self._of_member(definition) if self._member else self._of_outsider(definition, s, now)
        else:
            self._member = True
            marks = engine.steps.layout.tiers[each.name]
            self._tier = next((tier for tier, bit in marks.items() if s.members & bit), None)
            self._reason = self._of_tier(definition)
        if definition.settle and s.holding & each.bits:  # type: ignore[operator]
            lasted = now - membership.held_since(s, self.index)
            self._reason = f"{self._reason}; otherwise for {span(lasted)}, settles in {span(definition.settle)}"
        self._since = _since(s, each.index, self._member)

    def verdict(self, ahead: Ahead | None, sure_until: int | None) -> Verdict:
        each = self._each
        timed = each.timed or bool(each.refs)
        return Verdict(
            each.name,
            each.definition.family,
            "segment" if isinstance(each.definition, Segment) else "tiers",
            self._member,
            self._tier,
            self._since,
            self._reason,
            each.reader.attributes(self._values),
            ahead,
            sure_until if timed and ahead is None else None,
        )

    def _judge(self, condition: Condition) -> tuple[bool, str]:
        return self._each.reader.judge(condition)(self._values)

    def _of_member(self, definition: Segment) -> str:
        holds, words = self._judge(definition.when)
        if definition.exit_when is None:
            return words
        stays = f"exit_when does not hold: {self._judge(definition.exit_when)[1]}"
        return f"{words}; {stays}" if holds else stays

    def _of_outsider(self, definition: Segment, s: Customer, now: int) -> str:
        holds, words = self._judge(definition.when)
        if not holds:
            return words
        if definition.exit_when is not None:
            kept_out, why = self._judge(definition.exit_when)
            if kept_out:
                return f"{words}; exit_when holds: {why}"
        waits = []
        if definition.hold_for:
            held = now - membership.held_since(s, self.index)
            if held < definition.hold_for:
                waits.append(f"held for {span(held)} of {span(definition.hold_for)}")
        left = membership.last_exit(s, self.index)
        if definition.cooldown and left is not None and now - left < definition.cooldown:
            waits.append(f"left {span(now - left)} ago, cooldown {span(definition.cooldown)}")
        return "; ".join([words, *waits])

    def _of_tier(self, definition: Tiers) -> str:
        """Its own condition, and why none of those above it holds."""
        if self._tier is None and definition.of is not None:
            return self._judge(definition.of)[1]
        own, above = "", []
        for tier in definition.tiers:
            if tier.name == self._tier:
                own = "" if tier.when is None else self._judge(tier.when)[1]
                break
            assert tier.when is not None
            above.append(f"not {tier.name}: {self._judge(tier.when)[1]}")
        return "; ".join([own, *above] if own else above) or "always"


def _since(s: Customer, index: int, member: bool) -> int | None:
    """Since the entry for members (and tiers), since the last exit for others."""
    found = membership.find(s, index)
    since = None if found is None else found[membership.SINCE if member else membership.LAST_EXIT]
    return None if since is None else int(since) + s.h0 * HOUR
