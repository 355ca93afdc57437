"""Dependency Monkey: which of its documents are in the graph, and which inspections they asked for."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from ..sessions import ReadSession

_DOCUMENTS = text("SELECT document_id FROM dependency_monkey_run WHERE document_id = ANY(:document_ids)")

_REQUESTED = (
    'SELECT DISTINCT inspection_document_id COLLATE "C" FROM requested_inspection AS requested {where} ORDER BY 1'
)
_ALL_REQUESTED = text(_REQUESTED.format(where=""))
_MISSING = text(
    _REQUESTED.format(
        where="""
        WHERE NOT EXISTS (
            SELECT FROM inspection_run AS run WHERE run.inspection_document_id = requested.inspection_document_id
        )
        """
    )
)


def requested_inspection_ids(session: ReadSession, *, only_missing: bool = False) -> list[str]:
    """Return the inspections that Dependency Monkey asked for, in order.

    Args:
        session: an open session.
        only_missing: leave out those of which a result is in the graph.

    """
    return list(session.scalars(_MISSING if only_missing else _ALL_REQUESTED))


def dependency_monkey_document_ids_in(session: ReadSession, document_ids: Iterable[str]) -> set[str]:
    """Return those of some Dependency Monkey documents that are in the graph, in one statement for all."""
    return set(session.scalars(_DOCUMENTS, {"document_ids": list(document_ids)}))


def dependency_monkey_document_id_exist(session: ReadSession, document_id: str) -> bool:
    """Tell whether a Dependency Monkey document is in the graph."""
    return bool(dependency_monkey_document_ids_in(session, [document_id]))
