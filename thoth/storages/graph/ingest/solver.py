"""Solver documents into the graph: any number of them in about a dozen statements.

The order of the statements, and of the rows within each, is the same for every writer, so that writers wait for each
other and never in a circle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ...documents.solver import PackageFact, SolverFacts, read_solver_document
from ..models import (
    DependsOn,
    EcosystemSolver,
    HasArtifact,
    PythonArtifact,
    PythonPackageIndex,
    PythonPackageLicense,
    PythonPackageMetadata,
    PythonPackageVersion,
    Solved,
    SolvedSoftwareEnvironment,
    SolverRun,
)
from ..models_base import Base
from ..upsert import encode, recordset
from .lookup import known_or_new_ids
from .solver_removal import remove_solver_runs
from .version_sets import VersionSets
from .writers import documents_to_write

_INSERT_RUNS = text(
    f"""
    INSERT INTO solver_run (document_id, datetime, duration, ecosystem_solver_id)
    SELECT document_id, datetime, duration, ecosystem_solver_id
    FROM {recordset(SolverRun, ("document_id", "datetime", "duration", "ecosystem_solver_id"))}
    ORDER BY document_id
    ON CONFLICT DO NOTHING
    RETURNING id, document_id
    """
)

_VERSION_COLUMNS = (
    "python_release_id",
    "solved_software_environment_id",
    "python_package_index_id",
    "solver_run_id",
)
# The update changes nothing: it locks the row until the end of the transaction, so that of several documents about
# one package version the latest can be told without a race, and it gives back the id.
_INSERT_OR_LOCK_VERSIONS = text(
    f"""
    INSERT INTO python_package_version AS stored ({", ".join(_VERSION_COLUMNS)})
    SELECT {", ".join(_VERSION_COLUMNS)} FROM {recordset(PythonPackageVersion, _VERSION_COLUMNS)}
    ORDER BY python_release_id, solved_software_environment_id, python_package_index_id
    ON CONFLICT (python_release_id, solved_software_environment_id, python_package_index_id)
    DO UPDATE SET solver_run_id = stored.solver_run_id
    RETURNING id, {", ".join(_VERSION_COLUMNS)}
    """
)

_POINT_TO_LATEST = text(
    """
    UPDATE python_package_version AS stored SET solver_run_id = latest.solver_run_id
    FROM (
        SELECT DISTINCT ON (solved.python_package_version_id)
            solved.python_package_version_id, solved.solver_run_id
        FROM solved JOIN solver_run ON solver_run.id = solved.solver_run_id
        WHERE solved.python_package_version_id = ANY(:version_ids)
        ORDER BY solved.python_package_version_id, solver_run.datetime DESC, solver_run.document_id DESC
    ) AS latest
    WHERE stored.id = latest.python_package_version_id AND stored.solver_run_id <> latest.solver_run_id
    """
)

_FACTS: dict[type[Base], tuple[str, ...]] = {
    Solved: (
        "python_package_version_id",
        "solver_run_id",
        "error",
        "error_unsolvable",
        "error_unparseable",
        "is_provided",
        "python_package_metadata_id",
        "python_package_license_id",
        "package_license_warning",
        "import_packages",
    ),
    DependsOn: (
        "python_package_version_id",
        "solver_run_id",
        "requirement_number",
        "version_set_id",
        "specifier",
        "marker",
        "extra",
        "marker_evaluation_result",
    ),
    HasArtifact: ("python_package_version_id", "solver_run_id", "python_artifact_id"),
}


def _insert_facts() -> str:
    """Return the statement that writes what documents say of package versions: rows that nobody else writes.

    Three tables in one statement: keys between them are checked when it ends.
    """
    first, second, third = (
        f"INSERT INTO {model.__tablename__} ({', '.join(columns)}) "
        f"SELECT {', '.join(columns)} FROM {recordset(model, columns, model.__tablename__)}"
        for model, columns in _FACTS.items()
    )
    return f"WITH first AS ({first}), second AS ({second}) {third}"


_INSERT_FACTS = text(_insert_facts())

VersionKey = tuple[int, int, int | None]
"""Release, environment, index."""


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

    """
    by_id: dict[str, SolverFacts] = {}
    for document in documents:
        by_id.setdefault(document.document_id, document)
    to_write = documents_to_write(session, SolverRun, list(by_id), force=force, remove=remove_solver_runs)
    return _Writer(session).write([by_id[id_] for id_ in sorted(to_write)]) if to_write else 0


