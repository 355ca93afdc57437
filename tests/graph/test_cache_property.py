"""Over generated graphs: whatever a cache is asked, it gives the answer of the database, or none.

Every combination of given and missing parts of the environment, of extras and markers, with an index, with none and
with one that is nowhere, with a database behind the file and without one.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests import strategies
from tests.caches import adapter_of
from tests.conftest import empty
from tests.oracle import Oracle
from tests.torture import new_seed, tell
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.config import (
    GRAPH_CACHE_DECODED_PACKAGES,
    GRAPH_CACHE_DISABLED,
    GRAPH_CACHE_INSERTS_DISABLED,
    GRAPH_CACHE_OFFLINE,
)
from thoth.storages.exceptions import NotFoundError
from thoth.storages.graph.cache_builder import build_cache
from thoth.storages.identifiers import Environment

Json = dict[str, Any]
PackageTuple = tuple[str, str, str]

PARTS = ("os_name", "os_version", "python_version")
MARKERS = (None, True, False)
EXTRAS: tuple[frozenset[str | None] | None, ...] = (
    None,
    frozenset(),
    frozenset({None}),
    frozenset({"s3"}),
    frozenset({None, "S3", "dev-test", "absent"}),
)
asked: Counter[str] = Counter()


def answer(call: Any, *arguments: Any, **keywords: Any) -> Any:
    """Return an answer in a form that can be compared; what was never solved has none."""
    try:
        found = call(*arguments, **keywords)
    except (NotFoundError, LookupError):
        return "not found"
    return sorted(found, key=str) if isinstance(found, set) else found


def edges(closure: Any) -> Any:
    """Return the edges of a closure, sorted; none may be there twice."""
    if closure is None:
        return None
    listed = sorted(closure.tuples(), key=str)
    assert len(listed) == len(set(listed))
    return listed


def environments(environment: strategies.SolverEnvironment) -> Iterator[Json]:
    """Yield an environment with each combination of its parts given and missing."""
    for given_parts in itertools.product((True, False), repeat=3):
        yield {
            part: getattr(environment, part) if is_given else None
            for part, is_given in zip(PARTS, given_parts, strict=True)
        }


def assert_answers_or_misses(method: str, expected: Any, found: Any, *question: Any) -> None:
    asked[f"{method}: {'miss' if found is None else 'hit'}"] += 1
    assert found is None or found == expected, (method, question)


def assert_file(cache: GraphCache, oracle: Oracle, package: PackageTuple, env: Json) -> None:
    """Ask a file all that can be asked about a package version in an environment."""
    name, version, _ = package
    for url in (package[2], None, strategies.ABSENT_INDEX):
        expected = oracle.get_python_package_version_records(name, version, url, **env)
        for offline in (False, True):
            found = cache.get_python_package_version_records(name, version, url, **env, as_of_its_date=offline)
            assert_answers_or_misses("records", expected, found, name, version, url, env, offline)
    for extras, marker in itertools.product(EXTRAS, MARKERS):
        question: Json = {**env, "extras": extras, "marker_evaluation_result": marker}
        for asked_about in (package, (name, version, strategies.ABSENT_INDEX)):
            direct = answer(oracle.get_depends_on, *asked_about, **question)
            for offline in (False, True):
                dependencies = cache.get_depends_on(*asked_about, **question, as_of_its_date=offline)
                assert_answers_or_misses("depends_on", direct, dependencies, asked_about, question, offline)
        reached = answer(oracle.retrieve_transitive_dependencies_python, *package, **question)
        for offline in (False, True):
            closure = edges(cache.closure(package, **question, as_of_its_date=offline))
            assert_answers_or_misses("closure", reached, closure, package, question, offline)


def assert_adapter(adapter: GraphDatabase, plain: GraphDatabase, packages: list[PackageTuple], env: Json) -> None:
    """Ask an adapter twice, as memory answers the second time, and compare with one that has no cache."""
    for name, version, url in packages:
        package = (name, version, url)
        calls: list[tuple[str, tuple[Any, ...], Json]] = [
            ("get_depends_on", package, env),
            ("get_depends_on", package, {**env, "extras": frozenset({"s3", None})}),
            ("get_depends_on", package, {**env, "marker_evaluation_result": False}),
            ("get_python_package_version_records", package, env),
            ("get_python_package_version_records", (name, version, None), env),
            ("retrieve_transitive_dependencies_python", package, env),
            ("has_python_solver_error", package, env),
            ("has_python_solver_error", (name, version, None), env),
            ("python_package_exists", (name,), {}),
            ("python_package_version_exists", (name, version), {}),
            ("python_package_version_exists", package, {}),
            ("get_python_cve_records", (name, version), {}),
            (
                "get_python_environment_marker",
                package,
                {**env, "dependency_name": packages[0][0], "dependency_version": packages[0][1]},
            ),
        ]
        for method, arguments, keywords in calls:
            assert_same(adapter, plain, method, arguments, keywords)
    for many in ("get_depends_on_many", "get_python_package_version_records_many", "has_python_solver_error_many"):
        assert_same(adapter, plain, many, (packages,), env)
    assert_same(adapter, plain, "get_python_cve_records_many", (packages,), {})
    assert_same(adapter, plain, "retrieve_transitive_dependencies_python_multi", tuple(packages), env)
    assert edges(adapter.closure(*packages, **env)) == edges(plain.closure(*packages, **env))


def assert_same(
    adapter: GraphDatabase, plain: GraphDatabase, method: str, arguments: tuple[Any, ...], keywords: Json
) -> None:
    def ask(graph: GraphDatabase) -> Any:
        found = answer(getattr(graph, method), *arguments, **keywords)
        if method == "retrieve_transitive_dependencies_python":
            return sorted(found, key=str)
        if method == "retrieve_transitive_dependencies_python_multi":
            return {root: sorted(of_root, key=str) for root, of_root in found.items()}
        return found

    expected = ask(plain)
    for _ in range(2):
        asked[method] += 1
        assert ask(adapter) == expected, (method, arguments, keywords)


def some_packages(data: st.DataObject, documents: Iterable[Json]) -> list[PackageTuple]:
    drawn = data.draw(st.lists(strategies.package_questions(documents), min_size=1, max_size=3))
    solved = sorted({record for where in Oracle(documents).latest.values() for record in where}, key=str)
    known = data.draw(st.lists(st.sampled_from(solved), max_size=3)) if solved else []
    return [(name, version, url or strategies.ABSENT_INDEX) for name, version, url in (*known, *drawn)]


def some_environment(data: st.DataObject, oracle: Oracle) -> Any:
    """Draw an environment, mostly one that documents speak of."""
    known = sorted(oracle.latest, key=str)
    others = st.sampled_from((*strategies.ENVIRONMENTS, strategies.ABSENT_ENVIRONMENT))
    return data.draw(st.one_of(st.sampled_from(known), st.sampled_from(known), others) if known else others)


def build(graph: GraphDatabase, path: Path, data: st.DataObject) -> None:
    """Build a file about some names, of all environments or of one."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    names = data.draw(st.lists(strategies.name_questions(), min_size=1, max_size=5))
    covered = data.draw(st.none() | st.sampled_from(strategies.ENVIRONMENTS))
    with graph.session() as session:
        if covered is not None:
            try:
                where = Environment(covered.os_name, covered.os_version, covered.python_version)
                build_cache(session, str(path), names, environment=where)
                return
            except NotFoundError:
                pass
        build_cache(session, str(path), names)


