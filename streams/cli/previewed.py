"""What `gedrag preview` shows: a mail in the terminal or in files."""

from __future__ import annotations

import sys
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from rich.console import Console

from scoring.campaigns.model import Campaign
from streams.agents.mail import Composer
from streams.agents.message import Message
from streams.cli.output import complete_file
from streams.clock import now_ms

_HEADERS = ("From", "To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post")


def show(composer: Composer, message: Message, campaign: Campaign) -> None:
    """Headers and the text part, on standard output."""
    mail = _parsed(composer, message)
    console = Console(highlight=False, markup=False)
    for name in _HEADERS:
        if mail[name] is not None:
            console.print(f"{name}: ", style="bold cyan", end="")
            console.print(str(mail[name]), soft_wrap=True)
    console.print()
    body = mail.get_body(("plain",))
    sys.stdout.flush()
    console.print(body.get_content().replace("\r\n", "\n") if body is not None else "", soft_wrap=True, end="")
    _tell(composer, message, campaign)


def write(composer: Composer, message: Message, campaign: Campaign, out: Path, folder: bool) -> None:
    """One file, or all three of them in a folder, which is made if need be. Says which. Raises OSError."""
    written = composer.write(message)
    parts = {
        ".html": written.html.encode(),
        ".txt": f"Subject: {written.subject}\n\n{written.text}".encode(),
        ".eml": _eml(composer, message),
    }
    if folder:
        out.mkdir(parents=True, exist_ok=True)
        variant = f".{message.variant}" if message.variant else ""
        paths = {ending: out / f"{message.campaign}_{message.step}{variant}.{written.language}{ending}" for ending in parts}
    else:
        paths = {out.suffix: out}
    for ending, path in paths.items():
        with complete_file(path) as file:
            file.write(parts[ending])
        sys.stdout.write(f"{path}\n")
    _tell(composer, message, campaign)


def _tell(composer: Composer, message: Message, campaign: Campaign) -> None:
    chosen = composer.templates.choose(message.template, message.variant, message.language)
    other = "" if chosen.language == message.language else f"; there is none in {message.language}"
    of = f"step {message.step} of {len(campaign.steps)}"
    sys.stdout.flush()
    sys.stderr.write(f"{campaign.name}, {of}: {chosen.html}, {chosen.text}{other}\n")


def _eml(composer: Composer, message: Message) -> bytes:
    return composer.compose(message, message.decided or now_ms())


def _parsed(composer: Composer, message: Message) -> EmailMessage:
    mail = message_from_bytes(_eml(composer, message), policy=default)
    assert isinstance(mail, EmailMessage)
    return mail
