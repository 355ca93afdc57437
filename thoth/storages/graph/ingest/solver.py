"""Solver documents into the graph: any number of them by one call of a function of the database.

What the documents state travels as JSON, in the shape that the function takes: see `models_functions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from ...documents.solver import PackageFact, Requirement, SolverFacts, read_solver_document
from ...exceptions import RetryTransaction
from ..models import (
    EcosystemSolver,
    PythonArtifact,
    PythonPackageIndex,
    PythonPackageLicense,
    PythonRelease,
    SolvedSoftwareEnvironment,
    SolverRun,
)
from ..upsert import check_key_part, encode, hexadecimal
from .solver_removal import remove_solver_runs
from .version_sets import version_set_digest
from .writers import documents_to_write

_SYNC = text("SELECT sync_solver_documents(:documents, :version_sets, :metadata)")
_NO_LICENSE = (None, None, None)

Json = dict[str, Any]


def sync_solver_result(session: Session, document: Mapping[str, Any], *, force: bool = False) -> None:
    """Put what a solver document says into the graph; one that is in already is left alone.

    Args:
        session: an open session.
        document: a solver document of any year, as parsed from JSON.
        force: replace what this document said before.

    Raises:
        SchemaError: the document does not have the shape of a solver document; nothing is written.

    """
    sync_solver_results(session, [read_solver_document(document)], force=force)


def is_one_statement(*_: object, force: bool = False, **__: object) -> bool:
    """Tell of the arguments of `sync_solver_result` whether it sends one statement alone."""
    return not force


def sync_solver_results(session: Session, documents: Sequence[SolverFacts], *, force: bool = False) -> int:
    """Put what solver documents say into the graph, all in one transaction.

    Args:
        session: an open session.
        documents: what the documents state; of two with the same identifier the first counts.
        force: replace what these documents said before.

    Returns:
        How many documents were written; the others were in already.

    Raises:
        RetryTransaction: a document that has to be replaced came in while this began.
        SchemaError: a part of a key is too long for an index; nothing is written.

    """
    by_id: dict[str, SolverFacts] = {}
    for document in documents:
        by_id.setdefault(document.document_id, document)
    to_write = list(by_id)
    # The function leaves a document alone that is in. Of several, those that are in are not even sent: what nobody
    # else names would be written of them.
    if force or len(to_write) > 1:
        to_write = documents_to_write(session, SolverRun, to_write, force=force, remove=remove_solver_runs)
    if not to_write:
        return 0
    written = session.scalar(_SYNC, function_arguments([by_id[id_] for id_ in to_write]))
    if force and len(written) < len(to_write):
        raise RetryTransaction(f"another writer put {sorted({*to_write}.difference(written))} in just now")
    return len(written)


def function_arguments(documents: Iterable[SolverFacts]) -> dict[str, str]:
    """Return what documents state as the function takes it, by name of argument.

    Raises:
        SchemaError: a part of a key is too long for an index, or all of it is more than a statement can hold.

    """
    return _Arguments().of(documents)


class _Arguments:
    """What documents state, in the shape of the arguments of the function."""

    def __init__(self) -> None:
        self._version_sets: dict[tuple[str, tuple[str, ...]], Json] = {}
        """By name and versions: the same sets recur."""
        self._metadata: dict[str, Json] = {}
        """By digest: large, and most of it said once for each environment."""

    def of(self, documents: Iterable[SolverFacts]) -> dict[str, str]:
        rows = list(map(self._document, documents))  # first: it collects the others
        return {
            "documents": encode(rows),
            "version_sets": encode(self._version_sets.values()),
            "metadata": encode(self._metadata.values()),
        }

    def _document(self, document: SolverFacts) -> Json:
        environment = {
            "os_name": document.environment.os_name,
            "os_version": document.environment.os_version,
            "python_version": document.environment.python_version,
        }
        solver = {"solver_name": document.solver_name, "solver_version": document.solver_version}
        _check(SolvedSoftwareEnvironment, environment)
        _check(EcosystemSolver, solver)
        return {
            "document_id": document.document_id,
            "datetime": document.datetime,
            "duration": document.duration,
            **solver,
            **environment,
            "packages": list(map(self._package, document.packages)),
        }

    def _package(self, fact: PackageFact) -> Json:
        release = {"package_name": fact.package_name, "package_version": fact.package_version}
        license_ = dict(zip(PythonPackageLicense.NATURAL_KEY, fact.license or _NO_LICENSE, strict=True))
        _check(PythonRelease, release)
        _check(PythonPackageLicense, license_)
        check_key_part(PythonPackageIndex, "url", fact.index_url)
        for digest in fact.sha256:
            check_key_part(PythonArtifact, "artifact_hash_sha256", digest)
        return {
            **release,
            "index_url": fact.index_url,
            "error": fact.error,
            "error_unsolvable": fact.error_unsolvable,
            "error_unparseable": fact.error_unparseable,
            "is_provided": fact.is_provided,
            "metadata_digest": self._digest_of_metadata(fact),
            "has_license": fact.license is not None,
            **license_,
            "license_warning": fact.license_warning,
            "import_packages": fact.import_packages,
            "requirements": list(map(self._requirement, fact.requirements)),
            "sha256": fact.sha256,
        }

    def _digest_of_metadata(self, fact: PackageFact) -> str | None:
        """Return the digest of the core metadata; None when nothing was said."""
        core = fact.core_metadata
        if core is None:
            return None
        digest = hexadecimal(core.digest())
        if digest not in self._metadata:
            self._metadata[digest] = {"digest": digest, **msgspec.structs.asdict(core)}
        return digest

    def _requirement(self, requirement: Requirement) -> Json:
        return {
            "digest": self._digest_of_set(requirement.package_name, requirement.versions),
            "specifier": requirement.specifier,
            "marker": requirement.marker,
            "extra": requirement.extra,
            "marker_evaluation_result": requirement.marker_evaluation_result,
        }

    def _digest_of_set(self, package_name: str, versions: tuple[str, ...]) -> str:
        row = self._version_sets.get((package_name, versions))
        if row is None:
            check_key_part(PythonRelease, "package_name", package_name)
            for version in versions:
                check_key_part(PythonRelease, "package_version", version)
            digest = hexadecimal(version_set_digest(package_name, versions))
            row = {"package_name": package_name, "digest": digest, "versions": versions}
            self._version_sets[package_name, versions] = row
        digest_: str = row["digest"]
        return digest_


def _check(model: type[Any], values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        check_key_part(model, name, value)
