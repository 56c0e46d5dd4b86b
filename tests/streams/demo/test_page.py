"""The page of mails: a list, each mail as a client would show it, and nothing in it that runs."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import aiohttp

from streams.demo.page import Page
from streams.embedded import Mailbox


async def test_page() -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@shop.example", "zoe@example.org", "Zoë <script>alert(1)</script>"
    mail["X-Gedrag-Campaign"], mail["X-Gedrag-Step"] = "abandoned_cart", "1"
    mail.set_content("text")
    mail.add_alternative("<p>Crème brûlée</p>", subtype="html")
    with Mailbox() as mailbox:
        with smtplib.SMTP("127.0.0.1", mailbox.port) as client:
            client.send_message(mail)
        page = Page(mailbox)
        await page.start()
        try:
            async with aiohttp.ClientSession() as session:
                async with session.get(page.url) as index:
                    text = await index.text()
                    assert "1 mails" in text and "zoe@example.org" in text and "abandoned_cart" in text
                    assert "<script>" not in text and "&lt;script&gt;" in text
                async with session.get(f"{page.url}/1") as shown:
                    assert "<p>Crème brûlée</p>" in await shown.text()
                    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
                for missing in ("/0", "/2"):
                    async with session.get(page.url + missing) as answer:
                        assert answer.status == 404
        finally:
            await page.stop()
