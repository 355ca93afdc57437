"""Metrics: what a registry of prometheus_client tells of adapters, and that it is what they did."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import ROOT
from tests.factories import PYPI, RHEL, requires, solved, solver_document
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.exceptions import ConfigurationError, NotFoundError, SchemaError
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.metrics import METRICS, register_metrics
from thoth.storages.sync import sync_local_documents

A = ("a", "1.0", PYPI)
DOCUMENT = solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])])


class Scrape:
    """The figures of a registry, by name and labels, as Prometheus reads them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.text = generate_latest(registry).decode()
        self.figures = {
            (sample.name, frozenset(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
        }

    def __getitem__(self, labels: tuple[str, ...]) -> float:
        name, *rest = labels
        return self.figures[f"thoth_storages_{name}", frozenset(rest)]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_calls(graph: GraphDatabase, registry: CollectorRegistry) -> None:
    register_metrics(graph, registry=registry)
    graph.sync_solver_result(DOCUMENT)
    with counted_statements(graph.engine) as statements:
        for _ in range(3):
            graph.get_depends_on(*A, **RHEL)
        graph.get_depends_on(*A, **RHEL, without_cache=True)
    with pytest.raises(NotFoundError):
        graph.get_depends_on("no-such", "1.0", PYPI, **RHEL)
    with pytest.raises(SchemaError):
        graph.sync_solver_result({})
    found = Scrape(registry)
    assert found["calls_total", "get_depends_on"] == 3
    assert found["call_errors_total", "get_depends_on", "NotFoundError"] == 1
    assert found["call_errors_total", "sync_solver_result", "SchemaError"] == 1
    assert len(statements) == 2
    assert found["statements_total", "get_depends_on"] == 3
    assert found["rows_total", "get_depends_on"] >= 2
    assert found["retries_total", "get_depends_on"] == 0
    assert found["cache_hits_total", "memory", "get_depends_on"] == 2
    assert found["cache_misses_total", "memory", "get_depends_on"] == 2
    assert found["memory_cache_answers", "get_depends_on"] == 1
    assert found["call_seconds_count", "get_depends_on"] == 3
    assert found["call_seconds_bucket", "get_depends_on", "+Inf"] == 3
    assert 0 < found["statement_seconds_total", "get_depends_on"] < found["call_seconds_sum", "get_depends_on"]


def test_buckets_are_cumulative(graph: GraphDatabase, registry: CollectorRegistry) -> None:
    register_metrics(graph, registry=registry)
    for _ in range(5):
        graph.get_python_packages()
    found = Scrape(registry)
    buckets = [value for (name, _), value in found.figures.items() if name == "thoth_storages_call_seconds_bucket"]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 5


def test_pool(graph: GraphDatabase, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_POOL_SIZE", "2")
    monkeypatch.setenv("KNOWLEDGE_GRAPH_POOL_OVERFLOW", "1")
    adapter = GraphDatabase()
    register_metrics(adapter, registry=registry)
    assert "pool_limit " not in re.sub("#.*", "", Scrape(registry).text)
    with adapter, adapter.engine.connect():
        found = Scrape(registry)
    assert found["pool_limit",] == 3
    assert (found["pool_connections", "in_use"], found["pool_connections", "idle"]) == (1, 0)


def test_cache_file(graph: GraphDatabase, registry: CollectorRegistry, tmp_path: Path) -> None:
    graph.sync_solver_result(DOCUMENT)
    with GraphCache(str(tmp_path / "cache.sqlite3"), writable=True) as cache:
        adapter = GraphDatabase(cache)
        register_metrics(adapter, registry=registry)
        with adapter:
            adapter.get_depends_on(*A, **RHEL)
            found = Scrape(registry)
    assert found["cache_misses_total", "file", "get_depends_on"] == 1
    assert found["cache_hits_total", "file", "get_depends_on"] == 0


def test_documents(graph: GraphDatabase, registry: CollectorRegistry, tmp_path: Path) -> None:
    register_metrics(graph, registry=registry)
    (tmp_path / "broken.json").write_text("{}")
    documents = [ROOT / "examples" / "adviser-documents", tmp_path]
    for _ in range(2):
        report = sync_local_documents(documents, graceful=True, graph=graph)
    synced = report.counts["adviser"].processed
    found = Scrape(registry)
    assert synced > 0
    for result, expected in (("synced", synced), ("skipped", synced), ("failed", 0)):
        assert found["documents_total", "adviser", result] == expected
    assert found["documents_total", "unknown", "failed"] == 2


def test_several_adapters_are_added_up(graph: GraphDatabase, registry: CollectorRegistry) -> None:
    with GraphDatabase() as other:
        register_metrics(graph, other, registry=registry)
        for adapter in (graph, other, other):
            adapter.get_python_packages()
        found = Scrape(registry)
    assert found["calls_total", "get_python_packages"] == 3
    assert found["call_seconds_bucket", "get_python_packages", "+Inf"] == 3
    assert found["pool_limit",] == 30


def test_registering_twice_is_refused(graph: GraphDatabase, registry: CollectorRegistry) -> None:
    collector = register_metrics(graph, registry=registry)
    with pytest.raises(ConfigurationError) as refused:
        register_metrics(graph, registry=registry)
    already = "metrics such as thoth_storages_calls_total are in the registry already"
    assert str(refused.value) == f"{already}: give all adapters to one call"
    registry.unregister(collector)
    register_metrics(graph, registry=registry)


def test_scraping_asks_no_database(graph: GraphDatabase, registry: CollectorRegistry) -> None:
    register_metrics(graph, registry=registry)
    with counted_statements(graph.engine) as statements:
        Scrape(registry)
    assert statements == []


def test_names_are_those_of_prometheus(graph: GraphDatabase, registry: CollectorRegistry) -> None:
    register_metrics(graph, registry=registry)
    graph.get_python_packages()
    told = dict(re.findall(r"^# TYPE (\S+) (\S+)$", Scrape(registry).text, re.MULTILINE))
    assert told == {metric.name: metric.kind for metric in METRICS}
    for metric in METRICS:
        assert metric.name.endswith("_total") == (metric.kind == "counter")


@pytest.fixture
def without_prometheus_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "prometheus_client", None)
        yield


@pytest.mark.usefixtures("without_prometheus_client")
def test_without_the_extra(graph: GraphDatabase) -> None:
    with pytest.raises(ConfigurationError, match=r"pip install thoth-storages\[metrics\]"):
        register_metrics(graph)
    assert graph.observers == ()


def test_the_page_lists_every_metric() -> None:
    page = (ROOT / "docs" / "observing.rst").read_text(encoding="utf-8")
    listed = re.findall(r"^   \* - ``(thoth_storages_\w+)``\n     -(?: (.*))?\n     - (.*)$", page, re.MULTILINE)
    assert listed == [
        (metric.name, ", ".join(f"``{label}``" for label in metric.labels), metric.meaning) for metric in METRICS
    ]
