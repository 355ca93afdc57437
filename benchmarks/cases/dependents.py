"""Who is hit: what could pull a package in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from thoth.storages import GraphCache

from ..corpus import DOCUMENTS, ENVIRONMENT, HUB
from ..measure import FLOOR, LIBRARY, RELEASED, Subject, computed, repeated
from ..recorded import recorded, replay
from ..registry import Benchmark, group
from ..targets import under
from ..workspace import Workspace


@group("dependents")
def dependents(workspace: Workspace) -> Iterator[Benchmark]:
    """Of a hub."""
    graph = workspace.graph

    def direct() -> int:
        return sum(map(len, graph.retrieve_dependent_packages(HUB).values()))

    def transitive() -> int:
        page = graph.retrieve_transitive_dependents_python(HUB, **ENVIRONMENT)
        count = graph.retrieve_transitive_dependents_python_count(HUB, **ENVIRONMENT)
        assert count >= len(page)
        return count

    asked = recorded(graph, direct)
    subjects = [
        Subject(LIBRARY, repeated(direct, 10), len(asked), direct()),
        Subject(FLOOR, repeated(lambda: replay(workspace.connection, asked), 10), len(asked), direct()),
    ]
    if workspace.options.with_released:
        subjects.append(_released(workspace, direct()))
    # The answer grows with the graph, so the targets hold up to so many documents.
    few = workspace.options.documents <= 5 * DOCUMENTS
    title = f"retrieve_dependent_packages of {HUB}"
    yield Benchmark("dependents", title, subjects, [under(0.003)] if few else [], "package versions")
    walked = recorded(graph, transitive)
    yield Benchmark(
        "dependents-transitive",
        f"retrieve_transitive_dependents_python of {HUB}, a page and the count",
        [
            Subject(LIBRARY, repeated(transitive, 2), len(walked), transitive()),
            Subject(FLOOR, repeated(lambda: replay(workspace.connection, walked), 2), len(walked), transitive()),
        ],
        [under(0.1)] if few else [],
        "package versions",
    )
    yield from _from_the_cache_file(workspace)


def _from_the_cache_file(workspace: Workspace) -> Iterator[Benchmark]:
    names = sorted(workspace.corpus.catalogue.packages)
    path = str(workspace.kept_file("cache_all", lambda path: workspace.build(path, names)))

    def ask(cache: GraphCache) -> int | None:
        return cache.retrieve_transitive_dependents_python_count(HUB, **ENVIRONMENT)

    def cold(_: object) -> None:
        with closing(GraphCache(path)) as cache:
            ask(cache)

    with closing(GraphCache(path)) as warm:
        count = ask(warm)
        assert count == workspace.graph.retrieve_transitive_dependents_python_count(HUB, **ENVIRONMENT)
        yield Benchmark(
            "dependents-cache",
            f"retrieve_transitive_dependents_python_count of {HUB}, cache file of all packages, cold",
            [
                Subject(LIBRARY, computed(cold, range(1)), 0, count),
                Subject("names decoded", computed(lambda _: ask(warm), range(1)), 0, count),
            ],
            rows="package versions",
        )


def _released(workspace: Workspace, rows: int) -> Subject:
    process = workspace.released

    def run() -> float:
        answer = process.ask("call", method="retrieve_dependent_packages", calls=[[[HUB], {}]])
        subject.statements = answer["statements"]
        return float(answer["seconds"])

    subject = Subject(RELEASED, run, rows=rows, process=process.pid)
    return subject
