"""`GraphCache`: what was added is answered as it was added, anything else is a miss."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.caches import adapter_of, build
from tests.factories import PYPI, RHEL, requires, solved, solver_document
from tests.oracle import Oracle
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.exceptions import CacheFileError
from thoth.storages.graph import collector
from thoth.storages.graph.cache_decoded import DecodedPackage
from thoth.storages.graph.cache_walk import Paths
from thoth.storages.identifiers import Environment

Json = dict[str, Any]

OTHER_INDEX = "https://index.example.com/simple"
FLASK = ("flask", "1.0.2", PYPI)
RHEL_8 = Environment(**RHEL)
OPEN: list[Json] = [dict(RHEL, **{part: None}) for part in RHEL] + [{}]


@pytest.fixture
def cache() -> Iterator[GraphCache]:
    """A cache in memory."""
    with GraphCache.load(":memory:") as opened:
        yield opened


def add(cache: GraphCache, *dependency: str | None, package: tuple[str, str, str] = FLASK, **env: str) -> None:
    name, version = dependency or (None, None)
    cache.add_depends_on(*package, **{**RHEL, **env}, dependency_name=name, dependency_version=version)


def record(index_url: str = PYPI, name: str = "flask", version: str = "1.0.2") -> Json:
    return {"package_name": name, "package_version": version, "index_url": index_url, **RHEL}


class TestLoad:
    def test_by_path(self, tmp_path: Path) -> None:
        path = tmp_path / "cache.sqlite3"
        with GraphCache.load(str(path)) as cache:
            assert cache.path == str(path)
            assert cache.is_empty
        assert path.exists()

    def test_by_variable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "with ?#% and ü.sqlite3"
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE", str(path))
        with GraphCache.load() as cache:
            assert cache.path == str(path)
        assert list(tmp_path.iterdir()) == [path]

    def test_argument_counts_more_than_variable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE", str(tmp_path / "variable"))
        with GraphCache.load(str(tmp_path / "argument")) as cache:
            assert cache.path == str(tmp_path / "argument")
        assert [path.name for path in tmp_path.iterdir()] == ["argument"]

    def test_in_memory_by_default(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with GraphCache.load() as cache:
            add(cache, "click", "7.0")
            assert cache.get_depends_on(*FLASK, **RHEL) == [("click", "7.0")]
        with GraphCache.load() as another:
            assert another.get_depends_on(*FLASK, **RHEL) is None
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("value", "expected"), [(None, False), ("1", False), ("0", True), ("no", True)])
    def test_inserts_are_off_unless_switched_on(
        self, value: str | None, expected: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if value is not None:
            monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", value)
        assert GraphCache.is_inserts_enabled() is expected

    @pytest.mark.parametrize(("value", "expected"), [(None, True), ("0", True), ("1", False)])
    def test_enabled_unless_switched_off(
        self, value: str | None, expected: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if value is not None:
            monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_DISABLED", value)
        assert GraphCache.is_enabled() is expected

    def test_repr_names_the_file(self, tmp_path: Path) -> None:
        with GraphCache(str(tmp_path / "cache")) as cache:
            assert repr(cache) == f"<GraphCache {tmp_path / 'cache'}>"


class TestDependencies:
    def test_unknown_is_a_miss(self, cache: GraphCache) -> None:
        assert cache.get_depends_on(*FLASK, **RHEL) is None

    def test_nothing_is_not_unknown(self, cache: GraphCache) -> None:
        add(cache)
        assert cache.get_depends_on(*FLASK, **RHEL) == []
        assert cache.get_depends_on("flask", "1.0.3", PYPI, **RHEL) is None

    def test_union_of_what_was_added(self, cache: GraphCache) -> None:
        for dependency in (("werkzeug", "0.15"), ("click", "7.0"), ("click", "6.7"), ("click", "7.0")):
            add(cache, *dependency)
        add(cache)
        assert cache.get_depends_on(*FLASK, **RHEL) == [("click", "6.7"), ("click", "7.0"), ("werkzeug", "0.15")]

    @pytest.mark.parametrize("dependency", [("click", None), (None, "7.0")])
    def test_name_and_version_go_together(self, cache: GraphCache, dependency: tuple[str | None, str | None]) -> None:
        with pytest.raises(ValueError, match=r"dependency_name and dependency_version.*(click|7\.0)"):
            add(cache, *dependency)
        assert cache.get_depends_on(*FLASK, **RHEL) is None
        assert cache.is_empty

    def test_spelling_does_not_matter(self, cache: GraphCache) -> None:
        add(
            cache,
            "Foo_Bar",
            "1.0.0-beta",
            package=("PyYAML", "v5.1.0-rc1", f"{PYPI}/"),
            os_name="UBI",
            os_version="8.4",
        )
        assert cache.get_depends_on("pyyaml", "5.1.0rc1", PYPI, **RHEL) == [("foo-bar", "1.0.0b0")]
        ubi: Json = {"os_name": "ubi", "os_version": "8.1", "python_version": "3.8"}
        assert cache.get_depends_on("Pyyaml", "5.1.0.RC1", "https://pypi.python.org/simple/", **ubi) == [
            ("foo-bar", "1.0.0b0")
        ]

    @pytest.mark.parametrize("env", OPEN, ids=str)
    def test_open_environment_is_a_miss(self, cache: GraphCache, env: Json) -> None:
        """A row of one environment answered a question about all environments."""
        add(cache, "click", "7.0")
        assert cache.get_depends_on(*FLASK, **env) is None
        assert cache.get_python_package_version_records(*FLASK, **env) is None

    def test_environments_indexes_and_versions_are_apart(self, cache: GraphCache) -> None:
        add(cache, "click", "7.0")
        for part, value in (("os_name", "fedora"), ("os_version", "9"), ("python_version", "3.9")):
            assert cache.get_depends_on(*FLASK, **{**RHEL, part: value}) is None
        assert cache.get_depends_on("flask", "1.0.2", OTHER_INDEX, **RHEL) is None
        add(cache, "click", "8.0", os_version="9")
        add(cache, package=("flask", "1.0.2", OTHER_INDEX))
        assert cache.get_depends_on(*FLASK, **RHEL) == [("click", "7.0")]
        assert cache.get_depends_on(*FLASK, **{**RHEL, "os_version": "9"}) == [("click", "8.0")]
        assert cache.get_depends_on("flask", "1.0.2", OTHER_INDEX, **RHEL) == []

    @pytest.mark.parametrize(
        "question",
        [
            {"extras": frozenset({"dotenv"})},
            {"extras": frozenset({"dotenv", None})},
            {"marker_evaluation_result": False},
        ],
        ids=["extra", "extra and none", "marker"],
    )
    def test_other_questions_are_a_miss(self, cache: GraphCache, question: Json) -> None:
        """What is added are the usual edges: it says nothing of extras, and of markers that did not hold."""
        add(cache, "click", "7.0")
        assert cache.get_depends_on(*FLASK, **{**RHEL, **question}) is None

    @pytest.mark.parametrize(
        "question", [{"extras": frozenset({None})}, {"marker_evaluation_result": True}], ids=["none", "marker"]
    )
    def test_usual_question_in_other_words(self, cache: GraphCache, question: Json) -> None:
        add(cache, "click", "7.0")
        assert cache.get_depends_on(*FLASK, **{**RHEL, **question}) == [("click", "7.0")]

    def test_closure_of_what_was_added_is_a_miss(self, cache: GraphCache) -> None:
        add(cache, "click", "7.0")
        assert cache.closure(FLASK, **RHEL) is None

    def test_failed_write_adds_nothing(self, cache: GraphCache) -> None:
        connection = cache._file.connection
        refuse = "BEFORE INSERT ON depends_on WHEN new.entity_id > 2 BEGIN SELECT raise(ABORT, 'refused'); END"
        connection.execute(f"CREATE TRIGGER refuse {refuse}")
        with pytest.raises(CacheFileError, match=r":memory:.*refused"):
            cache.add_dependencies(FLASK, RHEL_8, [("click", "7.0"), ("werkzeug", "0.15")])
        connection.execute("DROP TRIGGER refuse")
        assert cache.is_empty
        assert cache.get_depends_on(*FLASK, **RHEL) is None
        add(cache, "click", "7.0")
        assert cache.get_depends_on(*FLASK, **RHEL) == [("click", "7.0")]


class TestRecords:
    def test_any_index_is_a_miss_unless_all_were_asked(self, cache: GraphCache) -> None:
        """The cache answered "from any index" with the indexes that happened to be cached."""
        add(cache, "click", "7.0")
        assert cache.get_python_package_version_records("flask", "1.0.2", PYPI, **RHEL) == [record()]
        assert cache.get_python_package_version_records("flask", "1.0.2", None, **RHEL) is None
        cache.add_records(("flask", "1.0.2", None), RHEL_8, [record(OTHER_INDEX), record()])
        assert cache.get_python_package_version_records("Flask", "1.0.2", None, **RHEL) == [
            record(OTHER_INDEX),
            record(),
        ]
        assert cache.get_python_package_version_records("flask", "1.0.2", OTHER_INDEX, **RHEL) == [record(OTHER_INDEX)]

    def test_record_says_nothing_of_dependencies(self, cache: GraphCache) -> None:
        cache.add_records(("flask", "1.0.2", None), RHEL_8, [record()])
        assert cache.get_depends_on(*FLASK, **RHEL) is None
        add(cache)
        cache.add_records(("flask", "1.0.2", None), RHEL_8, [record()])
        assert cache.get_depends_on(*FLASK, **RHEL) == []

    def test_another_version_environment_or_index_is_a_miss(self, cache: GraphCache) -> None:
        cache.add_records(("flask", "1.0.2", None), RHEL_8, [record()])
        ask = cache.get_python_package_version_records
        assert ask("flask", "1.0.3", None, **RHEL) is None
        assert ask("flask", "1.0.2", None, **{**RHEL, "python_version": "3.9"}) is None
        assert ask("flask", "1.0.2", OTHER_INDEX, **RHEL) is None


class TestAnswersBelongToTheCaller:
    """Cached lists were handed out shared, and callers changed them."""

    def test_added(self, cache: GraphCache) -> None:
        add(cache, "click", "7.0")
        cache.add_records(("flask", "1.0.2", None), RHEL_8, [record()])
        for _ in range(3):
            dependencies = cache.get_depends_on(*FLASK, **RHEL)
            assert dependencies == [("click", "7.0")]
            dependencies.append(("spoilt", "1"))
            records = cache.get_python_package_version_records("flask", "1.0.2", None, **RHEL)
            assert records == [record()]
            records[0]["package_name"] = "spoilt"
            records.clear()


def test_stats(cache: GraphCache) -> None:
    nothing = {"hits": 0, "misses": 0}
    assert cache.stats() == {
        "table_size": {"depends_on": 0, "python_package_version": 0, "python_package_version_entity": 0},
        "sqlite_cache_info": {
            "get_depends_on": nothing,
            "get_python_package_version_records": nothing,
            "closure": nothing,
            "get_all_versions_python_package": nothing,
            "retrieve_transitive_dependents_python": nothing,
            "retrieve_transitive_dependents_python_count": nothing,
        },
    }
    add(cache, "click", "7.0")
    add(cache, "werkzeug", "0.15")
    add(cache, package=("click", "7.0", PYPI))
    for _ in range(3):
        cache.get_depends_on(*FLASK, **RHEL)
    cache.get_depends_on("absent", "1", PYPI, **RHEL)
    cache.get_python_package_version_records(*FLASK, **RHEL)
    cache.get_python_package_version_records("flask", "1.0.2", None, **RHEL)
    cache.closure(FLASK, **RHEL)
    stats = cache.stats()
    assert stats["table_size"] == {
        "depends_on": 2,
        "python_package_version": 2,
        "python_package_version_entity": 3,
    }
    assert stats["sqlite_cache_info"] == {
        "get_depends_on": {"hits": 3, "misses": 1},
        "get_python_package_version_records": {"hits": 1, "misses": 1},
        "closure": {"hits": 0, "misses": 1},
        "get_all_versions_python_package": {"hits": 0, "misses": 0},
        "retrieve_transitive_dependents_python": {"hits": 0, "misses": 0},
        "retrieve_transitive_dependents_python_count": {"hits": 0, "misses": 0},
    }
    stats["sqlite_cache_info"]["closure"]["misses"] = 99
    assert cache.stats()["sqlite_cache_info"]["closure"]["misses"] == 1


def test_clearing_what_is_in_memory_keeps_the_file(cache: GraphCache) -> None:
    add(cache, "click", "7.0")
    cache.clear_in_memory_cache()
    assert cache.get_depends_on(*FLASK, **RHEL) == [("click", "7.0")]


def test_inserts_off_does_not_write(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite3"
    with GraphCache.load(str(path)) as cache:
        before = path.read_bytes()
        with pytest.raises(CacheFileError, match=r"cache\.sqlite3.*THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED=0"):
            add(cache, "click", "7.0")
        assert cache.get_depends_on(*FLASK, **RHEL) is None
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_added_is_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "cache.sqlite3")
    with monkeypatch.context() as patch:
        patch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", "0")
        with GraphCache.load(path) as cache:
            add(cache, "click", "7.0")
    with GraphCache.load(path) as cache:
        assert not cache.is_empty
        assert cache.scope() == {}
        assert cache.get_depends_on(*FLASK, **RHEL) == [("click", "7.0")]
        assert list(cache.added()) == [(FLASK, RHEL_8, [("click", "7.0")])]


def test_versions_of_what_the_file_was_built_for(
    samples: GraphDatabase, sample_cache: Path, samples_oracle: Oracle
) -> None:
    with GraphCache(str(sample_cache)) as cache:
        questions: list[Json] = [RHEL, {}, {"os_name": "fedora"}]
        for env in questions:
            versions = cache.get_all_versions_python_package("Flask", **env)
            assert versions is not None
            assert len(versions) > 3
            assert versions == samples.get_all_versions_python_package("flask", **env)
            assert versions == samples_oracle.get_all_versions_python_package("flask", **env)
        assert cache.get_all_versions_python_package("flask", f"{PYPI}/", **RHEL)
        assert cache.get_all_versions_python_package("flask", "https://other.example.com", **RHEL) == []
        for name, env in (("jinja2", RHEL), ("absent", RHEL), ("flask", {**RHEL, "python_version": "2.7"})):
            assert cache.get_all_versions_python_package(name, **env) is None
        assert cache.stats()["sqlite_cache_info"]["get_all_versions_python_package"] == {"hits": 5, "misses": 3}


def test_a_closure_that_is_asked_again_is_not_walked_again(sample_cache: Path) -> None:
    first, second = ("flask", "1.0.2", PYPI), ("flask", "1.1.2", PYPI)
    with GraphCache(str(sample_cache)) as cache:
        asked = cache.closure(first, **RHEL)
        assert asked is not None
        assert cache.closure(first, **RHEL) is asked
        others: list[Json] = [{"extras": frozenset({None, "dotenv"})}, {"marker_evaluation_result": False}]
        for question in others:
            assert cache.closure(first, **RHEL, **question) is not asked
        assert cache.closure(second, **RHEL) is not asked
        again = cache.closure(first, **RHEL)
        assert again is not None
        assert again.tuples() == asked.tuples()
        cache.clear_in_memory_cache()
        assert cache.closure(first, **RHEL) is not again


def test_a_closure_that_comes_to_what_nobody_asked_about_is_a_miss(graph: GraphDatabase, tmp_path: Path) -> None:
    """The walk of a build does not follow extras: it does not tell of what they lead to whether it is solved."""
    tree = [solved("a", dependencies=[requires("b", "1.0", extra=["fast"])]), solved("b")]
    graph.sync_solver_result(solver_document(tree=tree))
    path, a, with_extra = tmp_path / "cache.sqlite3", ("a", "1.0", PYPI), frozenset({"fast", None})
    build(graph, path, "a")
    with GraphCache(str(path)) as cache:
        assert cache.get_depends_on(*a, **RHEL, extras=with_extra) == [("b", "1.0")]
        for offline in (False, True):
            assert cache.closure(a, **RHEL, extras=with_extra, as_of_its_date=offline) is None
            assert cache.closure(a, **RHEL, as_of_its_date=offline) is not None
        expected = graph.closure(a, **RHEL, extras=with_extra).tuples()
        assert expected == [(a, ("b", "1.0", PYPI))]
        assert adapter_of(graph, cache).closure(a, **RHEL, extras=with_extra).tuples() == expected


def test_what_was_answered_without_extras_is_no_answer_to_other_questions(graph: GraphDatabase, tmp_path: Path) -> None:
    """Answers to the usual question are kept by the number of a list, and numbers mean more in other questions."""
    newer = solved("a", "2.0", dependencies=[requires("b", "1.0")])
    graph.sync_solver_result(solver_document(tree=[solved("a"), newer, solved("b")]))
    path, a = tmp_path / "cache.sqlite3", ("a", "2.0", PYPI)
    build(graph, path, "a")
    with GraphCache(str(path)) as cache:
        assert cache.get_depends_on(*a, **RHEL) == [("b", "1.0")]
        assert cache.get_depends_on(*a, **RHEL, extras=frozenset()) == []
        assert cache.get_depends_on(*a, **RHEL, marker_evaluation_result=False) == []
        assert cache.get_depends_on(*a, **RHEL) == [("b", "1.0")]


def test_what_is_forgotten_is_freed_at_once(sample_cache: Path) -> None:
    """What is decoded is bounded: it does not wait for the garbage collector, which may come late, or not at all."""
    with GraphCache(str(sample_cache)) as cache, collector.paused():
        assert cache.closure(("flask", "1.0.2", PYPI), **RHEL) is not None
        assert [each for each in gc.get_objects() if type(each) in (Paths, DecodedPackage)]
        cache.clear_in_memory_cache()
        assert not [each for each in gc.get_objects() if type(each) in (Paths, DecodedPackage)]
