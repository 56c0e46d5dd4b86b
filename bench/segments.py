"""What more segments cost: definitions of 10 and of 100 segments, no two alike, over the same events."""

from __future__ import annotations

from pathlib import Path

from bench.load import Load
from bench.rates import DEFINITIONS, filled, worker_rate
from bench.report import Report
from bench.sizes import EACH, Sizes
from scoring.segments.families import FAMILIES

#: Kinds of condition in turn, each with thresholds and windows of its own, so that few segments change at the same event.
CONDITIONS = (
    "page_views(days({d})) >= {k}",
    "product_views(days({d})) >= {k}",
    "cart_adds(days({d})) >= {c}",
    "sessions(days({d})) >= {c}",
    "spend(days({d})) >= {s}",
    "engagement >= {k}",
    "since_last_visit >= hours({k})",
    "cart_items >= {c} and cart_idle >= minutes({m})",
    "purchases(days({d})) >= {c} and since_last_purchase >= hours({k})",
    "product_views(days({d})) >= {c} and cart_items == 0 and since_last_visit >= minutes({m})",
)


def definitions(count: int) -> str:
    """TOML of `count` segments. What families besides would keep of a customer is switched off: it costs the same with few as with many."""
    found = [f"[families]\noff = {[family for family in FAMILIES if family != 'other']!r}\n"]
    for n in range(count):
        step = n // len(CONDITIONS)
        values = {"d": 1 + 3 * step, "k": 5 + 6 * step, "c": 2 + step, "s": 50 + 70 * step, "m": 30 + 13 * step}
        when = CONDITIONS[n % len(CONDITIONS)].format(**values)
        found.append(f'[[segment]]\nname = "segment_{n}"\nfamily = "other"\nwhen = "{when}"\n')
    return "\n".join(found)


def measure(report: Report, broker: str, sizes: Sizes, folder: Path) -> None:
    load = filled(report, broker, Load("main", sizes.segments_events, sizes.segments_events // EACH))
    cost = {}
    for count in (10, 100):
        file = folder / f"{count}.toml"
        file.write_text(definitions(count))
        rate, last = worker_rate(
            broker, load, folder, f"segments-{count}", segments=str(file), campaigns=str(DEFINITIONS / "no_campaigns.toml")
        )
        cost[count] = rate.cpu_us
        changes = last.counters["changes"] / last.counters["events"]
        report.step(f"{count} segments: {rate.cpu_us:.2f} CPU µs/event, {changes:.2f} changes per event")
        report.note(**{f"cpu_us_per_event_{count}_segments": rate.cpu_us})
    report.note(growth_segments_ratio=cost[100] / cost[10])
