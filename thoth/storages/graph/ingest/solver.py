"""Solver documents into the graph: any number of them in six statements, or seven.

The order of the statements, and of the rows within each, is the same for every writer, so that writers wait for each
other and never in a circle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
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
    PythonRelease,
    Solved,
    SolvedSoftwareEnvironment,
    SolverRun,
)
from ..models_base import Base
from ..upsert import encode, recordset
from .lookup import Ids, Named, known_or_new_ids_of
from .solver_removal import remove_solver_runs
from .version_sets import VersionSets
from .writers import documents_to_write

_RUN_COLUMNS = ("document_id", "datetime", "duration", "ecosystem_solver_id")
_KEY_COLUMNS = ("python_release_id", "solved_software_environment_id", "python_package_index_id")
# A document that another writer put in meanwhile gets no run, and so no package versions. The update changes nothing:
# it locks the row until the end of the transaction, so that of several documents about one package version the latest
# can be told without a race, and it gives back the id.
_INSERT_RUNS_AND_VERSIONS = text(
    f"""
    WITH run AS (
        INSERT INTO solver_run ({", ".join(_RUN_COLUMNS)})
        SELECT {", ".join(_RUN_COLUMNS)} FROM {recordset(SolverRun, _RUN_COLUMNS, "runs")}
        ORDER BY document_id
        ON CONFLICT DO NOTHING
        RETURNING id, document_id
    ), version AS (
        INSERT INTO python_package_version AS stored ({", ".join(_KEY_COLUMNS)}, solver_run_id)
        SELECT DISTINCT ON ({", ".join(_KEY_COLUMNS)}) {", ".join(_KEY_COLUMNS)}, run.id
        FROM {recordset(PythonPackageVersion, _KEY_COLUMNS, "versions", foreign={"document_id": SolverRun})}
        JOIN run USING (document_id)
        ORDER BY {", ".join(_KEY_COLUMNS)}
        ON CONFLICT ({", ".join(_KEY_COLUMNS)}) DO UPDATE SET solver_run_id = stored.solver_run_id
        RETURNING id, {", ".join(_KEY_COLUMNS)}, solver_run_id
    )
    SELECT document_id, id, NULL, NULL, NULL, NULL FROM run
    UNION ALL
    SELECT NULL, id, {", ".join(_KEY_COLUMNS)}, solver_run_id FROM version
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
Fact = tuple[SolverFacts, PackageFact]
Written = tuple[tuple[int, int], PackageFact]
"""Ids of the package version and of the run, and what was said."""


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
    """Writes the facts of several documents.

    What needs nothing else is looked up or inserted first, in one statement; then what refers to it, and so on.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def write(self, documents: list[SolverFacts]) -> int:
        facts = [(document, fact) for document in documents for fact in document.packages]
        version_sets = VersionSets(fact.requirements for _, fact in facts)
        environment_ids, index_ids, set_ids = known_or_new_ids_of(
            self._session,
            Named(SolvedSoftwareEnvironment, map(_environment, documents)),
            Named(PythonPackageIndex, ({"url": fact.index_url} for _, fact in facts if fact.index_url is not None)),
            version_sets.digests(),
        )
        version_sets.learn(set_ids)
        environments = {each.document_id: environment_ids[tuple(_environment(each).values())] for each in documents}
        solvers = {each.document_id: _solver(each, environments[each.document_id]) for each in documents}
        metadata = _Metadata(fact for _, fact in facts)
        release_ids, solver_ids, license_ids, metadata_ids, artifact_ids = known_or_new_ids_of(
            self._session,
            Named(PythonRelease, _releases(facts, version_sets)),
            Named(EcosystemSolver, solvers.values()),
            Named(PythonPackageLicense, (_license(fact.license) for _, fact in facts if fact.license)),
            Named(PythonPackageMetadata, metadata.rows(), remember=False),
            Named(PythonArtifact, _artifacts(facts), remember=False),
        )
        (new_set_ids,) = known_or_new_ids_of(self._session, version_sets.new(release_ids))
        version_sets.learn(new_set_ids)
        keys: list[VersionKey] = [
            (
                release_ids[fact.package_name, fact.package_version],
                environments[document.document_id],
                None if fact.index_url is None else index_ids[fact.index_url],
            )
            for document, fact in facts
        ]
        runs = [
            {
                "document_id": document.document_id,
                "datetime": document.datetime,
                "duration": document.duration,
                "ecosystem_solver_id": solver_ids[tuple(solvers[document.document_id].values())],
            }
            for document in documents
        ]
        versions = zip(keys, (document.document_id for document, _ in facts), strict=True)
        run_ids, version_ids, seen_before = self._insert_runs_and_versions(runs, list(versions))
        # A document whose run is missing was written by another writer just now.
        written = [
            ((version_ids[key], run_ids[document.document_id]), fact)
            for key, (document, fact) in zip(keys, facts, strict=True)
            if document.document_id in run_ids
        ]
        if written:
            parameters = {
                "solved": encode(_solved_rows(written, metadata, metadata_ids, license_ids)),
                "depends_on": encode(_requirement_rows(written, version_sets)),
                "has_artifact": encode(_artifact_rows(written, artifact_ids)),
            }
            self._session.execute(_INSERT_FACTS, parameters)
        if seen_before:
            self._session.execute(_POINT_TO_LATEST, {"version_ids": sorted(seen_before)})
        return len(run_ids)

    def _insert_runs_and_versions(
        self, runs: Sequence[Mapping[str, Any]], versions: Sequence[tuple[VersionKey, str]]
    ) -> tuple[dict[str, int], dict[VersionKey, int], set[int]]:
        """Return ids of runs by document, of package versions by key, and those about which several documents speak.

        Args:
            runs: rows of the runs.
            versions: keys of package versions, with the document that speaks of them.

        """
        rows = ({**dict(zip(_KEY_COLUMNS, key, strict=True)), "document_id": id_} for key, id_ in versions)
        parameters = {"runs": encode(runs), "versions": encode(rows)}
        run_ids: dict[str, int] = {}
        ids: dict[VersionKey, int] = {}
        run_of: dict[int, int] = {}
        for document_id, id_, *key, run_id in self._session.execute(_INSERT_RUNS_AND_VERSIONS, parameters):
            if document_id is not None:
                run_ids[document_id] = id_
            else:
                release, environment, index = key
                ids[release, environment, index] = id_
                run_of[id_] = run_id
        new = set(run_ids.values())
        seen_before = {id_ for id_, run_id in run_of.items() if run_id not in new}
        spoken_of = Counter(key for key, document_id in versions if document_id in run_ids)
        seen_before.update(ids[key] for key, count in spoken_of.items() if count > 1)
        return run_ids, ids, seen_before


class _Metadata:
    """The core metadata of package versions: large, and most of it said once for each environment."""

    def __init__(self, facts: Iterable[PackageFact]) -> None:
        self._digests = {
            id(fact.core_metadata): (fact.core_metadata, fact.core_metadata.digest())
            for fact in facts
            if fact.core_metadata
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        for fields, digest in self._digests.values():
            yield {"digest": digest, **{name: getattr(fields, name) for name in fields.__struct_fields__}}

    def digest_of(self, fact: PackageFact) -> bytes | None:
        """Return the digest; None when nothing was said."""
        return self._digests[id(fact.core_metadata)][1] if fact.core_metadata else None


def _environment(document: SolverFacts) -> dict[str, str | None]:
    environment = document.environment
    return {
        "os_name": environment.os_name,
        "os_version": environment.os_version,
        "python_version": environment.python_version,
    }


def _solver(document: SolverFacts, environment_id: int) -> dict[str, Any]:
    return {
        "ecosystem": "python",
        "solver_name": document.solver_name,
        "solver_version": document.solver_version,
        "solved_software_environment_id": environment_id,
    }


def _releases(facts: Iterable[Fact], version_sets: VersionSets) -> Iterator[dict[str, str]]:
    own = ((fact.package_name, fact.package_version) for _, fact in facts)
    for name, version in chain(own, version_sets.releases()):
        yield {"package_name": name, "package_version": version}


def _license(values: Sequence[str | None]) -> dict[str, str | None]:
    return dict(zip(PythonPackageLicense.NATURAL_KEY, values, strict=True))


def _artifacts(facts: Iterable[Fact]) -> Iterator[dict[str, str]]:
    return ({"artifact_hash_sha256": digest} for _, fact in facts for digest in fact.sha256)


def _solved_rows(
    written: Iterable[Written], metadata: _Metadata, metadata_ids: Ids, license_ids: Ids
) -> list[dict[str, Any]]:
    rows = []
    for (version_id, run_id), fact in written:
        digest = metadata.digest_of(fact)
        row = {
            "python_package_version_id": version_id,
            "solver_run_id": run_id,
            "error": fact.error,
            "error_unsolvable": fact.error_unsolvable,
            "error_unparseable": fact.error_unparseable,
            "is_provided": fact.is_provided,
            "python_package_metadata_id": None if digest is None else metadata_ids[digest],
            "python_package_license_id": license_ids[fact.license] if fact.license else None,
            "package_license_warning": fact.license_warning,
            "import_packages": fact.import_packages,
        }
        rows.append(row)
    return rows


def _requirement_rows(written: Iterable[Written], version_sets: VersionSets) -> list[dict[str, Any]]:
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
        for (version_id, run_id), fact in written
        for number, requirement in enumerate(fact.requirements)
    ]


def _artifact_rows(written: Iterable[Written], artifact_ids: Ids) -> list[dict[str, Any]]:
    return [
        {"python_package_version_id": version_id, "solver_run_id": run_id, "python_artifact_id": artifact_ids[digest]}
        for (version_id, run_id), fact in written
        for digest in fact.sha256
    ]
