"""Listings and counts, as those who plan solver runs ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..corpus import ENVIRONMENT, ROOT, SOLVER
from ..measure import FLOOR, LIBRARY, Subject, repeated
from ..recorded import recorded, replay
from ..registry import Benchmark, group
from ..targets import under
from ..workspace import Workspace


@group("listings")
def listings(workspace: Workspace) -> Iterator[Benchmark]:
    """From the database."""
    graph = workspace.graph
    questions: dict[str, Callable[[], object]] = {
        "get_all_versions_python_package": lambda: graph.get_all_versions_python_package(ROOT, **ENVIRONMENT),
        "retrieve_unsolved_python_packages": lambda: graph.retrieve_unsolved_python_packages(SOLVER),
        "retrieve_unsolved_python_packages_count": lambda: graph.retrieve_unsolved_python_packages_count(SOLVER),
        "retrieve_solved_python_packages": lambda: graph.retrieve_solved_python_packages(100, 0, SOLVER),
        "retrieve_solved_python_packages_count": lambda: graph.retrieve_solved_python_packages_count(SOLVER),
        "get_all_python_packages_count": graph.get_all_python_packages_count,
        "get_error_python_packages_count": graph.get_error_python_packages_count,
        "get_solver_documents_count": graph.get_solver_documents_count,
    }
    for name, ask in questions.items():
        sent, answer = recorded(graph, ask), ask()
        rows = len(answer) if isinstance(answer, list | dict) else 1

        def bare(sent: list[tuple[str, object]] = sent) -> int:
            return replay(workspace.connection, sent)

        yield Benchmark(
            f"listing-{name}",
            name,
            [
                Subject(LIBRARY, repeated(ask, 5), len(sent), rows),
                Subject(FLOOR, repeated(bare, 5), len(sent), rows),
            ],
            [under(0.05)],
        )
