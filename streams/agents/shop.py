"""What a mail says of the shop: its name, links, address and colour."""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from scoring.campaigns.contact import is_address
from streams.kafka.errors import Misconfigured

if TYPE_CHECKING:
    from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Shop:
    """Links may hold `{customer_id}`, `{product_id}`, `{message_id}`; empty: no link. `address` is the postal one."""

    name: str
    sender: Address
    link: str = ""
    product_link: str = ""
    unsubscribe_link: str = ""
    address: str = ""
    colour: str = "#1f6f5c"

    @classmethod
    def of(cls, settings: Settings) -> Shop:
        """Raises Misconfigured for a sender no mail server would take."""
        name, address = parseaddr(settings.sender)
        if not is_address(address):
            raise Misconfigured(f"sender: {address!r} can't be written to; an address has plain letters, such as shop@shop.example")
        user, _, domain = address.partition("@")
        return cls(
            name=settings.shop_name,
            sender=Address(name, user, domain),
            link=settings.shop_url,
            product_link=settings.product_url,
            unsubscribe_link=settings.unsubscribe,
            address=settings.shop_address,
            colour=settings.shop_colour,
        )

    @property
    def site(self) -> str:
        """The host of the shop's link, without what leads to one page of it."""
        parts = urlsplit(self.link)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc and "{" not in parts.netloc else ""

    def url(self, customer_id: str) -> str:
        return _filled(self.link, customer_id=customer_id)

    def product_url(self, product_id: str) -> str:
        return _filled(self.product_link, product_id=product_id)

    def unsubscribe_urls(self, customer_id: str, message_id: str) -> list[str]:
        """The shop's own link, and a mail to the sender, which always works."""
        mail = f"mailto:{self.sender.addr_spec}?subject=unsubscribe%20{message_id}"
        own = _filled(self.unsubscribe_link, customer_id=customer_id, message_id=message_id)
        return [own, mail] if own else [mail]


def _filled(link: str, **values: str) -> str:
    for name, value in values.items():
        link = link.replace("{" + name + "}", quote(value, safe=""))
    return link
