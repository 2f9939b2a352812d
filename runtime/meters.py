"""Prometheus counters and histograms."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_M = TypeVar("_M", bound=MetricWrapperBase)

MOST_SERIES = 2000
OTHER = "other"
SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0)


class _Family(Generic[_M]):
    """One metric with its labels. Past `most` combinations of label values new ones count together as "other"."""

    def __init__(self, metric: _M, labels: Sequence[str], most: int) -> None:
        self.labels = tuple(labels)
        self._metric = metric
        self._most = most
        self._lock = threading.Lock()
        self._known: set[tuple[str, ...]] = set()

    def series(self, given: dict[str, object]) -> _M:
        """The series of these label values. Raises ValueError when they are not this metric's labels."""
        if given.keys() != set(self.labels):
            raise ValueError(f"labels {sorted(given)} given, {sorted(self.labels)} wanted")
        if not self.labels:
            return self._metric
        values = tuple(str(given[name]) for name in self.labels)
        with self._lock:
            if values not in self._known:
                if len(self._known) >= self._most:
                    values = (OTHER,) * len(self.labels)
                self._known.add(values)
            return self._metric.labels(*values)

    def forget(self, gone: dict[str, str]) -> int:
        if not gone.keys() <= set(self.labels):
            return 0
        places = [(self.labels.index(name), value) for name, value in gone.items()]
        with self._lock:
            leaving = [values for values in self._known if all(values[place] == value for place, value in places)]
            for values in leaving:
                self._known.discard(values)
                self._metric.remove(*values)
        return len(leaving)


class Counter:
    """Only ever goes up."""

    def __init__(self, family: _Family[prometheus_client.Counter]) -> None:
        self._family = family

    def add(self, amount: float = 1.0, **labels: object) -> None:
        self._family.series(labels).inc(amount)


class Gauge:
    """A figure that goes up and down."""

    def __init__(self, family: _Family[prometheus_client.Gauge]) -> None:
        self._family = family

    def set(self, value: float, **labels: object) -> None:
        self._family.series(labels).set(value)

    def add(self, amount: float = 1.0, **labels: object) -> None:
        """Negative amounts take away."""
        self._family.series(labels).inc(amount)


class Histogram:
    """How often a figure was how large."""

    def __init__(self, family: _Family[prometheus_client.Histogram]) -> None:
        self._family = family

    def observe(self, value: float, **labels: object) -> None:
        self._family.series(labels).observe(value)


class Meters:
    """All meters of one service, in a registry of its own. Safe from any thread.

    Asking for a meter a second time gives the same one; with other labels or as another kind it raises ValueError.
    """

    content_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._counters: dict[str, _Family[prometheus_client.Counter]] = {}
        self._gauges: dict[str, _Family[prometheus_client.Gauge]] = {}
        self._histograms: dict[str, _Family[prometheus_client.Histogram]] = {}

    def counter(self, name: str, text: str, labels: Sequence[str] = (), *, most: int = MOST_SERIES) -> Counter:
        """A counter; its name ends in `_total`."""
        return Counter(
            self._family(
                self._counters,
                name,
                labels,
                lambda: _Family(prometheus_client.Counter(name, text, labels, registry=self._registry), labels, most),
            )
        )

    def gauge(self, name: str, text: str, labels: Sequence[str] = (), *, most: int = MOST_SERIES) -> Gauge:
        """A gauge."""
        return Gauge(
            self._family(
                self._gauges,
                name,
                labels,
                lambda: _Family(prometheus_client.Gauge(name, text, labels, registry=self._registry), labels, most),
            )
        )

    def histogram(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        *,
        buckets: Sequence[float] = SECONDS,
        most: int = MOST_SERIES,
    ) -> Histogram:
        """A histogram; its buckets are meant for seconds unless others are given."""

        def make() -> _Family[prometheus_client.Histogram]:
            metric = prometheus_client.Histogram(name, text, labels, registry=self._registry, buckets=buckets)
            return _Family(metric, labels, most)

        return Histogram(self._family(self._histograms, name, labels, make))

    def forget(self, **labels: str) -> int:
        """Drops every series with these label values, `forget(project="shop")` for one; returns how many there were."""
        with self._lock:
            forgets = [
                family.forget for known in (self._counters, self._gauges, self._histograms) for family in known.values()
            ]
        return sum(forget(labels) for forget in forgets) if labels else 0

    def render(self) -> bytes:
        """All meters as Prometheus text; serve it with `content_type`."""
        return generate_latest(_WithoutBirthdays(self._registry))

    def _family(
        self, known: dict[str, _Family[_M]], name: str, labels: Sequence[str], make: Callable[[], _Family[_M]]
    ) -> _Family[_M]:
        with self._lock:
            if name not in known:
                known[name] = make()  # a name of another kind is refused by the registry
            if known[name].labels != tuple(labels):
                raise ValueError(f"{name} has the labels {known[name].labels}, not {tuple(labels)}")
            return known[name]


class _WithoutBirthdays(Collector):
    """Leaves out the `_created` samples, which double the page and which nobody asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
