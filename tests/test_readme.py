"""The README can't rot: its commands run and print what it says they print, its files exist, its targets and settings are real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from scoring.segments.read import read
from streams.demo.figures import Figures
from streams.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: A line of the README's output that stands for any number of others.
ELLIPSIS = "…"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each command of the README with the lines it is said to print."""
    for block in blocks("console"):
        for each in block.split("$ ")[1:]:
            command, *output = each.splitlines()
            yield command, [line for line in output if line.strip()]


def run(command: str, folder: Path) -> str:
    """What a shell prints for it; files of the project are found, files it makes stay in `folder`."""
    for name in ("tests", "examples"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    environment = os.environ | {"PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}", "COLUMNS": "120"}
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr + done.stdout


def test_commands_print_what_is_shown(tmp_path: Path) -> None:
    tried = []
    for command, shown in commands():
        if command.startswith(("make ", "gedrag worker", "gedrag produce", "curl ")):
            continue  # have tests of their own, on real parts
        printed = [_narrow(line) for line in run(command, tmp_path).splitlines()]
        for line in shown:
            if line != ELLIPSIS:
                assert _narrow(line) in printed, f"{command}\nprints no line\n{line}"
        tried.append(command.split()[:2])
    assert ["gedrag", "replay"] in tried and ["gedrag", "simulate"] in tried


def _narrow(line: str) -> str:
    """A table's columns are as wide as what stands in them, and the README shows some of its lines alone."""
    return re.sub(r" +", " ", line)


def test_make_has_the_targets() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = {command.split()[1] for command, _ in commands() if command.startswith("make ")}
    assert {"demo", "test", "up"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"


def test_the_demo_prints_figures_of_this_shape() -> None:
    shown = json.loads(blocks("json")[0])
    assert shown.keys() == Figures().summary(1.0).keys()
    assert shown["mails"]["abandoned_cart"] > 0


def test_definitions_and_settings_are_right(tmp_path: Path) -> None:
    definition, settings = blocks("toml")
    read(definition)
    secret = tmp_path / "smtp"
    secret.write_text("secret")
    for name in ("segments", "campaigns"):
        (tmp_path / f"{name}.toml").write_bytes((ROOT / "streams" / "defaults" / f"{name}.toml").read_bytes())
    mine = tmp_path / "gedrag.toml"
    mine.write_text(settings.replace("/run/secrets/smtp", str(secret)))
    assert tomllib.loads(settings)["replication"] == Settings.load(mine, {}).replication == 3


@pytest.mark.parametrize("path", re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
def test_links_lead_somewhere(path: str) -> None:
    assert (ROOT / path).exists()
