"""From a message record to the mail: a template filled in, headers set. What customers supplied is only ever text in it."""

from __future__ import annotations

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from streams.agents.message import Message, Product
from streams.agents.shop import Shop
from streams.agents.templates import Templates
from streams.agents.writing import money, number, plain

#: RFC 5322 allows lines of 998 characters.
_LONGEST_LINK = 900


class _Policy(EmailPolicy):
    """RFC 5322 with CRLF. The standard folding makes encoded words of List-Unsubscribe's long links, which nobody can follow."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name == "List-Unsubscribe":
            return f"{name}: {value}\r\n".replace(", ", ",\r\n ").encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n")


class Links(Protocol):
    """Makes the links that lead back to us; pure."""

    def unsubscribe(self, message: Message) -> str:
        """One click: a POST to it unsubscribes (RFC 8058)."""

    def click(self, message: Message, url: str) -> str:
        """Leads to `url` and tells that it was followed."""

    def opened(self, message: Message) -> str:
        """An image of one pixel."""

    def trap(self, message: Message) -> str:
        """A link no person sees: whatever follows it is a machine."""


class Written(NamedTuple):
    """What a mail says, and in which language."""

    subject: str
    text: str
    html: str
    language: str


class Composer:
    """Makes mails; knows the shop, its templates and its currency, and does no I/O after the templates are read."""

    def __init__(self, shop: Shop, currency: str, templates: Path | None = None, links: Links | None = None) -> None:
        """`templates`: a folder whose files come before the shipped ones of the same name. Without `links` mails lead to the shop only."""
        self.shop = shop
        self.templates = Templates(templates)
        self._currency = currency
        self._links = links

    def compose(self, message: Message, now: int) -> bytes:
        """The mail, ready for DATA. `now` (ms) is its date. Raises BadMessage (no_template, bad_template)."""
        written = self.write(message)
        shop, message_id = self.shop, message.message_id
        assert message.to is not None
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = shop.sender
        user, _, domain = message.to.partition("@")
        mail["To"] = Address("", user, domain)
        mail["Subject"] = written.subject
        mail["Date"] = format_datetime(datetime.fromtimestamp(now // 1000, UTC))
        mail["Message-ID"] = f"<{message_id}@{shop.sender.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Gedrag-Campaign"] = message.campaign
        mail["X-Gedrag-Step"] = str(message.step)
        if not message.context.transactional:
            self._unsubscribing(mail, message)
        mail.set_content(written.text, cte="quoted-printable")
        mail.add_alternative(written.html, subtype="html", cte="quoted-printable")
        mail.set_boundary(f"=_{message_id}")  # "=_" can't occur in quoted-printable
        return mail.as_bytes()

    def write(self, message: Message) -> Written:
        """What the mail says. Raises BadMessage."""
        chosen = self.templates.choose(message.template, message.variant, message.language)
        # Links in the text part stay readable; programs that show it don't show who followed them.
        plainly, tracked = (self.values(message, chosen.language, links) for links in (None, self._links))
        filled = self.templates.fill(chosen, plainly, tracked)
        return Written(plain(filled.subject), filled.text, filled.html, chosen.language)

    def _unsubscribing(self, mail: EmailMessage, message: Message) -> None:
        """RFC 2369, and RFC 8058 where there are links to us: only those take a POST."""
        links = [self._links.unsubscribe(message)] if self._links is not None else []
        one_click = bool(links) and len(links[0]) <= _LONGEST_LINK
        links += [self.shop.own_unsubscribe_url(message.customer_id, message.message_id)] if not one_click else []
        links.append(self.shop.unsubscribe_mail(message.message_id))
        mail["List-Unsubscribe"] = ", ".join(f"<{link}>" for link in links if link and len(link) <= _LONGEST_LINK)
        if one_click:
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"

    def _unsubscribe(self, message: Message) -> str:
        """The link at the foot: the shop's own page, else ours, else a mail."""
        if message.context.transactional:
            return ""
        own = self.shop.own_unsubscribe_url(message.customer_id, message.message_id)
        ours = self._links.unsubscribe(message) if self._links is not None else ""
        return own or ours or self.shop.unsubscribe_mail(message.message_id)

    def values(self, message: Message, language: str, links: Links | None = None) -> dict[str, Any]:
        """What templates can show, by name; the shop's links lead there by way of `links`."""

        def to(url: str) -> str:
            return url if links is None or not url else links.click(message, url)

        def shown(product: Product) -> dict[str, str]:
            return {
                "name": plain(product.name or product.product_id),
                "url": to(shop.product_url(product.product_id)),
                "image": shop.image_url(product.product_id),
                "price": money(product.price, self._currency, language) if product.price is not None else "",
                "old_price": money(product.seen_price, self._currency, language) if product.seen_price is not None else "",
            }

        context, shop, customer_id = message.context, self.shop, message.customer_id
        lines = [
            {
                "name": plain(line.product_id),
                "url": to(shop.product_url(line.product_id)),
                "image": shop.image_url(line.product_id),
                "quantity": number(line.quantity, language),
                "price": money(line.price, self._currency, language) if line.price is not None else "",
                "value": money(line.value, self._currency, language) if line.price is not None else "",
            }
            for line in context.cart
        ]
        return {
            "shop": shop,
            "shop_url": to(shop.url(customer_id)),
            "cart_url": to(shop.cart_url(customer_id)),
            "language": language,
            "first_name": plain(context.first_name or "")[:60],
            "cart": lines,
            "cart_lines_left_out": context.cart_lines_left_out,
            "cart_items": number(context.cart_items, language),
            "cart_value": money(context.cart_value, self._currency, language) if context.cart_value else "",
            "cheaper": [shown(each) for each in context.products if each.seen_price is not None],
            "returned": [shown(each) for each in context.products if each.back_in_stock],
            "segment": context.segment,
            "tier": context.tier,
            "attributes": context.attributes,
            "campaign": message.campaign,
            "step": message.step,
            "variant": message.variant or "",
            "message_id": message.message_id,
            "unsubscribe": self._unsubscribe(message),
            "opened": "" if links is None else links.opened(message),
            "trap": "" if links is None else links.trap(message),
        }
