"""Dependency Monkey documents into the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ...documents.dependency_monkey import DependencyMonkeyFacts, read_dependency_monkey_document
from ..models import DependencyMonkeyRun, RequestedInspection
from ..upsert import insert, insert_run
from .environments import hardware_ids, software_environment_ids
from .stacks import requirements_ids
from .writers import documents_to_write


def sync_dependency_monkey_result(session: Session, document: Mapping[str, Any], *, force: bool = False) -> None:
    """Put what a Dependency Monkey document says into the graph; one that is in already is left alone.

    Args:
        session: an open session.
        document: a Dependency Monkey document of any year, as parsed from JSON.
        force: replace what this document said before.

    Raises:
        SchemaError: the document does not have the shape of a Dependency Monkey document; nothing is written.

    """
    sync_dependency_monkey_facts(session, read_dependency_monkey_document(document), force=force)


def sync_dependency_monkey_facts(session: Session, facts: DependencyMonkeyFacts, *, force: bool = False) -> bool:
    """Put what a Dependency Monkey document states into the graph.

    Args:
        session: an open session.
        facts: what the document states.
        force: replace what this document said before.

    Returns:
        Whether it was written; otherwise it was in already.

    Raises:
        RetryTransaction: a document that has to be replaced came in while this began.

    """
    if not documents_to_write(session, DependencyMonkeyRun, [facts.document_id], force=force):
        return False
    (hardware_id,) = hardware_ids(session, [facts.hardware])
    run_environment_id, build_environment_id = software_environment_ids(
        session, [facts.run_software_environment, facts.build_software_environment]
    )
    (python_requirements_id,) = requirements_ids(session, [facts.requirements])
    run_id = insert_run(
        session,
        DependencyMonkeyRun,
        {
            "document_id": facts.document_id,
            "datetime": facts.datetime,
            "duration": facts.duration,
            "dependency_monkey_name": facts.name,
            "dependency_monkey_version": facts.version,
            "debug": facts.debug,
            "dependency_monkey_error": facts.error,
            "error_message": facts.error_message,
            "seed": facts.seed,
            "decision": facts.decision,
            "count": facts.count,
            "limit_latest_versions": facts.limit_latest_versions,
            "skipped": facts.skipped,
            "python_requirements_id": python_requirements_id,
            "run_software_environment_id": run_environment_id,
            "build_software_environment_id": build_environment_id,
            "hardware_information_id": hardware_id,
        },
    )
    if run_id is None:
        return False
    insert(
        session,
        RequestedInspection,
        [
            {"dependency_monkey_run_id": run_id, "inspection_document_id": document_id}
            for document_id in facts.inspection_document_ids
        ],
    )
    return True
