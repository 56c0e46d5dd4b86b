"""The API as a program meets it: real Kafka and Redis, a worker and two servers as processes."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from tests.integration.api.conftest import CARTS, SITE, VIEWERS
from tests.integration.api.stage import Stage


def test_a_customers_segments_and_since_when(stage: Stage) -> None:
    answer = stage.get("/v1/customers/c1")
    assert answer.status == 200
    assert answer.body["customer_id"] == "c1"
    (segment,) = answer.body["segments"]
    assert (segment["segment"], segment["family"]) == ("cart_abandoned", "purchase_habits")
    (tier,) = answer.body["tiers"]
    assert (tier["group"], tier["family"]) == ("warmth", "engagement") and tier["since"] >= answer.body["since"]
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-content-type-options"] == "nosniff"


def test_an_id_of_any_characters(stage: Stage) -> None:
    answer = stage.get("/v1/customers/" + quote("über/één kop?", safe=""))
    assert (answer.status, answer.body["customer_id"]) == (200, "über/één kop?")
    assert stage.get("/v1/customers/" + quote("über/één kop?", safe="") + "/explain").status == 200


def test_explain_says_why_and_what_time_alone_will_do(stage: Stage) -> None:
    answer = stage.get("/v1/customers/c1/explain")
    assert answer.status == 200, answer
    segments = {each["segment"]: each for each in answer.body["segments"]}
    cart = segments["cart_abandoned"]
    assert cart["member"] and cart["reason"].startswith("cart_items 2 > 0, cart_idle ")
    assert cart["attributes"]["cart_items"] == 2 and cart["changes"] is None
    shown = stage.get("/v1/customers/c1").body["segments"][0]
    assert cart["since"] == shown["since"]
    warmth = segments["warmth"]
    if warmth["tier"] != "cold":
        assert warmth["changes"]["kind"] == "moved" and warmth["changes"]["at"] > answer.body["at"]
    big = {each["segment"]: each for each in stage.get("/v1/customers/c0/explain").body["segments"]}["big_spender"]
    assert big["member"] and big["reason"] == "spend 120 >= 100, not in_segment('cart_abandoned')"


def test_counts_by_family(stage: Stage) -> None:
    answer = stage.get("/v1/segments", family="purchase_habits")
    n = CARTS - 1
    row = {"name": "cart_abandoned", "kind": "segment", "customers": n, "percent": round(100 * n / (VIEWERS + 1), 2)}
    assert answer.body == {"customers": VIEWERS + 1, "robots": 0, "families": [{"family": "purchase_habits", "segments": [row]}]}


def test_members_by_pages_each_once_in_order_of_entry(stage: Stage) -> None:
    found, cursor = [], {}
    for _ in range(10):
        page = stage.get("/v1/segments/cart_abandoned/members", limit=4, **cursor).body
        found += page["members"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(each["customer_id"] for each in found) == sorted(f"c{n}" for n in range(1, CARTS))
    assert [each["since"] for each in found] == sorted(each["since"] for each in found)


@pytest.mark.parametrize(
    "path, status, detail",
    [
        ("/v1/customers/nobody", 404, "Nothing is known of a customer with this id"),
        ("/v1/customers/nobody/explain", 404, "Nothing is known of a customer with this id"),
        ("/v1/customers/nobody/messages", 404, "Nothing is known of a customer with this id"),
        ("/v1/segments/cart_abandonned/members", 404, "Did you mean cart_abandoned?"),
        ("/v1/segments/cart_abandoned/members?limit=0", 400, "limit must be a whole number from 1 to 1,000."),
        ("/v1/segments/cart_abandoned/members?cursor=x", 400, "cursor must be what `next` of the page before said."),
        ("/v1/segments?familly=usage", 400, "There is no parameter 'familly'; those here are family."),
        ("/v1/segments?family=nope", 400, "There is no family 'nope'"),
        ("/v1/changes?segment=warmt", 400, "Did you mean warmth?"),
        ("/v1/changes?since=yesterday", 400, "since must be RFC 3339"),
        ("/v1/changes?last_event_id=1", 400, "2 offsets with dots between"),
        ("/v1/changes?last_event_id=0.99999999", 410, "Take over the segments' members anew"),
        ("/v1/nothing", 404, "/openapi.json lists what there is"),
    ],
)
def test_errors_say_what_to_do(stage: Stage, path: str, status: int, detail: str) -> None:
    answer = stage.get(path)
    assert (answer.status, answer.body["status"]) == (status, status)
    assert detail in answer.body["detail"]
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_without_a_right_token_nothing_is_told(stage: Stage) -> None:
    head, secret = stage.token[:17], stage.token[17:]
    for token in ("", "gdr_000000000000_" + secret, head + secret[:-1] + ("a" if secret[-1] != "a" else "b"), "x"):
        answer = stage.get("/v1/customers/c1", token=token)
        assert answer.status == 401 and answer.headers["www-authenticate"].startswith("Bearer") and "gedrag token" in answer.body["detail"]
    assert stage.get("/v1/customers/c1", token="", headers={"Authorization": f"Basic {stage.token}"}).status == 401


def test_a_revoked_token_is_refused_at_once_by_every_server(stage: Stage) -> None:
    token = stage.run("token", "create", "--name", "brief", "--expires", "1h").strip()
    servers = stage.servers[:2]
    assert [stage.get("/v1/segments", token, base).status for base in servers] == [200, 200]
    listed = [json.loads(line) for line in stage.run("token", "list", "--json").splitlines()]
    (brief,) = (each for each in listed if each["name"] == "brief")
    assert brief["scope"] == "read" and brief["used"] is not None and token.split("_", 2)[2] not in json.dumps(listed)
    assert "there is a token brief already" in stage.run("token", "create", "--name", "brief", code=2)
    assert stage.run("token", "revoke", "brief").startswith("revoked brief")
    assert [stage.get("/v1/segments", token, base).status for base in servers] == [401, 401]


def test_an_expired_token_is_refused(stage: Stage) -> None:
    answer = stage.get("/v1/segments", stage.new_token("short", lasts=0))
    assert answer.status == 401
    assert answer.body["detail"].startswith("This token has expired")


def test_more_requests_than_the_limit_are_refused(stage: Stage) -> None:
    token, strict = stage.new_token("eager"), stage.servers[1]
    with ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        answers = list(pool.map(lambda _: stage.get("/v1/segments", token, strict), range(60)))
        took = time.monotonic() - began
    passed = sum(each.status == 200 for each in answers)
    refused = [each for each in answers if each.status == 429]
    assert passed + len(refused) == 60 and 20 <= passed <= 20 + 20 * took + 1
    assert refused and all(int(each.headers["retry-after"]) >= 1 for each in refused)
    assert stage.get("/v1/segments", base=strict).status == 200  # another token has a limit of its own


def test_logs_name_no_customer_and_no_secret(stage: Stage) -> None:
    stage.get("/v1/customers/c1")
    stage.get("/v1/customers/secret-person/explain")
    host, port = stage.servers[0].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as malformed:
        malformed.sendall(b"GET /v1/customers/secret-person HTTP/9.9x\r\n\r\n")
        assert malformed.recv(100).startswith(b"HTTP/1.0 400")
    text = "".join(stage.log(base.rpartition(":")[2]).read_text() for base in stage.servers)
    assert '"/v1/customers/{id}"' in text and "malformed" in text and "secret-person" not in text and "/c1" not in text
    assert stage.token.split("_", 2)[2] not in text


def test_cors_is_off_unless_set(stage: Stage) -> None:
    page, base = {"Origin": SITE}, stage.servers[1]
    assert "access-control-allow-origin" not in stage.get("/v1/segments", headers=page).headers
    assert stage.get("/v1/segments", base=base, headers=page).headers["access-control-allow-origin"] == SITE
    other = stage.get("/v1/segments", base=base, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    preflight = stage.get("/v1/segments", "", base, "OPTIONS", page | {"Access-Control-Request-Headers": "authorization"})
    assert (preflight.status, preflight.headers["access-control-allow-headers"]) == (204, "Authorization, Last-Event-ID")
