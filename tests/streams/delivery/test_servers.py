"""Mail servers with TLS and log-in, and what is said at start when one, or Redis, can't be used."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from structlog.testing import capture_logs

from streams.agents import delivery
from streams.agents.reach import reach_mail, reach_redis
from streams.embedded.process import free_port
from streams.kafka.errors import Misconfigured
from streams.settings import Settings
from streams.sinks.address import server
from streams.sinks.mail import Outgoing, Unavailable
from streams.sinks.smtp import SmtpMailer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of localhost's own, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-out", str(cert), "-keyout", str(key)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


class Mailbox:
    def __init__(self) -> None:
        self.taken = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken += 1
        return "250 OK"


def log_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(handled=False, success=(data.login, data.password) == (b"kim", b"secret"))


@asynccontextmanager
async def mail_server(security: str, certificate: tuple[Path, Path]) -> AsyncIterator[tuple[int, Mailbox]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    box = Mailbox()
    inner = {"tls_context": context} if security == "starttls" else {}

    def protocol() -> SMTP:
        return SMTP(box, hostname="localhost", authenticator=log_in, auth_required=True, auth_require_tls=security == "starttls", **inner)

    listening = await asyncio.get_running_loop().create_server(protocol, "localhost", 0, ssl=context if security == "smtps" else None)
    yield listening.sockets[0].getsockname()[1], box
    listening.close()


@pytest.mark.parametrize("security", ["smtps", "starttls"])
async def test_tls_and_log_in(security: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    async with mail_server(security, certificate) as (port, box):
        mailer = SmtpMailer(server(f"{security}://kim@localhost:{port}", "secret"), timeout=5)
        mail = b"Subject: x\r\n\r\nhello\r\n"
        async with mailer.ready() as hand_over:
            await hand_over(Outgoing("shop@shop.example", "kim@example.org", mail, "m1", "c1"))
        await mailer.close()
        assert box.taken == 1
        wrong = SmtpMailer(server(f"{security}://kim@localhost:{port}", "wrong"), timeout=5)
        with pytest.raises(Unavailable, match="535"):
            await wrong.check()
        with pytest.raises(Misconfigured, match="refuses the log-in .*GEDRAG_SMTP_PASSWORD"):
            await reach_mail(Settings(smtp=f"{security}://kim@localhost:{port}", smtp_password="wrong"))


@pytest.mark.parametrize("security", ["smtps", "starttls"])
async def test_a_certificate_nobody_vouches_for_is_not_trusted(security: str, certificate: tuple[Path, Path]) -> None:
    async with mail_server(security, certificate) as (port, box):
        with pytest.raises(Unavailable, match="certificate"):
            await SmtpMailer(server(f"{security}://kim@localhost:{port}", "secret"), timeout=5).check()
        assert box.taken == 0


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("smtp://localhost", ("localhost", 25, "smtp", None)),
        ("smtp://localhost:1025", ("localhost", 1025, "smtp", None)),
        ("smtps://kim%40shop@mail.shop.example", ("mail.shop.example", 465, "smtps", "kim@shop")),
        ("starttls://kim@mail.shop.example:2587", ("mail.shop.example", 2587, "starttls", "kim")),
        ("smtp://kim@localhost:25", ("localhost", 25, "smtp", "kim")),
    ],
)
def test_the_smtp_setting(setting: str, expected: tuple[str, int, str, str | None]) -> None:
    found = server(setting, "pw")
    assert (found.host, found.port, found.security, found.user) == expected
    assert "pw" not in repr(found) + str(found)


@pytest.mark.parametrize(
    ("setting", "password", "said"),
    [
        ("mail.shop.example", None, "expected smtp://"),
        ("http://x", None, "expected smtp://"),
        ("smtp://x:99999", None, "can't be read"),
        ("smtp://x/path", None, "expected smtp://"),
        ("smtps://kim@x", None, "a user without a password"),
        ("smtp://kim@mail.shop.example", "hidden", "readable by anyone"),
        ("smtp://kim:hidden@mail.shop.example", None, "readable by anyone"),
    ],
)
def test_an_smtp_setting_that_cannot_be(setting: str, password: str | None, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        server(setting, password)
    assert "hidden" not in str(caught.value)


async def test_nobody_there_is_said_in_one_line_with_the_remedy() -> None:
    settings = Settings(smtp=f"smtp://127.0.0.1:{free_port()}", redis=f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(Misconfigured) as caught:
        await reach_redis(settings)
    with capture_logs() as told:
        await reach_mail(settings)
    said = str(caught.value), told[0]["event"]
    assert "Redis does not answer at 127.0.0.1" in said[0] and "the mail server does not answer at smtp://127.0.0.1" in said[1]
    assert len(told) == 1 and all("GEDRAG_" in each and "\n" not in each for each in said)


async def test_a_template_that_is_missing_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    campaigns = tmp_path / "campaigns.toml"
    campaigns.write_text('[[campaign]]\nname = "a"\ntrigger = { segment = "cart_abandoned" }\nsteps = [ { template = "absent" } ]\n')
    with pytest.raises(Misconfigured, match="campaign a, step 1: there is no template `absent`"):
        await delivery.check(Settings(campaigns=campaigns, segments=Path("streams/defaults/segments.toml")))


async def test_a_sender_nobody_can_answer_is_told() -> None:
    with pytest.raises(Misconfigured, match="sender"):
        await delivery.check(Settings(sender="Kim <kim@exämple.org>"))
