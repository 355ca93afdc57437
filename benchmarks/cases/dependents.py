"""Who is hit: what could pull a package in."""

from __future__ import annotations

from collections.abc import Iterator

from ..corpus import ENVIRONMENT, HUB
from ..measure import FLOOR, LIBRARY, RELEASED, Subject, repeated
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
    yield Benchmark("dependents", f"retrieve_dependent_packages of {HUB}", subjects, [under(0.003)], "package versions")
    walked = recorded(graph, transitive)
    yield Benchmark(
        "dependents-transitive",
        f"retrieve_transitive_dependents_python of {HUB}, a page and the count",
        [
            Subject(LIBRARY, repeated(transitive, 2), len(walked), transitive()),
            Subject(FLOOR, repeated(lambda: replay(workspace.connection, walked), 2), len(walked), transitive()),
        ],
        [under(0.1)],
        "package versions",
    )


def _released(workspace: Workspace, rows: int) -> Subject:
    process = workspace.released

    def run() -> float:
        answer = process.ask("call", method="retrieve_dependent_packages", calls=[[[HUB], {}]])
        subject.statements = answer["statements"]
        return float(answer["seconds"])

    subject = Subject(RELEASED, run, rows=rows, process=process.pid)
    return subject
