"""Settings: what overrides what, what is said of a wrong one, and that no secret is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import build
from streams.settings import SettingsError, load
from streams.settings.model import SHIPPED, all_settings


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def faults(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environ={f"GEDRAG_{name.upper()}": value for name, value in environ.items()})
    return caught.value.faults


def test_defaults_are_those_of_the_contract() -> None:
    settings = load(environ={})
    assert (settings.app_id, settings.broker, settings.topic_prefix, settings.partitions) == ("gedrag", "localhost:9092", "", 4)
    assert (settings.replication, settings.redis, settings.smtp) == (1, "redis://localhost:6379/0", "smtp://localhost:1025")
    assert (settings.currency, settings.lateness, settings.grace) == ("EUR", 86_400_000, 5_000)
    assert (settings.web, settings.log) == ("127.0.0.1:6066", "auto")
    assert set(settings.origins.values()) == {"default", "shipped"}
    assert set(settings.origins) == set(all_settings())


def test_file_is_overridden_by_environment_and_that_by_options(empty_folder: Path) -> None:
    (empty_folder / "gedrag.toml").write_text('partitions = 6\ngrace = "1s"\nlateness = "2h"\n')
    settings = load(None, {"grace": "3s"}, {"GEDRAG_GRACE": "2s", "GEDRAG_LATENESS": "1.5h"})
    assert (settings.partitions, settings.lateness, settings.grace) == (6, 5_400_000, 3_000)
    assert (settings.origins["partitions"], settings.origins["lateness"], settings.origins["grace"]) == (
        "gedrag.toml",
        "GEDRAG_LATENESS",
        "option",
    )


def test_another_file_and_paths_relative_to_it(empty_folder: Path) -> None:
    there = empty_folder / "conf"
    there.mkdir()
    (there / "mine.toml").write_text('segments = "our.toml"\nsmtp = "starttls://mailer@mail.shop.example"\nsmtp_password_file = "pw"\n')
    (there / "our.toml").write_text("")
    (there / "pw").write_text("geheim\n")
    for settings in (load(there / "mine.toml", environ={}), load(environ={"GEDRAG_SETTINGS": str(there / "mine.toml")})):
        assert settings.segments == there / "our.toml"
        assert settings.smtp_password == "geheim"
    with pytest.raises(SettingsError, match="nowhere.toml: the settings can't be read: No such file"):
        load(Path("nowhere.toml"), environ={})


def test_own_definitions_before_the_shipped_ones(empty_folder: Path) -> None:
    assert load(environ={}).segments == SHIPPED / "segments.toml"
    (empty_folder / "segments.toml").write_text("")
    assert load(environ={}).segments == Path("segments.toml")
    assert faults(segments="mine.toml") == ["segments: there is no file mine.toml"]


def test_all_faults_are_said_at_once_with_what_is_allowed() -> None:
    assert faults(partitions="many", web="here", log="loud", currency="euro", grace="5", brokr="x", sender="me") == [
        "GEDRAG_PARTITIONS: expected a whole number from 1 to 1,000, got 'many'",
        "GEDRAG_WEB: expected host:port to serve on, such as 127.0.0.1:6066, or \"off\", got 'here'",
        "GEDRAG_LOG: expected one of auto, console, json, got 'loud'",
        "GEDRAG_CURRENCY: expected a currency's three capitals (ISO 4217), such as EUR, got 'euro'",
        'GEDRAG_GRACE: expected a span from 0s to 24h: digits and one of s m h d w, such as "90s", "1.5h", "7d", got \'5\'',
        "GEDRAG_BROKR: there is no such setting; did you mean GEDRAG_BROKER?",
        "GEDRAG_SENDER: expected an address such as shop@shop.example, or with a name: My Shop <shop@shop.example>, got 'me'",
    ]


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        ("partitions", "0"), ("partitions", "1001"), ("broker", "localhost"), ("broker", "a:1,,b:2"), ("broker", "a:70000"), ("redis", "http://x"),
        ("redis", "redis://h/x"), ("smtp", "mail.shop.example:25"), ("app_id", "a b"), ("topic_prefix", "ä"), ("session_timeout", "5s"),
        ("sender", "Shop <a@b>\nBcc: x@y"), ("shop_url", "javascript:alert(1)"), ("shop_name", "a\nb"), ("security_protocol", "TLS"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused(setting: str, wrong: str) -> None:
    [fault] = faults(**{setting: wrong})
    assert fault.startswith(f"GEDRAG_{setting.upper()}: expected ")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("partitions = true", "gedrag.toml: partitions: expected text or a whole number"),
        ("brokers = 'x:1'", "gedrag.toml: brokers: there is no such setting; did you mean broker?"),
        ("[kafka]\nbroker = 'x:1'", "gedrag.toml: kafka: there is no such setting; `gedrag settings` lists those there are"),
        ("partitions =", "gedrag.toml: not TOML: Invalid value (at end of document)"),
        (
            "sasl_password = 'x'",
            "gedrag.toml: sasl_password: a secret is taken from the environment (GEDRAG_SASL_PASSWORD) or a file (sasl_password_file) only",
        ),
        (
            "redis = 'redis://u:x@h:1/0'",
            "gedrag.toml: redis: a secret is taken from the environment (GEDRAG_REDIS_PASSWORD) or a file (redis_password_file) only",
        ),
        ("ssl_cafile = 'ca.pem'", "ssl_cafile: there is no file ca.pem"),
        ("sasl_password_file = 'pw'", "gedrag.toml: sasl_password_file: pw can't be used: No such file or directory"),
    ],
)
def test_faults_of_the_file(text: str, fault: str, empty_folder: Path) -> None:
    (empty_folder / "gedrag.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(environ={})
    assert caught.value.faults == [fault]


def test_settings_that_do_not_fit_together() -> None:
    assert faults(security_protocol="sasl_ssl") == [
        "security_protocol: SASL_SSL needs sasl_username, and GEDRAG_SASL_PASSWORD or sasl_password_file"
    ]
    assert faults(sasl_username="u") == ["sasl_username: set, but security_protocol is PLAINTEXT; set it to SASL_SSL (or SASL_PLAINTEXT)"]
    assert faults(smtp="smtps://u@mail.shop.example") == [
        "smtp: a user without a password; give GEDRAG_SMTP_PASSWORD or smtp_password_file"
    ]


def test_variables_of_others_are_left_alone() -> None:
    kubernetes = {"GEDRAG_SERVICE_HOST": "10.0.0.1", "GEDRAG_PORT": "tcp://10.0.0.1:80", "GEDRAG_PORT_80_TCP_ADDR": "10.0.0.1"}
    assert load(environ={**kubernetes, "GEDRAG_CLOCK_SPEED": "2", "GEDRAG_TEST_REAL": "1"}) == load(environ={})


SECRETS = {
    "GEDRAG_SASL_PASSWORD": "hunter2",
    "GEDRAG_SASL_USERNAME": "u",
    "GEDRAG_SECURITY_PROTOCOL": "SASL_SSL",
    "GEDRAG_REDIS": "redis://u:hunter2@h:1/0",
    "GEDRAG_SMTP": "smtps://u:hunter2@h",
    "GEDRAG_SMTP_PASSWORD": "hunter2",
}


@pytest.mark.parametrize("options", [[], ["--json"], ["--set", "redis=http://u:hunter2@h"], ["--set", "smtp=smtp://u:hunter2@h:x"]])
def test_no_secret_is_ever_shown(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(build(), ["settings", *options])
    assert result.exit_code == (2 if "--set" in options else 0)
    assert "hunter2" not in result.output
    assert "hunter2" not in repr(load())


def test_the_command_shows_value_and_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEDRAG_LATENESS", "90s")
    lines = CliRunner().invoke(build(), ["settings", "--set", "web=off"]).output.splitlines()
    assert len(lines) == len(all_settings())
    assert "lateness = 90s  (GEDRAG_LATENESS)  how late an event may be and still be put in its place" in lines
    assert 'web = off  (option)  where the worker serves its health and metrics, or "off"' in lines
    assert "partitions = 4  (default)  partitions of every topic" in lines


def test_wrong_settings_end_with_one_line_each_and_status_2() -> None:
    result = CliRunner().invoke(build(), ["settings", "--set", "grace=soon", "--set", "nonsense"])
    assert result.exit_code == 2
    assert result.output == "gedrag: option --set nonsense: must be NAME=VALUE, such as --set broker=kafka:9092\n"


def test_all_of_the_shop_stands_in_one_table(empty_folder: Path) -> None:
    (empty_folder / "gedrag.toml").write_text(
        'sender = "hallo@koffie.example"\n'
        '[shop]\nname = "Koffie & Co"\naddress = "Prinsengracht 1"\ncolour = "#aa3300"\nlogo = "https://koffie.example/logo.png"\n'
        'url = "https://koffie.example/"\nproduct_url = "https://koffie.example/p/{product_id}"\nunsubscribe = "https://koffie.example/u"\n'
    )
    settings = load(environ={"GEDRAG_SHOP_COLOUR": "#00aa33"})
    assert (settings.sender, settings.shop_name, settings.shop_address) == ("hallo@koffie.example", "Koffie & Co", "Prinsengracht 1")
    assert (settings.shop_colour, settings.origins["shop_colour"]) == ("#00aa33", "GEDRAG_SHOP_COLOUR")
    assert (settings.shop_url, settings.shop_logo) == ("https://koffie.example/", "https://koffie.example/logo.png")
    assert (settings.product_url, settings.unsubscribe) == ("https://koffie.example/p/{product_id}", "https://koffie.example/u")
    assert settings.origins["shop_logo"] == "gedrag.toml"


def test_what_the_shops_settings_were_called_before_its_table_still_holds(empty_folder: Path) -> None:
    (empty_folder / "gedrag.toml").write_text('shop_name = "Koffie"\nproduct_url = "https://koffie.example/{product_id}"\n')
    settings = load(environ={"GEDRAG_SHOP_UNSUBSCRIBE": "https://koffie.example/u", "GEDRAG_SHOP_ADDRESS": "Here"})
    assert (settings.shop_name, settings.product_url) == ("Koffie", "https://koffie.example/{product_id}")
    assert (settings.unsubscribe, settings.shop_address) == ("https://koffie.example/u", "Here")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[shop]\nnam = 'x'", "gedrag.toml: [shop] nam: there is no such setting; did you mean name?"),
        ("[shop]\ncolour = 'red'", "gedrag.toml: [shop] colour: expected a colour, # and six hex digits, such as #1f6f5c, got 'red'"),
        ("shop_name = 'a'\n[shop]\nname = 'b'", "gedrag.toml: [shop] name: given twice, at the top of the file too"),
        ("product_url = ''\n[shop]\nproduct_url = ''", "gedrag.toml: [shop] product_url: given twice, at the top of the file too"),
        (
            "[shop]\nsender = 'a@b.example'",
            "gedrag.toml: [shop] sender: there is no such setting; sender stands before the first table, not in the shop's",
        ),
    ],
)
def test_faults_of_the_shops_table(text: str, fault: str, empty_folder: Path) -> None:
    (empty_folder / "gedrag.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(environ={})
    assert caught.value.faults == [fault]
