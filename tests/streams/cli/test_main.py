"""The program's frame: help, version, exit codes; every command shows an example."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from streams.cli.main import COMMANDS, build


def test_help_lists_every_command_and_nothing_else() -> None:
    result = CliRunner().invoke(build(), ["--help"])
    assert result.exit_code == 0
    listed = result.output.split("Commands:")[1]
    assert tuple(re.findall(r"^  (\w+)", listed, re.MULTILINE)) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(build(), [command, "--help"])
    assert result.exit_code == 0
    assert f"gedrag {command}" in result.output


def test_version() -> None:
    assert re.fullmatch(r"gedrag \d+\.\d+\.\d+\S*\n", CliRunner().invoke(build(), ["--version"]).output)


@pytest.mark.parametrize("arguments", [["nonsense"], ["settings", "--nonsense"], ["check"]])
def test_wrong_use_ends_with_2_and_no_traceback(arguments: list[str]) -> None:
    result = CliRunner().invoke(build(), arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
