"""The program's frame: help, version, exit codes; every command shows an example."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.main import COMMANDS, build


def test_help_lists_every_command_and_nothing_else() -> None:
    result = CliRunner().invoke(build(), ["--help"])
    assert result.exit_code == 0
    listed = result.output.split("Commands:")[1]
    assert re.findall(r"^  (\w+) +(.+)$", listed, re.MULTILINE) == list(COMMANDS.items())


def leaves() -> Iterator[tuple[str, ...]]:
    """Every command that does something, as its words."""
    root = typer.main.get_command(build())
    for name in COMMANDS:
        command = root.get_command(None, name)
        subcommands = getattr(command, "commands", {})
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
