"""`gedrag preview --customer` without files: the mail as it would be now, as the running worker knows the customer."""

from __future__ import annotations

import asyncio
import json

from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from streams.cli.main import build
from streams.clock import now_ms
from streams.embedded.process import free_port
from tests.integration.worker.running import Process, Setup
from tests.parts import eventually

CAMPAIGNS = """
[[campaign]]
name = "reminder"
trigger = { segment = "left_cart" }
steps = [ { template = "abandoned_cart_1" } ]
"""
SEGMENTS = """
[[segment]]
name = "left_cart"
family = "other"
when = "cart_items > 0 and cart_idle >= hours(1)"
"""


async def send(setup: Setup) -> None:
    """A customer with a name and something in the cart."""
    now = now_ms()
    async with AIOKafkaProducer(bootstrap_servers=setup.address) as producer:
        for topic, fields in (
            ("profiles", {"first_name": "Kees", "language": "nl", "email": "kees@example.org"}),
            ("cart-events", {"action": "add", "product_id": "theepot", "quantity": 2, "price": 25}),
        ):
            value = json.dumps({"customer_id": "c1", "ts": now, **fields}).encode()
            await producer.send_and_wait(setup.prefix + topic, value, b"c1")


def test_the_mail_of_a_customer_of_the_running_worker(setup: Setup, worker: type[Process], redis_url: str) -> None:
    (setup.folder / "segments.toml").write_text(SEGMENTS)
    (setup.folder / "reminders.toml").write_text(CAMPAIGNS)
    own = {
        "redis": redis_url,
        "web": f"127.0.0.1:{free_port()}",
        "segments": str(setup.folder / "segments.toml"),
        "campaigns": str(setup.folder / "reminders.toml"),
    }
    worker(**own).ready()
    asyncio.run(send(setup))
    options = [f"--set={name}={value}" for name, value in setup.settings(**own).items()]

    def preview(customer: str) -> Result:
        return CliRunner().invoke(build(), ["preview", "reminder", "--customer", customer, *options])

    found = eventually(lambda: result if (result := preview("c1")).exit_code == 0 else None, "the customer is known")
    assert "c1 as the worker knows them now\n" in found.stderr
    assert "To: kees@example.org\nSubject: Je winkelwagen staat nog klaar\n" in found.stdout
    assert "Hallo Kees,\n" in found.stdout and "2 x theepot  €\N{NO-BREAK SPACE}50,00" in found.stdout
    nobody = preview("c2")
    assert nobody.exit_code == 2 and "--customer c2: the worker knows nobody of that id" in nobody.stderr
