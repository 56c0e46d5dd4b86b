"""`webhooks.toml`: what it may say, and every fault at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.segments.faults import Faults
from scoring.segments.read import read as read_segments
from streams.agents.webhooks.endpoints import read
from streams.sinks.reachable import networks
from tests.streams.feeds.conftest import SEGMENTS
from tests.streams.feeds.receiver import OTHER, SECRET

DEFINITIONS = read_segments(SEGMENTS.read_text())
ENVIRON = {"GEDRAG_WEBHOOK_CRM_SECRETS": SECRET}


def faults(lines: str, **options: object) -> list[tuple[int, str, str]]:
    """(line, message, hint) of each, of an endpoint with these lines beside its name."""
    with pytest.raises(Faults) as caught:
        read(f'[[endpoint]]\nname = "crm"\n{lines}\n', DEFINITIONS, environ=ENVIRON, **options)  # type: ignore[arg-type]
    return [(each.line, each.message, each.hint) for each in caught.value.faults]


def test_everything_it_may_say(tmp_path: Path) -> None:
    (tmp_path / "crm.secrets").write_text(f"{SECRET}\n{OTHER}\n")
    (tmp_path / "ca.pem").write_text("")
    text = """
    [[endpoint]]
    name = "crm"
    url = "https://crm.example/hooks/gedrag"
    secrets_file = "crm.secrets"
    segments = ["cart_abandoned", "engagement.dormant"]
    families = ["loyalty"]
    kinds = ["entered", "moved"]
    timeout = "5s"
    retry_for = "12h"
    in_flight = 2
    ca_file = "ca.pem"

    [[endpoint]]
    name = "other"
    url = "https://[2606:4700:4700::1111]:8443/?key=1"
    """
    environ = {"GEDRAG_WEBHOOK_OTHER_SECRETS": OTHER}
    crm, other = read(text, DEFINITIONS, str(tmp_path / "webhooks.toml"), environ=environ)
    assert (crm.secrets, crm.timeout, crm.retry_for, crm.in_flight) == ((SECRET, OTHER), 5_000, 43_200_000, 2)
    assert crm.segments == {"cart_abandoned", "engagement.dormant"} and crm.kinds == {"entered", "moved"}
    assert (other.secrets, other.timeout, other.retry_for, other.segments) == ((OTHER,), 15_000, 86_400_000, frozenset())


def test_faults_are_said_all_at_once_with_what_would_be_right() -> None:
    filters = 'segments = ["cart_abandonned"]\nfamilies = ["loyality"]\nkinds = ["left"]'
    found = faults(f'url = "ftp://x"\n{filters}\ntimeout = "1 h"\nin_flight = 0\nurll = 1')
    assert [line for line, *_ in found] == [3, 4, 5, 6, 7, 8, 9]
    said = " ".join(message + " " + hint for _, message, hint in found)
    for words in ("did you mean `cart_abandoned`?", "did you mean `loyalty`?", "known: entered, exited, moved", "did you mean `url`?"):
        assert words in said


@pytest.mark.parametrize(("url", "words"), [
    ("http://crm.example/", "http:// can be read"), ("https://127.0.0.1/", "private"), ("https://[fd00::1]/", "private"),
    ("https://user:pw@crm.example/", "no user or password"), ("https://crm.example/#x", "no address"), ("crm.example", "no address"),
    ("https://127.1/", "no address"), ("https://2130706433/", "no address"), ("https://0x7F.1/", "no address"),
    ("https://crm.example/a b", "no address"), ("https://:80/", "no address"), ("https://crm.example:0x/", "no address"),
])  # fmt: skip
def test_addresses_that_will_not_do(url: str, words: str) -> None:
    ((line, message, _),) = faults(f'url = "{url}"')
    assert line == 3 and words in message


def test_what_a_setting_allows() -> None:
    text = '[[endpoint]]\nname = "crm"\nurl = "http://10.1.2.3/"\n'
    assert read(text, DEFINITIONS, allowed=networks("10.1.0.0/16"), environ=ENVIRON)[0].url == "http://10.1.2.3/"


def test_secrets_come_from_elsewhere_and_are_never_shown(tmp_path: Path) -> None:
    ((_, message, hint),) = faults(f'url = "https://x.example/"\nsecret = "{SECRET}"')
    assert "from the environment or a file only" in message and SECRET not in message + hint
    with pytest.raises(Faults, match="needs a secret.*GEDRAG_WEBHOOK_CRM_SECRETS.*openssl rand"):
        read('[[endpoint]]\nname = "crm"\nurl = "https://x.example/"\n', DEFINITIONS)
    for wrong in ("", "whsec_", "secret", "whsec_c2hvcnQ=", SECRET + " whsec_!!!"):
        with pytest.raises(Faults) as caught:
            read('[[endpoint]]\nname = "crm"\nurl = "https://x.example/"\n', DEFINITIONS, environ={"GEDRAG_WEBHOOK_CRM_SECRETS": wrong})
        assert "24 to 64 bytes" in str(caught.value) and SECRET not in str(caught.value)


def test_two_of_one_name() -> None:
    lines = 'url = "https://x.example/"\n'
    assert "already" in faults(f'{lines}[[endpoint]]\nname = "crm"\n{lines}')[0][1]


def test_no_endpoints() -> None:
    assert read("", DEFINITIONS) == ()
