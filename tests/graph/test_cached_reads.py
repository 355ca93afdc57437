"""The adapter with a graph cache in front: the same answers, fewer statements, and none that is out of date."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.caches import build
from tests.factories import PYPI, RHEL, SOLVER, requires, solved, solver_document
from tests.oracle import Oracle
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.exceptions import NotConnected, NotFoundError
from thoth.storages.graph.query_log import counted_statements

Json = dict[str, Any]

NAMES = ["flask", "sphinx"]
FLASK = ("flask", "1.0.2", PYPI)
A, B, C = (("a", "1.0", PYPI), ("b", "1.0", PYPI), ("c", "1.0", PYPI))
B_UNSOLVED, C_UNSOLVED = ("b", "1.0", None), ("c", "1.0", None)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Path of the cache file that the environment names."""
    path = tmp_path / "cache.sqlite3"
    monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE", str(path))
    return path


@pytest.fixture
def inserts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", "0")


@pytest.fixture
def adapter(samples: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphDatabase]:
    """Another adapter of the database with the sample documents; the environment names it, too."""
    monkeypatch.setenv("KNOWLEDGE_GRAPH_DATABASE", str(samples.engine.url.database))
    with GraphDatabase() as graph:
        yield graph


def solved_versions(oracle: Oracle, name: str) -> list[tuple[str, str, str]]:
    environment = oracle.environments(RHEL)[0]  # type: ignore[arg-type]
    return sorted(record for record in oracle.records_at(environment) if record[0] == name)


