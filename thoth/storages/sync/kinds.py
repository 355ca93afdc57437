"""The one table: for each kind of document its store, how it is read, which are in the graph, how it is put in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..documents import kinds
from ..documents.solver import SolverFacts, read_solver_document
from ..exceptions import SchemaError
from ..graph import GraphDatabase
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
    ids_in: Callable[[GraphDatabase, Sequence[str]], set[str]]
    """Tells which documents are in the graph, in one statement for all."""
    sync: Callable[[GraphDatabase, Sequence[Any], bool], int]
    """Puts a group into the graph, in one transaction; returns how many were not in already."""
    group_size: int = 1


def _sync_solver(graph: GraphDatabase, group: Sequence[SolverFacts], force: bool) -> int:
    return graph.sync_solver_results(group, force=force)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            kinds.SOLVER,
            SolverResultsStore,
            read_solver_document,
            GraphDatabase.solver_document_ids_in,
            _sync_solver,
            _SOLVER_GROUP,
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
