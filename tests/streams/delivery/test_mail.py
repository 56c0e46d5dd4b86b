"""The mail itself: what it shows, and that nothing a customer supplies is more than text in it."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from pathlib import Path

import pytest

from scoring.campaigns.read import read as read_campaigns
from scoring.segments.read import read as read_segments
from streams.agents.mail import Composer
from streams.agents.message import BadMessage, Message, read
from streams.agents.proofreading import faults
from streams.agents.templates import Templates
from streams.agents.writing import money, number, plain
from tests.streams.delivery.mails import NOW, SHOP, compose, composer, encoded, html, line, record, text

DEFAULTS = Path(__file__).parents[3] / "streams" / "defaults"
NBSP = "\N{NO-BREAK SPACE}"

HOSTILE = [
    "x\r\nBcc: everybody@example.org",
    "x\nSubject: changed",
    "{{ 7 * 7 }}{% include 'layout.html' %}",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "=?utf-8?q?Bcc=3A_x?=",
    "--=_x\r\nContent-Type: text/html",
    "\u202egnp.exe",
    "\u2028x\u2029y\x00z\x1b[31m",
    "&lt;b&gt;",
    "x" * 10_000,
    "\r\n.\r\nMAIL FROM:<a@b>",
    "\U0001f600" * 128,
]


class Seen(HTMLParser):
    """Tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data

    def links(self) -> list[str]:
        return [value or "" for name, value in self.attributes if name == "href"]


def test_headers() -> None:
    message = record()
    mail = compose(composer(), message)
    assert mail["From"] == "Koffie & Co <hallo@koffie.example>"
    assert mail["To"] == "kim@example.org"
    assert mail["Subject"] == "You left something in your cart"
    assert mail["Message-ID"] == f"<{message['message_id']}@koffie.example>"
    assert mail["Date"].datetime.timestamp() * 1000 == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["X-Gedrag-Campaign"], mail["X-Gedrag-Step"]) == ("abandoned_cart", "1")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_unsubscribing_by_link_and_by_mail_as_it_stands_on_the_wire() -> None:
    message = record(customer_id="c/1 é")
    raw = composer().compose(read(encoded(message)), NOW)
    id = message["message_id"].encode()
    assert (
        b"\r\nList-Unsubscribe: <https://koffie.example/u/c%2F1%20%C3%A9/" + id + b">,\r\n"
        b" <mailto:hallo@koffie.example?subject=unsubscribe%20" + id + b">\r\n"
    ) in raw
    mail = compose(composer(), message)
    assert f"https://koffie.example/u/c%2F1%20%C3%A9/{message['message_id']}" in Seen(html(mail)).links()
    assert f"Unsubscribe: https://koffie.example/u/c%2F1%20%C3%A9/{message['message_id']}" in text(mail)


def test_a_transactional_mail_has_nothing_to_unsubscribe_from() -> None:
    mail = compose(composer(), record(context_transactional=True))
    assert mail["List-Unsubscribe"] is None and "nsubscribe" not in html(mail) + text(mail)


def test_the_cart_with_quantities_and_prices_in_both_parts() -> None:
    cart = [line("Espresso 1 kg", 2, 18.5), line("Filters", 1.5, 3.95), line("Unpriced", 1, None)]
    mail = compose(composer(), record(context_cart=cart, context_cart_items=4.5, context_cart_value=1242.92, context_cart_lines_left_out=7))
    words = Seen(html(mail)).words
    for shown in ("Espresso 1 kg", "€18.50", "€37.00", "1.5", "€3.95", "Unpriced", "€1,242.92", "and 7 more", "Kim"):
        assert shown in words and (shown in text(mail) or shown in ("€18.50", "€3.95"))
    assert "https://koffie.example/p/Espresso%201%20kg" in Seen(html(mail)).links()
    assert "https://koffie.example/cart?customer=c1" in Seen(html(mail)).links()


def test_dutch_writes_its_own_way() -> None:
    mail = compose(composer(), record(language="nl", context_cart=[line("p", 1000, 1.5)], context_cart_value=1500))
    assert mail["Subject"] == "Je winkelwagen staat nog klaar"
    assert f"€{NBSP}1.500,00" in text(mail) and "1.000 x p" in text(mail) and 'lang="nl"' in html(mail)


