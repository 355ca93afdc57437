"""What solvers have not solved yet."""

from __future__ import annotations

from tests.factories import PYPI, requires, solved, solver_document
from thoth.storages import GraphDatabase

SOLVER = "solver-rhel-8-py38"


def test_unsolved_packages_have_a_version(graph: GraphDatabase) -> None:
    """Of what is known without one there is nothing to solve, and a count is that of the listing."""
    graph.create_python_package_version_entities([("nameless", None, PYPI), ("waiting", "1.0", None)])
    graph.sync_solver_result(solver_document(tree=[solved("a", dependencies=[requires("b", "1.0", "2.0")])]))
    expected = [("b", "1.0"), ("b", "2.0"), ("waiting", "1.0")]
    assert graph.retrieve_unsolved_python_packages(SOLVER, randomize=False) == expected
    assert graph.retrieve_unsolved_python_packages_count(SOLVER) == len(expected)
    assert graph.retrieve_unsolved_python_packages_count("solver-fedora-35-py310") == len(expected) + 1


def test_release_on_several_indexes_is_counted_once(graph: GraphDatabase) -> None:
    other = "https://index.example.com/simple"
    graph.sync_solver_result(solver_document(tree=[solved("a"), solved("a", index_url=other)]))
    assert graph.retrieve_unsolved_python_packages_count(SOLVER) == 0
    assert graph.retrieve_solved_python_packages_count(SOLVER) == 1
    assert graph.retrieve_solved_python_packages_count() == 1
