"""Usage and engagement: how often somebody is here, and what they do with our mails."""

from __future__ import annotations

from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import Script, category, page


def _around(s: Script, ago: float, pages: int) -> None:
    """A visit without anything in particular."""
    s.visit(ago, *(page("home") if place % 3 == 0 else category(s.favourite()) for place in range(pages)))


@found_by("usage.heavy")
def heavy_user(s: Script) -> None:
    s.order(s.moment(44, 31), price=s.rng.uniform(60, 90))
    for ago in s.moments(29, 0.3, s.rng.randint(15, 20)):
        _around(s, ago, 5)


@found_by("usage.medium")
def medium_user(s: Script) -> None:
    s.bought()
    for ago in s.moments(6, 0.3, s.rng.randint(5, 7)):
        _around(s, ago, 2)


@found_by("usage.light")
def light_user(s: Script) -> None:
    s.bought()
    _around(s, s.moment(5, 1), 1)


@found_by("engagement.intensive")
def fan(s: Script) -> None:
    """Every day, and an order."""
    for ago in s.moments(6.5, 0.3, 7):
        _around(s, ago, 8)
    s.order(s.moment(4, 1))


@found_by("engagement.regular")
def visitor(s: Script) -> None:
    s.bought()
    for ago in s.moments(6, 0.5, 3):
        _around(s, ago, 7)


@found_by("engagement.occasional")
def passer_by(s: Script) -> None:
    s.bought()
    _around(s, s.moment(4, 1), s.rng.randint(4, 6))


@found_by("engagement.dormant")
def sleeper(s: Script) -> None:
    """Nothing but the past."""


@found_by("stays_occasional")
def now_and_then(s: Script) -> None:
    """A visit, and after a week or more nothing new."""
    s.bought()
    _around(s, s.moment(12, 9), 8)


@found_by("mail_reader")
def mail_reader(s: Script) -> None:
    """Opens what we send."""
    s.may_be_mailed()
    for ago in s.moments(28, 1, 4):
        s.mail(ago, "opened")


@found_by("sunset", past=False)
def silent_receiver(s: Script) -> None:
    """Was here, gets a mail a week, and never opens one."""
    s.may_be_mailed()
    for ago in s.moments(300, 80, 3):
        _around(s, ago, 3)
    for ago in s.moments(85, 1, s.rng.randint(8, 12)):
        s.mail(ago)


@found_by("upsell_candidate")
def much_and_little(s: Script) -> None:
    """Here all the time, and buys next to nothing."""
    s.order(s.moment(44, 31), price=s.rng.uniform(5, 20))
    for ago in s.moments(29, 0.3, 16):
        _around(s, ago, 5)


@found_by("needs_onboarding", past=False)
def starter(s: Script) -> None:
    """Bought on the first day, weeks ago, and found nothing else."""
    s.order(s.moment(29.5, 26))


@found_by("long_visits", past=False)
def lingerer(s: Script) -> None:
    """Half an hour a visit."""
    s.bought()
    for ago in s.moments(29, 25, 3):
        s.visit(ago, page("home"), *[page("other")] * 3, seconds=480)


@found_by("power_user")
def power_user(s: Script) -> None:
    for ago, feature in zip(s.moments(150, 31, 5), ("search", "size_finder", "list", "compare", "filter"), strict=True):
        s.visit(ago, page("other", feature=feature))
