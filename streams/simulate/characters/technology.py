"""Technological: with which device and by which way; robots."""

from __future__ import annotations

from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import COMPUTER, CRAWLER, PHONE, Script, category, page, product_page


def _browse_with(s: Script, agent: str) -> None:
    s.agents = (agent,)
    s.bought()
    for ago in s.moments(120, 31, 6):
        product = s.product()
        s.visit(ago, page("home"), category(product.category_id), product_page(product), page("search"))


@found_by("mobile_shopper", past=False)
def phone_user(s: Script) -> None:
    _browse_with(s, PHONE)


@found_by("desktop_shopper", past=False)
def computer_user(s: Script) -> None:
    _browse_with(s, COMPUTER)


@found_by("answers_to_ads")
def ad_clicker(s: Script) -> None:
    s.bought()
    for ago in s.moments(85, 23, s.rng.randint(2, 4)):
        s.visit(ago, page("home", url="https://shop.example/?utm_source=google&utm_medium=cpc", referrer="https://www.google.com/"))


@found_by("answers_to_mail")
def mail_clicker(s: Script) -> None:
    """Comes by links in mails."""
    s.may_be_mailed()
    for ago in s.moments(85, 35, 3):
        s.mail(ago, "clicked")
        s.visit(ago - 0.1, page("home", url="https://shop.example/?utm_source=newsletter&utm_medium=email"))


@found_by("robot", past=False)
def crawler(s: Script) -> None:
    """A search engine's: page after page, a few a minute."""
    s.agents = (CRAWLER,)
    s.visit(s.moment(20, 1), *(product_page(s.product()) for _ in range(40)), seconds=15)


@found_by("robot", past=False)
def price_scraper(s: Script) -> None:
    """Calls itself a browser, and looks at a page every few seconds for half an hour."""
    s.agents = (COMPUTER,)
    s.visit(s.moment(20, 1), *(product_page(s.product()) for _ in range(520)), seconds=3)
