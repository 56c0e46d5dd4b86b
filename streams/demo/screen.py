"""The demo in a terminal: one frame of the figures of this moment; and its plain line elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from streams import clock
from streams.demo.figures import Figures

#: Lines of the table of segments that are none.
_AROUND = 6
_COLOURS = {"entered": "green", "exited": "red", "moved": "cyan"}


def moment() -> str:
    """The clock's time to the minute."""
    return datetime.fromtimestamp(clock.now_ms() / 1000, UTC).strftime("%a %Y-%m-%d %H:%M")


def line(figures: Figures) -> str:
    """The figures in one line."""
    return (
        f"{moment()}  {figures.rate:,.0f} events/s  {figures.events:,} events  {figures.segments.customers:,} customers  "
        f"{figures.changes.total():,} changes  {figures.mails.total():,} mails  {figures.dead_letters} dead letters  lag {figures.lag:,}"
    )


def frame(figures: Figures, url: str, folder: str, height: int) -> RenderableType:
    """The whole screen; `height` in lines."""
    layout = Layout()
    layout.split_column(Layout(_head(figures, url, folder), size=4), Layout(name="body"))
    layout["body"].split_row(
        Layout(_segments(figures, max(1, height - 4 - _AROUND)), name="left", minimum_size=44, ratio=2), Layout(name="right", ratio=3)
    )
    room = max(4, height - 4)
    changes = max(3, room * 3 // 5 - 3)
    layout["right"].split_column(
        Layout(Panel(_changes(figures, changes), title="Last changes", border_style="dim"), size=changes + 2),
        Layout(Panel(_mails(figures, max(1, room - changes - 5), url), title="Mails", border_style="dim")),
    )
    return layout


def _head(figures: Figures, url: str, folder: str) -> RenderableType:
    speed = f"{clock.speed() / 3600:g} h/s" if clock.speed() >= 3600 else f"{clock.speed():g} x"
    first = Text.assemble(
        ("Gedrag demo  ", "bold"), (moment(), "bold cyan"), f"  clock {speed}  ", (f"{figures.rate:,.0f} events/s", "bold green"),
        f"  {figures.events:,} events  {figures.changes.total():,} changes  lag {figures.lag:,}  dead letters {figures.dead_letters:,}",
    )  # fmt: skip
    second = Text.assemble("Mails: ", (url, "underline"), f"  or with a mail client, maildir {folder}  ", ("Ctrl-C ends it", "dim"))
    return Panel(Group(first, second), border_style="dim")


def _segments(figures: Figures, rows: int) -> RenderableType:
    """At most so many of them: those that most has happened in."""
    table = Table(expand=True, border_style="dim")
    table.add_column("Segment", no_wrap=True)
    table.add_column("Customers", justify="right")
    table.add_column("% of total", justify="right")
    total = figures.segments.customers
    members = figures.segments.members
    shown = set(members if len(members) <= rows else sorted(members, key=lambda name: -_happened(figures, name))[: rows - 1])
    for name, customers in members.items():
        if name in shown:
            share = 100 * customers / total if total else 0.0
            table.add_row(name, f"{customers:,}", f"{share:.2f}", style="" if customers else "dim")
    if len(shown) < len(members):
        table.add_row(f"and {len(members) - len(shown)} more", "", "", style="dim")
    table.add_section()
    table.add_row("customers", f"{total:,}", "", style="bold")
    return table


def _happened(figures: Figures, row: str) -> float:
    """Changes of a segment, or a tier's part of its group's, but for the first move of everybody; where nobody is nothing happens."""
    members, changes = figures.segments.members, figures.changes
    if not members[row]:
        return -1
    name, _, tier = row.partition(".")
    if not tier:
        return changes["entered", name] + changes["exited", name]
    tiers = [customers for each, customers in members.items() if each.startswith(f"{name}.")]
    return max(0, changes["moved", name] - sum(tiers)) / len(tiers)


def _changes(figures: Figures, rows: int) -> RenderableType:
    table = Table.grid(padding=(0, 1), expand=True)
    for options in ({"width": 5}, {"width": 8}, {"ratio": 2, "max_width": 30}, {"ratio": 3}):
        table.add_column(no_wrap=True, overflow="ellipsis", **options)  # type: ignore[arg-type]
    for change in list(figures.last_changes)[-rows:]:
        kind = change["kind"]
        tiers = change["to"] if change["from"] is None else f"{change['from']} > {change['to'] or 'none'}"
        what = f"{change['segment']}: {tiers}" if kind == "moved" else f"{kind} {change['segment']}"
        why = change["reason"] + (" (time passed)" if change["cause"] == "deadline" else "")
        table.add_row(Text(change["at"][11:16], "dim"), Text(change["customer_id"]), Text(what, _COLOURS.get(kind, "")), Text(why, "dim"))
    return table


def _mails(figures: Figures, rows: int, url: str) -> RenderableType:
    counts = "  ".join(f"{campaign} {number:,}" for campaign, number in sorted(figures.mails.items())) or "none yet"
    against = "  ".join(f"{reason} {number:,}" for reason, number in figures.not_sent.most_common(3))
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, width=len(url) + 6)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for mail in list(figures.last_mails)[-rows:]:
        table.add_row(Text(f"{url}/{mail.number}", "underline"), Text(mail.to), Text(mail.subject))
    return Group(Text(f"{counts}   not sent: {against}" if against else counts, "bold", no_wrap=True, overflow="ellipsis"), table)
