"""`gedrag preview CAMPAIGN`: a campaign's mail, before anybody gets it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from scoring.campaigns import contact
from scoring.campaigns.decide import Campaigns
from scoring.campaigns.model import Campaign
from scoring.engine import Engine
from scoring.events.invalid import Invalid
from scoring.expressions.problem import suggest
from scoring.segments.model import Definitions
from streams.agents.mail import Composer
from streams.agents.message import BadMessage, Message
from streams.agents.proofreading import variants
from streams.agents.sample import sample
from streams.agents.shop import Shop
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.definitions import chosen_campaigns, chosen_definitions
from streams.cli.options import WRONG_USE, instant
from streams.cli.output import quiet_ends
from streams.cli.preview_customer import of_files, of_worker
from streams.cli.previewed import show, write
from streams.files import Unreadable
from streams.kafka.errors import Misconfigured
from streams.links import Links
from streams.settings import Settings

_HELP = """Shows the mail of a campaign as a customer would get it: in the terminal, or as a file to open in a browser or a mail program.

Without --customer the mail is that of a made-up customer. With it, and files of events, it is the one that customer got, or would have
got, with what lay in the cart at that time; without files, the one it would be now, as the running worker knows the customer.
Links that lead back to Gedrag look as in a real mail, but do nothing.

\b
Examples:
  gedrag preview abandoned_cart --step 2 --language nl --out mail.html
  gedrag preview abandoned_cart --customer c-117 shop.ndjson.gz
  gedrag preview abandoned_cart --out previews/     (every step, variant and language)

Exit code 0: done; 2: wrong use, definitions, or a template that can't be used."""


class _Wrong(Exception):
    """Wrong use: what to say."""


def register(app: typer.Typer) -> None:
    app.command("preview", help=_HELP)(preview)


def preview(
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's name.", show_default=False)],
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="Files of events that --customer is in.", show_default=False)
    ] = None,
    step: Annotated[
        int | None, typer.Option(help="Which of its mails, from 1. Default: the first; for a folder all.", show_default=False)
    ] = None,
    variant: Annotated[str | None, typer.Option(help="Which variant. Default: the first; for a folder all.", show_default=False)] = None,
    language: Annotated[
        str | None,
        typer.Option(help="Such as nl. Default: the customer's, else the policy's; for a folder all.", show_default=False),
    ] = None,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="The mail of this customer.", show_default=False)] = None,
    at: Annotated[
        str | None, typer.Option(help="With --customer: what is known up to this instant. Default: the last event's.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER", help="A name that ends in .html, .txt or .eml, or a folder for all of these.", show_default=False
        ),
    ] = None,
    campaigns: Annotated[
        Path | None, typer.Option(help="The campaigns. Default: campaigns.toml here, else the shipped ones.", show_default=False)
    ] = None,
    segments: Annotated[
        Path | None, typer.Option(help="The definitions. Default: segments.toml here, else the shipped ones.", show_default=False)
    ] = None,
    settings: SettingsFile = None,
    overrides: Overrides = None,
) -> None:
    with quiet_ends("what was written so far is complete"):
        chosen = settings_or_exit(settings, overrides)
        definitions = chosen_definitions(segments, chosen)
        acting = chosen_campaigns(campaigns, chosen, definitions)
        try:
            named = _named(campaign, acting)
            _check(named, step, variant, customer, at, files)
            language = _language(language)
            composer = Composer(Shop.of(chosen), chosen.currency, chosen.templates, _links(chosen))
            if customer is None:
                messages = _samples(named, definitions, acting, composer, _is_folder(out), step, variant, language)
            else:
                messages = [_customers(named, customer, files or [], at, definitions, acting, chosen, step, variant, language)]
            for message in messages:
                if out is None:
                    show(composer, message, named)
                else:
                    write(composer, message, named, out, _is_folder(out))
        except (_Wrong, BadMessage, Invalid, Misconfigured, Unreadable) as wrong:
            _end(wrong.detail if isinstance(wrong, Invalid) else str(wrong))
        except OSError as failure:
            _end(f"{failure.filename or out}: {failure.strerror}")


def _named(name: str, campaigns: Campaigns) -> Campaign:
    found = {each.name: each for each in campaigns.campaigns}
    if name not in found:
        raise _Wrong(f"there is no campaign `{name}`; {suggest(name, found, 'campaigns')}")
    return found[name]


def _check(
    campaign: Campaign, step: int | None, variant: str | None, customer: str | None, at: str | None, files: list[str] | None
) -> None:
    if step is not None and not 1 <= step <= len(campaign.steps):
        count = len(campaign.steps)
        raise _Wrong(f"--step {step}: {campaign.name} has {count} step{'s' if count > 1 else ''}, counted from 1")
    if variant is not None and variant not in variants(campaign):
        known = f"its variants are {', '.join(variants(campaign))}" if campaign.variants else "it has no variants"
        raise _Wrong(f"--variant {variant}: {campaign.name} has none of that name; {known}")
    if customer is None and files:
        raise _Wrong("files of events are for the mail of one customer: say which with --customer ID")
    if at is not None and not files:
        raise _Wrong("--at needs --customer ID and the files of events that customer is in, such as shop.ndjson.gz")


def _language(given: str | None) -> str | None:
    found = None if given is None else contact.primary_language(given)
    if given is not None and found is None:
        raise _Wrong(f"--language {given}: expected two or three letters, such as nl")
    return found


def _links(settings: Settings) -> Links | None:
    """As mails carry them, signed by a key that no server knows: nobody is unsubscribed by a preview."""
    return Links(settings.public_url, (("preview", "not a key: links of a preview do nothing"),)) if settings.public_url else None


def _is_folder(out: Path | None) -> bool:
    if out is None or out.suffix in (".html", ".txt", ".eml"):
        return False
    if out.is_dir() or not out.suffix:
        return True
    raise _Wrong(f"--out {out}: expected a name that ends in .html, .txt or .eml, or a folder")


def _samples(
    campaign: Campaign, definitions: Definitions, campaigns: Campaigns, composer: Composer, every: bool,
    step: int | None, variant: str | None, language: str | None,
) -> list[Message]:  # fmt: skip
    """`every`: of whatever wasn't said, all there are."""
    chosen_variants: list[str | None] = [variant] if variant else [*variants(campaign)] or [None]
    found: list[Message] = []
    for number in [step] if step else range(1, len(campaign.steps) + 1):
        for name in chosen_variants:
            there = composer.templates.languages(campaign.steps[number - 1].template, name) if every else []
            for each in [language] if language else there or [campaigns.policy.language]:
                found.append(sample(campaign, number, definitions, variant=name, language=each))
    return found if every else found[:1]


def _customers(
    campaign: Campaign, customer: str, files: list[str], at: str | None, definitions: Definitions, campaigns: Campaigns,
    settings: Settings, step: int | None, variant: str | None, language: str | None,
) -> Message:  # fmt: skip
    engine = Engine(definitions, campaigns, settings.lateness)
    if files:
        end = None if at is None else instant(at, "--at")
        message, told = of_files(engine, campaign, customer, files, settings.currency, end, step)
    else:
        message, told = asyncio.run(of_worker(settings, engine, campaign, customer, step))
    typer.echo(told, err=True)
    given = {name: value for name, value in (("variant", variant), ("language", language)) if value is not None}
    return msgspec.structs.replace(message, **given)


def _end(said: str) -> None:
    typer.echo(f"gedrag preview: {said}", err=True)
    raise typer.Exit(WRONG_USE)
