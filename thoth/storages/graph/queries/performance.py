"""Performance indicators: how many there are, and what was measured on which stack and where.

Statements are made of the indicators that there are when they are sent: a new class is in the answers.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from ..filters import page_parameters
from ..models import HardwareInformation, SoftwareEnvironment
from ..models_base import Base
from ..models_performance import (
    PERFORMANCE_MODEL_BY_NAME,
    PerformanceIndicatorBase,
    performance_model,
    reported_columns,
)
from ..sessions import ReadSession

_SURROGATES = {"id", "inspection_run_id"}
_LOCKED_PACKAGES = """
    SELECT json_agg(
        json_build_array(release.package_name, release.package_version, index.url) ORDER BY locked.package_number
    )
    FROM locked_python_package AS locked
    JOIN python_release AS release ON release.id = locked.python_release_id
    LEFT JOIN python_package_index AS index ON index.id = locked.python_package_index_id
    WHERE locked.python_requirements_lock_id = stack.python_requirements_lock_id AND NOT locked.develop
    """


def get_number_of_pi_records(session: ReadSession) -> dict[str, int]:
    """Return how many records there are of each performance indicator.

    Returns:
        Numbers by name of table; tables without a record are there.

    """
    counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in _table_names())
    return dict(session.execute(text(counts)).all())


def get_all_pi_per_framework_count(session: ReadSession, framework: str) -> dict[str, int]:
    """Return how many records there are of each performance indicator for a framework.

    Args:
        session: an open session.
        framework: for example ``tensorflow``, as the script printed it.

    Returns:
        Numbers by name of table; tables without a record are there.

    """
    counts = " UNION ALL ".join(
        f"SELECT '{name}', count(*) FROM {name} WHERE framework = :framework" for name in _table_names()
    )
    return dict(session.execute(text(counts), {"framework": framework}).all())


def get_all_pi_count(session: ReadSession) -> dict[str, int]:
    """Return how many records there are for each framework, over all performance indicators.

    Returns:
        Numbers by name of framework, sorted; records that name none are not counted.

    """
    frameworks = " UNION ALL ".join(f"SELECT framework FROM {name}" for name in _table_names())
    counts = (
        f"SELECT framework, count(*) FROM ({frameworks}) AS record WHERE framework IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    return dict(session.execute(text(counts)).all())


def get_performance_indicators(
    session: ReadSession,
    model: type[PerformanceIndicatorBase] | str,
    *,
    framework: str | None = None,
    device: str | None = None,
    start_offset: int = 0,
    count: int = 100,
) -> list[dict[str, Any]]:
    """Return a page of the records of a performance indicator, each with what it was measured on.

    Args:
        session: an open session.
        model: the class of the indicator, or its name.
        framework: for example ``tensorflow``; None for any.
        device: for example ``cpu``; None for any. An indicator that reports no device has no record for one.
        start_offset: how many records come before the page, in the order of inspection and result.
        count: how many records there are on the page.

    Returns:
        For each record its columns by name, ``inspection_document_id``, ``inspection_result_number``, and

        * ``python_software_stack``: package tuples of the lock, in the order of names; packages that are needed for
          development alone are left out. None when the inspection names no lock. The version, or the index, is None
          where the lock does not tell it.
        * ``software_environment`` and ``hardware_information`` of the run: their columns by name; None when not known.

    Raises:
        PerformanceIndicatorNotRegistered: there is no such indicator; the message lists those that exist.
        ValueError: a number of the page is negative.

    """
    chosen = performance_model(model if isinstance(model, str) else model.__name__)
    # A record is unique by its run. The page is cut first, and what belongs to its records is looked up then; the
    # packages of a lock travel once, as the runs of an inspection share it.
    statement = text(
        f"""
        SELECT record.*,
            {_row_as_json("environment", SoftwareEnvironment)} AS software_environment,
            {_row_as_json("hardware", HardwareInformation)} AS hardware_information,
            stack.python_requirements_lock_id AS lock_id,
            CASE WHEN row_number() OVER (PARTITION BY stack.python_requirements_lock_id) = 1
                THEN ({_LOCKED_PACKAGES}) END AS packages
        FROM (
            SELECT record.*, run.inspection_document_id, run.inspection_result_number
            FROM {_table_name(chosen)} AS record JOIN inspection_run AS run ON run.id = record.inspection_run_id
            WHERE (CAST(:framework AS text) IS NULL OR record.framework = :framework)
                AND (CAST(:device AS text) IS NULL OR {_device(chosen)} = :device)
            ORDER BY run.inspection_document_id, run.inspection_result_number
            LIMIT :count OFFSET :start_offset
        ) AS record
        JOIN inspection_run AS run ON run.id = record.inspection_run_id
        LEFT JOIN software_environment AS environment ON environment.id = run.run_software_environment_id
        LEFT JOIN hardware_information AS hardware ON hardware.id = run.run_hardware_information_id
        LEFT JOIN python_software_stack AS stack ON stack.id = run.python_software_stack_id
        ORDER BY record.inspection_document_id, record.inspection_result_number
        """
    )
    parameters = {"framework": framework, "device": device, **page_parameters(start_offset, count)}
    rows = [dict(row) for row in session.execute(statement, parameters).mappings()]
    stacks: dict[int | None, list[tuple[str, str | None, str | None]]] = {}
    for row in rows:
        packages = row.pop("packages")
        if packages:
            stacks[row["lock_id"]] = [(name, version, url) for name, version, url in packages]
    return [_record(row, stacks) for row in rows]


def _record(row: dict[str, Any], stacks: dict[int | None, list[tuple[str, str | None, str | None]]]) -> dict[str, Any]:
    lock_id = row.pop("lock_id")
    columns = {name: value for name, value in row.items() if name not in _SURROGATES}
    return {**columns, "python_software_stack": None if lock_id is None else list(stacks.get(lock_id, ()))}


def _table_name(model: type[PerformanceIndicatorBase]) -> str:
    return str(model.__tablename__)  # type: ignore[attr-defined]


def _table_names() -> list[str]:
    return [_table_name(model) for model in PERFORMANCE_MODEL_BY_NAME.values()]


def _device(model: type[PerformanceIndicatorBase]) -> str:
    return "record.device" if "device" in reported_columns(model) else "CAST(NULL AS text)"


def _row_as_json(alias: str, model: type[Base]) -> str:
    """Return SQL for a row that was joined as an object, without its identity; null when there is none."""
    names = [column.name for column in model.__table__.columns if column.name not in ("id", "digest")]
    pairs = ", ".join(f"'{name}', {alias}.{name}" for name in names)
    return f"CASE WHEN {alias}.id IS NOT NULL THEN json_build_object({pairs}) END"
