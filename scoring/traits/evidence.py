"""Evidence for one of a few answers: each piece has a weight, and all of it halves every 30 days.

Weights are kept as they would be at one instant (forward decay: Cormode, Shkapenyuk, Srivastava and Xu, 2009), so that the order in which
events come makes no difference; as all of it fades alike, time alone changes neither which answer leads nor its share. What time does take
is the confidence: the leading weight over the weight of all of it and 2 more, for what nobody has said (additive smoothing). Two pieces of
one weight for one answer and none for another give 0.5.

Facts are `[origin in half-lives since 1970, weight of answer 0, weight of answer 1, …]`.
"""

from __future__ import annotations

import math

from scoring.state import DAY, NEVER

Facts = list[float]

HALF_LIFE = 30 * DAY
#: The weight of what nobody has said.
UNSAID = 2.0
#: Half-lives that weights may grow until they are counted from a later instant: doubles end at 2 ** 1023.
_FAR = 100
#: Sums of the same weights in another order differ in their last bits.
_SAME = 1e-9


def nothing(answers: int, ts: int) -> Facts:
    facts: Facts = [ts // HALF_LIFE]
    return facts + [0] * answers


def weigh(facts: Facts, answer: int, weight: float, ts: int) -> None:
    if ts / HALF_LIFE - facts[0] > _FAR:
        _count_from(facts, ts // HALF_LIFE)
    facts[answer + 1] += weight * 2.0 ** (ts / HALF_LIFE - facts[0])


def joined(a: Facts, b: Facts) -> Facts:
    origin = max(a[0], b[0])
    _count_from(a, origin)
    _count_from(b, origin)
    return [origin, *(x + y for x, y in zip(a[1:], b[1:], strict=True))]


def leading(facts: Facts) -> int:
    """The answer with the greatest weight; of equal ones the first."""
    most = max(facts[1:]) * (1 - _SAME)
    return next(answer for answer, weight in enumerate(facts[1:]) if weight >= most)


def share(facts: Facts, answer: int) -> float:
    return facts[answer + 1] / sum(facts[1:])


def confidence(facts: Facts, now: int) -> float:
    faded: float = 2.0 ** (facts[0] - now / HALF_LIFE)
    return max(facts[1:]) * faded / (sum(facts[1:]) * faded + UNSAID)


def confident_until(facts: Facts, threshold: float, strict: bool) -> int:
    """The first ms at which `confidence >= threshold` (`>` if strict), true now, is false; NEVER if it stays true.

    It is true while `faded * (most - threshold * all) >= threshold * UNSAID`.
    """
    spare = max(facts[1:]) - threshold * sum(facts[1:])
    if threshold <= 0 or spare <= 0:
        return NEVER
    # The logarithm can be a bit off: the answer is where the very comparison that decides membership turns.
    t = math.ceil(HALF_LIFE * (facts[0] + math.log2(spare / (threshold * UNSAID))))
    while not _above(facts, t - 1, threshold, strict):
        t -= 1
    while _above(facts, t, threshold, strict):
        t += 1
    return t


def _above(facts: Facts, t: int, threshold: float, strict: bool) -> bool:
    value = confidence(facts, t)
    return value > threshold if strict else value >= threshold


def _count_from(facts: Facts, origin: float) -> None:
    """Powers of two: it costs no accuracy."""
    fade = 2.0 ** (facts[0] - origin)
    facts[:] = [origin, *(weight * fade if weight else 0 for weight in facts[1:])]
