"""Documents of inspections into the graph: a run for each result, with the indicator that its script reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ...documents.inspection import InspectionFacts, InspectionResultFact, read_inspection_document
from ...exceptions import RetryTransaction
from ..models import InspectionRun
from ..upsert import encode, recordset
from .environments import hardware_ids, software_environment_ids
from .performance import IndicatorRow, indicator_row, insert_indicators
from .removal import remove_runs
from .stacks import stack_ids
from .writers import exclude_writers, share_with_writers

_PRESENT = text(
    """
    SELECT inspection_result_number, id FROM inspection_run
    WHERE inspection_document_id = :document_id AND inspection_result_number = ANY(:numbers)
    """
)
_COLUMNS = (
    "inspection_document_id",
    "inspection_result_number",
    "datetime",
    "amun_version",
    "base_image",
    "exit_code",
    "build_requests_cpu",
    "build_requests_memory",
    "run_requests_cpu",
    "run_requests_memory",
    "python_software_stack_id",
    "build_software_environment_id",
    "run_software_environment_id",
    "build_hardware_information_id",
    "run_hardware_information_id",
)
_INSERT_RUNS = text(
    f"""
    INSERT INTO inspection_run ({", ".join(_COLUMNS)})
    SELECT {", ".join(_COLUMNS)} FROM {recordset(InspectionRun, _COLUMNS)}
    ORDER BY inspection_document_id, inspection_result_number
    ON CONFLICT DO NOTHING
    RETURNING inspection_result_number, id
    """
)


def sync_inspection_result(session: Session, document: Mapping[str, Any], *, force: bool = False) -> None:
    """Put what a document of an inspection says into the graph; results that are in already are left alone.

    Args:
        session: an open session.
        document: an inspection of any year, or ``{document_id, result_number, specification, result}``, as parsed
            from JSON.
        force: replace what was said before of the results that the document holds.

    Raises:
        SchemaError: the document does not have the shape of an inspection, or what its script reported does not fit
            the performance indicator; nothing is written.
        PerformanceIndicatorNotRegistered: its script reported an indicator that there is no class for; nothing is
            written.

    """
    sync_inspection_facts(session, read_inspection_document(document), force=force)


def sync_inspection_facts(session: Session, facts: InspectionFacts, *, force: bool = False) -> bool:
    """Put what a document of an inspection states into the graph.

    Args:
        session: an open session.
        facts: what the document states.
        force: replace what was said before of the results that the document holds.

    Returns:
        Whether results were written; otherwise all were in already.

    Raises:
        SchemaError: what the script reported does not fit the performance indicator; nothing is written.
        PerformanceIndicatorNotRegistered: the script reported an indicator that there is no class for; nothing is
            written.
        RetryTransaction: results that have to be replaced came in while this began.

    """
    indicators = {
        result.result_number: indicator_row(result.indicator, facts.origin, result.exit_code)
        for result in facts.results
        if result.indicator is not None
    }
    results = _results_to_write(session, facts, force)
    if not results:
        return False
    run_ids = _insert_runs(session, facts, results)
    rows: list[tuple[int, IndicatorRow]] = [
        (run_id, indicators[number]) for number, run_id in sorted(run_ids.items()) if number in indicators
    ]
    insert_indicators(session, rows)
    return bool(run_ids)


def _results_to_write(session: Session, facts: InspectionFacts, force: bool) -> list[InspectionResultFact]:
    """Start to write: return the results that are not in, after removing those that are and have to be replaced."""
    parameters = {
        "document_id": facts.document_id,
        "numbers": [result.result_number for result in facts.results],
    }
    alone = force and session.execute(_PRESENT, parameters).first() is not None
    if alone:
        exclude_writers(session)
    share_with_writers(session)
    present: dict[int, int] = dict(session.execute(_PRESENT, parameters).all())
    if present and force:
        if not alone:
            raise RetryTransaction(f"another writer put results of {facts.document_id} in just now")
        remove_runs(session, InspectionRun, list(present.values()))
        return list(facts.results)
    return [result for result in facts.results if result.result_number not in present]


def _insert_runs(session: Session, facts: InspectionFacts, results: Sequence[InspectionResultFact]) -> dict[int, int]:
    """Return the ids of the runs by number; a run that is missing was written by another writer just now."""
    build_hardware_id, *run_hardware_ids = hardware_ids(
        session, [facts.build_hardware, *(result.run_hardware for result in results)]
    )
    environments = [
        environment
        for result in results
        for environment in (result.build_software_environment, result.run_software_environment)
    ]
    environment_ids = iter(software_environment_ids(session, environments))
    (stack_id,) = stack_ids(session, [facts.stack])
    rows = [
        {
            "inspection_document_id": facts.document_id,
            "inspection_result_number": result.result_number,
            "datetime": facts.datetime,
            "amun_version": facts.amun_version,
            "base_image": facts.base_image,
            "exit_code": result.exit_code,
            "build_requests_cpu": facts.build_requests_cpu,
            "build_requests_memory": facts.build_requests_memory,
            "run_requests_cpu": facts.run_requests_cpu,
            "run_requests_memory": facts.run_requests_memory,
            "python_software_stack_id": stack_id,
            "build_software_environment_id": next(environment_ids),
            "run_software_environment_id": next(environment_ids),
            "build_hardware_information_id": build_hardware_id,
            "run_hardware_information_id": run_hardware_id,
        }
        for result, run_hardware_id in zip(results, run_hardware_ids, strict=True)
    ]
    return dict(session.execute(_INSERT_RUNS, {"rows": encode(rows)}).all())
