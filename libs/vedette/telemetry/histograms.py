"""Histograms for what happens with every check: prometheus_client's take locks, at 2 µs a value.

These are written to by the event loop's thread alone, which is also the one that shows them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Distribution:
    """How many values fell below each bound, and their sum."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Take one value. What clocks that disagree make negative counts as 0."""
        if value < 0:
            value = 0.0
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts)

    def shown(self) -> tuple[list[tuple[str, float]], float]:
        """Cumulated buckets, as Prometheus has them, and the sum."""
        names = [*map(floatToGoString, self._bounds), "+Inf"]
        cumulated: Iterable[int] = accumulate(self._counts)
        return [(name, float(n)) for name, n in zip(names, cumulated, strict=True)], self._sum


class Histogram(Collector):
    """One metric: a distribution for each value of its label; those without values don't show.

    Without a label it has but one.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        *,
        label: str | None = None,
        buckets: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._labels = [] if label is None else [label]
        self._buckets = tuple(buckets)
        self._children: dict[str, Distribution] = {}
        registry.register(self)

    def of(self, value: str = "") -> Distribution:
        """The distribution of a value of the label, always the same one."""
        child = self._children.get(value)
        if child is None:
            child = self._children[value] = Distribution(self._buckets)
        return child

    def describe(self) -> Iterable[HistogramMetricFamily]:
        """Its name, for the registry to see that no other metric has it."""
        return [self._family()]

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """The metric as it stands."""
        family = self._family()
        for value, child in self._children.items():
            if child.count:
                buckets, total = child.shown()
                family.add_metric([value] if self._labels else [], buckets=buckets, sum_value=total)
        return [family]

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
