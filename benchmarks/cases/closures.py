"""Everything that package versions depend on, directly or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from thoth.storages import GraphCache
from thoth.storages.graph.closure import Closure, Edge
from thoth.storages.identifiers import PackageTuple

from ..corpus import ENVIRONMENT, ROOT, ROOTS, Json
from ..measure import FLOOR, LIBRARY, RELEASED, Subject, computed, repeated
from ..recorded import recorded, replay_json
from ..registry import Benchmark, group
from ..released import HELD
from ..targets import Target, at_most, faster, statements, under
from ..workspace import Workspace

_LARGEST = "the largest of them alone"
_DICT = "plain dict"
_LIST = "its rows by sqlite3, and its list of tuples from two lists"
_ROWS = "SELECT versions, body FROM packed_package JOIN packed_solved ON package_id = id"


@group("closure-database")
def from_the_database(workspace: Workspace) -> Iterator[Benchmark]:
    """From the database."""
    graph, root = workspace.graph, workspace.corpus.newest(ROOT)

    def ask() -> Closure:
        return graph.closure(root, **ENVIRONMENT, without_cache=True)

    sent, edges = recorded(graph, ask), len(ask())
    tuples = Subject(
        LIBRARY,
        repeated(
            lambda: graph.retrieve_transitive_dependencies_python(*root, **ENVIRONMENT, without_cache=True), 3
        ),
        len(sent),
        edges,
    )  # fmt: skip
    value_targets: list[Target] = [statements(1), at_most(1.3, FLOOR)]
    tuple_targets: list[Target] = [statements(1)]
    value = Subject(LIBRARY, repeated(ask, 10), len(sent), edges)
    floor = Subject(FLOOR, repeated(lambda: replay_json(workspace.connection, sent), 10), 1, edges)
    released = []
    if workspace.options.with_released:
        released = [_released(workspace, "retrieve_transitive_dependencies_python", list(root), edges, HELD)]
        value_targets.append(faster(RELEASED, 500))
        tuple_targets.append(faster(RELEASED, 180))
    name = f"of {ROOT}, database"
    yield Benchmark(
        "closure", f"closure {name}: nodes and version sets", [value, floor, *released], value_targets, "edges"
    )
    yield Benchmark("closure-tuples", f"closure {name}: tuples", [tuples, floor, *released], tuple_targets, "edges")


@group("closure-many")
def of_many_roots(workspace: Workspace) -> Iterator[Benchmark]:
    """Of several roots at once."""
    graph, roots = workspace.graph, workspace.corpus.newest_of(ROOTS)

    def ask(packages: Sequence[PackageTuple]) -> Closure:
        return graph.closure(*packages, **ENVIRONMENT, without_cache=True)

    largest = max(roots, key=lambda root: len(ask([root])))
    sent, edges = recorded(graph, lambda: ask(roots)), len(ask(roots))
    yield Benchmark(
        "closure-many",
        f"closure of {len(roots)} overlapping roots, database",
        [
            Subject(LIBRARY, repeated(lambda: ask(roots), 10), len(sent), edges),
            Subject(_LARGEST, repeated(lambda: ask([largest]), 10), 1, len(ask([largest])), note=largest[0]),
            Subject(FLOOR, repeated(lambda: replay_json(workspace.connection, sent), 10), 1, edges),
        ],
        [statements(1), at_most(1.5, _LARGEST)],
        "edges",
    )
    subjects = [
        Subject(
            LIBRARY,
            repeated(
                lambda: graph.retrieve_transitive_dependencies_python_multi(
                    *roots, **ENVIRONMENT, without_cache=True
                ),
                3,
            ),
            len(sent),
            edges,
        )
    ]  # fmt: skip
    if workspace.options.with_released:
        arguments: list[object] = [list(root) for root in roots]
        subjects.append(_released(workspace, "retrieve_transitive_dependencies_python_multi", arguments, edges))
    yield Benchmark("closure-many-tuples", f"the same: tuples of each of {len(roots)}", subjects, [], "edges")


@group("closure-cache")
def from_the_cache_file(workspace: Workspace) -> Iterator[Benchmark]:
    """From the cache file."""
    path, root = str(workspace.cache_file), workspace.corpus.newest(ROOT)

    def ask(cache: GraphCache) -> Closure:
        closure = cache.closure(root, **ENVIRONMENT)
        assert closure is not None
        return closure

    with closing(GraphCache(path)) as warm:
        edges = len(ask(warm))
        graph = _as_dict(ask(warm))
        assert set(_walk(graph, root)) == set(ask(warm).tuples())

        def walked(cache: GraphCache) -> Closure:
            cache._packed._last = None
            return ask(cache)

        def cold(make: Callable[[Closure], object]) -> Callable[[], float]:
            def work() -> None:
                with closing(GraphCache(path)) as cache:
                    make(ask(cache))

            return computed(lambda _: work(), range(1))

        tuples = ask(warm).tuples()
        sources, targets = [source for source, _ in tuples], [target for _, target in tuples]
        listed = Subject(_LIST, computed(lambda _: _bare(path, sources, targets), range(1)), 1, edges)
        plain = Subject(_DICT, computed(lambda _: _walk(graph, root), range(1)), 0, edges)
        database = workspace.graph

        def in_front() -> None:
            database._cache, database._cache_is_open = warm, True
            database.closure(root, **ENVIRONMENT)
            database._cache = None

        yield Benchmark(
            "closure-cache-tuples",
            f"closure of {ROOT}, cache file, cold: tuples",
            [Subject(LIBRARY, cold(Closure.tuples), 0, edges), plain, listed],
            [at_most(0.5, _DICT)],
            "edges",
            {LIBRARY: _LIST},
        )
        yield Benchmark(
            "closure-cache-arrays",
            f"closure of {ROOT}, cache file, cold: arrays",
            [Subject(LIBRARY, cold(Closure.edges), 0, edges), plain],
            [under(0.005)],
            "edges",
        )
        yield Benchmark(
            "closure-cache-arrays-warm",
            f"closure of {ROOT}, the same cache file asked again: arrays",
            [
                Subject(LIBRARY, computed(lambda _: ask(warm).edges(), range(5)), 0, edges),
                Subject("tuples", computed(lambda _: ask(warm).tuples(), range(5)), 0, edges),
                Subject("walked again: arrays", computed(lambda _: walked(warm).edges(), range(5)), 0, edges),
                Subject("walked again: the value alone", computed(lambda _: walked(warm), range(5)), 0, edges),
                Subject("GraphDatabase with this file", repeated(in_front, 5), 1, edges),
                plain,
            ],
            [under(0.001)],
            "edges",
        )
        yield _dependencies_of(ask(warm), graph)


def _dependencies_of(closure: Closure, graph: dict[PackageTuple, list[PackageTuple]]) -> Benchmark:
    solved = [package for package in closure.packages if package[2] is not None]
    return Benchmark(
        "closure-dependencies",
        f"dependencies_of each of the {len(solved)} solved package versions of that closure",
        [
            Subject(LIBRARY, computed(closure.dependencies_of, solved), 0),
            Subject(_DICT, computed(graph.__getitem__, solved), 0),
        ],
        [],
    )


def _bare(path: str, sources: list[PackageTuple], targets: list[PackageTuple]) -> None:
    """Read the rows of a cache file, and make the list of its edges from what these would have to be made into."""
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
        connection.execute(_ROWS).fetchall()
    list(zip(sources, targets, strict=True))


def _as_dict(closure: Closure) -> dict[PackageTuple, list[PackageTuple]]:
    """Return what each package version depends on."""
    graph: dict[PackageTuple, list[PackageTuple]] = {package: [] for package in closure.packages}
    for source, target in closure.tuples():
        graph[source].append(target)
    return graph


def _walk(graph: dict[PackageTuple, list[PackageTuple]], root: PackageTuple) -> list[Edge]:
    """Return the edges that are reached, breadth first."""
    seen, waiting, edges = {root}, [root], []
    while waiting:
        following = []
        for source in waiting:
            for target in graph[source]:
                edges.append((source, target))
                if target not in seen:
                    seen.add(target)
                    following.append(target)
        waiting = following
    return edges


def _released(
    workspace: Workspace, method: str, arguments: list[object], edges: int, keywords: Json = ENVIRONMENT
) -> Subject:
    process = workspace.released

    def run() -> float:
        answer = process.ask("call", method=method, calls=[[arguments, keywords]])
        subject.statements = answer["statements"]
        return float(answer["seconds"])

    subject = Subject(RELEASED, run, rows=edges, process=process.pid, rounds=2)
    return subject
