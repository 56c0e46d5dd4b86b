"""What a mail says of the shop: its name, links, address and colours."""

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

_DARK, _WHITE = "#1d2226", "#ffffff"
_SOFT, _SOFT_ON_DARK = "#6d6a63", "#d9d6cf"
#: WCAG 2, success criterion 1.4.3: of large and of other text.
_LARGE, _READABLE = 3.0, 4.5


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
    background: str = "#f3f1ec"
    logo: str = ""
    cart_link: str = ""
    image_link: str = ""

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
            background=settings.shop_background,
            logo=settings.shop_logo,
            cart_link=settings.shop_cart_url,
            image_link=settings.shop_product_image,
        )

    @property
    def site(self) -> str:
        """The host of the shop's link, without what leads to one page of it."""
        parts = urlsplit(self.link)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc and "{" not in parts.netloc else ""

    @property
    def on_colour(self) -> str:
        """What can be read on the shop's colour."""
        return _WHITE if _contrast(self.colour, _WHITE) >= _LARGE else _DARK

    @property
    def name_colour(self) -> str:
        """The shop's colour where its name can be read in it on white."""
        return self.colour if _contrast(self.colour, _WHITE) >= _LARGE else _DARK

    @property
    def small_print(self) -> str:
        """What can be read around the mail."""
        if _contrast(self.background, _SOFT) >= _READABLE:
            return _SOFT
        return max(_DARK, _SOFT_ON_DARK, key=lambda colour: _contrast(self.background, colour))

    def url(self, customer_id: str) -> str:
        return _filled(self.link, customer_id=customer_id)

    def cart_url(self, customer_id: str) -> str:
        return _filled(self.cart_link or self.link, customer_id=customer_id)

    def product_url(self, product_id: str) -> str:
        return _filled(self.product_link, product_id=product_id)

    def image_url(self, product_id: str) -> str:
        return _filled(self.image_link, product_id=product_id)

    def own_unsubscribe_url(self, customer_id: str, message_id: str) -> str:
        """The shop's own page, if it has one."""
        return _filled(self.unsubscribe_link, customer_id=customer_id, message_id=message_id)

    def unsubscribe_mail(self, message_id: str) -> str:
        """A mail to the sender, which always works."""
        return f"mailto:{self.sender.addr_spec}?subject=unsubscribe%20{message_id}"


def _filled(link: str, **values: str) -> str:
    for name, value in values.items():
        link = link.replace("{" + name + "}", quote(value, safe=""))
    return link


def _contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio of two colours, from 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