def test_a_language_without_templates_gets_english() -> None:
    for language in ("de", None):
        assert compose(composer(), record(language=language))["Subject"] == "You left something in your cart"


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("bare", [True, False])
def test_every_shipped_template_with_everything_and_with_nothing(language: str, bare: bool) -> None:
    nothing = {"context_cart": [], "context_cart_value": 0, "context_cart_items": 0, "context_first_name": None} if bare else {}
    for template in Templates().names():
        mail = compose(composer(), record(template=template, language=language, **nothing))
        assert mail["Subject"] and "img" not in Seen(html(mail)).tags and f'lang="{language}"' in html(mail)
        assert ("Kim" in text(mail)) is not bare and "None" not in text(mail) + html(mail)
        assert max(map(len, text(mail).splitlines())) < 120 and "\n\n\n" not in text(mail)


def test_the_shipped_campaigns_have_their_templates() -> None:
    definitions = read_segments((DEFAULTS / "segments.toml").read_text())
    for campaign in read_campaigns((DEFAULTS / "campaigns.toml").read_text(), definitions).campaigns:
        assert list(faults(composer(), campaign, definitions)) == []


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_customers_stay_text(value: str) -> None:
    harmless = compose(composer(), record(context_cart=[line("p1")]))
    message = record(customer_id=value[:128], context_first_name=value, context_cart=[line(value)])
    raw = composer().compose(read(encoded(message)), NOW)
    mail = compose(composer(), message)
    assert [name for name, _ in mail.items()] == [name for name, _ in harmless.items()]
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert max(map(len, raw.split(b"\r\n"))) <= 998 and b"\n" not in raw.replace(b"\r\n", b"") and raw.isascii()
    assert len(text(mail).splitlines()) == len(text(harmless).splitlines())
    seen = Seen(html(mail))
    assert seen.tags == Seen(html(harmless)).tags
    assert [name for name, _ in seen.attributes] == [name for name, _ in Seen(html(harmless)).attributes]
    assert all(link.startswith(("https://koffie.example", "mailto:hallo@")) for link in seen.links())
    assert plain(value) in seen.words.replace("\n", " ")


@pytest.mark.parametrize(
    "address",
    ["kim@example.org\r\nBcc: all@example.org", "kim@example.org, all@example.org", "Kim <kim@example.org>", "kim", "", None, 3,
     "kim@exämple.org",
     "kim@example.org\n", '"kim\r\nBcc: x"@example.org', "k@" + "x." * 200 + "org"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(address: object) -> None:
    with pytest.raises(BadMessage) as caught:
        read(encoded(record(to=address)))  # type: ignore[arg-type]
    assert caught.value.error in ("bad_address", "not_a_message")


@pytest.mark.parametrize(
    "change",
    [{"message_id": "x\r\nBcc: a@b"}, {"message_id": "1"}, {"template": "../../etc/passwd"}, {"template": "layout.html"},
     {"campaign": "a\nb"},
     {"language": "../x"}, {"step": "1"}, {"customer_id": ""}, {"customer_id": "x" * 129},
     {"context": []}, {"context_cart": [{}]}, {"context_cart": {"a": 1}}, {"decision": None}],
)  # fmt: skip
def test_a_record_that_is_no_message_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadMessage) as caught:
        read(encoded(record(**change)))
    assert caught.value.error == "not_a_message"


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b"\xff\xfe", b"null", b"3"])
def test_bytes_that_are_no_record_are_refused(value: bytes | None) -> None:
    with pytest.raises(BadMessage):
        read(value)


def test_the_longest_address_is_not_broken_by_folding() -> None:
    address = "k" * 64 + "@" + ".".join(["x" * 60] * 3) + ".org"
    raw = composer().compose(read(encoded(record(to=address))), NOW)
    assert address.encode() in raw.replace(b"\r\n ", b"")
    assert compose(composer(), record(to=address))["To"] == address


