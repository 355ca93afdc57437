"""Every answer of the graph equals that of the oracle: over the sample documents, and over generated ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import strategies
from tests.conftest import empty
from tests.oracle import Oracle
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.documents.solver import read_solver_document
from thoth.storages.exceptions import NotFoundError
from thoth.storages.graph.cache_builder import build_cache

Json = dict[str, Any]
GENERATED = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
MANY = 1_000_000


def answer(call: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Return the answer of the graph or the oracle in a form that can be compared."""
    try:
        found = call(*arguments, **keywords)
    except (NotFoundError, LookupError):
        return "not found"
    except ValueError:
        return "not a value"
    if call.__name__.startswith("retrieve_transitive_dependencies"):
        return edges(found)
    return found


def edges(found: Any) -> Any:
    """Return edges sorted; none may be there twice."""
    if isinstance(found, Mapping):
        return {root: edges(of_root) for root, of_root in found.items()}
    listed = sorted(found, key=str)
    assert len(listed) == len(set(listed))
    return listed


def sync(graph: GraphDatabase, documents: Iterable[Json]) -> None:
    for document in documents:
        graph.sync_solver_result(document)


def assert_same(graph: GraphDatabase, oracle: Oracle, method: str, *arguments: Any, **keywords: Any) -> None:
    expected = answer(getattr(oracle, method), *arguments, **keywords)
    assert answer(getattr(graph, method), *arguments, **keywords) == expected, (method, arguments, keywords)


def assert_same_about_packages(
    graph: GraphDatabase, oracle: Oracle, packages: Iterable[tuple[str, str, str]], env: Mapping[str, str | None]
) -> None:
    packages = list(packages)
    for name, version, url in packages:
        package = (name, version, url)
        assert_same(graph, oracle, "get_depends_on", *package, **env)
        assert_same(graph, oracle, "has_python_solver_error", *package, **env)
        assert_same(graph, oracle, "get_python_package_version_records", *package, **env)
        assert_same(graph, oracle, "get_python_package_version_records", name, version, None, **env)
        assert_same(graph, oracle, "retrieve_transitive_dependencies_python", *package, **env)
        assert_same(graph, oracle, "retrieve_dependent_packages", name)
        assert_same(graph, oracle, "retrieve_dependent_packages", name, version)
        assert_same(graph, oracle, "python_package_version_exists", name, version)
        assert_same(graph, oracle, "python_package_version_exists", name, version, url)
        assert_same(graph, oracle, "python_package_exists", name)
        assert_same(graph, oracle, "get_all_versions_python_package", name, **env)
        assert_same(graph, oracle, "get_all_versions_python_package", name, url, index_enabled=False, **env)
        assert_same(graph, oracle, "get_python_package_version_hashes_sha256", name, version)
        assert_same(graph, oracle, "get_python_package_version_hashes_sha256", name, version, url)
        assert_same(graph, oracle, "get_all_python_package_version_hashes_sha256", name, version)
        for target in ((name,), (name, version), package):
            assert_same(graph, oracle, "retrieve_transitive_dependents_python", *target, **env, count=MANY)
            assert_same(graph, oracle, "retrieve_transitive_dependents_python_count", *target, **env)
    assert_same(graph, oracle, "retrieve_transitive_dependencies_python_multi", *packages, **env)
    for many in ("get_depends_on_many", "get_python_package_version_records_many", "has_python_solver_error_many"):
        single = getattr(graph, many.removesuffix("_many"))
        expected = {}
        for name, version, url in packages:
            found = answer(single, name, version, url, **env)
            key = (
                GraphDatabase.normalize_python_package_name(name),
                GraphDatabase.normalize_python_package_version(version),
                GraphDatabase.normalize_python_index_url(url),
            )
            if found != "not found":
                expected[key] = found
        assert getattr(graph, many)(packages, **env) == expected


def assert_same_listings(graph: GraphDatabase, oracle: Oracle, solver_names: Iterable[str | None]) -> None:
    for method in ("get_python_packages", "get_solver_documents_count", "get_python_package_index_urls"):
        assert_same(graph, oracle, method)
    for url in oracle.get_python_package_index_urls():
        assert_same(graph, oracle, "get_python_packages_for_index", url)
    for without_error in (True, False):
        assert_same(graph, oracle, "get_all_python_packages_count", without_error=without_error)
    for flags in ({}, {"unsolvable": True}, {"unparseable": True}, {"unsolvable": True, "unparseable": True}):
        assert_same(graph, oracle, "get_error_python_packages_count", **flags)
    for solver_name in solver_names:
        for method in ("retrieve_unsolvable_python_packages", "retrieve_unparseable_python_packages"):
            assert_same(graph, oracle, method, solver_name)
        assert_same(graph, oracle, "retrieve_solved_python_packages_count", solver_name)
        for offset in (0, 2):
            assert_same(graph, oracle, "retrieve_solved_python_packages", 3, offset, solver_name)
        if solver_name is not None:
            assert_same(graph, oracle, "retrieve_unsolvable_python_packages_per_run_software_environment", solver_name)
            assert_same(graph, oracle, "retrieve_unsolved_python_packages_count", solver_name)
            expected = sorted(oracle.retrieve_unsolved_python_packages(solver_name))
            assert graph.retrieve_unsolved_python_packages(solver_name, randomize=False) == expected
            assert sorted(graph.retrieve_unsolved_python_packages(solver_name)) == expected


