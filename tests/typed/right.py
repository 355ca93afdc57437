"""A service's program: `test_typed.py` has mypy check it, strictly, against the installed wheel. Nobody runs it."""

from array import array
from collections.abc import Callable, Iterator
from typing import Any, TypedDict, assert_type

from thoth.storages import (
    RESULT_SCHEMA,
    AdvisersCacheStore,
    AdvisersResultsStore,
    AnalysesCacheStore,
    AnalysisByDigest,
    AnalysisResultsStore,
    BuildLogsAnalysesCacheStore,
    BuildLogsAnalysisResultsStore,
    BuildLogsStore,
    CephStore,
    DependencyMonkeyReportsStore,
    GraphCache,
    GraphCacheStore,
    GraphDatabase,
    InspectionResultsStore,
    PackageAnalysisResultsStore,
    ProvenanceCacheStore,
    ProvenanceResultsStore,
    SolverResultsStore,
    __version__,
    sync_adviser_documents,
    sync_analysis_documents,
    sync_dependency_monkey_documents,
    sync_documents,
    sync_inspection_documents,
    sync_package_analysis_documents,
    sync_provenance_checker_documents,
    sync_solver_documents,
)
from thoth.storages.embedded import EmbeddedServer
from thoth.storages.exceptions import CacheMiss, NotFoundError, ThothStorageException
from thoth.storages.graph.models import PythonPackageVersion
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.models_performance import PerformanceIndicatorBase, PiMatmul
from thoth.storages.metrics import register_metrics
from thoth.storages.result_base import ResultStorageBase
from thoth.storages.sync import SyncCounts

PackageTuple = tuple[str, str, str | None]

INDEX = "https://pypi.org/simple"


class Environment(TypedDict):
    os_name: str
    os_version: str
    python_version: str


ENVIRONMENT: Environment = {"os_name": "rhel", "os_version": "8", "python_version": "3.8"}


def dependencies(graph: GraphDatabase) -> None:
    assert_type(graph.get_depends_on("flask", "1.0.2", INDEX, **ENVIRONMENT), list[tuple[str, str]])
    assert_type(
        graph.get_depends_on("flask", "1.0.2", INDEX, os_name="rhel", extras=frozenset({"s3", None})),
        list[tuple[str, str]],
    )
    assert_type(
        graph.get_depends_on_many([("flask", "1.0.2", INDEX)], **ENVIRONMENT),
        dict[PackageTuple, list[tuple[str, str]]],
    )
    assert_type(graph.get_python_package_version_records("flask", "1.0.2", None, os_name=None), list[dict[str, str]])
    assert_type(
        graph.retrieve_transitive_dependencies_python("flask", "1.0.2", INDEX, **ENVIRONMENT),
        list[tuple[PackageTuple, PackageTuple]],
    )
    assert_type(
        graph.retrieve_transitive_dependencies_python_multi(("flask", "1.0.2", INDEX), **ENVIRONMENT),
        dict[PackageTuple, list[tuple[PackageTuple, PackageTuple]]],
    )
    assert_type(graph.retrieve_dependent_packages("flask", package_version="1.0.2"), dict[str, list[str]])
    assert_type(
        graph.retrieve_transitive_dependents_python("click", "7.0", INDEX, start_offset=0, count=10),
        list[PackageTuple],
    )
    closure = graph.closure(("flask", "1.0.2", INDEX), ("click", "7.0", INDEX), **ENVIRONMENT)
    assert_type(closure.packages, list[PackageTuple])
    assert_type(closure.edges(), tuple[array[int], array[int]])
    assert_type(closure.tuples(), list[tuple[PackageTuple, PackageTuple]])
    assert_type(closure.to_records(), list[dict[str, str | None]])
    assert_type(closure.dependencies_of(("flask", "1.0.2", INDEX)), list[PackageTuple])


