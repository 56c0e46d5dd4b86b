"""The program's frame: help, version, exit codes; every command shows an example."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import COMMANDS, build, command

ROOT = Path(__file__).parents[3]


def test_help_lists_every_command_and_nothing_else() -> None:
    result = CliRunner().invoke(build(), ["--help"])
    assert result.exit_code == 0
    listed = result.output.split("Commands:")[1]
    assert re.findall(r"^  (\w+) +(.+)$", listed, re.MULTILINE) == list(COMMANDS.items())


def leaves() -> Iterator[tuple[str, ...]]:
    """Every command that does something, as its words."""
    for name in COMMANDS:
        subcommands = getattr(command(name), "commands", {})
        yield from ((name, each) for each in subcommands) if subcommands else ((name,),)


@pytest.mark.parametrize("words", list(leaves()), ids=" ".join)
def test_every_command_has_help_with_an_example(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(build(), [*words, "--help"])
    assert result.exit_code == 0
    example = re.split(r"Examples?:", result.output, maxsplit=1)
    assert len(example) == 2
    assert f"gedrag {' '.join(words)}" in example[1]


def test_version() -> None:
    assert re.fullmatch(r"gedrag \d+\.\d+\.\d+\S*\n", CliRunner().invoke(build(), ["--version"]).output)


@pytest.mark.parametrize("arguments", [["nonsense"], ["settings", "--nonsense"], ["check"]])
def test_wrong_use_ends_with_2_and_no_traceback(arguments: list[str]) -> None:
    result = CliRunner().invoke(build(), arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_word_misspelt_is_recognised() -> None:
    assert "Did you mean 'replay'" in CliRunner().invoke(build(), ["repla"]).output


def test_a_command_does_not_wait_for_what_others_need() -> None:
    code = "import sys; from streams.cli.main import build, command; build(); command('simulate'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout.split()
    assert not {"aiohttp", "aiokafka", "faust", "jinja2", "redis"} & set(loaded)
