"""Adviser documents of every year: the shape that is read, and the facts that a document states.

Until October 2019 a report was a list of triples (justification, project, score), and the user's project stood in
``input``; since then a report is an object with ``products``, and the project stands in ``parameters.project``.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from ..exceptions import SchemaError
from ..normalize import normalize_python_package_name
from . import base
from .environments import HardwareFact, SoftwareEnvironmentFact, environment_of_user
from .stacks import StackFact, read_stack

_TRIPLE = 3


class CallMetadata(msgspec.Struct, frozen=True):
    """What whoever called thoth-adviser says of the call."""

    origin: str | None = None
    source_type: str | None = None
    is_s2i: bool | None = None
    re_run_adviser_id: str | None = None


class Call(msgspec.Struct, frozen=True):
    """Arguments of thoth-adviser, whatever its sub-command."""

    verbose: bool | None = None
    metadata: CallMetadata | None = None


class Arguments(msgspec.Struct, frozen=True, rename="kebab"):
    """Arguments by command; those of thoth-adviser itself are read."""

    thoth_adviser: Call | None = None


class AdviserMetadata(base.Metadata, frozen=True):
    """``metadata`` of what thoth-adviser writes: advice, provenance checks, reports of Dependency Monkey."""

    arguments: Arguments | None = None

    @property
    def call(self) -> Call:
        """Arguments of thoth-adviser."""
        return (self.arguments and self.arguments.thoth_adviser) or Call()

    @property
    def origin(self) -> str | None:
        """Where the project is kept."""
        return (self.call.metadata and self.call.metadata.origin) or None


class Project(msgspec.Struct, frozen=True):
    """A project: what it requires, what that was locked to, and where it runs."""

    requirements: dict[str, Any] | None = None
    requirements_locked: dict[str, Any] | None = None
    runtime_environment: dict[str, Any] | str | None = None


class Parameters(msgspec.Struct, frozen=True):
    """Parameters of a run."""

    project: Project | None = None
    runtime_environment: dict[str, Any] | str | None = None
    count: base.Integer | None = None
    limit: base.Integer | None = None
    limit_latest_versions: base.Integer | None = None
    recommendation_type: str | None = None
    requirements_format: str | None = None


class Product(msgspec.Struct, frozen=True):
    """A stack that is recommended."""

    justification: list[Any] | None = None
    project: Project | None = None
    score: float | None = None
    advised_manifest_changes: Any = None


class Triple(Product, frozen=True, array_like=True):
    """A stack that is recommended, as a report of 2019 lists it."""


class ErrorDetails(msgspec.Struct, frozen=True):
    """What is said of a failure."""

    unresolved: list[str] | None = None


class Report(msgspec.Struct, frozen=True):
    """A report since November 2019."""

    products: list[Product] | None = None
    stack_info: Any = None
    error: str | None = msgspec.field(name="ERROR", default=None)
    error_details: ErrorDetails | None = msgspec.field(name="_ERROR_DETAILS", default=None)


class Result(msgspec.Struct, frozen=True):
    """What the adviser found."""

    error: bool | None = None
    error_msg: str | None = None
    input: Project | None = None
    parameters: Parameters | None = None
    stack_info: Any = None
    advised_configuration: Any = None
    report: Report | list[list[Any]] | None = None


class AdviserDocument(msgspec.Struct, frozen=True):
    """An adviser document."""

    metadata: AdviserMetadata
    result: Result


class _GivenProduct(NamedTuple):
    """A product of a report, and where in the document its parts are."""

    number: int
    product: Product
    justification: str
    project: str
    score: str


class ProductFact(NamedTuple):
    """A software stack that is recommended."""

    product_number: int
    """Position in the report, the best first."""
    stack: StackFact
    overall_score: float | None
    performance_score: float | None
    justification: list[Any]


class ProjectFact(NamedTuple):
    """A project of a user; a part that the document does not tell is None."""

    stack: StackFact | None
    software_environment: SoftwareEnvironmentFact | None
    hardware: HardwareFact | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviserFacts:
    """What an adviser document states, in one form whatever its year."""

    document_id: str
    datetime: dt.datetime
    duration: int | None
    adviser_name: str | None
    adviser_version: str | None
    debug: bool
    origin: str | None
    source_type: str | None
    """Upper case."""
    is_s2i: bool | None
    re_run_adviser_document_id: str | None
    adviser_error: bool
    error_message: str | None
    additional_stack_info: bool
    advised_configuration_changes: bool
    count: int | None
    stack_limit: int | None
    limit_latest_versions: int | None
    recommendation_type: str | None
    """Upper case."""
    requirements_format: str | None
    """Upper case."""
    unresolved: list[str]
    """Distinct, sorted."""
    project: ProjectFact
    products: list[ProductFact]


def read_adviser_document(document: Mapping[str, Any]) -> AdviserFacts:
    """Return what an adviser document states.

    Args:
        document: an adviser document of any year, as parsed from JSON; it is not changed.

    Returns:
        Its facts, normalised.

    Raises:
        SchemaError: the document does not have the shape of an adviser document; the message holds the path to the
            field.

    """
    struct = base.read(document, AdviserDocument)
    metadata, result = struct.metadata, struct.result
    parameters = result.parameters or Parameters()
    report = result.report if isinstance(result.report, Report) else Report()
    of_2019 = result.report if isinstance(result.report, list) else []
    products = [*_products(report.products or ()), *_products_of_2019(of_2019)]
    call = metadata.call.metadata or CallMetadata()
    details = report.error_details or ErrorDetails()
    limit = parameters.limit_latest_versions
    return AdviserFacts(
        document_id=base.document_id(metadata),
        datetime=base.document_datetime(metadata),
        duration=base.document_duration(metadata),
        adviser_name=metadata.analyzer,
        adviser_version=metadata.analyzer_version,
        debug=bool(metadata.call.verbose),
        origin=metadata.origin,
        source_type=_upper_case(call.source_type),
        is_s2i=call.is_s2i,
        re_run_adviser_document_id=call.re_run_adviser_id or None,
        adviser_error=bool(result.error),
        error_message=result.error_msg or report.error or _error_of_2019(of_2019),
        additional_stack_info=bool(result.stack_info or report.stack_info),
        advised_configuration_changes=bool(result.advised_configuration)
        or any(given.product.advised_manifest_changes for given in products),
        count=parameters.count,
        stack_limit=parameters.limit,
        limit_latest_versions=None if limit is None or limit < 0 else limit,
        recommendation_type=_upper_case(parameters.recommendation_type),
        requirements_format=_upper_case(parameters.requirements_format),
        unresolved=sorted(
            {normalize_python_package_name(name) for name in map(str.strip, details.unresolved or ()) if name}
        ),
        project=read_project(result.input, parameters.project, parameters.runtime_environment),
        products=[fact for given in products for fact in _product_facts(given)],
    )


def read_project(
    of_2019: Project | None, project: Project | None, runtime_environment: dict[str, Any] | str | None
) -> ProjectFact:
    """Return what a document tells of the user's project.

    Args:
        of_2019: ``result.input``.
        project: ``result.parameters.project``, which counts when both are there.
        runtime_environment: ``result.parameters.runtime_environment``, for a project that does not describe its own.

    Raises:
        SchemaError: a part does not fit; the message holds the path to the field.

    """
    path = "$.result.input" if project is None else "$.result.parameters.project"
    given = project or of_2019 or Project()
    stack = read_stack("USER", given.requirements, given.requirements_locked, path)
    software, hardware = environment_of_user(given.runtime_environment, f"{path}.runtime_environment")
    if software is None and hardware is None:
        software, hardware = environment_of_user(runtime_environment, "$.result.parameters.runtime_environment")
    return ProjectFact(stack, software, hardware)


def _products(products: Iterable[Product]) -> Iterator[_GivenProduct]:
    for number, product in enumerate(products):
        path = f"$.result.report.products[{number}]"
        yield _GivenProduct(number, product, f"{path}.justification", f"{path}.project", f"{path}.score")


def _products_of_2019(report: list[list[Any]]) -> Iterator[_GivenProduct]:
    """Yield what is a triple; other entries tell of a failure."""
    for number, entry in enumerate(report):
        if len(entry) == _TRIPLE:
            path = f"$.result.report[{number}]"
            product = base.convert(entry, Triple, path)
            yield _GivenProduct(number, product, f"{path}[0]", f"{path}[1]", f"{path}[2]")


def _error_of_2019(report: list[list[Any]]) -> str | None:
    """Return the reason that a report of 2019 gives for a failure."""
    reasons = [
        reason["justification"]
        for entry in report
        if len(entry) != _TRIPLE and entry and isinstance(entry[0], list)
        for reason in entry[0]
        if isinstance(reason, Mapping) and isinstance(reason.get("justification"), str)
    ]
    return "; ".join(reasons) or None


def _product_facts(given: _GivenProduct) -> Iterator[ProductFact]:
    """Yield what is said of a product; nothing when it holds no stack."""
    project, justification = given.product.project or Project(), given.product.justification or []
    stack = read_stack("ADVISED", project.requirements, project.requirements_locked, given.project)
    overall_score = _score(given.product.score, given.score)
    performance_score = _performance_score(justification, given.justification)
    if stack is not None:
        yield ProductFact(given.number, stack, overall_score, performance_score, justification)


def _performance_score(justification: list[Any], path: str) -> float | None:
    """Return the performance score that a justification tells; of several the last one counts."""
    score = None
    for number, reason in enumerate(justification):
        value = reason.get("performance_score") if isinstance(reason, Mapping) else None
        if value is not None:
            score = _score(value, f"{path}[{number}].performance_score")
    return score


def _score(value: object, path: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SchemaError(f"{path}: expected a number, got {type(value).__name__}")
    try:
        score = float(value)
    except OverflowError:
        score = math.inf
    if not math.isfinite(score):
        raise SchemaError(f"{path}: not a finite number")
    return score


def _upper_case(text: str | None) -> str | None:
    return (text or "").strip().upper() or None
