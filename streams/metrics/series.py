"""The shapes that series have here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from streams.customers.histogram import Histogram

Metric = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
Row = tuple[Sequence[str], float]


def counter(name: str, help_: str, labels: Sequence[str], rows: Iterable[Row]) -> CounterMetricFamily:
    """Exposed as `name`_total."""
    family = CounterMetricFamily(name, help_, labels=labels)
    for values, number in rows:
        family.add_metric(list(values), number)
    return family


def gauge(name: str, help_: str, labels: Sequence[str], rows: Iterable[Row]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_, labels=labels)
    for values, number in rows:
        family.add_metric(list(values), number)
    return family


def histogram(name: str, help_: str, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], Histogram]]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, help_, labels=labels)
    for values, found in rows:
        buckets, so_far = [], 0
        for bound, number in zip((*map(float, found.bounds), float("inf")), found.buckets, strict=True):
            so_far += number
            buckets.append((str(bound) if bound != float("inf") else "+Inf", so_far))
        family.add_metric(list(values), buckets, found.sum)
    return family
