"""Provenance checker documents into the graph: about a dozen statements, however much a document reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ...documents.provenance_checker import ProvenanceCheckerFacts, read_provenance_checker_document
from ..models import ProvenanceCheckerRun, ProvenanceReportEntry
from ..upsert import insert, insert_run
from .environments import hardware_ids, software_environment_ids
from .stacks import index_and_release_ids, stack_ids
from .writers import documents_to_write

_RUN_COLUMNS = (
    "document_id",
    "datetime",
    "duration",
    "provenance_checker_name",
    "provenance_checker_version",
    "debug",
    "origin",
    "provenance_checker_error",
    "error_message",
)


def sync_provenance_checker_result(session: Session, document: Mapping[str, Any], *, force: bool = False) -> None:
    """Put what a provenance checker document says into the graph; one that is in already is left alone.

    Args:
        session: an open session.
        document: a provenance checker document of any year, as parsed from JSON.
        force: replace what this document said before.

    Raises:
        SchemaError: the document does not have the shape of a provenance checker document; nothing is written.

    """
    sync_provenance_checker_facts(session, read_provenance_checker_document(document), force=force)


def sync_provenance_checker_facts(session: Session, facts: ProvenanceCheckerFacts, *, force: bool = False) -> bool:
    """Put what a provenance checker document says into the graph.

    Args:
        session: an open session.
        facts: what the document states.
        force: replace what this document said before.

    Returns:
        Whether it was written; a document that is in already is left alone.

    Raises:
        RetryTransaction: a document that has to be replaced came in while this began.

    """
    if not documents_to_write(session, ProvenanceCheckerRun, [facts.document_id], force=force):
        return False
    (hardware_id,) = hardware_ids(session, [facts.project.hardware])
    (environment_id,) = software_environment_ids(session, [facts.project.software_environment])
    releases = [
        (finding.package_name, finding.package_version)
        for finding in facts.findings
        if finding.package_name is not None
    ]
    index_ids, release_ids = index_and_release_ids(
        session,
        [facts.project.stack],
        index_urls=[finding.index_url for finding in facts.findings if finding.index_url is not None],
        releases=releases,
    )
    (stack_id,) = stack_ids(session, [facts.project.stack])
    run_id = insert_run(
        session,
        ProvenanceCheckerRun,
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
            "provenance_checker_run_id": run_id,
            "entry_number": number,
            "entry_type": finding.entry_type,
            "entry_id": finding.entry_id,
            "justification": finding.justification,
            "python_release_id": release_ids.get((finding.package_name, finding.package_version)),
            "python_package_index_id": index_ids.get(finding.index_url),
        }
        for number, finding in enumerate(facts.findings)
    ]
    insert(session, ProvenanceReportEntry, rows)
    return True
