"""Series of the Faust agents: how far they are behind, what mails, webhooks and contacts came to, and what is away."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from prometheus_client.registry import Collector

from streams.agents import crm, delivery, in_order, webhooks
from streams.clock import now_ms
from streams.metrics.series import Metric, Row, counter, gauge
from streams.sinks import outage

if TYPE_CHECKING:
    import faust

#: What keeps mails from going out: streams/agents/deliver.py.
OBSTACLES = ("paused", "away", "refused")


class AgentsCollector(Collector):
    """`roles` that run in this process; `apps`: theirs, by the role's name (webhooks: and the endpoint's)."""

    def __init__(self, roles: Collection[str], apps: Callable[[], Sequence[tuple[str, faust.App]]]) -> None:
        self._roles = roles
        self._apps = apps

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        rows = [((role, topic), number) for role, app in self._apps() for topic, number in _lags(app).items()]
        what = "Records at the broker that an agent has not done with"
        yield gauge("gedrag_agent_lag_records", what, ("role", "topic"), rows)
        away = {each.what: 0 for each in outage.every}
        for each in outage.every:
            away[each.what] = max(away[each.what], int(each.lasts))
        yield gauge("gedrag_outage", "1 while something that agents need is away", ("what",), [((what,), on) for what, on in away.items()])
        yield counter("gedrag_outages", "Times it went away", ("what",), [((what,), number) for what, number in outage.begun.items()])
        if "delivery" in self._roles:
            yield from _delivery()
        yield from _feeds("webhooks", "Webhooks: sent, failed tries, refused for good", webhooks.figures())
        yield from _feeds("crm", "Contacts: requests, contacts, times HubSpot said to slow down, refused for good", crm.figures())


def _lags(app: faust.App) -> dict[str, int]:
    """By topic: from what is committed to the end, over the partitions that are ours."""
    found: dict[str, int] = {}
    try:
        consumer: Any = app.consumer
        for tp in consumer.assignment():
            # Faust tells what it has committed since it began; where it began is known here alone.
            committed, end = consumer._committed_offset[tp], consumer.highwater(tp)
            if end is not None:
                found[tp.topic] = found.get(tp.topic, 0) + max(0, end - (committed or 0))
    except Exception:
        return {}  # not connected yet, or any more
    return found


def _delivery() -> Iterator[Metric]:
    standing = delivery.standing
    rows: list[Row] = [((outcome,), number) for outcome, number in standing.figures.items()]
    what = "Mails: sent, withheld, bounced (a hard failure), rejected, deferred (a soft one, tried again), refused (dead letters)"
    yield counter("gedrag_delivery", what, ("outcome",), rows)
    blocked = [((name,), float(standing.stands(name))) for name in OBSTACLES]
    yield gauge("gedrag_delivery_blocked", "1 while this keeps mails from going out", ("reason",), blocked)
    waiting = [event.message.timestamp for line in in_order.every for event in line.waiting()]
    yield gauge("gedrag_delivery_waiting", "Decisions read and not done with", (), [((), len(waiting))])
    age = max(0.0, now_ms() / 1000 - min(waiting)) if waiting else 0.0
    yield gauge("gedrag_delivery_oldest_seconds", "Age of the oldest of them", (), [((), age)])


def _feeds(name: str, what: str, figures: dict[str, int]) -> Iterator[Metric]:
    if not figures:  # not set up, or not in this process
        return
    closed = figures.pop(f"{name}_closed", None)
    if closed is not None:
        yield gauge(f"gedrag_{name}_closed", "Endpoints that get nothing until somebody opens them again", (), [((), closed)])
    rows = [((outcome.removeprefix(f"{name}_"),), number) for outcome, number in figures.items()]
    yield counter(f"gedrag_{name}", what, ("outcome",), rows)
