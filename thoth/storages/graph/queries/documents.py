"""Which documents are in the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text

from ...documents.solver import read_solver_document
from ..sessions import ReadSession

_SOLVER_DOCUMENTS = text("SELECT document_id FROM solver_run WHERE document_id = ANY(:document_ids)")


def solver_document_ids_in(session: ReadSession, document_ids: Iterable[str]) -> set[str]:
    """Return those of some solver documents that are in the graph, in one statement for all."""
    return set(session.scalars(_SOLVER_DOCUMENTS, {"document_ids": list(document_ids)}))


def solver_document_id_exist(session: ReadSession, document_id: str) -> bool:
    """Tell whether a solver document is in the graph."""
    return bool(solver_document_ids_in(session, [document_id]))


def solver_records_exist(session: ReadSession, document: Mapping[str, Any]) -> bool:
    """Tell whether what a solver document says is in the graph.

    Raises:
        SchemaError: the document does not have the shape of a solver document.

    """
    return solver_document_id_exist(session, read_solver_document(document).document_id)