class TestFile:
    def test_no_statement_for_what_it_holds(
        self, path: Path, sample_cache: Path, adapter: GraphDatabase, samples_oracle: Oracle
    ) -> None:
        shutil.copy(sample_cache, path)
        with counted_statements(adapter.engine) as statements:
            for package in [package for name in NAMES for package in solved_versions(samples_oracle, name)]:
                expected = samples_oracle.get_depends_on(*package, **RHEL)
                assert adapter.get_depends_on(*package, **RHEL) == expected
                records = samples_oracle.get_python_package_version_records(*package[:2], None, **RHEL)
                assert adapter.get_python_package_version_records(*package[:2], None, **RHEL) == records
        assert statements == []

    def test_closures_are_those_of_the_database_in_one_statement(
        self, path: Path, sample_cache: Path, adapter: GraphDatabase, samples_oracle: Oracle
    ) -> None:
        """Transitive dependencies silently left out those that were never solved."""
        shutil.copy(sample_cache, path)
        packages = [package for name in NAMES for package in solved_versions(samples_oracle, name)]
        for package in packages:
            with counted_statements(adapter.engine) as statements:
                edges = adapter.retrieve_transitive_dependencies_python(*package, **RHEL)
            assert set(edges) == samples_oracle.retrieve_transitive_dependencies_python(*package, **RHEL)
            assert len(edges) == len(set(edges))
            unsolved = any(target[2] is None for _, target in edges)
            assert len(statements) == int(unsolved)
        with counted_statements(adapter.engine) as statements:
            found = adapter.retrieve_transitive_dependencies_python_multi(*packages, **RHEL)
        assert len(statements) == 1
        expected = samples_oracle.retrieve_transitive_dependencies_python_multi(*packages, **RHEL)
        assert {root: set(edges) for root, edges in found.items()} == expected

    def test_without_cache(self, path: Path, adapter: GraphDatabase, inserts: None) -> None:
        with GraphCache.load() as cache:
            cache.add_depends_on(*FLASK, **RHEL, dependency_name="only-in-the-cache", dependency_version="1")
        assert adapter.get_depends_on(*FLASK, **RHEL) == [("only-in-the-cache", "1")]
        asked = adapter.get_depends_on(*FLASK, **RHEL, without_cache=True)
        assert ("click", "7.0") in asked
        assert adapter.get_depends_on(*FLASK, **RHEL) == [("only-in-the-cache", "1")]
        with counted_statements(adapter.engine) as statements:
            adapter.get_python_package_version_records(*FLASK, **RHEL, without_cache=True)
            adapter.closure(FLASK, **RHEL, without_cache=True)
        assert len(statements) == 2

    def test_switched_off(self, path: Path, adapter: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_DISABLED", "1")
        assert adapter.cache is None
        assert adapter.get_depends_on(*FLASK, **RHEL)
        assert adapter.closure(FLASK, **RHEL).tuples()
        assert adapter.stats()["graph_cache"] == {}
        assert not path.exists()

    def test_opened_when_it_is_needed(self, path: Path, adapter: GraphDatabase) -> None:
        assert adapter.python_package_exists("flask")
        assert not path.exists()
        adapter.get_depends_on(*FLASK, **RHEL)
        assert path.exists()


class TestConnection:
    def test_cache_does_not_answer_before_connect_nor_after_disconnect(
        self, path: Path, adapter: GraphDatabase
    ) -> None:
        build(adapter, path, *NAMES)
        assert adapter.get_depends_on(*FLASK, **RHEL)
        adapter.disconnect()
        for graph in (adapter, GraphDatabase()):
            with pytest.raises(NotConnected):
                graph.get_depends_on(*FLASK, **RHEL)
            with pytest.raises(NotConnected):
                graph.closure(FLASK, **RHEL)

    def test_disconnect_closes_the_cache_that_the_adapter_opened_and_no_other(
        self, path: Path, adapter: GraphDatabase
    ) -> None:
        build(adapter, path, *NAMES)
        opened = adapter.cache
        assert opened is not None
        adapter.disconnect()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            opened.stats()
        with GraphCache(str(path)) as given:
            GraphDatabase(given).disconnect()
            assert given.get_depends_on(*FLASK, **RHEL)


class TestUnsolved:
    """What was not solved when the file was made is no answer: a package that is solved a minute later is found."""

    @pytest.fixture
    def cached(self, graph: GraphDatabase, path: Path) -> Iterator[GraphDatabase]:
        """An adapter with a file in which ``b`` is known to be unsolved."""
        graph.sync_solver_result(
            solver_document(f"{SOLVER}-0a", tree=[solved("a", dependencies=[requires("b", "1.0")])])
        )
        build(graph, path, "a")
        with GraphDatabase() as adapter:
            assert adapter.closure(A, **RHEL).tuples() == [(A, B_UNSOLVED)]
            yield adapter

    def solve_b(self, graph: GraphDatabase) -> None:
        graph.sync_solver_result(
            solver_document(f"{SOLVER}-0b", tree=[solved("b", dependencies=[requires("c", "1.0")])])
        )

    def test_point_look_ups(self, cached: GraphDatabase, graph: GraphDatabase) -> None:
        with pytest.raises(NotFoundError):
            cached.get_depends_on(*B, **RHEL)
        assert cached.get_python_package_version_records(*B, **RHEL) == []
        assert cached.python_package_version_exists("b", "1.0", PYPI) is False
        self.solve_b(graph)
        with counted_statements(cached.engine) as statements:
            assert cached.get_depends_on(*B, **RHEL) == [("c", "1.0")]
            assert len(cached.get_python_package_version_records(*B, **RHEL)) == 1
            assert cached.python_package_version_exists("b", "1.0", PYPI) is True
        assert len(statements) == 3

    def test_closure_goes_on_from_what_was_solved_meanwhile(self, cached: GraphDatabase, graph: GraphDatabase) -> None:
        self.solve_b(graph)
        with counted_statements(cached.engine) as statements:
            closure = cached.closure(A, **RHEL)
        assert len(statements) == 1
        assert sorted(closure.tuples()) == [(A, B), (B, C_UNSOLVED)]
        assert closure.unsolved == [C_UNSOLVED]
        multi = cached.retrieve_transitive_dependencies_python_multi(A, B, **RHEL)
        assert {root: set(edges) for root, edges in multi.items()} == {
            A: {(A, B), (B, C_UNSOLVED)},
            B: {(B, C_UNSOLVED)},
        }

    def test_on_several_indexes(self, cached: GraphDatabase, graph: GraphDatabase) -> None:
        self.solve_b(graph)
        other_index = "https://index.example.com/simple"
        tree = [solved("b", dependencies=[requires("a", "1.0")], index_url=other_index)]
        graph.sync_solver_result(solver_document(f"{SOLVER}-0c", tree=tree))
        b_elsewhere = ("b", "1.0", other_index)
        expected = {(A, B), (A, b_elsewhere), (B, C_UNSOLVED), (b_elsewhere, A)}
        assert set(cached.closure(A, **RHEL).tuples()) == expected
        assert set(graph.closure(A, **RHEL, without_cache=True).tuples()) == expected

    def test_build_that_follows_knows(self, cached: GraphDatabase, graph: GraphDatabase, path: Path) -> None:
        self.solve_b(graph)
        build(graph, path, "a")
        with GraphCache.load() as cache:
            assert cache.get_depends_on(*B, **RHEL) == [("c", "1.0")]

    def test_closure_without_unsolved_dependencies_is_no_statement(self, graph: GraphDatabase, path: Path) -> None:
        graph.sync_solver_result(solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")]), solved("b")]))
        build(graph, path, "a")
        with GraphDatabase() as adapter, counted_statements(adapter.engine) as statements:
            assert adapter.closure(A, **RHEL).tuples() == [(A, B)]
        assert statements == []


class TestInserts:
    def test_second_adapter_asks_nothing(self, path: Path, inserts: None, adapter: GraphDatabase) -> None:
        questions: list[Json] = [{**RHEL}, {**RHEL, "os_name": "UBI", "os_version": "8.4"}]
        expected = adapter.get_depends_on(*FLASK, **RHEL)
        records = adapter.get_python_package_version_records("flask", "1.0.2", None, **RHEL)
        with GraphDatabase() as second, counted_statements(second.engine) as statements:
            for question in questions:
                assert second.get_depends_on("Flask", "1.0.2", f"{PYPI}/", **question) == expected
                assert second.get_python_package_version_records("FLASK", "v1.0.2", None, **question) == records
                assert second.get_python_package_version_records(*FLASK, **question) == records
            assert statements == []

    def test_off_by_default(self, path: Path, adapter: GraphDatabase) -> None:
        adapter.get_depends_on(*FLASK, **RHEL)
        with GraphCache.load() as cache:
            assert cache.is_empty

    def test_records_of_one_index_do_not_answer_for_all(
        self, path: Path, inserts: None, adapter: GraphDatabase
    ) -> None:
        """The cache answered "from any index" with the indexes that happened to be cached."""
        adapter.get_python_package_version_records(*FLASK, **RHEL)
        adapter.get_depends_on(*FLASK, **RHEL)
        with GraphCache.load() as cache:
            assert cache.get_python_package_version_records("flask", "1.0.2", None, **RHEL) is None

    def test_negative_answers_and_open_environments_are_not_added(
        self, path: Path, inserts: None, adapter: GraphDatabase, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert adapter.get_python_package_version_records("absent", "1", None, **RHEL) == []
        with pytest.raises(NotFoundError):
            adapter.get_depends_on("absent", "1", PYPI, **RHEL)
        adapter.get_depends_on(*FLASK)
        adapter.get_python_package_version_records("flask", "1.0.2", None, os_name="rhel")
        assert caplog.text == ""
        with GraphCache.load() as cache:
            assert cache.is_empty

    def test_extras_are_not_taken_for_the_usual_answer(
        self, path: Path, inserts: None, adapter: GraphDatabase, samples: GraphDatabase
    ) -> None:
        questions: list[Json] = [
            {"extras": frozenset({"dotenv"})},
            {"extras": frozenset({"dotenv", None})},
            {"marker_evaluation_result": False},
            {},
        ]
        for question in questions:
            for asked in (adapter, adapter):
                expected = samples.get_depends_on(*FLASK, **{**RHEL, **question}, without_cache=True)
                assert asked.get_depends_on(*FLASK, **{**RHEL, **question}) == expected
        with GraphCache.load() as cache:
            assert cache.get_depends_on(*FLASK, **RHEL) == samples.get_depends_on(*FLASK, **RHEL)

    def test_full_disk_does_not_take_the_answer_away(
        self, path: Path, inserts: None, adapter: GraphDatabase, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert adapter.cache is not None
        adapter.cache._file.connection.execute("PRAGMA max_page_count = 1")
        packages = adapter.retrieve_solved_python_packages(300, 0, SOLVER)
        answers = [
            adapter.get_depends_on(name, version, PYPI, **RHEL)
            for name, versions in packages.items()
            for version in versions
        ]
        assert len(answers) > 100
        assert "full" in caplog.text
        assert str(path) in caplog.text


class TestOffline:
    @pytest.fixture
    def offline(self, path: Path, sample_cache: Path, monkeypatch: pytest.MonkeyPatch) -> GraphDatabase:
        """An adapter without a server."""
        shutil.copy(sample_cache, path)
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_OFFLINE", "1")
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "127.0.0.1")
        monkeypatch.setenv("KNOWLEDGE_GRAPH_PORT", "1")
        graph = GraphDatabase()
        graph.connect()
        return graph

    def test_everything_in_scope_is_answered(self, offline: GraphDatabase, samples_oracle: Oracle) -> None:
        asked = 0
        for environment in samples_oracle.latest:
            env: Json = environment._asdict()
            packages = [record for record in samples_oracle.records_at(environment) if record[0] in NAMES]
            for name, version, url in samples_oracle.closure_nodes(*packages, **env):
                asked += 1
                expected = samples_oracle.get_python_package_version_records(name, version, url, **env)
                assert offline.get_python_package_version_records(name, version, url, **env) == expected
                if url is None:
                    with pytest.raises(NotFoundError):
                        offline.get_depends_on(name, version, PYPI, **env)
                else:
                    expected_dependencies = samples_oracle.get_depends_on(name, version, url, **env)
                    assert offline.get_depends_on(name, version, url, **env) == expected_dependencies
                edges = offline.retrieve_transitive_dependencies_python(name, version, url or PYPI, **env)
                found = samples_oracle.retrieve_transitive_dependencies_python(name, version, url or PYPI, **env)
                assert set(edges) == found
            if packages:
                multi = offline.retrieve_transitive_dependencies_python_multi(*packages, **env)
                assert set(multi) == set(packages)
        assert asked > 100

    def test_open_environment(self, offline: GraphDatabase, samples_oracle: Oracle) -> None:
        for package in solved_versions(samples_oracle, "flask"):
            environments: list[Json] = [{}, {"os_name": "rhel"}]
            for env in environments:
                edges = offline.closure(package, **env).tuples()
                expected = samples_oracle.retrieve_transitive_dependencies_python(*package, **env)
                assert set(edges) == expected
                dependencies = samples_oracle.get_depends_on(*package, **env)
                assert offline.get_depends_on(*package, **env) == dependencies

    def test_version_that_there_was_not(self, offline: GraphDatabase) -> None:
        """All versions of the packages are in scope."""
        assert offline.get_python_package_version_records("flask", "99", None, **RHEL) == []
        assert offline.closure(("flask", "99", PYPI), **RHEL).tuples() == []
        with pytest.raises(NotFoundError):
            offline.get_depends_on("flask", "99", PYPI, **RHEL)

    @pytest.mark.parametrize(
        ("package", "env"),
        [
            (("jupyterlab", "3.4.8", PYPI), RHEL),
            (("absent", "1", PYPI), RHEL),
            (FLASK, {**RHEL, "os_version": "7"}),
        ],
        ids=str,
    )
    def test_anything_else_names_the_scope(
        self, offline: GraphDatabase, package: tuple[str, str, str], env: Json
    ) -> None:
        for call in (
            lambda: offline.get_depends_on(*package, **env),
            lambda: offline.get_python_package_version_records(*package, **env),
            lambda: offline.closure(package, **env),
            lambda: offline.retrieve_transitive_dependencies_python(*package, **env),
            lambda: offline.retrieve_transitive_dependencies_python_multi(package, **env),
        ):
            with pytest.raises(NotFoundError) as error:
                call()
            for part in (package[0], "['flask', 'sphinx']", "'python_version': '3.8'", "offline"):
                assert part in str(error.value)

    def test_questions_that_only_a_database_answers(self, offline: GraphDatabase) -> None:
        assert not offline.is_connected()
        with pytest.raises(NotConnected):
            offline.get_python_packages()
        with pytest.raises(NotConnected):
            offline.get_depends_on(*FLASK, **RHEL, without_cache=True)

    def test_without_a_cache(self, offline: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_DISABLED", "1")
        with pytest.raises(NotFoundError, match="flask"):
            GraphDatabase().get_depends_on(*FLASK, **RHEL)
