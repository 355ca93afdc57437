"""Provenance checker documents of every year: the shape that is read, and the facts that a document states.

They are written by thoth-adviser, as advice is. Until October 2019 the project stood in ``input``; since then it stands
in ``parameters.project``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from ..normalize import normalize_python_index_url, normalize_python_package_name
from . import base
from .adviser import AdviserMetadata, Project, ProjectFact, read_project
from .stacks import pinned_version


class Parameters(msgspec.Struct, frozen=True):
    """Parameters of a run."""

    project: Project | None = None
    runtime_environment: dict[str, Any] | str | None = None


class IndexOfPackage(msgspec.Struct, frozen=True):
    """``source`` of a finding: the index that a package comes from."""

    url: str | None = None


class Finding(msgspec.Struct, frozen=True):
    """An entry of ``report``."""

    type: str | None = None
    id: str | None = None
    justification: str | None = None
    package_name: str | None = None
    package_version: str | None = None
    source: IndexOfPackage | None = None


class Result(msgspec.Struct, frozen=True):
    """What the provenance checker found."""

    error: bool | None = None
    error_msg: str | None = None
    input: Project | None = None
    parameters: Parameters | None = None
    report: list[Finding] | None = None


class ProvenanceCheckerDocument(msgspec.Struct, frozen=True):
    """A provenance checker document."""

    metadata: AdviserMetadata
    result: Result


class FindingFact(NamedTuple):
    """Something that the provenance checker found, normalised."""

    entry_type: str | None
    entry_id: str | None
    justification: str | None
    package_name: str | None
    package_version: str | None
    index_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceCheckerFacts:
    """What a provenance checker document states, in one form whatever its year."""

    document_id: str
    datetime: dt.datetime
    duration: int | None
    provenance_checker_name: str | None
    provenance_checker_version: str | None
    debug: bool
    origin: str | None
    provenance_checker_error: bool
    error_message: str | None
    project: ProjectFact
    findings: list[FindingFact]
    """In the order of the document."""


def read_provenance_checker_document(document: Mapping[str, Any]) -> ProvenanceCheckerFacts:
    """Return what a provenance checker document states.

    Args:
        document: a provenance checker document of any year, as parsed from JSON; it is not changed.

    Returns:
        Its facts, normalised.

    Raises:
        SchemaError: the document does not have the shape of a provenance checker document; the message holds the path
            to the field.

    """
    struct = base.read(document, ProvenanceCheckerDocument)
    metadata, result = struct.metadata, struct.result
    parameters = result.parameters or Parameters()
    report = result.report or []
    return ProvenanceCheckerFacts(
        document_id=base.document_id(metadata),
        datetime=base.document_datetime(metadata),
        duration=base.document_duration(metadata),
        provenance_checker_name=metadata.analyzer,
        provenance_checker_version=metadata.analyzer_version,
        debug=bool(metadata.call.verbose),
        origin=metadata.origin,
        provenance_checker_error=bool(result.error),
        error_message=result.error_msg or (_reason_of_failure(report) if result.error else None),
        project=read_project(result.input, parameters.project, parameters.runtime_environment),
        findings=[_finding_fact(finding) for finding in report],
    )


def _reason_of_failure(report: list[Finding]) -> str | None:
    """Return why the check itself failed: a finding without an identifier tells."""
    return "; ".join(finding.justification for finding in report if not finding.id and finding.justification) or None


def _finding_fact(finding: Finding) -> FindingFact:
    name = (finding.package_name or "").strip()
    index_url = normalize_python_index_url((finding.source and finding.source.url) or "")
    return FindingFact(
        entry_type=(finding.type or "").strip().upper() or None,
        entry_id=finding.id or None,
        justification=finding.justification or None,
        package_name=normalize_python_package_name(name) if name else None,
        package_version=pinned_version(finding.package_version) if name else None,
        index_url=index_url or None,
    )
