"""Who comes: kinds of customers, and the persons among them. Nobody is real; addresses are of domains kept for examples (RFC 2606)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

FIRST_NAMES = (
    "Emma", "Daan", "Sophie", "Luuk", "Fatima", "Noah", "Julia", "Milan", "Aylin", "Sem", "Lotte", "Bram", "Eva", "Youssef", "Tess",
    "Thijs",
    "Anna", "Finn", "Zoë", "Lars", "Mila", "Jayden", "Sara", "Tim", "Noor", "Ruben", "Isa", "Stijn", "Maud", "Kevin", "Roos", "Hugo",
)  # fmt: skip
LAST_NAMES = (
    "jansen", "devries", "bakker", "visser", "smit", "meijer", "mulder", "bos", "peters", "hendriks", "dekker", "brouwer", "yilmaz",
    "dijkstra",
    "jacobs", "vermeulen", "maes", "claes", "willems", "smith", "jones", "kaya", "elamrani", "nguyen",
)  # fmt: skip
_PLACES = (
    ("NL", "Amsterdam", "1012"), ("NL", "Rotterdam", "3011"), ("NL", "Utrecht", "3511"), ("NL", "Groningen", "9711"),
    ("NL", "Eindhoven", "5611"),
    ("NL", "Zwolle", "8011"), ("NL", "Nijmegen", "6511"), ("BE", "Gent", "9000"), ("BE", "Antwerpen", "2000"), ("BE", "Leuven", "3000"),
)  # fmt: skip
_DOMAINS = ("example.com", "example.org", "mail.example", "post.test")


@dataclass(frozen=True, slots=True)
class Kind:
    """How customers of a kind behave. Probabilities are per visit unless they say otherwise."""

    name: str
    share: float  # of all customers
    visits: float  # a day
    views: float  # products seen in a visit, on average
    to_cart: float
    to_checkout: float  # with something in the cart
    to_order: float  # once in the checkout
    returns: float  # after leaving a full cart: comes back for it within two days
    wishes: float
    on_sale: float  # begins at the sale and uses a coupon
    registers: float  # once, at the first visit; a checkout needs an account anyway
    opens: float  # a newsletter
    lapses: bool = False  # comes often, and after some weeks hardly ever


KINDS: tuple[Kind, ...] = (
    Kind("window shopper", 0.40, 0.22, 3.0, 0.07, 0.25, 0.50, 0.15, 0.06, 0.10, 0.25, 0.15),
    Kind("loyal", 0.14, 0.45, 4.0, 0.40, 0.80, 0.90, 0.60, 0.10, 0.10, 0.90, 0.45),
    Kind("bargain hunter", 0.16, 0.30, 5.0, 0.30, 0.50, 0.60, 0.30, 0.20, 0.85, 0.70, 0.50),
    Kind("abandoner", 0.17, 0.25, 4.0, 0.55, 0.35, 0.25, 0.35, 0.12, 0.15, 0.75, 0.25),
    Kind("lapsing", 0.13, 0.90, 5.0, 0.35, 0.75, 0.85, 0.40, 0.10, 0.10, 0.90, 0.20, lapses=True),
)
SHARES: tuple[float, ...] = tuple(kind.share for kind in KINDS)


def profile(rng: Random, number: int) -> dict[str, Any]:
    """The fields of a made-up person's profile."""
    first = rng.choice(FIRST_NAMES)
    country, city, postal_code = rng.choice(_PLACES)
    fields: dict[str, Any] = {
        "email": f"{first.replace('ë', 'e').lower()}.{rng.choice(LAST_NAMES)}{number}@{rng.choice(_DOMAINS)}",
        "first_name": first,
        "language": "nl" if rng.random() < 0.75 else "en",
        "country": country,
        "city": city,
        "postal_code": postal_code,
        "consent": {"email": rng.random() < 0.72, "profiling": rng.random() < 0.85},
    }
    if rng.random() < 0.4:
        fields["birth_date"] = f"{rng.randint(1950, 2007)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    return fields
