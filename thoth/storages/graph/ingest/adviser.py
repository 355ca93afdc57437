"""Adviser documents into the graph: about a dozen statements, however many stacks a document recommends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ...documents.adviser import AdviserFacts, read_adviser_document
from ..models import Advised, AdviserRun
from ..upsert import insert, insert_run
from .environments import hardware_ids, software_environment_ids
from .stacks import stack_ids
from .writers import documents_to_write

_RUN_COLUMNS = (
    "document_id",
    "datetime",
    "duration",
    "adviser_name",
    "adviser_version",
    "debug",
    "origin",
    "source_type",
    "is_s2i",
    "re_run_adviser_document_id",
    "adviser_error",
    "error_message",
    "additional_stack_info",
    "advised_configuration_changes",
    "count",
    "stack_limit",
    "limit_latest_versions",
    "recommendation_type",
    "requirements_format",
    "unresolved",
)


def sync_adviser_result(session: Session, document: Mapping[str, Any], *, force: bool = False) -> None:
    """Put what an adviser document says into the graph; one that is in already is left alone.

    Args:
        session: an open session.
        document: an adviser document of any year, as parsed from JSON.
        force: replace what this document said before.

    Raises:
        SchemaError: the document does not have the shape of an adviser document; nothing is written.

    """
    sync_adviser_facts(session, read_adviser_document(document), force=force)


def sync_adviser_facts(session: Session, facts: AdviserFacts, *, force: bool = False) -> bool:
    """Put what an adviser document says into the graph.

    Args:
        session: an open session.
        facts: what the document states.
        force: replace what this document said before.

    Returns:
        Whether it was written; a document that is in already is left alone.

    Raises:
        RetryTransaction: a document that has to be replaced came in while this began.

    """
    if not documents_to_write(session, AdviserRun, [facts.document_id], force=force):
        return False
    (hardware_id,) = hardware_ids(session, [facts.project.hardware])
    (environment_id,) = software_environment_ids(session, [facts.project.software_environment])
    stack_id, *advised_ids = stack_ids(session, [facts.project.stack, *(product.stack for product in facts.products)])
    run_id = insert_run(
        session,
        AdviserRun,
        {name: getattr(facts, name) for name in _RUN_COLUMNS}
        | {
            "python_software_stack_id": stack_id,
            "software_environment_id": environment_id,
            "hardware_information_id": hardware_id,
        },
    )
    if run_id is None:
        return False
    rows = [
        {
            "adviser_run_id": run_id,
            "product_number": product.product_number,
            "python_software_stack_id": advised_id,
            "overall_score": product.overall_score,
            "performance_score": product.performance_score,
            "justification": product.justification,
        }
        for product, advised_id in zip(facts.products, advised_ids, strict=True)
    ]
    insert(session, Advised, rows)
    return True