def test_a_giant_cart_makes_a_mail_all_the_same() -> None:
    mail = compose(composer(), record(context_cart=[line("p" * 200 + str(n)) for n in range(500)]))
    assert Seen(html(mail)).words.count("€39.98") >= 500


def test_templates_of_the_shop_come_first(tmp_path: Path) -> None:
    (tmp_path / "hello.en.txt").write_text("Subject: Hi {{ first_name }}\n\nA plain {{ tier }}\n")
    (tmp_path / "hello.en.html").write_text('{% extends "layout.html" %}{% block content %}<b>{{ first_name }}</b>{% endblock %}')
    mail = compose(composer(tmp_path), record(template="hello", context_first_name="<Kim>\r\nBcc: x", context_to="dormant"))
    assert mail["Subject"] == "Hi <Kim> Bcc: x" and mail["Bcc"] is None
    assert text(mail).strip() == "A plain dormant" and "<b>&lt;Kim&gt; Bcc: x</b>" in html(mail)


def test_templates_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    (tmp_path / "broken.en.html").write_text("{% if %}")
    (tmp_path / "broken.en.txt").write_text("Subject: x")
    (tmp_path / "bald.en.html").write_text("x")
    (tmp_path / "bald.en.txt").write_text("no subject")
    (tmp_path / "unknown.en.html").write_text("{{ nothing }}")
    (tmp_path / "unknown.en.txt").write_text("Subject: x\n\n{{ nothing }}")
    (tmp_path / "half.en.html").write_text("x")
    (tmp_path / "zero.en.html").write_text("x")
    (tmp_path / "zero.en.txt").write_text("Subject: x\n\n{{ 1 / 0 }}")
    made = composer(tmp_path)
    for template, error, said in (
        ("absent", "no_template", "the template absent.en.html is missing"),
        ("half", "no_template", "the template half.en.txt is missing"),
        ("broken", "bad_template", "the template broken.en.html, line 1: Expected an expression"),
        ("bald", "bad_template", "the template bald.en.txt must begin with a line `Subject: …`"),
        ("unknown", "bad_template", "the template unknown.en.txt, line 3: 'nothing' is undefined"),
        ("zero", "bad_template", "the template zero.en.txt, line 3: division by zero"),
    ):
        with pytest.raises(BadMessage) as caught:
            compose(made, record(template=template))
        assert caught.value.error == error and str(caught.value).startswith(said)


def test_a_shop_that_writes_in_one_language_writes_to_all_in_it(tmp_path: Path) -> None:
    (tmp_path / "hallo.nl.txt").write_text("Subject: Hallo\n\nDag {{ language }}\n")
    (tmp_path / "hallo.nl.html").write_text('{% extends "layout.html" %}')
    for language in ("nl", "de", "en", None):
        mail = compose(composer(tmp_path), record(template="hallo", language=language))
        assert mail["Subject"] == "Hallo" and text(mail).strip() == "Dag nl"


def test_a_variant_has_what_is_its_own_and_the_rest_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "abandoned_cart_1.b.en.txt").write_text("Subject: Your {{ variant }} cart\n\nShort.\n")
    made = composer(tmp_path)
    own, other, plain_one = (compose(made, record(variant=variant)) for variant in ("b", "a", None))
    assert (own["Subject"], text(own).strip()) == ("Your b cart", "Short.")
    assert other["Subject"] == plain_one["Subject"] == "You left something in your cart"
    assert Seen(html(own)).tags == Seen(html(other)).tags
    dutch = compose(made, record(variant="b", language="nl"))
    assert dutch["Subject"] == "Je winkelwagen staat nog klaar"  # the language comes before the variant
    with pytest.raises(BadMessage):
        read(encoded(record(variant="../b")))


def test_variants_alone_make_a_template(tmp_path: Path) -> None:
    for variant in ("a", "b"):
        (tmp_path / f"hello.{variant}.en.txt").write_text(f"Subject: {variant}\n\nHello\n")
        (tmp_path / f"hello.{variant}.en.html").write_text("<p>Hello</p>")
    made = composer(tmp_path)
    assert [compose(made, record(template="hello", variant=variant, language="nl"))["Subject"] for variant in ("a", "b")] == ["a", "b"]
    with pytest.raises(BadMessage):
        compose(made, record(template="hello"))


