"""Dependents from a cache file: those of the database, of an environment that is in the file whole, or a miss."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests import strategies
from tests.caches import alter, build
from tests.conftest import empty
from tests.factories import PYPI, RHEL, requires, solved, solver_document, sync
from tests.oracle import Oracle
from tests.torture import new_seed, tell
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.config import GRAPH_CACHE_DECODED_PACKAGES, GRAPH_CACHE_OFFLINE
from thoth.storages.exceptions import CacheFileError, NotConnected, NotFoundError

Json = dict[str, Any]
Target = tuple[str, str | None, str | None]

MANY = 1_000_000
EXAMPLES = pytest.mark.parametrize("examples", [8, pytest.param(600, marks=pytest.mark.torture)])
asked = Counter[str]()


@pytest.fixture(scope="module")
def whole(samples: GraphDatabase, samples_oracle: Oracle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of all that the sample documents speak of, to be copied."""
    path = tmp_path_factory.mktemp("whole") / "cache.sqlite3"
    build(samples, path, *names_of(samples_oracle))
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "cache.sqlite3"))


def names_of(oracle: Oracle) -> set[str]:
    return {record[0] for environment in oracle.latest for record in oracle.records_at(environment)}


def environments_of(oracle: Oracle) -> Iterator[Json]:
    """Yield each environment that documents speak of, and questions about several at once."""
    for environment in oracle.latest:
        yield environment._asdict()
        yield {"os_name": environment.os_name}
    yield {}


def dependents(cache: GraphCache, target: Target, env: Json) -> list[Any] | None:
    """Return what a file answers in one page; the number of it has to be that of the count."""
    found = cache.retrieve_transitive_dependents_python(*target, **env, count=MANY)
    assert cache.retrieve_transitive_dependents_python_count(*target, **env) == (None if found is None else len(found))
    return found


def check(graph: GraphDatabase, data: st.DataObject, path: Path) -> None:
    """Draw a graph, a file of all of it and one of some of it, and ask about each package."""
    empty(graph)
    documents = data.draw(strategies.solver_documents())
    for document in documents:
        graph.sync_solver_result(document)
    oracle = Oracle(documents)
    known = st.sampled_from([environment._asdict() for environment in oracle.latest] or [{}])
    env: Json = data.draw(known | strategies.environment_questions())
    targets: list[Target] = [
        (strategies.ABSENT_NAME, None, None),
        (strategies.NAMES[0][0], strategies.ABSENT_VERSION, None),
    ]
    for name, version, url in {*strategies.mentioned_packages(documents)}:
        targets += [(name, None, None), (name, version, None), (name, None, url), (name, version, url)]
    expected = {
        target: oracle.retrieve_transitive_dependents_python(*target, **env, count=None) for target in set(targets)
    }
    for target in data.draw(st.lists(st.sampled_from(targets), max_size=5)):
        assert graph.retrieve_transitive_dependents_python(*target, **env, count=MANY) == expected[target]
    some = data.draw(st.lists(strategies.name_questions(), min_size=1, max_size=2))
    for names, is_whole in ((names_of(oracle), True), (some, False)):
        path.unlink(missing_ok=True)
        try:
            build(graph, path, *names)
        except NotFoundError:
            return  # no document speaks of any environment
        with GraphCache(str(path)) as cache:
            for target, answer in expected.items():
                found = dependents(cache, target, env)
                asked["miss" if found is None else "some" if found else "none"] += 1
                # What is nowhere, as an environment that no document speaks of, is a miss.
                assert found == answer or (found is None and not (is_whole and oracle.environments(env))), target  # type: ignore[arg-type]


