"""Whether every mail that was decided is in the mailbox once, or has its reason on record why it isn't.

Delivery holds back what the engine has taken back since (`withdrawals`) and what the next step has overtaken. Both are looked up: what it
says it held back must stand on the topic, or have been overtaken by then. Nothing else is a reason here: nobody is erased, no cap is
reached, no mail is old, none is refused.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from redis.asyncio import Redis

from scoring.events.instants import epoch_ms
from streams.sinks.claims import Claims, Outcome

#: ms from when delivery looks what was taken back to when it makes the mail, which then goes out at once or is looked at anew.
LOOKS = 1_000
#: How many mails are on their way at once, and may be there twice when delivery is killed or cut off.
UNDER_WAY = 8

_WITHDRAWN = "withdrawn: "
_OVERTAKEN = "overtaken: the campaign's next step was due"


@dataclass(frozen=True, slots=True)
class Mail:
    """`made`: its Date (epoch ms, whole seconds)."""

    message_id: str
    made: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """`at`: when it reached the broker (epoch ms)."""

    reason: str
    at: int


@dataclass
class Judged:
    """Figures by the names they have in the tally. `withheld`: mails rightly not there, by reason; `doubled`: there twice with a cause."""

    wrong: dict[str, list[object]] = field(default_factory=lambda: defaultdict(list))
    withheld: Counter[str] = field(default_factory=Counter)
    doubled: int = 0


def judged(
    sends: Mapping[str, dict[str, Any]], there: Iterable[Mail], outcomes: Mapping[str, Outcome | None],
    withdrawals: Mapping[str, list[Withdrawal]], cut: int, looks: int = LOOKS,
) -> Judged:  # fmt: skip
    """`sends`: decisions to send, by message id. `cut`: how often delivery was killed or its connections were broken."""
    found = Judged()
    mailbox = defaultdict(list)
    for mail in there:
        mailbox[mail.message_id].append(mail)
    doubtful = []  # taken over as delivery was cut off, and no longer wanted when it came back
    for name, message in sends.items():
        outcome = outcomes.get(name)
        state = "nothing" if outcome is None else outcome.state
        if outcome is not None and state == "dropped":
            if (reason := _borne_out(message, outcome, withdrawals.get(name, []))) is None:
                found.wrong["mails_withheld_without_cause"].append((outcome, message, withdrawals.get(name)))
            elif name in mailbox:
                doubtful.append(name)
            else:
                found.withheld[reason] += 1
        elif name not in mailbox:
            found.wrong["mails_missing"].append((f"{state} on record", message))
        elif state != "sent":
            found.wrong["mails_not_on_record"].append((f"{state} on record", message))
    found.wrong["mails_extra"] += mailbox.keys() - sends.keys()
    for name, mails in mailbox.items():
        known = min((each.at for each in withdrawals.get(name, [])), default=None)
        if known is not None and any(mail.made > known + looks for mail in mails):
            found.wrong["mails_after_withdrawal"].append((mails, withdrawals[name]))
    _doubles(found, {name: len(mails) for name, mails in mailbox.items() if len(mails) > 1}, doubtful, cut)
    found.wrong = {name: wrong for name, wrong in found.wrong.items() if wrong}
    return found


def _borne_out(message: dict[str, Any], outcome: Outcome, withdrawals: list[Withdrawal]) -> str | None:
    """The reason it was held back for, if it was one by then."""
    if outcome.why.startswith(_WITHDRAWN):
        reason = outcome.why.removeprefix(_WITHDRAWN)
        return outcome.why if any(each.reason == reason and each.at <= outcome.at for each in withdrawals) else None
    until = message["context"].get("valid_until")
    return outcome.why if outcome.why == _OVERTAKEN and until is not None and epoch_ms(until) <= outcome.at else None


def _doubles(found: Judged, twice: Mapping[str, int], doubtful: list[str], cut: int) -> None:
    """At most one more for each that was on its way whenever delivery was killed or cut off."""
    if len(twice) + len(doubtful) <= UNDER_WAY * cut and all(count <= 1 + cut for count in twice.values()):
        found.doubled = len(twice)
        found.withheld["taken over as delivery was cut off"] += len(doubtful)
    else:
        found.wrong["mails_doubled_without_cause"] += [*twice.items(), *doubtful]
    found.withheld = +found.withheld


def mails_of(index: Iterable[dict[str, Any]]) -> list[Mail]:
    """From the mail server's list."""
    return [
        Mail(
            mail["headers"]["message-id"].strip("<>").partition("@")[0],
            round(parsedate_to_datetime(mail["headers"]["date"]).timestamp() * 1000),
        )
        for mail in index
    ]  # fmt: skip


async def outcomes_of(url: str, app_id: str, names: Iterable[str]) -> dict[str, Outcome | None]:
    """What delivery has on record of each."""
    redis = Redis.from_url(url)
    try:
        chosen = list(names)
        return dict(zip(chosen, await Claims(redis, app_id).outcomes(chosen), strict=True))
    finally:
        await redis.aclose()
