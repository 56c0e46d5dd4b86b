"""What the API does: mails stopped and let go, a customer forgotten; each by a token of the right scope."""

from __future__ import annotations

import asyncio
import json

from scoring.events.schema import PAGE_VIEWS
from tests.integration.api.conftest import PARTITIONS
from tests.integration.api.stage import Stage
from tests.integration.worker.shop import Feed
from tests.parts import eventually


def test_all_mails_are_stopped_and_let_go(stage: Stage) -> None:
    token = stage.new_token("desk", scope="act")
    assert stage.get("/v1/sending").body == {"paused": False, "since": None, "who": None, "why": None}
    assert stage.get("/v1/sending/pause", method="POST").status == 403, "read is too narrow"
    stopped = stage.get("/v1/sending/pause", token, method="POST", why="wrong prices").body
    assert (stopped["paused"], stopped["who"], stopped["why"]) == (True, "token desk", "wrong prices")
    assert stage.get("/v1/sending/pause", token, stage.servers[1], "POST", why="again").body == stopped, "the first one stays in force"
    assert json.loads(stage.run("sending", "status", "--json")) == stopped
    assert stage.get("/v1/sending/resume", token, method="POST").body["paused"] is False
    assert stage.get("/v1/sending").body["paused"] is False


def test_a_customer_is_forgotten_by_admin_only(stage: Stage) -> None:
    async def visits() -> None:
        async with Feed(stage.setup.address, stage.setup.prefix, PARTITIONS, idempotence=False) as feed:
            await feed.event(PAGE_VIEWS, "leaver-9", page_type="home")

    asyncio.run(visits())
    eventually(lambda: stage.get("/v1/customers/leaver-9").status == 200, "the customer is there")
    assert stage.get("/v1/customers/leaver-9", stage.new_token("desk2", scope="act"), method="DELETE").status == 403
    token = stage.new_token("privacy", scope="admin")
    answer = stage.get("/v1/customers/leaver-9", token, method="DELETE")
    assert (answer.status, answer.body) == (200, {"customer_id": "leaver-9", "forgotten": True})
    eventually(lambda: stage.get("/v1/customers/leaver-9").status == 404, "and is known no more")
    assert stage.get("/v1/customers/leaver-9/explain").status == 404
    again = stage.get("/v1/customers/leaver-9", token, method="DELETE")
    assert (again.status, again.body["forgotten"]) == (200, True)
    too_long = stage.get("/v1/customers/" + "x" * 129, token, method="DELETE")
    assert (too_long.status, too_long.body["detail"]) == (400, "A customer's id has 1 to 128 characters.")
    text = "".join(stage.log(base.rpartition(":")[2]).read_text() for base in stage.servers)
    assert "a customer was forgotten by the API" in text and "leaver-9" not in text
