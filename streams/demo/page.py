"""A page with the mails of the mailbox, as a mail client would show them."""

from __future__ import annotations

import html
from email.message import EmailMessage

from aiohttp import web

from streams.embedded import Mailbox
from streams.embedded.mailbox import read

#: Newest mails listed.
LISTED = 200

_INDEX = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Gedrag demo: mails</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #ddd }}
a {{ color: #1f6f5c }}
</style>
<h1>{count} mails</h1>
<table><tr><th>Campaign</th><th>Step</th><th>To</th><th>Subject</th></tr>{rows}</table></html>"""


class Page:
    """Serves on a free port of this machine; `url` says where."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self.url = ""

    async def start(self) -> None:
        app = web.Application()
        app.add_routes([web.get("/", self._index), web.get(r"/{number:\d+}", self._mail)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _index(self, _: web.Request) -> web.Response:
        paths = self._mailbox.paths()
        numbered = list(enumerate(paths, 1))[-LISTED:]
        rows = "".join(_row(number, read(path)) for number, path in reversed(numbered))
        return web.Response(text=_INDEX.format(count=len(paths), rows=rows), content_type="text/html")

    async def _mail(self, request: web.Request) -> web.Response:
        paths = self._mailbox.paths()
        number = int(request.match_info["number"])
        if not 0 < number <= len(paths):
            raise web.HTTPNotFound(text="there is no such mail")
        body = read(paths[number - 1]).get_body(("html", "plain"))
        if body is None:
            raise web.HTTPNotFound(text="this mail is empty")
        # A mail is somebody else's words: no scripts, no forms, nothing fetched.
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups"}
        return web.Response(text=body.get_content(), content_type=body.get_content_type(), charset="utf-8", headers=policy)


def _row(number: int, mail: EmailMessage) -> str:
    cells = [html.escape(str(mail[name])) for name in ("X-Gedrag-Campaign", "X-Gedrag-Step", "To", "Subject")]
    cells[-1] = f'<a href="/{number}">{cells[-1]}</a>'
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