def listings(graph: GraphDatabase) -> None:
    assert_type(graph.get_all_versions_python_package("flask", index_enabled=True), list[tuple[str, str]])
    assert_type(graph.get_python_packages(), set[str])
    assert_type(graph.python_package_version_exists("flask", "1.0.2", solver_name="solver-rhel-8-py38"), bool)
    assert_type(graph.has_python_solver_error("flask", "1.0.2", INDEX, **ENVIRONMENT), bool)
    assert_type(graph.retrieve_unsolved_python_packages("solver-rhel-8-py38", randomize=False), list[tuple[str, str]])
    assert_type(graph.retrieve_solved_python_packages(count=5), dict[str, list[str]])
    assert_type(graph.get_error_python_packages_count(unsolvable=True), int)
    assert_type(graph.python_package_index_listing(enabled=True), list[dict[str, Any]])
    assert_type(graph.register_python_package_index(INDEX, verify_ssl=True), bool)
    assert_type(graph.get_python_cve_records("flask", "1.0.2"), list[dict[str, str | None]])
    assert_type(graph.run_software_environment_listing(0, 10, is_user_run=True), list[str])
    assert_type(graph.get_all_pi_count(), dict[str, int])
    assert_type(graph.parse_python_solver_name("solver-rhel-8-py38"), dict[str, str])
    assert_type(graph.stats(), dict[str, Any])
    names: Callable[[], set[str]] = graph.get_python_packages
    names()


def documents(graph: GraphDatabase, document: dict[str, Any]) -> None:
    graph.sync_solver_result(document, force=True)
    assert_type(graph.solver_records_exist(document), bool)
    assert_type(graph.delete_solver_result("solver-rhel-8-py38-0a2446d8"), int)
    assert_type(sync_documents(["examples"], is_local=True, graph=graph), dict[str, SyncCounts])
    for counts in (
        sync_adviser_documents(graph=graph),
        sync_analysis_documents(graph=graph),
        sync_dependency_monkey_documents(graph=graph),
        sync_package_analysis_documents(graph=graph),
        sync_provenance_checker_documents(graph=graph),
        sync_solver_documents(["solver-rhel-8-py38-0a2446d8"], True, graph=graph),
        sync_inspection_documents("https://amun.example.com/api/v1", graceful=True, graph=graph),
    ):
        processed, synced, skipped, failed = assert_type(counts, SyncCounts)
        assert_type(processed + synced + skipped + failed, int)


def stores(document: dict[str, Any]) -> None:
    store = SolverResultsStore("deployment", host="https://s3.example.com", bucket="thoth")
    store.connect()
    assert_type(store.get_document_listing(), Iterator[str])
    assert_type(store.store_document(document), str)
    assert_type(store.retrieve_document("solver-rhel-8-py38-0a2446d8"), dict[str, Any])
    assert_type(store.iterate_results(), Iterator[tuple[str, dict[str, Any]]])
    assert_type(store.get_solver_name_from_document_id("solver-rhel-8-py38-0a2446d8"), str)
    assert_type(store.ceph, CephStore)
    cache = AdvisersCacheStore()
    try:
        assert_type(cache.retrieve_document_record("id"), dict[str, Any])
    except CacheMiss as miss:
        error: NotFoundError = miss
        raise ThothStorageException(str(error)) from miss
    results: list[type[ResultStorageBase]] = [
        AdvisersResultsStore,
        AnalysisResultsStore,
        BuildLogsAnalysisResultsStore,
        DependencyMonkeyReportsStore,
        PackageAnalysisResultsStore,
        ProvenanceResultsStore,
    ]
    for each in results:
        assert_type(each().document_exists("id"), bool)
    assert_type(InspectionResultsStore().filter_document_ids(["id"]), dict[str, list[str]])
    assert_type(AnalysisByDigest().store_document("sha256:0", document), str)
    assert_type(BuildLogsStore(bucket_prefix="data").get_document_count(), int)
    print(
        AnalysesCacheStore(), BuildLogsAnalysesCacheStore(), ProvenanceCacheStore(), GraphCacheStore().retrieve().path
    )
    print(RESULT_SCHEMA, __version__)


def caches() -> None:
    with GraphCache.load("cache.sqlite3") as cache, GraphDatabase(cache=cache) as graph:
        assert_type(cache.get_depends_on("flask", "1.0.2", INDEX, **ENVIRONMENT), list[tuple[str, str]] | None)
        assert_type(graph.cache, GraphCache | None)
        assert_type(graph, GraphDatabase)
        register_metrics(graph)
    with EmbeddedServer(volatile=True) as server:
        assert_type(server.environment(), dict[str, str])


class PiSort(PerformanceIndicatorBase, Base):
    """A model of one's own."""

    __tablename__ = "pi_sort"


def models(row: PythonPackageVersion, measured: PiMatmul) -> None:
    assert_type(row.id, int)
    assert_type(measured.matrix_size, int)
