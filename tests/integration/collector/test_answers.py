"""What a caller is answered: as Segment documents it, so that its libraries do what they should."""

from __future__ import annotations

import gzip
import json
import time
from datetime import datetime
from typing import Any

import pytest

from tests.integration.collector.serving import KEY, OLD_KEY, Collector


def view(who: str, **more: Any) -> dict[str, Any]:
    return {"type": "track", "userId": who, "event": "Product Viewed", "properties": {"product_id": "p1"}} | more


def viewed(collector: Collector, who: str) -> list[dict[str, Any]]:
    return collector.arrived(lambda value: value["customer_id"] == who).get("page-views", [])


@pytest.mark.parametrize("key", [KEY, OLD_KEY])
def test_either_write_key_will_do_as_user_or_in_the_body(collector: Collector, key: str) -> None:
    who = f"by-{key[:6]}"

    assert collector.post("/v1/track", view(who), key).json() == {"success": True}
    assert collector.post("/v1/track", view(who, writeKey=key), None).status_code == 200
    assert collector.post("/v1/batch", {"batch": [view(who)], "writeKey": key}, None).status_code == 200

    assert len(viewed(collector, who)) == 3


@pytest.mark.parametrize("authorization", ["Basic bm9ib2R5Og==", "Basic !!", "Basic Og==", "Bearer x", ""])
def test_nobody_else_is_taken_from(collector: Collector, authorization: str) -> None:
    answer = collector.post("/v1/track", view("stranger"), None, Authorization=authorization)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert collector.post("/v1/track", view("stranger", writeKey="guess"), None).status_code == 401
    # A wrong user is not helped by a right key in the body.
    assert collector.post("/v1/track", view("stranger", writeKey=KEY), "guess-guess-guess").status_code == 401
    assert not viewed(collector, "stranger")


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/v1/b"])
def test_a_batch_may_be_zipped(collector: Collector, path: str) -> None:
    who = f"zipped{path}"
    body = gzip.compress(json.dumps({"batch": [view(who, messageId=f"m{n}") for n in range(250)]}).encode())

    assert collector.post(path, body, **{"Content-Encoding": "gzip"}).status_code == 200

    assert {value["event_id"] for value in viewed(collector, who)} == {f"m{n}" for n in range(250)}


