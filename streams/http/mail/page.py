"""The pages people see: of an unsubscription, in the language of the mail, and of a link that leads nowhere. No script, nothing from
elsewhere."""

from __future__ import annotations

from html import escape

from aiohttp import web

_WORDS = {
    "en": {
        "ask": "Unsubscribe?",
        "ask_more": "You will then get no more mails like this from {shop}. Mails about an order of yours still come.",
        "button": "Unsubscribe",
        "lost": "This link leads nowhere",
        "lost_more": "It is not one of ours, or was cut off on its way. Copy all of it from the mail.",
        "done": "You are unsubscribed",
        "done_more": "{shop} sends you no more mails like this. One that was already on its way may still arrive.",
    },
    "nl": {
        "ask": "Afmelden?",
        "ask_more": "Je krijgt dan geen mails als deze meer van {shop}. Mails over een bestelling van jou komen nog wel.",
        "button": "Afmelden",
        "lost": "Deze link leidt nergens heen",
        "lost_more": "Hij is niet van ons, of is onderweg afgebroken. Kopieer hem in zijn geheel uit de mail.",
        "done": "Je bent afgemeld",
        "done_more": "{shop} stuurt je geen mails als deze meer. Een mail die al onderweg was kan nog aankomen.",
    },
}  # fmt: skip
_FALLBACK = "en"

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 12vh 20px; background: #f3f1ec; color: #1d2226; font: 17px/26px -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 30em; margin: 0 auto; padding: 36px 32px; background: #fff; border-top: 6px solid COLOUR; border-radius: 10px; }
h1 { margin: 0 0 12px; font-size: 26px; line-height: 32px; }
p { margin: 0 0 24px; }
button { padding: 14px 28px; border: 0; border-radius: 8px; background: COLOUR; color: #fff; font: inherit; font-weight: 600; cursor: pointer; }
small { display: block; margin-top: 24px; color: #6d6a63; }
@media (prefers-color-scheme: dark) { body { background: #14171a; color: #f1f3f4; } main { background: #1e2328; } small { color: #a9b1b8; } }
"""  # noqa: E501

#: A form may be sent to us only; the style stands in the page.
_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"}


class Page:
    """`colour`: six hex digits after a #."""

    def __init__(self, shop: str, colour: str) -> None:
        self._shop = shop
        self._style = _STYLE.replace("COLOUR", colour)

    def ask(self, language: str) -> web.Response:
        """With the button that unsubscribes."""
        button = escape(_words(language)["button"])
        return self._response(
            language, "ask", f'<form method="post"><button name="List-Unsubscribe" value="One-Click">{button}</button></form>'
        )

    def done(self, language: str) -> web.Response:
        return self._response(language, "done", "")

    def lost(self, request: web.Request) -> web.Response:
        """For a link we didn't sign, in the language of the browser."""
        return self._response(request.headers.get("Accept-Language", "")[:2].lower(), "lost", "", status=404)

    def _response(self, language: str, which: str, form: str, status: int = 200) -> web.Response:
        words = _words(language)
        title, more = escape(words[which]), escape(words[f"{which}_more"].format(shop=self._shop))
        shown = language if language in _WORDS else _FALLBACK
        text = (
            f'<!DOCTYPE html>\n<html lang="{shown}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<meta name="robots" content="noindex"><title>{title}</title><style>{self._style}</style></head>'
            f"<body><main><h1>{title}</h1><p>{more}</p>{form}<small>{escape(self._shop)}</small></main></body></html>\n"
        )
        return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=_HEADERS)


def _words(language: str) -> dict[str, str]:
    return _WORDS.get(language, _WORDS[_FALLBACK])
