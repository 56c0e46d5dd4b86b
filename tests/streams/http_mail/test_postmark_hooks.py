"""Postmark's webhooks, with the examples of its documentation."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from tests.streams.http_mail.conftest import PERSON, SECRET, Mail

CUSTOMER = "c" * 100
METADATA = {"customer_id": CUSTOMER[:80], "customer_id_2": CUSTOMER[80:], "message_id": "m1"}
AT = "2026-03-01T10:53:34.416071Z"
OFFSET_AT = "2026-03-01T11:53:34.4160710+01:00"


def password(secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"postmark:{secret}".encode()).decode()}


AUTH = password(SECRET)

DELIVERY = {"RecordType": "Delivery", "ServerID": 23, "MessageStream": "outbound", "MessageID": "00000000-0000-0000-0000-000000000000",
            "Recipient": "john@example.com", "Tag": "welcome-email", "DeliveredAt": AT, "Details": "Test delivery"}  # fmt: skip
BOUNCE = {"RecordType": "Bounce", "ID": 42, "Type": "HardBounce", "TypeCode": 1, "Name": "Hard bounce", "Tag": "Test", "ServerID": 1234,
          "MessageID": "00000000-0000-0000-0000-000000000000", "MessageStream": "outbound", "Email": "john@example.com",
          "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).", "From": "s@example.com",
          "Details": "Test bounce details", "BouncedAt": AT, "DumpAvailable": True, "Inactive": True, "CanActivate": True,
          "Subject": "Test subject", "Content": "<Full dump of bounce>"}  # fmt: skip
COMPLAINT = BOUNCE | {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 100001, "Name": "Spam complaint"}
SUPPRESSED = {"RecordType": "SubscriptionChange", "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "ServerID": 123456,
              "MessageStream": "outbound", "ChangedAt": AT, "Recipient": "bounced-address@wildbit.com", "Origin": "Recipient",
              "SuppressSending": True, "SuppressionReason": "ManualSuppression", "Tag": "my-tag"}  # fmt: skip
OPEN = {"RecordType": "Open", "FirstOpen": True, "Client": {"Name": "Thunderbird"}, "OS": {"Name": "Linux"}, "Platform": "Desktop",
        "UserAgent": PERSON, "Geo": {"City": "Amsterdam"}, "MessageID": "00000000-0000-0000-0000-000000000000", "ReadSeconds": 5,
        "MessageStream": "outbound", "ReceivedAt": OFFSET_AT, "Tag": None, "Recipient": "john@example.com"}  # fmt: skip
CLICK = OPEN | {"RecordType": "Click", "ClickLocation": "HTML", "OriginalLink": "https://koffie.example/p/1"}


def told(hook: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return hook | {"Metadata": METADATA} | fields


HOOKS: list[tuple[dict[str, Any], str, dict[str, bool]]] = [
    (told(DELIVERY), "delivered", {}),
    (told(BOUNCE), "bounced", {}),
    (told(BOUNCE, Type="SoftBounce", TypeCode=4096, Inactive=False), "bounced", {"soft": True}),
    (told(BOUNCE, Type="Unknown", TypeCode=2048, Inactive=True), "bounced", {}),
    (told(COMPLAINT), "complained", {}),
    (told(SUPPRESSED), "unsubscribed", {}),
    (told(SUPPRESSED, SuppressionReason="HardBounce"), "bounced", {}),
    (told(SUPPRESSED, SuppressionReason="SpamComplaint"), "complained", {}),
    (told(OPEN), "opened", {}),
    (told(OPEN, UserAgent="Mozilla/5.0"), "opened", {"machine": True}),
    (told(CLICK), "clicked", {}),
    (told(CLICK, UserAgent="Mimecast-URL-Protect/1.0"), "opened", {"machine": True}),
]


async def test_webhooks_become_events_and_told_twice_they_count_once(mail: Mail) -> None:
    for n, (hook, _, _) in enumerate(HOOKS):
        for _ in range(2):
            about = {"Metadata": METADATA | {"message_id": f"m{n}"}}
            assert (await mail.client.post("/mail/postmark", json=hook | about, headers=AUTH)).status == 200
    events = await mail.events()
    for n, ((_, type, marks), event) in enumerate(zip(HOOKS, events, strict=True)):
        assert (event["type"], event["customer_id"], event["message_id"], event["key"]) == (type, CUSTOMER, f"m{n}", CUSTOMER)
        assert event["ts"] == "2026-03-01T10:53:34.416Z"
        assert {name: event[name] for name in ("machine", "soft") if name in event} == marks


async def test_what_does_not_concern_us_is_taken_and_left_alone(mail: Mail) -> None:
    for hook in (
        DELIVERY,
        told(SUPPRESSED, SuppressSending=False, SuppressionReason=None),
        told(BOUNCE, Type="AutoResponder", Inactive=False),
        told({"RecordType": "Inbound"}),
        {**DELIVERY, "Metadata": {"example": "value"}},
    ):
        assert (await mail.client.post("/mail/postmark", json=hook, headers=AUTH)).status == 200
    assert await mail.events() == []


async def test_only_with_the_secret(mail: Mail) -> None:
    for path, headers, status in (
        ("/mail/postmark", {}, 401),
        ("/mail/postmark", password("wrong"), 401),
        ("/mail/postmark/wrong", AUTH, 401),
        (f"/mail/postmark/{SECRET}", {}, 200),
    ):
        assert (await mail.client.post(path, json=told(DELIVERY), headers=headers)).status == status
    assert len(await mail.events()) == 1


async def test_what_is_no_webhook_is_refused_for_good(mail: Mail) -> None:
    wrong = b'{"RecordType":"Delivery","Metadata":{"customer_id":1}}'
    for body in (b"", b"{", b"[]", b'{"RecordType": 3}', wrong, b"\xff"):
        assert (await mail.client.post("/mail/postmark", data=body, headers=AUTH)).status == 403, "Postmark doesn't repeat after 403"
    assert (await mail.client.post("/mail/postmark", data=b" " * 2_000_000, headers=AUTH)).status == 413


async def test_an_event_is_not_from_the_future(mail: Mail) -> None:
    await mail.client.post("/mail/postmark", json=told(DELIVERY, DeliveredAt="2099-01-01T00:00:00Z"), headers=AUTH)
    assert (await mail.events())[0]["ts"] < "2099"
