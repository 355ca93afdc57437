"""Inspections: which of their documents are in the graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import text

from ..sessions import ReadSession

_DOCUMENTS = text(
    "SELECT DISTINCT inspection_document_id FROM inspection_run WHERE inspection_document_id = ANY(:document_ids)"
)
_RESULTS = text(
    "SELECT inspection_document_id, inspection_result_number FROM inspection_run "
    "WHERE inspection_document_id = ANY(:document_ids)"
)


def inspection_document_ids_in(session: ReadSession, document_ids: Iterable[str]) -> set[str]:
    """Return those of some inspections of which at least one result is in the graph, in one statement for all.

    That Dependency Monkey asked for an inspection does not count. More results may come: see
    `inspection_results_in`.
    """
    return set(session.scalars(_DOCUMENTS, {"document_ids": list(document_ids)}))


def inspection_results_in(session: ReadSession, document_ids: Iterable[str]) -> dict[str, set[int]]:
    """Return the numbers of the results that are in the graph of some inspections, in one statement for all.

    Results of one inspection come one after the other when it is a folder on the store.

    Args:
        session: an open session.
        document_ids: identifiers of inspections.

    Returns:
        For each of them of which at least one result is in, the numbers of those.

    """
    found: defaultdict[str, set[int]] = defaultdict(set)
    for document_id, number in session.execute(_RESULTS, {"document_ids": list(document_ids)}):
        found[document_id].add(number)
    return dict(found)


def inspection_document_id_exist(session: ReadSession, document_id: str) -> bool:
    """Tell whether at least one result of an inspection is in the graph."""
    return bool(inspection_document_ids_in(session, [document_id]))