def check(graph: GraphDatabase, data: st.DataObject, path: Path) -> None:
    """Draw a graph and a file of it, and ask."""
    empty(graph)
    graph.cache_clear()
    documents = data.draw(strategies.solver_documents())
    for document in documents:
        graph.sync_solver_result(document)
    vulnerable = data.draw(strategies.package_questions(documents))
    if graph.python_package_version_exists(*vulnerable):
        graph.create_python_cve_record(
            vulnerable[0],
            vulnerable[1],
            vulnerable[2] or strategies.ABSENT_INDEX,
            record_id="pyup.io-1",
            version_range="<9",
            advisory="",
        )
    oracle = Oracle(documents)
    build(graph, path, data)
    packages = some_packages(data, documents)
    environment = some_environment(data, oracle)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(GRAPH_CACHE_DECODED_PACKAGES.name, "1")  # each step of a walk forgets the one before
        with GraphCache(str(path)) as cache:
            for package, env in itertools.product(packages, environments(environment)):
                assert_file(cache, oracle, package, env)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(GRAPH_CACHE_INSERTS_DISABLED.name, "0")
        env = data.draw(st.sampled_from(list(environments(environment))))
        with GraphCache.load(str(path)) as cache, adapter_of(graph, cache) as adapter:
            # Twice: what the database answered the first time is in the file by the second.
            for _ in range(2):
                assert_adapter(adapter, graph, packages, env)
                adapter.cache_clear()
            cache.verify()
    with GraphCache(str(path)) as cache:
        for package in packages:
            assert_file(cache, oracle, package, env)
        assert_offline(cache, oracle, packages, env)


