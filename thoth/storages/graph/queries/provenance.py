"""Provenance checks."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from ..sessions import ReadSession

_DOCUMENTS = text("SELECT document_id FROM provenance_checker_run WHERE document_id = ANY(:document_ids)")


def provenance_checker_document_ids_in(session: ReadSession, document_ids: Iterable[str]) -> set[str]:
    """Return those of some provenance checker documents that are in the graph, in one statement for all."""
    return set(session.scalars(_DOCUMENTS, {"document_ids": list(document_ids)}))


def provenance_checker_document_id_exist(session: ReadSession, document_id: str) -> bool:
    """Tell whether a provenance checker document is in the graph."""
    return bool(provenance_checker_document_ids_in(session, [document_id]))
