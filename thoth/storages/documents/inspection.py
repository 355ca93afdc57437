"""Documents of Amun inspections of every year: the shape that is read, and the facts that a document states.

An inspection of 2019 is one document with one ``job_log``; those of early 2020 have several, ``job_logs``; later ones
are a folder, whose results are read one by one, each with the specification: ``{document_id, result_number,
specification, result}``, or together, as ``job_logs`` of which each tells its ``result_number``. What a script printed
stands below ``stdout``, or at the top of the result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from ..exceptions import SchemaError
from . import base
from .environments import (
    Hardware,
    HardwareFact,
    RuntimeEnvironment,
    SoftwareEnvironmentFact,
    hardware_fact,
    read_runtime_environment,
    software_environment,
)
from .quantities import Quantity, cores, gibibytes
from .stacks import StackFact, read_stack

ResultNumber = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class Requests(msgspec.Struct, frozen=True):
    """What a container asks for, as Kubernetes writes it, and the hardware that its node should have."""

    cpu: Quantity = None
    memory: Quantity = None
    hardware: Hardware | None = None


class Container(msgspec.Struct, frozen=True):
    """The container that builds, or that runs."""

    requests: Requests | None = None


class Stack(msgspec.Struct, frozen=True):
    """The software stack that is inspected."""

    requirements: dict[str, Any] | None = None
    requirements_locked: dict[str, Any] | None = None


class Specification(msgspec.Struct, frozen=True):
    """What was to be inspected."""

    base: str | None = None
    build: Container | None = None
    run: Container | None = None
    python: Stack | None = None
    script: str | None = None
    created: str | None = msgspec.field(name="@created", default=None)
    amun_version: str | None = msgspec.field(name="@amun_service_version", default=None)


class Printed(msgspec.Struct, frozen=True):
    """What a script printed of a performance indicator."""

    name: str | None = None
    framework: str | None = None
    component: str | None = None
    library: str | None = None
    overall_score: int | float | None = None
    version: str | int | float | None = None
    parameters: dict[str, Any] | None = msgspec.field(name="@parameters", default=None)
    result: dict[str, Any] | None = msgspec.field(name="@result", default=None)


class JobLog(Printed, frozen=True):
    """How a run of the script went; what the script printed stands here, or in ``stdout``."""

    stdout: Printed | None = None
    exit_code: base.Integer | None = None
    script_sha256: str | None = None
    usage: dict[str, Any] | None = None
    runtime_environment: dict[str, Any] | str | None = None
    result_number: ResultNumber | None = None
    """Among several results; the position of the log when it does not say."""


class InspectionDocument(msgspec.Struct, frozen=True):
    """A document of an inspection, of one of the three forms."""

    specification: Specification
    inspection_id: str | None = None
    document_id: str | None = None
    created: str | None = None
    result_number: ResultNumber | None = None
    result: JobLog | None = None
    job_log: JobLog | None = None
    job_logs: list[JobLog | None] | None = None
    status: dict[str, Any] | None = None
    """Of what Amun built and ran; in every document but those that are read from a folder."""


@dataclass(frozen=True, slots=True)
class IndicatorFact:
    """A performance indicator as its script printed it; which columns it has is not known here."""

    name: str
    framework: str | None
    overall_score: int | float | None
    version: str | None
    """Version of the script, its SHA-256 when it does not say."""
    parameters: Mapping[str, Any]
    result: Mapping[str, Any]
    usage: Mapping[str, Any]
    """Fields of ``resource.struct_rusage``; empty in early 2019."""
    path: str
    """Where in the document ``@parameters`` and ``@result`` are."""
    usage_path: str


@dataclass(frozen=True, slots=True)
class InspectionResultFact:
    """One run of an inspection."""

    result_number: int
    exit_code: int | None = None
    run_software_environment: SoftwareEnvironmentFact | None = None
    build_software_environment: SoftwareEnvironmentFact | None = None
    run_hardware: HardwareFact | None = None
    indicator: IndicatorFact | None = None


@dataclass(frozen=True, slots=True)
class InspectionFacts:
    """What a document of an inspection states, in one spelling whatever its form."""

    document_id: str
    datetime: dt.datetime | None
    amun_version: str | None
    base_image: str | None
    origin: str | None
    """Where the script came from."""
    build_requests_cpu: float | None
    """Cores."""
    build_requests_memory: float | None
    """GiB."""
    run_requests_cpu: float | None
    run_requests_memory: float | None
    build_hardware: HardwareFact | None
    stack: StackFact | None
    results: tuple[InspectionResultFact, ...]
    """In the order of their numbers. An inspection that did not run has one that says nothing, and a folder to which no
    result came yet has none: what did not run and what still runs look alike there."""


def read_inspection_document(document: Mapping[str, Any]) -> InspectionFacts:
    """Return what a document of an inspection states.

    Args:
        document: an inspection of any year, or one of its results with the specification, as parsed from JSON; it is
            not changed.

    Returns:
        Its facts, normalised.

    Raises:
        SchemaError: the document does not have the shape of an inspection; the message holds the path to the field.

    """
    struct = base.read(_without_other_output(document), InspectionDocument)
    specification = struct.specification
    build, build_path = _requests(specification.build), "$.specification.build.requests"
    run, run_path = _requests(specification.run), "$.specification.run.requests"
    stack = specification.python or Stack()
    requested = hardware_fact(run.hardware, f"{run_path}.hardware")
    return InspectionFacts(
        document_id=_document_id(struct),
        datetime=_datetime(struct),
        amun_version=specification.amun_version or None,
        base_image=specification.base or None,
        origin=specification.script or None,
        build_requests_cpu=cores(build.cpu, f"{build_path}.cpu"),
        build_requests_memory=gibibytes(build.memory, f"{build_path}.memory"),
        run_requests_cpu=cores(run.cpu, f"{run_path}.cpu"),
        run_requests_memory=gibibytes(run.memory, f"{run_path}.memory"),
        build_hardware=hardware_fact(build.hardware, f"{build_path}.hardware"),
        stack=read_stack("INSPECTION", stack.requirements, stack.requirements_locked, "$.specification.python"),
        results=tuple(
            _result(number, log, path, requested) for number, log, path in sorted(_job_logs(struct), key=_number)
        ),
    )


def run_and_build_environments(
    environment: RuntimeEnvironment | None,
) -> tuple[SoftwareEnvironmentFact | None, SoftwareEnvironmentFact | None]:
    """Return the environments that an inspection runs in, and is built in: one image. None when nothing is said."""
    if environment is None:
        return None, None
    run, build = (software_environment(environment, kind, is_external=False) for kind in ("RUNTIME", "BUILDTIME"))
    undescribed = software_environment(RuntimeEnvironment(), "RUNTIME", is_external=False)
    return (None, None) if run == undescribed else (run, build)


def _without_other_output(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document without the output of scripts that print no indicator: text, tables, nothing."""
    if not isinstance(document, Mapping):
        return document
    replaced = {name: _without_other_stdout(document[name]) for name in ("result", "job_log") if name in document}
    logs = document.get("job_logs")
    if isinstance(logs, list):
        replaced["job_logs"] = [_without_other_stdout(log) for log in logs]
    return {**document, **replaced}