def assert_offline(cache: GraphCache, oracle: Oracle, packages: list[PackageTuple], env: Json) -> None:
    """Ask an adapter that has no database: the answer as of the date of the file, or an error that says so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(GRAPH_CACHE_OFFLINE.name, "1")
        offline = GraphDatabase(cache)
        offline.connect()
        for package in packages:
            for method, expected in (
                ("get_depends_on", answer(oracle.get_depends_on, *package, **env)),
                ("get_python_package_version_records", oracle.get_python_package_version_records(*package, **env)),
                (
                    "retrieve_transitive_dependencies_python",
                    sorted(oracle.retrieve_transitive_dependencies_python(*package, **env), key=str),
                ),
            ):
                found = answer(getattr(offline, method), *package, **env)
                asked[f"offline {method}"] += 1
                if found != "not found":
                    assert (sorted(found, key=str) if method.startswith("retrieve") else found) == expected


def check_later(graph: GraphDatabase, data: st.DataObject, path: Path) -> None:
    """Draw a graph that goes on after the file was made: what was known stays, what was not known is found."""
    empty(graph)
    graph.cache_clear()
    documents = data.draw(strategies.solver_documents(min_size=2))
    cut = data.draw(st.integers(1, len(documents) - 1))
    for document in documents[:cut]:
        graph.sync_solver_result(document)
    build(graph, path, data)
    for document in documents[cut:]:
        graph.sync_solver_result(document)
    then, now = Oracle(documents[:cut]), Oracle(documents)
    with GraphCache(str(path)) as cache, adapter_of(graph, cache) as adapter:
        for package in some_packages(data, documents):
            for env in environments(some_environment(data, now)):
                for method in ("get_depends_on", "get_python_package_version_records"):
                    found = answer(getattr(adapter, method), *package, **env)
                    old = answer(getattr(then, method), *package, **env)
                    new = answer(getattr(now, method), *package, **env)
                    asked[f"later {method}"] += 1
                    # That it depends on nothing was known; that there is no record of it was not.
                    was_known = old != ("not found" if method == "get_depends_on" else [])
                    assert found == new or (found == old and was_known), (method, package, env)


FORMS = {"at once": check, "later": check_later}
EXAMPLES = pytest.mark.parametrize("examples", [6, pytest.param(600, marks=pytest.mark.torture)])


@EXAMPLES
@pytest.mark.parametrize("form", FORMS)
def test_answer_of_the_database_or_none(
    graph: GraphDatabase, tmp_path: Path, form: str, examples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(GRAPH_CACHE_DISABLED.name, "1")
    assert graph.cache is None  # what the database answers now is what the others are compared with
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
        FORMS[form](graph, data, tmp_path / "cache.sqlite3")

    run()
    tell(number, examples=examples, questions=sum(asked.values()), **{key: asked[key] for key in sorted(asked)})
    if form == "at once":
        hits = [asked["depends_on: hit"], asked["closure: hit"], asked["records: hit"]]
        # A handful of examples may happen to ask one method for nothing that the file knows.
        assert (min(hits) if examples > 100 else max(hits)) > 0
