"""`gedrag crm`: what the CRM needs to take customers' segments."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from scoring.segments.faults import Faults
from streams.agents.crm import hubspot_of, properties_of
from streams.agents.crm.properties import GROUP, missing
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.options import WRONG_USE
from streams.kafka.errors import Misconfigured
from streams.settings import Settings
from streams.sinks.hubspot import Busy, HubSpotError

_SETUP = """Makes the contact properties that the segments need at HubSpot, those that are not there yet; leaves the others as they are.

The token needs the scopes crm.schemas.contacts.read and crm.schemas.contacts.write (the worker: crm.objects.contacts.read and
crm.objects.contacts.write). To be run again when segments were added.

Example: GEDRAG_CRM_TOKEN=pat-eu1-… gedrag crm setup --dry-run"""

_FAILED = 1
#: How often HubSpot's limit is waited for, and the longest of such waits in seconds.
_PATIENCE, _LONGEST = 5, 60.0


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The CRM: HubSpot's contacts.", no_args_is_help=True, rich_markup_mode=None)
    group.callback()(lambda: None)
    group.command("setup", help=_SETUP)(setup)
    app.add_typer(group, name="crm")


def setup(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which would be made.")] = False,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    configured = settings_or_exit(settings, override)
    if not configured.crm_token:
        typer.echo("gedrag crm: there is no token; give GEDRAG_CRM_TOKEN, or crm_token_file in gedrag.toml", err=True)
        raise typer.Exit(WRONG_USE)
    try:
        made = asyncio.run(_make(configured, dry_run))
    except Faults as faults:
        typer.echo(faults.render(sys.stderr.isatty()), err=True)
        raise typer.Exit(WRONG_USE) from None
    except (OSError, Misconfigured) as error:
        typer.echo(f"gedrag crm: {error}", err=True)
        raise typer.Exit(WRONG_USE) from None
    except HubSpotError as error:
        typer.echo(f"gedrag crm: HubSpot did not do it: {error}", err=True)
        raise typer.Exit(_FAILED) from None
    for name in made:
        typer.echo(name)
    typer.echo(f"{len(made):,} properties {'would be' if dry_run else 'were'} made" if made else "all properties are there")


async def _make(settings: Settings, dry_run: bool) -> list[str]:
    """As `_once`; told to slow down, it waits and goes on, if that is not for long."""
    made: list[str] = []
    for _ in range(_PATIENCE):
        try:
            return await _once(settings, dry_run, made)
        except Busy as busy:
            if busy.wait > _LONGEST:
                raise
            typer.echo(f"gedrag crm: HubSpot's limit is reached, going on in {busy.wait:g} s", err=True)
            await asyncio.sleep(busy.wait)
    return await _once(settings, dry_run, made)


async def _once(settings: Settings, dry_run: bool, made: list[str]) -> list[str]:
    """`made` with the names of those that were not there: they are many requests, of which some may have been taken before.

    Raises HubSpotError, Misconfigured, Faults, OSError.
    """
    wanted = properties_of(settings)
    hubspot = hubspot_of(settings)
    try:
        there = await hubspot.properties()
        mine = there.get(settings.crm_id_property)
        if mine is not None and settings.crm_id_property != "email" and not mine.get("hasUniqueValue"):
            raise Misconfigured(
                f"{settings.crm_id_property} is there, but its values need not be unique, which can't be changed; "
                "set crm_id_property to another name"
            )
        lacking = missing(there, wanted)
        made += [each["name"] for each in lacking if each["name"] not in made]
        if lacking and not dry_run:
            await hubspot.create(GROUP, lacking)
        return made
    finally:
        await hubspot.close()