def _without_other_stdout(log: object) -> object:
    if not isinstance(log, Mapping):
        return log
    stdout = log.get("stdout")
    is_indicator = isinstance(stdout, Mapping) and stdout.get("name")
    return log if is_indicator else {**log, "stdout": None}


def _document_id(document: InspectionDocument) -> str:
    identifier = document.inspection_id or document.document_id
    if not identifier:
        raise SchemaError("$.inspection_id: absent, and so is $.document_id")
    base.check_identifier(identifier, "$.inspection_id" if document.inspection_id else "$.document_id")
    return identifier


def _datetime(document: InspectionDocument) -> dt.datetime | None:
    """Return when the inspection was asked for; times without a zone are UTC."""
    value, path = document.created, "$.created"
    if not value:
        value, path = document.specification.created, "$.specification.@created"
    if not value:
        return None
    return base.read_time(value, path)


def _requests(container: Container | None) -> Requests:
    return (container.requests if container else None) or Requests()


def _job_logs(document: InspectionDocument) -> Iterator[tuple[int, JobLog | None, str]]:
    """Yield number, log and path of each run; the log of one that did not run is None."""
    if document.result is not None or document.result_number is not None:
        if document.result_number is None:
            raise SchemaError("$.result_number: absent")
        yield document.result_number, document.result, "$.result"
    elif document.job_logs:
        taken: dict[int, int] = {}
        for position, log in enumerate(document.job_logs):
            path = f"$.job_logs[{position}]"
            number = position if log is None or log.result_number is None else log.result_number
            if taken.setdefault(number, position) != position:
                raise SchemaError(f"{path}.result_number: {number} is that of $.job_logs[{taken[number]}], too")
            yield number, log, path
    elif document.job_logs is None or document.status is not None:
        yield 0, document.job_log or _log_of_status(document.status or {}), "$.job_log"


def _log_of_status(status: Mapping[str, Any]) -> JobLog | None:
    """Return how a run ended that left no log: Amun knows that of the container."""
    job = status.get("job")
    exit_code = job.get("exit_code") if isinstance(job, Mapping) else None
    is_code = isinstance(exit_code, int) and not isinstance(exit_code, bool) and abs(exit_code) < 2**31
    return JobLog(exit_code=exit_code) if is_code else None


def _number(entry: tuple[int, JobLog | None, str]) -> int:
    return entry[0]


def _result(number: int, log: JobLog | None, path: str, requested: HardwareFact | None) -> InspectionResultFact:
    if log is None:
        return InspectionResultFact(number, run_hardware=requested)
    environment = read_runtime_environment(log.runtime_environment, f"{path}.runtime_environment")
    run_environment, build_environment = run_and_build_environments(environment)
    found = hardware_fact(environment.hardware, f"{path}.runtime_environment.hardware") if environment else None
    return InspectionResultFact(
        result_number=number,
        exit_code=log.exit_code,
        run_software_environment=run_environment,
        build_software_environment=build_environment,
        run_hardware=found or requested,
        indicator=_indicator(log, path),
    )


def _indicator(log: JobLog, path: str) -> IndicatorFact | None:
    printed: Printed = log if log.stdout is None else log.stdout
    if not printed.name:
        return None
    version = log.script_sha256 if printed.version is None else str(printed.version)
    return IndicatorFact(
        name=printed.name,
        framework=printed.framework or printed.component or printed.library or None,
        overall_score=printed.overall_score,
        version=version or log.script_sha256 or None,
        parameters=printed.parameters or {},
        result=printed.result or {},
        usage=log.usage or {},
        path=path if log.stdout is None else f"{path}.stdout",
        usage_path=f"{path}.usage",
    )
