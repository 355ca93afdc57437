"""What a resolver asks of one package version, thousands of times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.identifiers import PackageTuple

from ..checks import check_released
from ..corpus import ENVIRONMENT, ROOT
from ..measure import FLOOR, LIBRARY, RELEASED, Subject, computed, each
from ..recorded import recorded, replay
from ..registry import Benchmark, group
from ..released import HELD
from ..targets import at_most, under
from ..workspace import Workspace

_COUNT = 100
Ask = Callable[[GraphDatabase, PackageTuple], Any]

_QUESTIONS: dict[str, Ask] = {
    "get_depends_on": lambda graph, package: graph.get_depends_on(
        package[0], package[1], str(package[2]), **ENVIRONMENT, without_cache=True
    ),
    "get_python_package_version_records": lambda graph, package: graph.get_python_package_version_records(
        *package, **ENVIRONMENT, without_cache=True
    ),
    "has_python_solver_error": lambda graph, package: graph.has_python_solver_error(
        package[0], package[1], str(package[2]), **ENVIRONMENT
    ),
}


def solved_packages(workspace: Workspace, count: int) -> list[PackageTuple]:
    """Return package versions that were solved, in random order."""
    facts = [fact for document in workspace.facts for fact in document.packages if not fact.error]
    return [(fact.package_name, fact.package_version, fact.index_url) for fact in facts[:count]]


@group("lookups")
def from_the_database(workspace: Workspace) -> Iterator[Benchmark]:
    """From the database."""
    packages = solved_packages(workspace, _COUNT)
    if workspace.options.with_released:
        check_released(workspace, packages[:25])
    for name, ask in _QUESTIONS.items():
        yield _from_the_database(workspace, name, ask, packages)


def _from_the_database(workspace: Workspace, name: str, ask: Ask, packages: list[PackageTuple]) -> Benchmark:
    graph = workspace.graph
    graph.cache_clear()
    sent = [recorded(graph, partial(ask, graph, package)) for package in packages]
    rows = sum(replay(workspace.connection, statements) for statements in sent) // len(packages)

    def library() -> float:
        graph.cache_clear()
        return each(partial(ask, graph), packages)()

    subjects = [
        Subject(LIBRARY, library, sum(map(len, sent)) / len(sent), rows),
        Subject(FLOOR, each(partial(replay, workspace.connection), sent), 1, rows),
    ]
    if workspace.options.with_released:
        subjects.append(_released(workspace, name, packages))
    return Benchmark(f"database-{name}", f"{name}, database", subjects, [at_most(1.6, FLOOR)])


@group("memory")
def from_memory(workspace: Workspace) -> Iterator[Benchmark]:
    """From the cache in memory."""
    graph, packages = workspace.graph, solved_packages(workspace, _COUNT)
    small = [package for package in packages if len(graph.get_depends_on(*package, **ENVIRONMENT)) == 0]  # type: ignore[arg-type]
    asked: dict[str, tuple[list[PackageTuple], Callable[[Any], Any]]] = {
        "get_depends_on": (small, lambda one: graph.get_depends_on(*one, **ENVIRONMENT)),
        "get_depends_on, all of them": (packages, lambda one: graph.get_depends_on(*one, **ENVIRONMENT)),
        "get_python_package_version_records": (
            packages,
            lambda one: graph.get_python_package_version_records(*one, **ENVIRONMENT),
        ),
        "has_python_solver_error": (packages, lambda one: graph.has_python_solver_error(*one, **ENVIRONMENT)),
    }
    for name, (of_these, ask) in asked.items():
        answers = {(*one, *ENVIRONMENT.values(), None, None): ask(one) for one in of_these}
        keys = list(answers)
        subjects = [
            Subject(LIBRARY, computed(ask, of_these * 20), 0),
            Subject("plain dict", computed(answers.__getitem__, keys * 20), 0),
        ]
        if workspace.options.with_released:
            subjects.append(_released(workspace, name.partition(",")[0], of_these, warm=True))
        title = f"{name}, memory" + (", package versions without dependencies" if of_these is small else "")
        yield Benchmark(f"memory-{name}", title, subjects, [under(1e-6)])


@group("cache-lookups")
def from_the_cache_file(workspace: Workspace) -> Iterator[Benchmark]:
    """From the cache file."""
    path = str(workspace.cache_file)
    packages = _in_the_file(workspace)
    names = list({package[0]: package for package in packages}.values())
    with closing(GraphCache(path)) as cache:
        ways: dict[str, Callable[[Any], Any]] = {
            "get_depends_on": lambda one: cache.get_depends_on(*one, **ENVIRONMENT),
            "get_python_package_version_records": lambda one: cache.get_python_package_version_records(
                *one, **ENVIRONMENT
            ),
        }
        for name, ask in ways.items():
            answers = {one: ask(one) for one in packages}
            assert None not in answers.values()
            yield Benchmark(
                f"cache-{name}",
                f"{name}, cache file, names decoded",
                [
                    Subject(LIBRARY, computed(ask, packages), 0),
                    Subject("plain dict", computed(answers.__getitem__, packages), 0),
                ],
                [under(5e-6)],
            )
            yield _first_touch(cache, name, ask, names)


def _first_touch(cache: GraphCache, name: str, ask: Callable[[Any], Any], names: list[PackageTuple]) -> Benchmark:
    def library() -> float:
        cache.clear_in_memory_cache()
        return each(ask, names)()

    connection = cache._file.connection
    statement = "SELECT id, versions, body FROM packed_package JOIN packed_solved ON package_id = id"

    def row(one: PackageTuple) -> object:
        return connection.execute(f"{statement} WHERE package_name = ?", one[:1]).fetchone()

    title = f"{name}, cache file, first touch of a name (median of {len(names)})"
    bare = Subject("sqlite3, the row alone", each(row, names), 1)
    return Benchmark(f"cache-first-{name}", title, [Subject(LIBRARY, library, 0), bare], [under(20e-6)])


def _in_the_file(workspace: Workspace) -> list[PackageTuple]:
    """Return the package versions that the root's cache file knows, in the order of a walk."""
    with closing(GraphCache(str(workspace.cache_file))) as cache:
        closure = cache.closure(workspace.corpus.newest(ROOT), **ENVIRONMENT)
    assert closure is not None
    return [package for package in closure.packages if package[2] is not None]


def _released(workspace: Workspace, method: str, packages: list[PackageTuple], warm: bool = False) -> Subject:
    keywords = HELD if method == "get_depends_on" else ENVIRONMENT
    calls = [[list(package), keywords] for package in packages]
    process = workspace.released

    def run() -> float:
        answer = process.ask("call", method=method, calls=calls, warm=warm)
        subject.statements = answer["statements"] / len(calls)
        return float(answer["seconds"])

    subject = Subject(RELEASED, run, process=process.pid, rounds=3)
    return subject
