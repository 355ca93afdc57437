"""Advisers: what they recommended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import text

from ...exceptions import NotFoundError
from ..sessions import ReadSession

_DOCUMENTS = text("SELECT document_id FROM adviser_run WHERE document_id = ANY(:document_ids)")

# A run that recommends nothing gives one row, without a stack; a run that is not there gives none.
_ADVISED_STACKS = text(
    """
    SELECT advised.product_number, advised.overall_score, advised.performance_score, advised.justification,
        CASE WHEN stack.python_requirements_id IS NOT NULL THEN (
            SELECT coalesce(json_agg(json_build_object(
                'package_name', requirement.package_name,
                'specifier', requirement.specifier,
                'extras', requirement.extras,
                'marker', requirement.marker,
                'develop', requirement.develop,
                'index_url', index.url,
                'other_fields', requirement.other_fields
            ) ORDER BY requirement.requirement_number), '[]')
            FROM python_requirement AS requirement
            LEFT JOIN python_package_index AS index ON index.id = requirement.python_package_index_id
            WHERE requirement.python_requirements_id = stack.python_requirements_id
        ) END,
        CASE WHEN stack.python_requirements_lock_id IS NOT NULL THEN (
            SELECT coalesce(json_agg(json_build_object(
                'package_name', release.package_name,
                'package_version', release.package_version,
                'index_url', index.url,
                'develop', locked.develop,
                'extras', locked.extras,
                'marker', locked.marker,
                'hashes', locked.hashes,
                'other_fields', locked.other_fields
            ) ORDER BY locked.package_number), '[]')
            FROM locked_python_package AS locked
            JOIN python_release AS release ON release.id = locked.python_release_id
            LEFT JOIN python_package_index AS index ON index.id = locked.python_package_index_id
            WHERE locked.python_requirements_lock_id = stack.python_requirements_lock_id
        ) END
    FROM adviser_run
    LEFT JOIN advised ON advised.adviser_run_id = adviser_run.id
    LEFT JOIN python_software_stack AS stack ON stack.id = advised.python_software_stack_id
    WHERE adviser_run.document_id = :adviser_document_id
    ORDER BY advised.product_number
    """
)


def adviser_document_ids_in(session: ReadSession, document_ids: Iterable[str]) -> set[str]:
    """Return those of some adviser documents that are in the graph, in one statement for all."""
    return set(session.scalars(_DOCUMENTS, {"document_ids": list(document_ids)}))


def adviser_document_id_exist(session: ReadSession, document_id: str) -> bool:
    """Tell whether an adviser document is in the graph."""
    return bool(adviser_document_ids_in(session, [document_id]))


def get_advised_stacks(session: ReadSession, adviser_document_id: str) -> list[dict[str, Any]]:
    """Return the software stacks that a run of the adviser recommended, with their scores.

    Args:
        session: an open session.
        adviser_document_id: identifier of the adviser document.

    Returns:
        The stacks in the order of the document, the best first; none when the adviser failed. Each has
        ``overall_score`` and ``performance_score`` (None when not told), ``justification`` (as in the document),
        ``requirements`` and ``requirements_locked``. These are None when the document does not hold them, else lists
        ordered by name. A requirement has ``package_name``, ``specifier``, ``extras``, ``marker``, ``develop``,
        ``index_url`` and ``other_fields`` (such as ``git``); a locked package ``package_name``, ``package_version``
        (None when it is not pinned), ``index_url``, ``develop``, ``extras``, ``marker``, ``hashes`` and
        ``other_fields``.

    Raises:
        NotFoundError: the document is not in the graph.

    """
    rows = session.execute(_ADVISED_STACKS, {"adviser_document_id": adviser_document_id}).all()
    if not rows:
        raise NotFoundError(f"no adviser document {adviser_document_id!r} in the graph")
    return [
        {
            "overall_score": overall_score,
            "performance_score": performance_score,
            "justification": justification,
            "requirements": requirements,
            "requirements_locked": requirements_locked,
        }
        for number, overall_score, performance_score, justification, requirements, requirements_locked in rows
        if number is not None
    ]