class _Links:
    """Links to us that can be told apart."""

    def unsubscribe(self, message: Message) -> str:
        return f"https://mail.koffie.example/u/{message.message_id}"

    def click(self, message: Message, url: str) -> str:
        return f"https://mail.koffie.example/c?{url}"

    def opened(self, message: Message) -> str:
        return "https://mail.koffie.example/o.gif"

    def trap(self, message: Message) -> str:
        return "https://mail.koffie.example/trap"


def test_with_links_to_us_one_click_unsubscribes_and_clicks_and_opens_are_told() -> None:
    shop = dataclasses.replace(SHOP, unsubscribe_link="")
    message = record()
    ours = f"https://mail.koffie.example/u/{message['message_id']}"
    mail = compose(Composer(shop, "EUR", None, _Links()), message)
    assert mail["List-Unsubscribe"].startswith(f"<{ours}>, <mailto:hallo@koffie.example?")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    seen = Seen(html(mail))
    trap, *links = seen.links()
    assert trap == "https://mail.koffie.example/trap" and seen.tags.index("a") < seen.tags.index("table")
    assert ours in links and "https://mail.koffie.example/c?https://koffie.example/p/p1" in links
    assert [value for name, value in seen.attributes if name == "src"] == ["https://mail.koffie.example/o.gif"]
    assert "Back to my cart: https://koffie.example/cart?customer=c1" in text(mail) and f"Unsubscribe: {ours}" in text(mail)


def test_one_click_is_for_our_link_alone_and_never_for_transactional_mail() -> None:
    made = Composer(SHOP, "EUR", None, _Links())
    own_page = compose(made, record())  # the shop's own page in the mail, ours where mail programs look
    assert own_page["List-Unsubscribe"].startswith("<https://mail.koffie.example/u/") and "https://koffie.example/u/c1/" in text(own_page)
    for mail in (compose(composer(), record()), compose(made, record(context_transactional=True))):
        assert mail["List-Unsubscribe-Post"] is None


def test_pictures_and_a_logo_leave_their_words_where_they_are_not_loaded() -> None:
    shop = dataclasses.replace(SHOP, logo="https://koffie.example/logo.png", image_link="https://koffie.example/i/{product_id}.jpg")
    seen = Seen(html(compose(composer(shop=shop), record())))
    images = [value for name, value in seen.attributes if name == "src"]
    assert images == ["https://koffie.example/logo.png", "https://koffie.example/i/p1.jpg"]
    assert [value for name, value in seen.attributes if name == "alt"] == ["Koffie & Co", ""] and "p1" in seen.words


def test_what_is_written_on_the_shops_colours_can_be_read() -> None:
    dark, light = (dataclasses.replace(SHOP, colour=colour) for colour in ("#123456", "#ffdd55"))
    assert (dark.on_colour, dark.name_colour) == ("#ffffff", "#123456")
    assert (light.on_colour, light.name_colour) == ("#1d2226", "#1d2226")
    prints = [dataclasses.replace(SHOP, background=colour).small_print for colour in ("#ffffff", "#999999", "#101010")]
    assert prints == ["#6d6a63", "#1d2226", "#d9d6cf"]


def test_the_button_of_a_cart_leads_to_the_cart() -> None:
    shop = dataclasses.replace(SHOP, cart_link="https://koffie.example/basket")
    assert "https://koffie.example/basket" in Seen(html(compose(composer(shop=shop), record()))).links()
    assert "https://koffie.example/basket" not in Seen(html(compose(composer(shop=shop), record(template="reactivation_1")))).links()


def test_numbers_and_money() -> None:
    assert [number(value, "en") for value in (2.0, 1.5, 0.125, 1234567.0)] == ["2", "1.5", "0.125", "1,234,567"]
    assert [money(value, "EUR", "nl") for value in (0.0, 1234.5)] == [f"€{NBSP}0,00", f"€{NBSP}1.234,50"]
    assert [money(19.99, currency, "en") for currency in ("EUR", "GBP", "SEK")] == ["€19.99", "£19.99", f"SEK{NBSP}19.99"]
