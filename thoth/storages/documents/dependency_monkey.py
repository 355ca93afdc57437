"""Dependency Monkey documents of every year: the shape that is read, and the facts that a document states.

Reports of 2019 list the inspections that were asked for as ``output``, and tell an error as a traceback; later ones
hold ``report.responses`` and a flag, and the project stands in ``parameters.project``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from . import base
from .adviser import AdviserMetadata
from .environments import (
    HardwareFact,
    RuntimeEnvironment,
    SoftwareEnvironmentFact,
    hardware_fact,
    read_runtime_environment,
)
from .inspection import run_and_build_environments
from .stacks import RequirementsFact, read_requirements

_PARAMETERS = "$.result.parameters"


class Project(msgspec.Struct, frozen=True):
    """The project whose stacks are inspected, as later reports hold it."""

    requirements: dict[str, Any] | None = None
    runtime_environment: dict[str, Any] | str | None = None


class Parameters(msgspec.Struct, frozen=True):
    """How stacks are chosen; in later reports, requirements and environment are names of files here."""

    requirements: dict[str, Any] | str | None = None
    runtime_environment: dict[str, Any] | str | None = None
    project: Project | None = None
    seed: base.BigInteger | None = None
    decision_type: str | None = None
    count: base.Integer | None = None
    limit_latest_versions: base.Integer | None = None


class Response(msgspec.Struct, frozen=True):
    """What became of a stack: the identifier of its inspection, or the folder that it was written to."""

    response: str | None = None


class Report(msgspec.Struct, frozen=True):
    """What was done with the stacks."""

    responses: list[Response | None] | None = None
    skipped: base.Integer | None = None
    error: str | None = msgspec.field(name="ERROR", default=None)


class Result(msgspec.Struct, frozen=True):
    """What Dependency Monkey did."""

    error: bool | str | None = None
    error_msg: str | None = None
    parameters: Parameters | None = None
    output: list[str | None] | None = None
    report: Report | None = None


class DependencyMonkeyDocument(msgspec.Struct, frozen=True):
    """A Dependency Monkey document."""

    metadata: AdviserMetadata
    result: Result


@dataclass(frozen=True, slots=True)
class DependencyMonkeyFacts:
    """What a Dependency Monkey document states, in one spelling whatever its year."""

    document_id: str
    datetime: dt.datetime
    duration: int | None
    name: str | None
    version: str | None
    debug: bool
    error: bool
    error_message: str | None
    seed: int | None
    decision: str | None
    """In lower case."""
    count: int | None
    limit_latest_versions: int | None
    """None when there is no limit."""
    skipped: int | None
    requirements: RequirementsFact | None
    run_software_environment: SoftwareEnvironmentFact | None
    build_software_environment: SoftwareEnvironmentFact | None
    hardware: HardwareFact | None
    inspection_document_ids: tuple[str, ...]
    """Distinct, sorted."""


def read_dependency_monkey_document(document: Mapping[str, Any]) -> DependencyMonkeyFacts:
    """Return what a Dependency Monkey document states.

    Args:
        document: a Dependency Monkey document of any year, as parsed from JSON; it is not changed.

    Returns:
        Its facts, normalised.

    Raises:
        SchemaError: the document does not have the shape of a Dependency Monkey document; the message holds the path
            to the field.

    """
    struct = base.read(document, DependencyMonkeyDocument)
    metadata, result = struct.metadata, struct.result
    parameters, report = result.parameters or Parameters(), result.report or Report()
    error_message = result.error if isinstance(result.error, str) else result.error_msg
    environment, path = _runtime_environment(parameters)
    run_environment, build_environment = run_and_build_environments(environment)
    limit = parameters.limit_latest_versions
    return DependencyMonkeyFacts(
        document_id=base.document_id(metadata),
        datetime=base.document_datetime(metadata),
        duration=base.document_duration(metadata),
        name=metadata.analyzer,
        version=metadata.analyzer_version,
        debug=bool(metadata.call.verbose),
        error=bool(result.error) or report.error is not None,
        error_message=error_message or report.error or None,
        seed=parameters.seed,
        decision=parameters.decision_type.lower() if parameters.decision_type else None,
        count=parameters.count,
        limit_latest_versions=None if limit is None or limit < 0 else limit,
        skipped=report.skipped,
        requirements=_requirements(parameters),
        run_software_environment=run_environment,
        build_software_environment=build_environment,
        hardware=hardware_fact(environment.hardware, f"{path}.hardware") if environment else None,
        inspection_document_ids=tuple(sorted(set(_inspection_document_ids(result.output, report.responses)))),
    )


def _runtime_environment(parameters: Parameters) -> tuple[RuntimeEnvironment | None, str]:
    """Return the environment that stacks are for, and where it stands: with the project, when that tells it."""
    path = f"{_PARAMETERS}.runtime_environment"
    environment = read_runtime_environment(parameters.runtime_environment, path)
    if parameters.project is not None:
        of_project = f"{_PARAMETERS}.project.runtime_environment"
        found = read_runtime_environment(parameters.project.runtime_environment, of_project)
        if found is not None:
            return found, of_project
    return environment, path


def _requirements(parameters: Parameters) -> RequirementsFact | None:
    project = parameters.project
    if project is not None and project.requirements is not None:
        return read_requirements(project.requirements, f"{_PARAMETERS}.project.requirements")
    if isinstance(parameters.requirements, str):  # the name of a file
        return None
    return read_requirements(parameters.requirements, f"{_PARAMETERS}.requirements")


def _inspection_document_ids(output: list[str | None] | None, responses: list[Response | None] | None) -> Iterator[str]:
    answers = [*(output or ()), *(response.response for response in responses or () if response is not None)]
    for answer in answers:
        if answer and "/" not in answer:  # with a slash it is the path of a folder
            yield answer