@pytest.mark.parametrize(("path", "type_"), [("/v1/page", "page"), ("/v1/p", "page"), ("/v1/screen", "screen"), ("/v1/s", "screen")])
def test_a_call_at_its_own_address_needs_no_type(collector: Collector, path: str, type_: str) -> None:
    assert (
        collector.post(path, {"userId": path, "category": "Search", "name": "roses"}, **{"Content-Type": "text/plain"}).status_code == 200
    )

    assert [value["page_type"] for value in viewed(collector, path)] == ["search"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"batch": 1}', b'{"batch": {}}', b'{"other": []}', b"[" * 100_000, b'{"batch": [1, 2'],
    ids=["nothing", "half", "list", "text", "bytes", "number", "object", "no batch", "deep", "cut"],
)
def test_what_is_no_json_of_calls_is_not_asked_for_again(collector: Collector, body: bytes) -> None:
    answer = collector.post("/v1/batch", body)

    assert answer.status_code == 400
    assert answer.json()["success"] is False
    assert answer.json()["message"]


def test_a_damaged_zip_is_the_callers_fault(collector: Collector) -> None:
    whole = gzip.compress(json.dumps({"batch": [view("torn")]}).encode())

    for body in (b"no zip at all", whole[: len(whole) // 2]):
        assert collector.post("/v1/batch", body, **{"Content-Encoding": "gzip"}).status_code == 400
    assert "Unhandled" not in collector.log


def test_too_much_at_once_is_refused_without_reading_on(collector: Collector) -> None:
    bomb = gzip.compress(b'{"batch": [' + b" " * 30_000_000)

    for path, body, headers in (
        ("/v1/batch", b'{"batch": [' + b" " * 512_000, {}),
        ("/v1/batch", bomb, {"Content-Encoding": "gzip"}),
        ("/v1/track", json.dumps(view("large", x="x" * 33_000)).encode(), {}),
    ):
        answer = collector.post(path, body, **headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    fitting = json.dumps({"batch": [view("large", n=n, x="x" * 31_000) for n in range(16)]})
    assert collector.post("/v1/batch", fitting.encode()).status_code == 200
    assert len(viewed(collector, "large")) == 16


def test_calls_no_library_would_mend_are_dead_letters_with_their_very_bytes(collector: Collector) -> None:
    fine = json.dumps(view("beside"))
    bad = [
        ('{"type":"track",  "event":"Product Viewed","properties":{"product_id":"p1"}}', "missing_field"),
        ('{"type":"track","userId":"u","event":"Product Added","properties":{"price":1.50}}', "missing_field"),
        ('{"type":"track","userId":"u","event":"Product Added","properties":{"product_id":"p","price":"a lot"}}', "wrong_type"),
        ('{"type":"track","userId":"u"}', "missing_field"),
        ('{"type":"delete","userId":"u"}', "unknown_type"),
        ('{"type":"page","userId":{"id":1}}', "wrong_type"),
        ('{"type":"page","userId":"' + "u" * 129 + '"}', "too_long"),
        ('{"type":"page","userId":"u","timestamp":"yesterday"}', "bad_ts"),
        ('{"type":"page","userId":"u","timestamp":"2999-01-01T00:00:00Z"}', "future_ts"),
        ('{"type":"track","userId":"u","event":"Order Completed","properties":{"order_id":"o","currency":"SEK"}}', "currency"),
        ('{"type":"alias","userId":"u"}', "missing_field"),
        ('{"type":"track","userId":"u","event":"Product Viewed","properties":{"x":"' + "x" * 33_000 + '"}}', "too_long"),
        ("17", "not_an_object"),
    ]

    answer = collector.post("/v1/batch", f'{{"batch": [{", ".join([fine, *(call for call, _ in bad)])}]}}'.encode())

    assert answer.status_code == 200
    assert [(each["call"], each["error"]) for each in answer.json()["refused"]] == [(n + 1, error) for n, (_, error) in enumerate(bad)]
    letters = {value.decode(): headers for value, headers in collector.letters()}
    for call, error in bad:
        assert (letters[call]["error"], letters[call]["topic"]) == (error, "collector")
        assert letters[call]["detail"]
    assert len(viewed(collector, "beside")) == 1


def test_a_dead_letter_can_be_tried_again_when_the_names_are_put_right(collector: Collector) -> None:
    call = {"type": "track", "userId": "retried", "event": "Product Added", "properties": {"item": {"code": "p9"}}, "messageId": "m9"}
    hopeless = {"type": "track", "event": "Product Added", "messageId": "m10"}
    collector.post("/v1/batch", {"batch": [call, hopeless], "sentAt": "2024-02-01T10:00:03.500Z"})
    (collector.folder / "own.toml").write_text('[properties]\nproduct_id = "item.code"\n')

    retried = collector.run("dlq", "retry", "--error", "missing_field", "--set", "collector=own.toml")

    added = collector.arrived(lambda value: value["customer_id"] == "retried")["cart-events"]
    assert [(value["product_id"], value["event_id"]) for value in added] == [("p9", "m9")]
    assert retried.returncode == 0
    assert "refused again" in retried.stdout
    letters = [headers["detail"] for value, headers in collector.letters() if b'"m10"' in value]
    assert len(letters) == 2 and letters[0] == letters[1]


def test_a_clock_that_is_wrong_is_put_right(collector: Collector) -> None:
    """received - (sentAt - timestamp): three seconds before it was sent, on a device whose clock is two years behind."""
    call = view("behind", timestamp="2024-02-01T10:00:00.500Z")
    began = time.time()

    collector.post("/v1/batch", {"batch": [call], "sentAt": "2024-02-01T10:00:03.500Z"})
    collector.post("/v1/track", view("unsent", timestamp="2024-02-01T10:00:00.500Z"))

    (behind,) = viewed(collector, "behind")
    assert began - 4 < datetime.fromisoformat(behind["ts"]).timestamp() < time.time() - 2
    assert [value["ts"] for value in viewed(collector, "unsent")] == ["2024-02-01T10:00:00.500Z"]


def test_what_a_batch_says_of_all_its_calls_goes_for_each(collector: Collector) -> None:
    calls = [view("shared"), view("shared", context={"locale": "fr-FR"})]

    collector.post("/v1/batch", {"batch": calls, "context": {"locale": "nl-NL", "userAgent": "Browser/1"}})

    assert [(value["language"], value["user_agent"]) for value in viewed(collector, "shared")] == [
        ("nl-NL", "Browser/1"), ("fr-FR", "Browser/1"),
    ]  # fmt: skip


def test_pages_of_other_sites_are_not_let_in_unless_a_setting_says_so(collector: Collector) -> None:
    answer = collector.post("/v1/track", view("page"), Origin="https://www.shop.example")

    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_topics_that_do_not_fit_the_settings_end_the_server_at_its_start(collector: Collector) -> None:
    other = Collector(collector.broker, collector.prefix, collector.folder, collector.options | {"partitions": "3"})

    done = other.run("serve", "--parts", "collector")

    assert done.returncode == 2
    assert "the setting partitions is 3, but page-views has 4" in done.stderr.replace(collector.prefix, "")


def test_nothing_about_customers_and_no_key_is_in_the_log(collector: Collector) -> None:
    collector.post("/v1/identify", {"userId": "secret-person", "traits": {"email": "someone@shop.example"}, "writeKey": KEY})
    collector.post("/v1/track", {"userId": "secret-person", "event": "Product Added"})

    for secret in ("secret-person", "someone@shop.example", KEY, OLD_KEY):
        assert secret not in collector.log