class _Writer:
    """Writes the facts of several documents, table by table."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def write(self, documents: list[SolverFacts]) -> int:
        environment_ids = self._environment_ids(documents)
        index_ids = self._index_ids(documents)
        run_ids = self._insert_runs(documents, environment_ids)
        # A document whose run is missing was written by another writer just now.
        facts = [
            (document, fact) for document in documents if document.document_id in run_ids for fact in document.packages
        ]
        version_sets = VersionSets(self._session, [fact.requirements for _, fact in facts])
        releases = {(fact.package_name, fact.package_version) for _, fact in facts}
        release_ids = version_sets.resolve(releases)
        version_keys: list[VersionKey] = [
            (
                release_ids[fact.package_name, fact.package_version],
                environment_ids[document.document_id],
                None if fact.index_url is None else index_ids[fact.index_url],
            )
            for document, fact in facts
        ]
        runs = [run_ids[document.document_id] for document, _ in facts]
        version_ids, seen_before = self._insert_or_lock_versions(version_keys, runs)
        solved_keys = [(version_ids[key], run) for key, run in zip(version_keys, runs, strict=True)]
        package_facts = [fact for _, fact in facts]
        if facts:
            parameters = {
                "solved": encode(self._solved_rows(solved_keys, package_facts)),
                "depends_on": encode(self._requirement_rows(solved_keys, package_facts, version_sets)),
                "has_artifact": encode(self._artifact_rows(solved_keys, package_facts)),
            }
            self._session.execute(_INSERT_FACTS, parameters)
        if seen_before:
            self._session.execute(_POINT_TO_LATEST, {"version_ids": sorted(seen_before)})
        return len(run_ids)

    def _environment_ids(self, documents: Iterable[SolverFacts]) -> dict[str, int]:
        """Return the id of the environment of each document."""
        rows = {
            document.document_id: {
                "os_name": document.environment.os_name,
                "os_version": document.environment.os_version,
                "python_version": document.environment.python_version,
            }
            for document in documents
        }
        ids = known_or_new_ids(self._session, SolvedSoftwareEnvironment, rows.values())
        return {document_id: ids[tuple(row.values())] for document_id, row in rows.items()}

    def _index_ids(self, documents: Iterable[SolverFacts]) -> dict[Hashable, int]:
        urls = sorted({fact.index_url for document in documents for fact in document.packages if fact.index_url})
        return known_or_new_ids(self._session, PythonPackageIndex, ({"url": url} for url in urls))

    def _insert_runs(self, documents: Sequence[SolverFacts], environment_ids: Mapping[str, int]) -> dict[str, int]:
        solvers = {
            document.document_id: {
                "ecosystem": "python",
                "solver_name": document.solver_name,
                "solver_version": document.solver_version,
                "solved_software_environment_id": environment_ids[document.document_id],
            }
            for document in documents
        }
        solver_ids = known_or_new_ids(self._session, EcosystemSolver, solvers.values())
        rows = [
            {
                "document_id": document.document_id,
                "datetime": document.datetime,
                "duration": document.duration,
                "ecosystem_solver_id": solver_ids[tuple(solvers[document.document_id].values())],
            }
            for document in documents
        ]
        return {document_id: id_ for id_, document_id in self._session.execute(_INSERT_RUNS, {"rows": encode(rows)})}

    def _insert_or_lock_versions(
        self, keys: Sequence[VersionKey], runs: Sequence[int]
    ) -> tuple[dict[VersionKey, int], list[int]]:
        """Return the ids of package versions by key, and those of them about which another document speaks, too."""
        if not keys:
            return {}, []
        run_of = dict(zip(keys, runs, strict=True))
        rows = [dict(zip(_VERSION_COLUMNS, (*key, run), strict=True)) for key, run in run_of.items()]
        ids: dict[VersionKey, int] = {}
        seen_before = []
        for id_, *key, run in self._session.execute(_INSERT_OR_LOCK_VERSIONS, {"rows": encode(rows)}):
            release, environment, index = key
            ids[release, environment, index] = id_
            if run != run_of[release, environment, index]:
                seen_before.append(id_)
        if len(run_of) < len(keys):  # two of these documents speak of one package version
            seen_before.extend(ids[key] for key, count in Counter(keys).items() if count > 1)
        return ids, seen_before

    def _solved_rows(self, keys: Sequence[tuple[int, int]], facts: Sequence[PackageFact]) -> list[dict[str, Any]]:
        metadata = [(fact.core_metadata, fact.core_metadata.digest()) for fact in facts if fact.core_metadata]
        metadata_ids = known_or_new_ids(
            self._session,
            PythonPackageMetadata,
            (
                {"digest": digest, **{name: getattr(fields, name) for name in fields.__struct_fields__}}
                for fields, digest in metadata
            ),
            remember=False,
        )
        digests = iter(digest for _, digest in metadata)
        names = PythonPackageLicense.NATURAL_KEY
        license_ids = known_or_new_ids(
            self._session,
            PythonPackageLicense,
            (dict(zip(names, fact.license, strict=True)) for fact in facts if fact.license),
        )
        return [
            {
                "python_package_version_id": version_id,
                "solver_run_id": run_id,
                "error": fact.error,
                "error_unsolvable": fact.error_unsolvable,
                "error_unparseable": fact.error_unparseable,
                "is_provided": fact.is_provided,
                "python_package_metadata_id": metadata_ids[next(digests)] if fact.core_metadata else None,
                "python_package_license_id": license_ids[fact.license] if fact.license else None,
                "package_license_warning": fact.license_warning,
                "import_packages": fact.import_packages,
            }
            for (version_id, run_id), fact in zip(keys, facts, strict=True)
        ]

    def _requirement_rows(
        self, keys: Sequence[tuple[int, int]], facts: Sequence[PackageFact], version_sets: VersionSets
    ) -> list[dict[str, Any]]:
        return [
            {
                "python_package_version_id": version_id,
                "solver_run_id": run_id,
                "requirement_number": number,
                "version_set_id": version_sets.id_of(requirement),
                "specifier": requirement.specifier,
                "marker": requirement.marker,
                "extra": requirement.extra,
                "marker_evaluation_result": requirement.marker_evaluation_result,
            }
            for (version_id, run_id), fact in zip(keys, facts, strict=True)
            for number, requirement in enumerate(fact.requirements)
        ]

    def _artifact_rows(self, keys: Sequence[tuple[int, int]], facts: Sequence[PackageFact]) -> list[dict[str, Any]]:
        digests = {digest for fact in facts for digest in fact.sha256}
        artifact_ids = known_or_new_ids(
            self._session,
            PythonArtifact,
            ({"artifact_hash_sha256": digest} for digest in digests),
            remember=False,
        )
        return [
            {
                "python_package_version_id": version_id,
                "solver_run_id": run_id,
                "python_artifact_id": artifact_ids[digest],
            }
            for (version_id, run_id), fact in zip(keys, facts, strict=True)
            for digest in fact.sha256
        ]
