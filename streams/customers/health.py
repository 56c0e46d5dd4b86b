"""What a supervisor asks of the engine's service: does it go round, and does it do its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.clock import monotonic, now_ms
from streams.customers.partition import Partition

if TYPE_CHECKING:
    from streams.customers.service import CustomerService

#: Seconds after which a loop that has not turned hangs: a turn takes milliseconds, the worst some seconds.
STUCK = 60.0
#: Seconds a watermark that lags behind (more than `grace` and this) may stand still before something is wrong.
STANDS = 60.0
#: Seconds without an answer of the broker.
SILENT = 10.0


def faults_of_life(service: CustomerService) -> list[str]:
    """Why only a restart would help; empty: it would not."""
    if service.failure is not None:
        return ["it failed; its log says how"]  # which may name a customer
    stuck = monotonic() - service.turned
    return [f"its loop has not turned for {stuck:.0f} s"] if stuck > STUCK else []


def faults_of_work(service: CustomerService, grace: int) -> list[str]:
    """Why it does not do its work now; empty: it does. `grace` in ms. A worker without partitions, in reserve, is as it should be."""
    found = faults_of_life(service)
    if found:
        return found
    if not service.counters.detail.rebalances:
        return ["it has not joined the consumer group yet"]
    partitions = list(service.partitions.values())
    if partitions and service.silence > SILENT:
        found.append(f"the broker has not answered for {service.silence:.0f} s")
    for each in partitions:
        if not each.ready:
            found.append(_coming(service, each))
        elif now_ms() - each.watermark.time > grace + STANDS * 1000 and service.figures.standing(each.number) > STANDS:
            stands = service.figures.standing(each.number)
            found.append(f"the time of partition {each.number} has stood still for {stands:.0f} s")
    return found


def _coming(service: CustomerService, partition: Partition) -> str:
    if partition.lost:
        return f"partition {partition.number} was given to another worker; joining again"
    reached, end = service.counters.detail.recovering.get(partition.number, (0, -1))
    done = f", {100 * reached // end} % of its changelog read" if end > 0 else ""
    return f"partition {partition.number} is being taken over{done}"
