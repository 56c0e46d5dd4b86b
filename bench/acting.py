"""What campaigns cost: the worker with nobody to write to, and with every customer writable and the shipped campaigns deciding.

Delivery, the live view and feeds are processes of their own (`--role`): what they take is not the engine's.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from statistics import median

from bench.load import Load, fill_profiles
from bench.rates import DEFINITIONS, app_id, filled
from bench.report import Report
from bench.sizes import EACH, Sizes
from bench.workers import Rate, running

#: A customer's events an hour: few enough that carts are left.
PER_HOUR = 1.0
SILENT = {"campaigns": str(DEFINITIONS / "no_campaigns.toml")}


def measure(report: Report, broker: str, sizes: Sizes, folder: Path) -> None:
    load = filled(report, broker, Load("acting", sizes.acting_events, sizes.acting_events // EACH, per_hour=PER_HOUR))
    asyncio.run(fill_profiles(broker, load))
    found: dict[str, list[Rate]] = {"silent": [], "acting": []}
    messages = 0.0
    for number in range(1, sizes.rounds + 1):
        for name, settings in (("silent", SILENT), ("acting", {})):
            with running(broker, load.prefix, app_id(name), folder, **settings) as worker:
                worker.ready()
                rate = worker.applied(load.events + load.customers)
                last = worker.until(lambda seen: True)
            found[name].append(rate)
            if name == "acting":
                messages = last.counters["messages"] / last.counters["events"]
            report.step(f"round {number} of {sizes.rounds}  {name:<10}{rate.per_second:>10,.0f} events/s {rate.cpu_us:>8.2f} CPU µs/event")
    for name, rates in found.items():
        report.note(**{f"{name}_cpu_us_per_event": median(each.cpu_us for each in rates)})
    report.note(acting_messages_per_event=messages)
    report.ratio("acting_ratio", "acting_cpu_us_per_event", "silent_cpu_us_per_event")
