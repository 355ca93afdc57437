"""Metrics for Prometheus, read when they are scraped; installed by ``pip install thoth-storages[metrics]``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from sqlalchemy.pool import QueuePool

from .exceptions import ConfigurationError
from .graph import GraphDatabase
from .graph.call_counts import SECONDS, MethodCounts

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import CollectorRegistry


@dataclass(frozen=True)
class MetricDescription:
    """A metric: its name, its labels and what it tells."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str


CALLS = MetricDescription("thoth_storages_calls_total", "counter", ("method",), "Calls that asked the database.")
CALL_SECONDS = MetricDescription(
    "thoth_storages_call_seconds",
    "histogram",
    ("method",),
    "Seconds that such calls took, with retries and with waiting for a connection.",
)
CALL_ERRORS = MetricDescription(
    "thoth_storages_call_errors_total", "counter", ("method", "error"), "Calls that raised, by class of the error."
)
RETRIES = MetricDescription("thoth_storages_retries_total", "counter", ("method",), "Times that a call was run again.")
STATEMENTS = MetricDescription(
    "thoth_storages_statements_total",
    "counter",
    ("method",),
    "Statements sent; those that no method sent have the method -.",
)
STATEMENT_SECONDS = MetricDescription(
    "thoth_storages_statement_seconds_total", "counter", ("method",), "Seconds that statements took."
)
ROWS = MetricDescription("thoth_storages_rows_total", "counter", ("method",), "Rows returned or changed.")
CACHE_HITS = MetricDescription(
    "thoth_storages_cache_hits_total",
    "counter",
    ("layer", "method"),
    "Questions that a cache, memory or file, answered.",
)
CACHE_MISSES = MetricDescription(
    "thoth_storages_cache_misses_total", "counter", ("layer", "method"), "Questions that it did not."
)
MEMORY_ANSWERS = MetricDescription(
    "thoth_storages_memory_cache_answers", "gauge", ("method",), "Answers that are kept in memory."
)
POOL_CONNECTIONS = MetricDescription(
    "thoth_storages_pool_connections", "gauge", ("state",), "Connections to the database: in_use or idle."
)
POOL_LIMIT = MetricDescription(
    "thoth_storages_pool_limit", "gauge", (), "Connections that there may be, with those opened in need."
)
DOCUMENTS = MetricDescription(
    "thoth_storages_documents_total",
    "counter",
    ("kind", "result"),
    "Documents put into the graph: synced, skipped or failed.",
)

METRICS = (
    CALLS,
    CALL_SECONDS,
    CALL_ERRORS,
    RETRIES,
    STATEMENTS,
    STATEMENT_SECONDS,
    ROWS,
    CACHE_HITS,
    CACHE_MISSES,
    MEMORY_ANSWERS,
    POOL_CONNECTIONS,
    POOL_LIMIT,
    DOCUMENTS,
)

_Samples = dict[MetricDescription, dict[tuple[str, ...], float]]


