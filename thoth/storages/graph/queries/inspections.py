"""Inspections: which of their documents are in the graph."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

_DOCUMENTS = text(
    "SELECT DISTINCT inspection_document_id FROM inspection_run WHERE inspection_document_id = ANY(:document_ids)"
)


def inspection_document_ids_in(session: Session, document_ids: Iterable[str]) -> set[str]:
    """Return those of some inspections of which at least one result is in the graph, in one statement for all.

    That Dependency Monkey asked for an inspection does not count.
    """
    return set(session.scalars(_DOCUMENTS, {"document_ids": list(document_ids)}))


def inspection_document_id_exist(session: Session, document_id: str) -> bool:
    """Tell whether at least one result of an inspection is in the graph."""
    return bool(inspection_document_ids_in(session, [document_id]))