@EXAMPLES
def test_generated(graph: GraphDatabase, tmp_path: Path, examples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(GRAPH_CACHE_DECODED_PACKAGES.name, "1")  # each step of a walk forgets the one before
    number = new_seed()
    asked.clear()

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        check(graph, data, tmp_path / "cache.sqlite3")

    run()
    tell(number, examples=examples, questions=sum(asked.values()), **{key: asked[key] for key in sorted(asked)})
    assert asked["none"]


def test_samples(whole: Path, samples_oracle: Oracle) -> None:
    found = 0
    with GraphCache(str(whole)) as cache:
        assert cache.scope()["complete_environments"] == cache.scope()["environments"]
        for env in environments_of(samples_oracle):
            for target in (
                ("markupsafe", None, None),
                ("markupsafe", "2.0.1", None),
                ("MarkupSafe", "2.0.1", f"{PYPI}/"),
                ("markupsafe", "2.0.1", strategies.ABSENT_INDEX),
                ("setuptools", None, PYPI),
                ("flask", "", None),
                ("absent", None, None),
            ):
                expected = samples_oracle.retrieve_transitive_dependents_python(*target, **env, count=None)
                assert dependents(cache, target, env) == expected
                found += len(expected)
        assert found > 500


def test_pages(whole: Path, samples: GraphDatabase) -> None:
    with GraphCache(str(whole)) as cache:
        for start, count in ((0, 3), (2, 5), (10, 0), (10_000, 1)):
            page: Json = {**RHEL, "start_offset": start, "count": count}
            found = cache.retrieve_transitive_dependents_python("markupsafe", **page)
            assert found == samples.retrieve_transitive_dependents_python("markupsafe", **page)
        for name in ("start_offset", "count"):
            negative: Json = {name: -1}
            with pytest.raises(ValueError, match=f"{name} is negative: -1"):
                cache.retrieve_transitive_dependents_python("markupsafe", **negative)


class TestMiss:
    def test_file_that_is_not_complete(self, sample_cache: Path) -> None:
        with GraphCache(str(sample_cache)) as cache:
            assert RHEL not in cache.scope()["complete_environments"]
            assert dependents(cache, ("markupsafe", None, None), RHEL) is None
            assert dependents(cache, ("markupsafe", None, None), {}) is None
            nothing = {"hits": 0, "misses": 2}
            for method in ("", "_count"):
                counted = cache.stats()["sqlite_cache_info"][f"retrieve_transitive_dependents_python{method}"]
                assert counted == nothing

    def test_file_in_memory(self) -> None:
        with GraphCache(":memory:") as cache:
            assert dependents(cache, ("flask", None, None), RHEL) is None

    def test_each_environment_by_itself(self, graph: GraphDatabase, tmp_path: Path) -> None:
        """In one, all packages are in the file; in the other, there is one that nobody asked for."""
        fedora: Json = {"os_name": "fedora", "os_version": "35", "python_version": "3.10"}
        both = [solved("a", "1", [requires("b", "1")]), solved("b", "1")]
        tree = [*both, solved("other", "1", [requires("b", "1")])]
        sync(graph, [solver_document(tree=both), solver_document("solver-fedora-35-py310-0a", tree=tree)])
        build(graph, tmp_path / "cache", "a")
        with GraphCache(str(tmp_path / "cache")) as cache:
            assert cache.scope()["complete_environments"] == [RHEL]
            assert dependents(cache, ("b", None, None), RHEL) == [("a", "1", PYPI)]
            assert dependents(cache, ("b", None, None), {"os_name": "rhel"}) == [("a", "1", PYPI)]
            assert dependents(cache, ("b", None, None), fedora) is None
            assert dependents(cache, ("b", None, None), {}) is None
        build(graph, tmp_path / "cache", "other")  # the file grows
        with GraphCache(str(tmp_path / "cache")) as cache:
            assert dependents(cache, ("b", None, None), fedora) == [("a", "1", PYPI), ("other", "1", PYPI)]


class TestAdapter:
    @pytest.fixture
    def offline(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphDatabase]:
        monkeypatch.setenv(GRAPH_CACHE_OFFLINE.name, "1")
        with GraphCache(str(path)) as cache, GraphDatabase(cache) as adapter:
            yield adapter

    def test_offline_the_file_answers(self, offline: GraphDatabase, samples: GraphDatabase) -> None:
        assert not offline.is_connected()
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv(GRAPH_CACHE_OFFLINE.name)
            page = samples.retrieve_transitive_dependents_python("markupsafe", "2.0.1", PYPI, **RHEL)
            number = samples.retrieve_transitive_dependents_python_count("markupsafe", "2.0.1", PYPI, **RHEL)
        assert number >= len(page) > 5
        assert offline.retrieve_transitive_dependents_python("markupsafe", "2.0.1", PYPI, **RHEL) == page
        assert offline.retrieve_transitive_dependents_python_count("markupsafe", "2.0.1", PYPI, **RHEL) == number

    def test_offline_anything_else_names_the_scope(
        self, sample_cache: Path, offline: GraphDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with GraphCache(str(sample_cache)) as cache:
            for method in ("", "_count"):
                ask = getattr(GraphDatabase(cache), f"retrieve_transitive_dependents_python{method}")
                with pytest.raises(NotFoundError, match=r"offline.*markupsafe.*complete_environments"):
                    ask("markupsafe", **RHEL)
        with pytest.raises(NotFoundError, match="markupsafe"):
            offline.retrieve_transitive_dependents_python("markupsafe", **{**RHEL, "os_version": "7"})

    def test_with_a_database_it_is_the_database(self, path: Path, graph: GraphDatabase) -> None:
        """What was solved since the file was made depends on something, too."""
        empty(graph)
        sync(graph, [solver_document(tree=[solved("a", "1", [requires("markupsafe", "2.0.1")])])])
        with GraphCache(str(path)) as cache:
            adapter = GraphDatabase(cache)
            with pytest.raises(NotConnected):
                adapter.retrieve_transitive_dependents_python("markupsafe", **RHEL)
            adapter.connect()
            with adapter:
                assert adapter.retrieve_transitive_dependents_python("markupsafe", **RHEL) == [("a", "1", PYPI)]
                assert adapter.retrieve_transitive_dependents_python_count("markupsafe", **RHEL) == 1


class TestDamage:
    def indexed(self, path: Path) -> Iterable[tuple[int, int, bytes]]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(
                "SELECT package_id, environment_id, dependents FROM packed_solved WHERE length(dependents) > 0"
            ).fetchall()

    def test_flipped_bit(self, path: Path, samples_oracle: Oracle, caplog: pytest.LogCaptureFixture) -> None:
        """Each bit of some rows; no other answer may come of it, and `verify` finds it."""
        target: Target = ("markupsafe", None, None)
        rhel_8 = samples_oracle.retrieve_transitive_dependents_python(*target, **RHEL, count=None)
        with GraphCache(str(path)) as cache:
            cache.verify()
        rows = sorted(self.indexed(path), key=lambda row: -len(row[2]))
        missed = 0
        for (package, environment, ids), place in itertools.product(rows[:6], range(0, 32, 3)):
            changed = bytearray(ids)
            changed[place // 8 % len(ids)] ^= 1 << place % 8
            where = f"WHERE package_id = {package} AND environment_id = {environment}"
            alter(path, f"UPDATE packed_solved SET dependents = x'{changed.hex()}' {where}")
            with GraphCache(str(path)) as cache:
                with pytest.raises(CacheFileError, match="dependents"):
                    cache.verify()
                found = cache.retrieve_transitive_dependents_python(*target, **RHEL, count=MANY)
            assert found in (None, rhel_8)
            missed += found is None
            alter(path, f"UPDATE packed_solved SET dependents = x'{ids.hex()}' {where}")
        assert missed
        assert "the graph cache is not used any more" in caplog.text

    def test_digest_is_of_dependents_too(self, path: Path) -> None:
        """Whoever changes a row with its checksum changes the file."""
        package, environment, _ = next(iter(self.indexed(path)))
        with GraphCache(str(path)) as cache:
            of_body = "(SELECT {} FROM packed_solved WHERE package_id = {} AND environment_id = {})"
            place = (package, environment)
            body, checksum = (of_body.format(column, *place) for column in ("body", "checksum"))
            cache.verify()
        alter(
            path,
            f"UPDATE packed_solved SET dependents = {body}, dependents_checksum = {checksum} "
            f"WHERE package_id = {package} AND environment_id = {environment}",
        )
        with GraphCache(str(path)) as cache, pytest.raises(CacheFileError, match="the digest of the packed part"):
            cache.verify()
