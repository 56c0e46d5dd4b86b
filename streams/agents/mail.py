"""From a message record to the mail: templates filled in, headers set. What customers supplied is only ever text in it."""

from __future__ import annotations

import math
import unicodedata
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import jinja2

from streams.agents.message import BadMessage, Message
from streams.agents.shop import Shop

SHIPPED = Path(__file__).parent.parent / "templates"
FALLBACK = "en"

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CHF": "CHF", "PLN": "zł"}
#: RFC 5322 allows lines of 998 characters.
_LONGEST_LINK = 900
#: Control characters, line ends, and marks that turn the direction of what follows.
_UNWANTED = ("Cc", "Cs", "Zl", "Zp")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


class _Policy(EmailPolicy):
    """RFC 5322 with CRLF. The standard folding makes encoded words of List-Unsubscribe's long links, which nobody can follow."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name == "List-Unsubscribe":
            return f"{name}: {value}\r\n".replace(", ", ",\r\n ").encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n")


class Composer:
    """Makes mails; knows the shop, its templates and its currency, and does no I/O after the templates are read."""

    def __init__(self, shop: Shop, currency: str, templates: Path | None = None) -> None:
        """`templates`: a folder whose files come before the shipped ones of the same name."""
        self.shop = shop
        self._currency = currency
        folders = [str(folder) for folder in (templates, SHIPPED) if folder is not None]
        self._jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folders),
            autoescape=jinja2.select_autoescape(["html"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def missing(self, template: str) -> str | None:
        """What keeps a template from being used: a sentence, or None."""
        for ending in ("html", "txt"):
            name = f"{template}.{FALLBACK}.{ending}"
            try:
                self._jinja.get_template(name)
            except jinja2.TemplateNotFound as error:
                return f"the template {error.name} is missing"
            except jinja2.TemplateSyntaxError as error:
                return f"the template {error.name or name}, line {error.lineno}: {error.message}"
        return None

    def compose(self, message: Message, now: int) -> bytes:
        """The mail, ready for DATA. `now` (ms) is its date. Raises BadMessage (no_template, bad_template)."""
        subject, text, html = self._fill(message)
        shop, message_id = self.shop, message.message_id
        assert message.to is not None
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = shop.sender
        user, _, domain = message.to.partition("@")
        mail["To"] = Address("", user, domain)
        mail["Subject"] = subject
        mail["Date"] = format_datetime(datetime.fromtimestamp(now // 1000, UTC))
        mail["Message-ID"] = f"<{message_id}@{shop.sender.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Gedrag-Campaign"] = message.campaign
        mail["X-Gedrag-Step"] = str(message.step)
        if not message.context.transactional:
            mail["List-Unsubscribe"] = ", ".join(
                f"<{link}>" for link in shop.unsubscribe_urls(message.customer_id, message_id) if len(link) <= _LONGEST_LINK
            )
        mail.set_content(text, cte="quoted-printable")
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
        mail.set_boundary(f"=_{message_id}")  # "=_" can't occur in quoted-printable
        return mail.as_bytes()

    def _fill(self, message: Message) -> tuple[str, str, str]:
        language = self._language(message)
        values = self._values(message, language)
        name = f"{message.template}.{language}"
        try:
            text = self._jinja.get_template(f"{name}.txt").render(values)
            html = self._jinja.get_template(f"{name}.html").render(values)
        except jinja2.TemplateNotFound as error:
            raise BadMessage("no_template", f"the template {error.name} is missing") from error
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            raise BadMessage("bad_template", f"the template {name}: {error}") from error
        first, _, rest = text.lstrip().partition("\n")
        if not first.startswith("Subject: "):
            raise BadMessage("bad_template", f"the template {name}.txt must begin with a line `Subject: …`")
        return plain(first.removeprefix("Subject: ")), rest.strip("\n") + "\n", html

    def _language(self, message: Message) -> str:
        for language in (message.language, FALLBACK):
            if language is not None:
                try:
                    self._jinja.get_template(f"{message.template}.{language}.html")
                except jinja2.TemplateNotFound:
                    continue
                except jinja2.TemplateSyntaxError as error:
                    raise BadMessage("bad_template", f"the template {error.name}, line {error.lineno}: {error.message}") from error
                return language
        raise BadMessage("no_template", f"the template {message.template}.{FALLBACK}.html is missing")

    def _values(self, message: Message, language: str) -> dict[str, Any]:
        context = message.context
        lines = [
            {
                "name": plain(line.product_id),
                "url": self.shop.product_url(line.product_id),
                "quantity": number(line.quantity, language),
                "price": money(line.price, self._currency, language) if line.price is not None else "",
                "value": money(line.value, self._currency, language) if line.price is not None else "",
            }
            for line in context.cart
        ]
        return {
            "shop": self.shop,
            "shop_url": self.shop.url(message.customer_id),
            "language": language,
            "first_name": plain(context.first_name or "")[:60],
            "cart": lines,
            "cart_lines_left_out": context.cart_lines_left_out,
            "cart_items": number(context.cart_items, language),
            "cart_value": money(context.cart_value, self._currency, language) if context.cart_value else "",
            "segment": context.segment,
            "tier": context.tier,
            "attributes": context.attributes,
            "unsubscribe": "" if context.transactional else self.shop.unsubscribe_urls(message.customer_id, message.message_id)[0],
            "message_id": message.message_id,
        }


def plain(text: str) -> str:
    """One line of printable text: nothing in it breaks a line or turns the direction of what follows."""
    kept = "".join(" " if unicodedata.category(each) in _UNWANTED else "" if each in _TURNING else each for each in text)
    return " ".join(kept.split())


def number(value: float, language: str) -> str:
    """`2`, `1.5`, `1,234.5`; with the comma for the point where the language does so."""
    return _localized(f"{value:,.3f}".rstrip("0").rstrip(".") if math.isfinite(value) else "?", language)


def money(value: float, currency: str, language: str) -> str:
    """An amount in the shop's currency, as the language writes it."""
    symbol = _SYMBOLS.get(currency, currency)
    amount = _localized(f"{value:,.2f}" if math.isfinite(value) else "?", language)
    return f"{symbol}{amount}" if language == "en" and len(symbol) == 1 else f"{symbol}\N{NO-BREAK SPACE}{amount}"


def _localized(text: str, language: str) -> str:
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))
