"""What documents of Amun inspections tell: runs, and the performance indicators that their scripts reported."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Table

from ..documents.inspection import IndicatorFact, InspectionFacts
from ..graph.models_performance import performance_model, reported_columns
from .facts import Facts, Key
from .shared import tell_hardware, tell_software_environment, tell_stack

_USAGE = "ru_"


def tell_inspection_document(facts: Facts, document: InspectionFacts) -> None:
    """Tell the runs of an inspection.

    Raises:
        PerformanceIndicatorNotRegistered: a script reported an indicator that there is no class for.

    """
    document_id = document.document_id
    stack = tell_stack(facts, document_id, document.stack)
    build_hardware = tell_hardware(facts, document_id, document.build_hardware)
    for result in document.results:
        build_environment, run_environment = (
            tell_software_environment(facts, document_id, environment)
            for environment in (result.build_software_environment, result.run_software_environment)
        )
        facts.add(
            "inspection_run",
            document_id,
            inspection_document_id=document_id,
            inspection_result_number=result.result_number,
            datetime=document.datetime,
            amun_version=document.amun_version,
            base_image=document.base_image,
            exit_code=result.exit_code,
            build_requests_cpu=document.build_requests_cpu,
            build_requests_memory=document.build_requests_memory,
            run_requests_cpu=document.run_requests_cpu,
            run_requests_memory=document.run_requests_memory,
            python_software_stack_id=stack,
            build_software_environment_id=build_environment,
            run_software_environment_id=run_environment,
            build_hardware_information_id=build_hardware,
            run_hardware_information_id=tell_hardware(facts, document_id, result.run_hardware),
        )
        if result.indicator is not None:
            run = (document_id, result.result_number)
            _tell_indicator(facts, run, result.indicator, document.origin, result.exit_code)


def _tell_indicator(facts: Facts, run: Key, fact: IndicatorFact, origin: str | None, exit_code: int | None) -> None:
    """Tell what a script reported: what has a column there, and the rest as it was printed."""
    model = performance_model(fact.name)
    table: Table = model.__table__  # type: ignore[attr-defined]
    own = reported_columns(model)
    usage = [name for name in (column.name for column in table.columns) if name.startswith(_USAGE) and name not in own]
    reported = {**fact.parameters, **fact.result}
    # A column that has a default in the database, and that the script did not report, holds what only that knows.
    known = {name: column for name, column in own.items() if column.nullable or reported.get(name) is not None}
    facts.add(
        table.name,
        str(run[0]),
        inspection_run_id=run,
        framework=fact.framework,
        origin=origin,
        version=fact.version,
        overall_score=fact.overall_score,
        exit_code=exit_code,
        other_parameters={name: value for name, value in fact.parameters.items() if name not in own},
        other_results={name: value for name, value in fact.result.items() if name not in own},
        **{name: fact.usage.get(name) for name in usage},
        **{name: _value(column, reported.get(name)) for name, column in known.items()},
    )


def _value(column: Column[Any], value: Any) -> Any:
    """Return what a script printed as its column holds it: where text or a number is printed, text is held."""
    if column.info.get("numbers") and isinstance(value, int | float):
        return str(int(value) if isinstance(value, float) and value.is_integer() else value)
    return value
