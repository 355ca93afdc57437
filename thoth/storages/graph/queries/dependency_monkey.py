"""Dependency Monkey: which of its documents are in the graph."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

_DOCUMENTS = text("SELECT document_id FROM dependency_monkey_run WHERE document_id = ANY(:document_ids)")


def dependency_monkey_document_ids_in(session: Session, document_ids: Iterable[str]) -> set[str]:
    """Return those of some Dependency Monkey documents that are in the graph, in one statement for all."""
    return set(session.scalars(_DOCUMENTS, {"document_ids": list(document_ids)}))


def dependency_monkey_document_id_exist(session: Session, document_id: str) -> bool:
    """Tell whether a Dependency Monkey document is in the graph."""
    return bool(dependency_monkey_document_ids_in(session, [document_id]))
