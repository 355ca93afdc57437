"""The one table: for each kind of document its store, how it is read, which are in the graph, how it is put in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..advisers import AdvisersResultsStore
from ..analyses import AnalysisResultsStore
from ..dependency_monkey_reports import DependencyMonkeyReportsStore
from ..documents import kinds
from ..documents.adviser import read_adviser_document
from ..documents.analysis import read_analysis_document
from ..documents.dependency_monkey import read_dependency_monkey_document
from ..documents.inspection import read_inspection_document
from ..documents.package_analysis import read_package_analysis_document
from ..documents.provenance_checker import read_provenance_checker_document
from ..documents.solver import SolverFacts, read_solver_document
from ..exceptions import SchemaError
from ..graph import GraphDatabase
from ..inspections import InspectionResultsStore
from ..package_analyses import PackageAnalysisResultsStore
from ..provenance import ProvenanceResultsStore
from ..result_base import DocumentStoreBase
from ..solvers import SolverResultsStore

_SOLVER_GROUP = 100


@dataclass(frozen=True)
class Kind:
    """A kind of document."""

    name: str
    """One of `documents.kinds.KIND_NAMES`."""
    store: type[DocumentStoreBase]
    read: Callable[[Mapping[str, Any]], Any]
    """From the document to what it states; raises `SchemaError`."""
    ids_in: Callable[[GraphDatabase, Any, Sequence[str]], set[str]]
    """Tells of which documents all that the store has is in the graph, in one statement for all; given the adapter,
    the store and identifiers."""
    sync: Callable[[GraphDatabase, Sequence[Any], bool], int]
    """Puts a group into the graph, in one transaction; returns how many were not in already."""
    group_size: int = 1


def _once(method: Callable[[GraphDatabase, Sequence[str]], set[str]]) -> Callable[..., set[str]]:
    """Ask the graph alone about documents that do not change."""

    def ids_in(graph: GraphDatabase, _: Any, document_ids: Sequence[str]) -> set[str]:
        return method(graph, document_ids)

    return ids_in


def _inspections_in(graph: GraphDatabase, store: InspectionResultsStore, document_ids: Sequence[str]) -> set[str]:
    """Compare results, which come to the store one after the other; of what is not in at all it is not listed."""
    numbers_in = graph.inspection_results_in(document_ids)
    return {
        document_id
        for document_id, numbers in store.iterate_result_numbers(numbers_in)
        if numbers <= numbers_in[document_id]
    }


def _sync_solver(graph: GraphDatabase, group: Sequence[SolverFacts], force: bool) -> int:
    return graph.sync_solver_results(group, force=force)


def _one_by_one(method: Callable[..., bool]) -> Callable[[GraphDatabase, Sequence[Any], bool], int]:
    def sync(graph: GraphDatabase, group: Sequence[Any], force: bool) -> int:
        return sum(method(graph, facts, force=force) for facts in group)

    return sync


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            kinds.SOLVER,
            SolverResultsStore,
            read_solver_document,
            _once(GraphDatabase.solver_document_ids_in),
            _sync_solver,
            _SOLVER_GROUP,
        ),
        Kind(
            kinds.ADVISER,
            AdvisersResultsStore,
            read_adviser_document,
            _once(GraphDatabase.adviser_document_ids_in),
            _one_by_one(GraphDatabase.sync_adviser_facts),
        ),
        Kind(
            kinds.ANALYSIS,
            AnalysisResultsStore,
            read_analysis_document,
            _once(GraphDatabase.analysis_document_ids_in),
            _one_by_one(GraphDatabase.sync_analysis_facts),
        ),
        Kind(
            kinds.PACKAGE_ANALYSIS,
            PackageAnalysisResultsStore,
            read_package_analysis_document,
            _once(GraphDatabase.package_analysis_document_ids_in),
            _one_by_one(GraphDatabase.sync_package_analysis_facts),
        ),
        Kind(
            kinds.PROVENANCE_CHECKER,
            ProvenanceResultsStore,
            read_provenance_checker_document,
            _once(GraphDatabase.provenance_checker_document_ids_in),
            _one_by_one(GraphDatabase.sync_provenance_checker_facts),
        ),
        Kind(
            kinds.DEPENDENCY_MONKEY,
            DependencyMonkeyReportsStore,
            read_dependency_monkey_document,
            _once(GraphDatabase.dependency_monkey_document_ids_in),
            _one_by_one(GraphDatabase.sync_dependency_monkey_facts),
        ),
        Kind(
            kinds.INSPECTION,
            InspectionResultsStore,
            read_inspection_document,
            _inspections_in,
            _one_by_one(GraphDatabase.sync_inspection_facts),
        ),
    )
}


def kind_of(document: Mapping[str, Any]) -> Kind:
    """Return the kind of a document, see `documents.kinds.kind_of_document`.

    Raises:
        SchemaError: the kind cannot be told.

    """
    name = kinds.kind_of_document(document)
    if name not in KINDS:
        raise SchemaError(f"documents of kind {name!r} are not put into the graph")
    return KINDS[name]
