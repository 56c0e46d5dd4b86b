"""docs/definitions.md shows what `gedrag diff` prints of a real shop: the shipped definitions, with the segments of the guide's example."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import build
from streams.settings.model import SHIPPED

ROOT = Path(__file__).parents[3]


def test_the_guide_shows_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GEDRAG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    guide = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8").partition("## Before a change goes live")[2]
    example = re.search(r"^```toml\n(.*?)^```\n\n```console\n\$ gedrag (diff .*?)\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    assert example is not None
    vip, _, faithful = example[1].partition("\n\n")
    old = (SHIPPED / "segments.toml").read_text(encoding="utf-8")
    new, replaced = re.subn(r'^\[\[segment\]\]\nname = "vip"\n.*\n.*', lambda _: vip, old, flags=re.MULTILINE)
    assert replaced == 1
    Path("segments.toml").write_text(old)
    Path("new.toml").write_text(f"{new}\n{faithful}")
    Path("tests").symlink_to(ROOT / "tests")
    result = CliRunner().invoke(build(), example[2].split())
    assert result.exit_code == 0 and result.stdout == example[3]
