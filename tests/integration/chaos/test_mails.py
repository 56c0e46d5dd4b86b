"""The verdict on mails is sharp: each of these has one fault, which it names."""

from __future__ import annotations

import pytest

from scoring.instants import rfc3339
from streams.sinks.claims import Outcome
from tests.integration.chaos.mails import Judged, Mail, Withdrawal, judged

NOW = 1_800_000_000_000
SENT = Outcome("sent", NOW)
WITHDRAWN = Outcome("dropped", NOW, "withdrawn: purchase")
OVERTAKEN = Outcome("dropped", NOW, "overtaken: the campaign's next step was due")
PURCHASE = Withdrawal("purchase", NOW - 10)
MAIL = Mail("m", NOW)


def verdict(mails: list[Mail], outcome: Outcome | None, *withdrawals: Withdrawal, cut: int = 0, valid_until: int | None = None) -> Judged:
    """On one message that was to be sent."""
    context = {"valid_until": None if valid_until is None else rfc3339(valid_until)}
    return judged({"m": {"message_id": "m", "context": context}}, mails, {"m": outcome}, {"m": list(withdrawals)}, cut)


@pytest.mark.parametrize(
    ("found", "withheld"),
    [
        (verdict([MAIL], SENT), 0),
        (verdict([MAIL], SENT, Withdrawal("purchase", NOW + 10)), 0),
        (verdict([], WITHDRAWN, PURCHASE), 1),
        (verdict([], OVERTAKEN, valid_until=NOW), 1),
        (verdict([MAIL], WITHDRAWN, Withdrawal("purchase", NOW), cut=1), 1),
        (verdict([MAIL, MAIL], SENT, cut=1), 0),
    ],
)  # fmt: skip
def test_holds(found: Judged, withheld: int) -> None:
    assert not found.wrong and found.withheld.total() == withheld


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (verdict([], None), "mails_missing"),
        (verdict([], SENT), "mails_missing"),
        (verdict([], Outcome("sending")), "mails_missing"),
        (verdict([], Outcome("refused", NOW, "mail_too_old")), "mails_missing"),
        (verdict([MAIL], None), "mails_not_on_record"),
        (verdict([MAIL], Outcome("sending")), "mails_not_on_record"),
        (verdict([MAIL, Mail("n", NOW)], SENT), "mails_extra"),
        (verdict([MAIL, MAIL], SENT), "mails_doubled_without_cause"),
        (verdict([MAIL, MAIL, MAIL], SENT, cut=1), "mails_doubled_without_cause"),
        (verdict([MAIL], WITHDRAWN, Withdrawal("purchase", NOW)), "mails_doubled_without_cause"),
        (verdict([MAIL], SENT, Withdrawal("purchase", NOW - 5_000)), "mails_after_withdrawal"),
        (verdict([], WITHDRAWN), "mails_withheld_without_cause"),
        (verdict([], WITHDRAWN, Withdrawal("not_a_member", NOW - 10)), "mails_withheld_without_cause"),
        (verdict([], WITHDRAWN, Withdrawal("purchase", NOW + 10)), "mails_withheld_without_cause"),
        (verdict([], OVERTAKEN), "mails_withheld_without_cause"),
        (verdict([], OVERTAKEN, valid_until=NOW + 1), "mails_withheld_without_cause"),
        (verdict([], Outcome("dropped", NOW, "the customer was erased")), "mails_withheld_without_cause"),
    ],
)  # fmt: skip
def test_finds(found: Judged, fault: str) -> None:
    assert set(found.wrong) == {fault}