@GENERATED
@given(data=st.data())
def test_generated_packages(graph: GraphDatabase, data: st.DataObject) -> None:
    empty(graph)
    documents = data.draw(strategies.solver_documents())
    sync(graph, documents)
    oracle = Oracle(documents)
    env = data.draw(strategies.environment_questions())
    packages = data.draw(st.lists(strategies.package_questions(documents), min_size=1, max_size=4))
    graph.cache_clear()
    assert_same_about_packages(
        graph, oracle, [(name, version, url) for name, version, url in packages if url is not None], env
    )


@GENERATED
@given(data=st.data())
def test_generated_questions_about_extras_and_markers(graph: GraphDatabase, data: st.DataObject) -> None:
    empty(graph)
    documents = data.draw(strategies.solver_documents())
    sync(graph, documents)
    oracle = Oracle(documents)
    graph.cache_clear()
    for name, version, url in data.draw(st.lists(strategies.package_questions(documents), min_size=1, max_size=4)):
        question: Json = {
            **data.draw(strategies.environment_questions()),
            "extras": data.draw(strategies.extras_questions()),
            "marker_evaluation_result": data.draw(strategies.marker_questions()),
        }
        for method in ("get_depends_on", "retrieve_transitive_dependencies_python"):
            assert_same(graph, oracle, method, name, version, url or "https://pypi.org/simple", **question)


@GENERATED
@given(data=st.data())
def test_generated_listings(graph: GraphDatabase, data: st.DataObject) -> None:
    empty(graph)
    documents = data.draw(strategies.solver_documents())
    sync(graph, documents)
    graph.cache_clear()
    names = data.draw(st.lists(strategies.solver_name_questions(), min_size=1, max_size=3))
    assert_same_listings(graph, Oracle(documents), names)


@GENERATED
@given(data=st.data())
def test_generated_cache_answers_as_the_database_or_misses(
    graph: GraphDatabase, data: st.DataObject, tmp_path: Path
) -> None:
    empty(graph)
    documents = data.draw(strategies.solver_documents())
    sync(graph, documents)
    oracle = Oracle(documents)
    path = tmp_path / "cache.sqlite3"
    path.unlink(missing_ok=True)
    names = data.draw(st.lists(strategies.name_questions(), min_size=1, max_size=3))
    with graph.session() as session:
        build_cache(session, str(path), names)
    with GraphCache(str(path)) as cache, GraphDatabase(cache) as with_cache:
        for name, version, url in [
            *strategies.mentioned_packages(documents),
            *data.draw(st.lists(strategies.package_questions(documents), max_size=3)),
        ]:
            env: Json = data.draw(strategies.environment_questions())
            found = cache.get_python_package_version_records(name, version, url, **env)
            expected = oracle.get_python_package_version_records(name, version, url, **env)
            assert found in (None, expected)
            for index_url in (None, url):
                versions = cache.get_all_versions_python_package(name, index_url, **env)
                assert versions in (None, oracle.get_all_versions_python_package(name, index_url, **env))
            if url is None:
                continue
            question: Json = {
                **env,
                "extras": data.draw(strategies.extras_questions()),
                "marker_evaluation_result": data.draw(strategies.marker_questions()),
            }
            assert cache.get_depends_on(name, version, url, **question) in (
                None,
                answer(oracle.get_depends_on, name, version, url, **question),
            )
            assert_same(with_cache, oracle, "retrieve_transitive_dependencies_python", name, version, url, **question)
            assert_same(with_cache, oracle, "get_depends_on", name, version, url, **question)


@pytest.fixture(scope="module")
def sample_oracle(sample_documents: list[Json]) -> Oracle:
    return Oracle(sample_documents)


def test_samples(graph: GraphDatabase, sample_documents: list[Json], sample_oracle: Oracle) -> None:
    for start in range(0, len(sample_documents), 100):
        graph.sync_solver_results(map_read(sample_documents[start : start + 100]))
    env = {"os_name": "rhel", "os_version": "8", "python_version": "3.8"}
    pypi = "https://pypi.org/simple"
    packages = [("jupyterlab", "3.4.8", pypi), ("flask", "1.0.2", pypi), ("sphinx", "4.5.0", pypi)]
    assert_same_about_packages(graph, sample_oracle, packages, env)
    assert_same_about_packages(graph, sample_oracle, packages[:2], {})
    assert_same_listings(graph, sample_oracle, [None, "solver-rhel-8-py38", "solver-fedora-35-py310"])


def map_read(documents: Iterable[Json]) -> list[Any]:
    return [read_solver_document(document) for document in documents]
