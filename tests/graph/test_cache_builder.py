"""Building a graph cache file: what it holds, that it grows, and that a killed build leaves the previous one."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
import tracemalloc
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EXAMPLES
from tests.factories import PYPI, RHEL, failed, requires, solved, solver_document
from tests.oracle import Oracle
from tests.processes import collected, forked, killed_after
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.exceptions import CacheFileError, NotFoundError
from thoth.storages.graph import cache_format
from thoth.storages.graph.cache_builder import BuildReport, build_cache
from thoth.storages.graph.cache_config import read_cache_config
from thoth.storages.graph.statistics import take_first_statistics
from thoth.storages.identifiers import Environment

Json = dict[str, Any]

NAMES = read_cache_config(EXAMPLES / "cache_conf.yaml").python_packages
RHEL_8 = Environment(**RHEL)
FEDORA: Json = {"os_name": "fedora", "os_version": "35", "python_version": "3.10"}


def build(graph: GraphDatabase, path: Path, names: Iterable[str], **options: Any) -> BuildReport:
    with graph.session() as session:
        return build_cache(session, str(path), names, **options)


def digest_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT value FROM cache_info WHERE key = 'digest'").fetchone()[0])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.sqlite3"


@pytest.fixture(scope="module")
def built(samples: GraphDatabase, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuildReport]:
    """The cache of examples/cache_conf.yaml over the sample documents, in all environments."""
    path = tmp_path_factory.mktemp("built") / "cache.sqlite3"
    return path, build(samples, path, NAMES, origin="somewhere:5432/thoth")


@pytest.fixture
def cache(built: tuple[Path, BuildReport]) -> Any:
    with GraphCache(str(built[0])) as opened:
        yield opened


def roots(oracle: Oracle, env: Json, names: Iterable[str] = NAMES) -> list[tuple[str, str, str]]:
    """Return the package versions of names that are solved in an environment."""
    return [
        record
        for environment in oracle.environments(env)  # type: ignore[arg-type]
        for record in oracle.records_at(environment)
        if record[0] in names
    ]


class TestContent:
    def test_point_look_ups_of_everything_reached_in_every_environment(
        self, cache: GraphCache, samples_oracle: Oracle
    ) -> None:
        asked = 0
        for environment in samples_oracle.latest:
            env = environment._asdict()
            for name, version, url in samples_oracle.closure_nodes(*roots(samples_oracle, env), **env):
                expected = samples_oracle.get_python_package_version_records(name, version, None, **env)
                found = cache.get_python_package_version_records(name, version, None, **env)
                if url is None:
                    assert found is None  # it may be solved by now
                    assert cache.get_depends_on(name, version, PYPI, **env) is None
                    continue
                asked += 1
                assert found == expected
                assert cache.get_depends_on(name, version, url, **env) == samples_oracle.get_depends_on(
                    name, version, url, **env
                )
        assert asked > 400

    def test_closures_in_every_environment(self, cache: GraphCache, samples_oracle: Oracle) -> None:
        asked = 0
        for environment in samples_oracle.latest:
            env = environment._asdict()
            for package in roots(samples_oracle, env):
                answer = cache.closure(package, **env)
                assert answer is not None
                edges = answer.tuples()
                assert len(edges) == len(set(edges)) == len(answer)
                assert set(edges) == samples_oracle.retrieve_transitive_dependencies_python(*package, **env)
                asked += 1
        assert asked > 30

    def test_anything_else_is_the_answer_of_the_oracle_or_a_miss(
        self, cache: GraphCache, samples_oracle: Oracle
    ) -> None:
        misses = 0
        for name, version, url in samples_oracle.records_at(samples_oracle.environments(RHEL)[0]):  # type: ignore[arg-type]
            answer = cache.get_depends_on(name, version, url, **RHEL)
            assert answer in (None, samples_oracle.get_depends_on(name, version, url, **RHEL))
            closure = cache.closure((name, version, url), **RHEL)
            if closure is not None:
                expected = samples_oracle.retrieve_transitive_dependencies_python(name, version, url, **RHEL)
                assert set(closure.tuples()) == expected
            misses += answer is None
        assert misses > 10
        assert cache.get_depends_on("flask", "1.0.2", "https://absent.example.com", **RHEL) is None
        assert cache.get_depends_on("flask", "99", PYPI, **RHEL) is None
        assert cache.get_depends_on("flask", "1.0.2", PYPI, **{**RHEL, "python_version": "3.99"}) is None

    @pytest.mark.parametrize("env", [{}, {"os_name": "rhel"}, {"python_version": "3.8"}], ids=str)
    def test_open_environment_when_every_environment_is_in_the_file(
        self, cache: GraphCache, samples_oracle: Oracle, env: Json
    ) -> None:
        hits = 0
        for package in roots(samples_oracle, RHEL):
            answer = cache.get_depends_on(*package, **env)
            assert answer in (None, samples_oracle.get_depends_on(*package, **env))
            found = cache.get_python_package_version_records(*package[:2], None, **env)
            assert found in (None, samples_oracle.get_python_package_version_records(*package[:2], None, **env))
            hits += answer is not None and found is not None
        assert hits or env == {}

    def test_extras_and_markers(self, cache: GraphCache, samples_oracle: Oracle) -> None:
        known = {
            extra
            for facts in samples_oracle.latest.values()
            for fact in facts.values()
            for requirement in fact.requirements
            if (extra := requirement.extra)
        }
        for extras in (None, frozenset(known), frozenset({*known, None}), frozenset[str | None]()):
            for held in (None, True, False):
                question: Json = {"extras": extras, "marker_evaluation_result": held, **RHEL}
                for package in roots(samples_oracle, RHEL):
                    assert cache.get_depends_on(*package, **question) == samples_oracle.get_depends_on(
                        *package, **question
                    )

    def test_report(self, built: tuple[Path, BuildReport], samples_oracle: Oracle) -> None:
        path, report = built
        packages = {
            (environment, package)
            for environment in samples_oracle.latest
            for package in samples_oracle.closure_nodes(
                *roots(samples_oracle, environment._asdict()), **environment._asdict()
            )
        }
        records = [(environment, package) for environment, package in packages if package[2] is not None]
        assert report.cache_file == str(path)
        assert report.cache_file_size == path.stat().st_size
        assert report.package_versions_written == len(records)
        assert report.not_solved == len(packages) - len(records)
        dependencies: Any = samples_oracle.dependencies
        edges = [len(dependencies(environment, package)) for environment, package in records]
        assert report.edges_written == sum(edges)
        assert report.packages_not_found == []
        assert sorted(map(str, report.environments)) == sorted(
            str(environment._asdict()) for environment in samples_oracle.latest
        )
        assert report.cache_stats["table_size"]["depends_on"] == report.edges_written
        assert report.cache_stats["table_size"]["python_package_version"] == len(records)
        assert report.packages_written >= len({package[0] for _, package in packages})

    def test_scope(self, cache: GraphCache, samples_oracle: Oracle) -> None:
        """No version, no origin, no invalidation in the file."""
        scope = cache.scope()
        assert scope["origin"] == "somewhere:5432/thoth"
        assert scope["packages"] == NAMES
        assert scope["every_environment"] is True
        assert len(scope["environments"]) == len(samples_oracle.latest)
        assert scope["created"].endswith("+00:00")

    def test_packages_that_are_not_found_are_reported(self, samples: GraphDatabase, path: Path) -> None:
        report = build(samples, path, ["Flask", "Not_There", "flask"])
        assert report.packages_not_found == ["not-there"]
        with GraphCache(str(path)) as cache:
            assert cache.scope()["packages"] == ["flask"]

    def test_failed_package_version_depends_on_nothing(self, graph: GraphDatabase, path: Path) -> None:
        graph.sync_solver_result(
            solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])], errors=[failed("b")])
        )
        build(graph, path, ["a"])
        with GraphCache(str(path)) as cache:
            assert cache.get_depends_on("b", "1.0", PYPI, **RHEL) == []
            closure = cache.closure(("a", "1.0", PYPI), **RHEL)
            assert closure is not None
            assert closure.tuples() == [(("a", "1.0", PYPI), ("b", "1.0", PYPI))]

    def test_asked_for_and_known_as_a_dependency_alone(self, graph: GraphDatabase, path: Path) -> None:
        """It was not found, and the file is not complete for it: which versions there are is asked again."""
        graph.sync_solver_result(solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])]))
        assert build(graph, path, ["a", "b"]).packages_not_found == ["b"]
        with GraphCache(str(path)) as cache:
            assert cache.scope()["packages"] == ["a"]
            assert cache.get_all_versions_python_package("b", **RHEL) is None

    @pytest.mark.parametrize("rows", ["1", "7"])
    def test_rows_held_at_once_do_not_matter(
        self, samples: GraphDatabase, built: tuple[Path, BuildReport], path: Path, rows: str
    ) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("THOTH_STORAGES_GRAPH_CACHE_BUILD_ROWS", rows)
            report = build(samples, path, NAMES)
        assert digest_of(path) == digest_of(built[0])
        assert report.edges_written == built[1].edges_written
        assert report.not_solved == built[1].not_solved

    def test_rows_held_at_once_bound_the_memory(self, graph: GraphDatabase, path: Path) -> None:
        needs = [requires(f"need-{number}", "1.0", "1.1") for number in range(12)]
        tree = [solved(f"package-{n}", f"{v}.0", dependencies=needs) for n in range(200) for v in range(20)]
        graph.sync_solver_result(solver_document(tree=tree))
        take_first_statistics(graph)
        names = graph.get_python_packages()
        build(graph, path, names)  # so that what is made once is there
        peaks = []
        for rows in ("50", "1000000"):
            path.unlink()
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("THOTH_STORAGES_GRAPH_CACHE_BUILD_ROWS", rows)
                tracemalloc.start()
                build(graph, path, names)
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
        assert peaks[0] < peaks[1] / 2, peaks

    def test_progress_is_told(self, samples: GraphDatabase, path: Path) -> None:
        told: list[tuple[str, int, int]] = []
        build(samples, path, ["flask"], progress=lambda *step: told.append(step))
        assert [step for step, done, total in told if done == total] == ["asking the database", "packing"]


class TestEnvironments:
    def test_restricted(self, samples: GraphDatabase, path: Path, samples_oracle: Oracle) -> None:
        report = build(samples, path, NAMES, environment=Environment("ubi", "8.4", "3.8"))
        assert report.environments == [RHEL]
        with GraphCache(str(path)) as cache:
            assert cache.scope()["every_environment"] is False
            for package in roots(samples_oracle, RHEL):
                assert cache.get_depends_on(*package, **RHEL) == samples_oracle.get_depends_on(*package, **RHEL)
            for package in roots(samples_oracle, FEDORA):
                assert cache.get_depends_on(*package, **FEDORA) is None

    @pytest.mark.parametrize("env", [{}, {"os_name": "rhel", "os_version": "8"}], ids=str)
    def test_open_question_to_a_restricted_file_is_a_miss(
        self, samples: GraphDatabase, path: Path, env: Json, samples_oracle: Oracle
    ) -> None:
        """A row of one environment answered a question about all environments."""
        build(samples, path, ["flask"], environment=RHEL_8)
        with GraphCache(str(path)) as cache:
            for package in roots(samples_oracle, RHEL, ["flask"]):
                assert cache.get_depends_on(*package, **env) is None
                assert cache.get_python_package_version_records(*package, **env) is None
                assert cache.closure(package, **env) is None
                assert cache.closure(package, **env, as_of_its_date=True) is None

    def test_by_operating_system_alone(self, samples: GraphDatabase, path: Path, samples_oracle: Oracle) -> None:
        report = build(samples, path, ["flask"], environment=Environment(os_name="fedora"))
        expected = samples_oracle.environments({"os_name": "fedora"})
        assert sorted(map(str, report.environments)) == sorted(str(environment._asdict()) for environment in expected)

    def test_environment_of_which_nothing_is_known(self, samples: GraphDatabase, path: Path) -> None:
        with pytest.raises(NotFoundError, match="os_name=plan9 os_version=any python_version=3.8"):
            build(samples, path, NAMES, environment=Environment("plan9", None, "3.8"))
        assert list(path.parent.iterdir()) == []


class TestGrowing:
    def test_names_and_environments_are_kept(self, samples: GraphDatabase, path: Path, samples_oracle: Oracle) -> None:
        build(samples, path, ["flask"], environment=RHEL_8)
        report = build(samples, path, ["Sphinx"], environment=Environment(**FEDORA))
        assert len(report.environments) == 2
        with GraphCache(str(path)) as cache:
            assert cache.scope()["packages"] == ["flask", "sphinx"]
            for env in (RHEL, FEDORA):
                packages = roots(samples_oracle, env, ["flask", "sphinx"])
                assert packages
                for package in packages:
                    assert cache.get_depends_on(*package, **env) == samples_oracle.get_depends_on(*package, **env)

    def test_again_is_the_same(self, samples: GraphDatabase, path: Path) -> None:
        first, second = build(samples, path, ["flask"]), build(samples, path, ["flask"])
        assert first == second

    def test_rows_are_packed_when_the_database_knows_them(
        self, samples: GraphDatabase, path: Path, samples_oracle: Oracle
    ) -> None:
        package = roots(samples_oracle, RHEL, ["sphinx"])[0]
        with GraphCache(str(path), writable=True) as cache:
            cache.add_dependencies(package, RHEL_8, [("outdated", "1")])
        build(samples, path, ["flask"])
        with GraphCache(str(path)) as cache:
            assert list(cache.added()) == []
            assert cache.get_depends_on(*package, **RHEL) == samples_oracle.get_depends_on(*package, **RHEL)
            assert cache.scope()["packages"] == ["flask"]

    def test_rows_are_carried_over_when_it_does_not(self, samples: GraphDatabase, path: Path) -> None:
        build(samples, path, ["flask"])
        with GraphCache(str(path), writable=True) as cache:
            cache.add_depends_on("mine", "1", PYPI, **RHEL, dependency_name="yours", dependency_version="2")
            cache.add_depends_on("mine", "2", PYPI, **RHEL, dependency_name=None, dependency_version=None)
        for _ in range(2):
            build(samples, path, ["sphinx"])
            with GraphCache(str(path)) as cache:
                assert cache.get_depends_on("mine", "1", PYPI, **RHEL) == [("yours", "2")]
                assert cache.get_depends_on("mine", "2", PYPI, **RHEL) == []
                assert cache.scope()["packages"] == ["flask", "sphinx"]

    def test_file_without_anything_packed(self, samples: GraphDatabase, path: Path) -> None:
        GraphCache(str(path)).close()
        build(samples, path, ["flask"])
        with GraphCache(str(path)) as cache:
            assert cache.scope()["packages"] == ["flask"]


class TestInterrupted:
    def test_killed_at_any_point(self, samples: GraphDatabase, path: Path, samples_oracle: Oracle) -> None:
        """Killed while it was built, 6 files of 6 held a package with part of its dependencies."""
        build(samples, path, ["flask"])
        original = path.with_name("original")
        shutil.copy(path, original)
        started = time.monotonic()
        build(samples, path, NAMES)
        whole = time.monotonic() - started
        at_random, scopes = random.Random(3), []
        for _ in range(25):
            shutil.copy(original, path)
            killed_after(lambda: build(samples, path, NAMES), at_random.uniform(0, 1.2 * whole))
            with GraphCache(str(path)) as cache:
                scope = cache.scope()["packages"]
                assert scope in (["flask"], NAMES)
                scopes.append(scope)
                for package in roots(samples_oracle, RHEL, scope):
                    assert cache.get_depends_on(*package, **RHEL) == samples_oracle.get_depends_on(*package, **RHEL)
        assert ["flask"] in scopes

    def test_two_at_once(self, samples: GraphDatabase, path: Path, samples_oracle: Oracle) -> None:
        builders = [
            forked(lambda names=names: build(samples, path, names).packages_not_found)  # type: ignore[misc]
            for names in (["flask"], ["flask", "sphinx"], ["flask", "pandas"])
        ]
        assert [collected(builder) for builder in builders] == [[], [], []]
        with GraphCache(str(path)) as cache:
            assert "flask" in cache.scope()["packages"]
            for package in roots(samples_oracle, RHEL, cache.scope()["packages"]):
                assert cache.get_depends_on(*package, **RHEL) == samples_oracle.get_depends_on(*package, **RHEL)
        assert list(path.parent.iterdir()) == [path]

    def test_failing_leaves_the_previous_file_and_nothing_beside(
        self, samples: GraphDatabase, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        build(samples, path, ["flask"])
        before = path.read_bytes()
        monkeypatch.setattr(cache_format, "MAX_VERSIONS", 3)
        with pytest.raises(CacheFileError, match="versions"):
            build(samples, path, ["sphinx"])
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    def test_folder_in_the_way(self, samples: GraphDatabase, path: Path) -> None:
        path.mkdir()
        with pytest.raises(CacheFileError, match=str(path)):
            build(samples, path, ["flask"])
        assert list(path.parent.iterdir()) == [path]

    def test_folder_that_is_missing(self, samples: GraphDatabase, path: Path) -> None:
        with pytest.raises(CacheFileError, match="missing/cache"):
            build(samples, path.parent / "missing" / "cache", ["flask"])
