"""docs/mails.md can't rot: its settings load, its commands print what it says they print, its pictures are there and small."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import build
from streams.settings import load

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "mails.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the project's files and the guide's settings."""
    for name in [name for name in os.environ if name.startswith("GEDRAG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    for name in ("tests", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    [settings] = re.findall(r"^```toml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    (tmp_path / "gedrag.toml").write_text(settings)
    return tmp_path


def test_every_setting_of_the_shop_is_in_its_table() -> None:
    settings = load(environ={})
    shops = [name for name in settings.origins if name.startswith("shop_") or name in ("product_url", "unsubscribe")]
    assert len(shops) == 10 and {settings.origins[name] for name in shops} == {"gedrag.toml"}


def test_the_preview_prints_what_is_shown() -> None:
    [shown] = re.findall(r"^\$ gedrag preview abandoned_cart\n(.*?)^…", GUIDE, re.MULTILINE | re.DOTALL)
    printed = CliRunner().invoke(build(), ["preview", "abandoned_cart"]).stdout
    without_link = re.sub(r"List-Unsubscribe: .*\n", "", printed)
    assert without_link.startswith(re.sub(r"List-Unsubscribe: .*\n", "", shown))


def test_the_back_test_prints_what_is_shown() -> None:
    [command] = re.findall(r"^\$ gedrag (replay [^\\\n]*(?:\\\n[^\\\n]*)*)", GUIDE, re.MULTILINE)
    [shown] = re.findall(r"^```\n(What would have been sent\n.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    result = CliRunner().invoke(build(), command.replace("\\\n", "").split())
    assert result.exit_code == 0 and shown in result.stderr


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((images/[^)]+)\)", GUIDE))))
def test_pictures_are_there_and_small(path: str) -> None:
    assert 0 < (ROOT / "docs" / path).stat().st_size < 120_000
