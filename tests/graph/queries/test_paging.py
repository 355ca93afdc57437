"""Who reads a listing page by page sees all that was there when the first page was read, whatever is written meanwhile.

The pages are cut by position, so a row that comes in before them moves what follows: a row at the edge may be seen
twice. None is passed over.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.factories import requires, solved, solver_document
from tests.factories_images import UBI8, analysis
from tests.inspection_documents import composed
from thoth.storages import GraphDatabase

FIRST, LAST = "aa", "zz"


class Listing(NamedTuple):
    """A listing, and what puts one more row into it that sorts by a word."""

    ask: Callable[..., Any]
    add: Callable[[GraphDatabase, str], object]


def add_solved(graph: GraphDatabase, word: str) -> None:
    package = solved(f"{word}-package", dependencies=[requires("target", "1.0")])
    graph.sync_solver_result(solver_document(f"solver-rhel-8-py38-{word}", tree=[package, solved("target")]))


def add_image(graph: GraphDatabase, word: str, environment_type: str) -> None:
    caller = {"environment_type": environment_type, "is_external": False, "origin": None}
    graph.sync_analysis_result(analysis(f"package-extract-{word}", f"{word}-image", of_caller=caller))


def add_analysis(graph: GraphDatabase, word: str, environment_type: str) -> None:
    caller = {"environment_type": environment_type, "is_external": False, "origin": None}
    # Newest first, and of one moment by id, backwards.
    graph.sync_analysis_result(analysis(f"package-extract-{word}", UBI8, of_caller=caller))


LISTINGS = {
    "run_software_environment_listing": Listing(
        GraphDatabase.run_software_environment_listing, lambda graph, word: add_image(graph, word, "runtime")
    ),
    "build_software_environment_listing": Listing(
        GraphDatabase.build_software_environment_listing, lambda graph, word: add_image(graph, word, "buildtime")
    ),
    "run_software_environment_analyses_listing": Listing(
        lambda graph, **page: graph.run_software_environment_analyses_listing(UBI8, **page),
        lambda graph, word: add_analysis(graph, word, "runtime"),
    ),
    "build_software_environment_analyses_listing": Listing(
        lambda graph, **page: graph.build_software_environment_analyses_listing(UBI8, **page),
        lambda graph, word: add_analysis(graph, word, "buildtime"),
    ),
    "retrieve_unanalyzed_python_package_versions": Listing(
        GraphDatabase.retrieve_unanalyzed_python_package_versions, add_solved
    ),
    "retrieve_solved_python_packages": Listing(
        lambda graph, **page: [
            (name, version)
            for name, versions in graph.retrieve_solved_python_packages(**page).items()
            for version in versions
        ],
        add_solved,
    ),
    "retrieve_transitive_dependents_python": Listing(
        lambda graph, **page: graph.retrieve_transitive_dependents_python("target", **page), add_solved
    ),
    "get_performance_indicators": Listing(
        lambda graph, **page: graph.get_performance_indicators("PiMatmul", **page),
        lambda graph, word: graph.sync_inspection_result(composed(document_id=f"inspection-{word}")),
    ),
}


def test_every_paged_method_is_here() -> None:
    methods = inspect.getmembers(GraphDatabase, inspect.isfunction)
    paged = {name for name, method in methods if "start_offset" in inspect.signature(method).parameters}
    assert paged == LISTINGS.keys()


@pytest.mark.parametrize("name", LISTINGS)
@pytest.mark.parametrize("written", [(), (FIRST,), (LAST,), (FIRST, LAST)], ids=" ".join)
def test_nothing_is_passed_over(graph: GraphDatabase, name: str, written: tuple[str, ...]) -> None:
    ask, add = LISTINGS[name]
    for number in range(5):
        add(graph, f"m{number}")
    there = ask(graph, start_offset=0, count=100)
    assert len(there) >= 5

    found: list[Any] = []
    while page := ask(graph, start_offset=len(found), count=2):
        assert len(page) <= 2
        found += page
        if len(found) <= len(there):
            for word in written:
                add(graph, f"{word}{len(found)}")

    distinct = [row for number, row in enumerate(found) if row not in found[:number]]
    assert [row for row in distinct if row in there] == there
    if not written:
        assert found == there
    everything = ask(graph, start_offset=0, count=100)
    assert all(row in everything for row in found)