class GraphCollector:
    """A collector of ``prometheus_client`` for adapters, whose figures are added up; see `register_metrics`."""

    def __init__(self, *graphs: GraphDatabase) -> None:
        """Count from now on what adapters do.

        Args:
            graphs: the adapters; they need not be connected yet.

        """
        self._graphs = graphs
        for graph in graphs:
            graph.count_calls()

    def describe(self) -> Iterator[Metric]:
        """Yield the metrics without figures; by their names a registry refuses a second collector."""
        for metric in METRICS:
            yield _family(metric)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now; the database is not asked."""
        samples: _Samples = {metric: {} for metric in METRICS}
        methods: dict[str, list[MethodCounts]] = {}
        for graph in self._graphs:
            for method, counts in graph.count_calls().methods().items():
                methods.setdefault(method, []).append(counts)
            _add(samples, _of_caches(graph))
            _add(samples, _of_pool(graph))
            _add(samples, _of_documents(graph))
        for method, several in methods.items():
            for counts in several:
                _add(samples, _of_method(method, counts))
        for metric in METRICS:
            family = _family(metric)
            if metric is CALL_SECONDS:
                for method, several in methods.items():
                    _add_histogram(family, method, [counts for counts in several if counts.calls])
            for labels, value in samples[metric].items():
                family.add_metric(labels, value)  # type: ignore[attr-defined]
            yield family


def register_metrics(*graphs: GraphDatabase, registry: CollectorRegistry | None = None) -> GraphCollector:
    """Let a registry of ``prometheus_client`` tell what adapters do.

    Args:
        graphs: the adapters, all of those that the registry is to tell of: their figures are added up.
        registry: the registry; not given: the one that ``prometheus_client`` serves by default.

    Returns:
        What was registered; ``registry.unregister()`` takes it.

    Raises:
        ConfigurationError: ``prometheus_client`` is not installed, or the registry has these metrics already.

    """
    try:
        from prometheus_client import REGISTRY
    except ImportError:
        raise ConfigurationError(
            "metrics need prometheus_client, which is not installed: pip install thoth-storages[metrics]"
        ) from None
    collector = GraphCollector(*graphs)
    try:
        (REGISTRY if registry is None else registry).register(collector)
    except ValueError as error:  # its message lists all names, in an order that differs from process to process
        raise ConfigurationError(
            f"metrics such as {CALLS.name} are in the registry already: give all adapters to one call"
        ) from error
    return collector


def _of_method(method: str, counts: MethodCounts) -> Iterator[tuple[MetricDescription, tuple[str, ...], float]]:
    if counts.calls:
        yield CALLS, (method,), counts.calls
        yield RETRIES, (method,), counts.retries
    for error, number in counts.errors.items():
        yield CALL_ERRORS, (method, error), number
    yield STATEMENTS, (method,), counts.statements
    yield STATEMENT_SECONDS, (method,), counts.statement_seconds
    yield ROWS, (method,), counts.rows


def _of_caches(graph: GraphDatabase) -> Iterator[tuple[MetricDescription, tuple[str, ...], float]]:
    stats = graph.cache_stats()
    for method, counts in stats["memory_cache"].items():
        yield MEMORY_ANSWERS, (method,), counts["size"]
        yield CACHE_HITS, ("memory", method), counts["hits"]
        yield CACHE_MISSES, ("memory", method), counts["misses"]
    for method, counts in stats["graph_cache"].get("sqlite_cache_info", {}).items():
        yield CACHE_HITS, ("file", method), counts["hits"]
        yield CACHE_MISSES, ("file", method), counts["misses"]


def _of_pool(graph: GraphDatabase) -> Iterator[tuple[MetricDescription, tuple[str, ...], float]]:
    pool = graph.engine.pool if graph.is_connected() else None
    if isinstance(pool, QueuePool):
        yield POOL_CONNECTIONS, ("in_use",), pool.checkedout()
        yield POOL_CONNECTIONS, ("idle",), pool.checkedin()
        yield POOL_LIMIT, (), pool.size() + pool._max_overflow


def _of_documents(graph: GraphDatabase) -> Iterator[tuple[MetricDescription, tuple[str, ...], float]]:
    for kind, counts in graph.count_calls().documents().items():
        yield DOCUMENTS, (kind, "synced"), counts.synced
        yield DOCUMENTS, (kind, "skipped"), counts.skipped
        yield DOCUMENTS, (kind, "failed"), counts.failed


def _add(samples: _Samples, found: Iterable[tuple[MetricDescription, tuple[str, ...], float]]) -> None:
    for metric, labels, value in found:
        samples[metric][labels] = samples[metric].get(labels, 0) + value


def _family(metric: MetricDescription) -> Metric:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    families = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}
    family: Metric = families[metric.kind](metric.name, metric.meaning, labels=metric.labels)
    return family


def _add_histogram(family: Metric, method: str, several: list[MethodCounts]) -> None:
    if not several:
        return
    numbers = accumulate(sum(column) for column in zip(*(counts.by_seconds for counts in several), strict=True))
    ends = [*map(str, SECONDS), "+Inf"]
    family.add_metric(  # type: ignore[attr-defined]
        [method], list(zip(ends, numbers, strict=True)), sum(counts.seconds for counts in several)
    )
