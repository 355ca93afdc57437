"""What the bare driver can do on this library's schema: documents written by psycopg2, from rows that are prepared.

It leaves out whatever a library is for: reading and checking of documents, several writers in one order, retries,
removals, documents that speak of the same package version. It does what has to be done to write new documents by one
writer: a statement a table, ids that were seen remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json, execute_values

from thoth.storages.documents.solver import PackageFact, SolverFacts
from thoth.storages.graph.ingest.version_sets import version_set_digest

_PAGE = 100_000
"""Rows that one statement takes."""

Release = tuple[str, str]


@dataclass
class PreparedPackage:
    """What a document says of a package version, as rows without ids."""

    release: Release
    index_url: str | None
    metadata: tuple[Any, ...] | None
    license: tuple[Any, ...] | None
    solved: tuple[Any, ...]
    requirements: list[tuple[bytes, tuple[Any, ...]]]
    """The digest of the set of versions, and the columns of the requirement."""
    sets: dict[bytes, tuple[str, tuple[str, ...]]]
    sha256: Sequence[str]


@dataclass
class PreparedDocument:
    """A document, as rows without ids."""

    run: tuple[Any, ...]
    environment: tuple[Any, ...]
    solver: tuple[Any, ...]
    packages: list[PreparedPackage] = field(default_factory=list)


def prepared(document: SolverFacts) -> PreparedDocument:
    """Return a document as rows."""
    where = (document.environment.os_name, document.environment.os_version, document.environment.python_version)
    return PreparedDocument(
        (document.document_id, document.datetime, document.duration),
        where,
        ("python", document.solver_name, document.solver_version),
        [_prepared_package(fact) for fact in document.packages],
    )


def _prepared_package(fact: PackageFact) -> PreparedPackage:
    requirements, sets = [], {}
    for number, need in enumerate(fact.requirements):
        digest = version_set_digest(need.package_name, need.versions)
        sets[digest] = (need.package_name, need.versions)
        columns = (number, need.specifier, need.marker, need.extra, need.marker_evaluation_result)
        requirements.append((digest, columns))
    core = fact.core_metadata
    metadata = None
    if core is not None:
        metadata = (core.digest(), *(_adapted(getattr(core, name)) for name in core.__struct_fields__))
    solved = (fact.error, fact.error_unsolvable, fact.error_unparseable, fact.is_provided)
    return PreparedPackage(
        (fact.package_name, fact.package_version),
        fact.index_url,
        metadata,
        fact.license,
        (*solved, fact.license_warning, list(fact.import_packages)),
        requirements,
        sets,
        list(fact.sha256),
    )


def _adapted(value: object) -> object:
    """Return a value of the core metadata as the driver takes it."""
    if isinstance(value, dict):
        return Json(value)
    return list(value) if isinstance(value, tuple) else value


class FloorWriter:
    """Writes prepared documents; knows the ids that it has seen."""

    def __init__(self, connection: Connection, metadata_columns: Sequence[str]) -> None:
        """Take a connection to an empty database of this library's schema.

        Args:
            connection: not in autocommit mode.
            metadata_columns: those of the core metadata, in the order in which documents are prepared.

        """
        self._connection = connection
        self._ids: dict[tuple[str, Any], int] = {}
        self._metadata_columns = metadata_columns
        self.statements = 0

    def write(self, documents: Sequence[PreparedDocument]) -> None:
        """Write documents in one transaction."""
        with self._connection.cursor() as cursor:
            self._write(cursor, documents)
        self._connection.commit()

    def _write(self, cursor: Cursor, documents: Sequence[PreparedDocument]) -> None:
        ids = self._ids
        self._known(cursor, "solved_software_environment", "os_name, os_version, python_version",
                    {document.environment for document in documents})  # fmt: skip
        solvers = {
            (*document.solver, ids["solved_software_environment", document.environment]) for document in documents
        }
        self._known(
            cursor,
            "ecosystem_solver",
            "ecosystem, solver_name, solver_version, solved_software_environment_id",
            solvers,
        )
        packages = [(document, package) for document in documents for package in document.packages]
        urls = {(package.index_url,) for _, package in packages if package.index_url is not None}
        self._known(cursor, "python_package_index", "url", urls)
        runs = self._insert(
            cursor, "solver_run", "document_id, datetime, duration, ecosystem_solver_id",
            [
                (*document.run, ids["ecosystem_solver",
                                    (*document.solver, ids["solved_software_environment", document.environment])])
                for document in documents
            ],
            "document_id, id",
        )  # fmt: skip
        run_of = dict(runs)
        self._version_sets(cursor, [package for _, package in packages])
        rows = [
            (
                ids["python_release", package.release],
                ids["solved_software_environment", document.environment],
                None if package.index_url is None else ids["python_package_index", (package.index_url,)],
                run_of[document.run[0]],
            )
            for document, package in packages
        ]
        versions = self._insert(
            cursor, "python_package_version",
            "python_release_id, solved_software_environment_id, python_package_index_id, solver_run_id", rows, "id",
        )  # fmt: skip
        keys = [(version, row[-1]) for (version,), row in zip(versions, rows, strict=True)]
        self._facts(cursor, keys, [package for _, package in packages])

    def _version_sets(self, cursor: Cursor, packages: Sequence[PreparedPackage]) -> None:
        """Write the sets that are new, with their releases and those of the package versions."""
        ids = self._ids
        new = {
            digest: content
            for package in packages
            for digest, content in package.sets.items()
            if ("version_set", digest) not in ids
        }
        releases = {package.release for package in packages}
        releases.update((name, version) for name, versions in new.values() for version in versions)
        self._known(cursor, "python_release", "package_name, package_version", releases)
        rows = [
            (name, digest, sorted(ids["python_release", (name, version)] for version in versions))
            for digest, (name, versions) in new.items()
        ]
        found = self._insert(
            cursor, "version_set", "package_name, digest, python_release_ids", rows, "digest, id",
            template="(%s, %s, %s::integer[])",
        )  # fmt: skip
        ids.update((("version_set", bytes(digest)), id_) for digest, id_ in found)

    def _facts(self, cursor: Cursor, keys: Sequence[tuple[int, int]], packages: Sequence[PreparedPackage]) -> None:
        ids = self._ids
        metadata = {package.metadata[0]: package.metadata for package in packages if package.metadata}
        names = ", ".join(("digest", *self._metadata_columns))
        found = self._insert(
            cursor, "python_package_metadata", names, list(metadata.values()), "digest, id",
            on_conflict="(digest) DO UPDATE SET digest = excluded.digest",
            template="(" + ", ".join(["%s"] * (1 + len(self._metadata_columns))) + ")",
        )  # fmt: skip
        metadata_ids = {bytes(digest): id_ for digest, id_ in found}
        licenses = {package.license for package in packages if package.license}
        self._known(cursor, "python_package_license", "license_name, license_identifier, license_version", licenses)
        self._insert(
            cursor, "solved",
            "python_package_version_id, solver_run_id, python_package_metadata_id, python_package_license_id, error, "
            "error_unsolvable, error_unparseable, is_provided, package_license_warning, import_packages",
            [
                (
                    *key,
                    metadata_ids[package.metadata[0]] if package.metadata else None,
                    ids["python_package_license", package.license] if package.license else None,
                    *package.solved,
                )
                for key, package in zip(keys, packages, strict=True)
            ],
            template="(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::text[])",
        )  # fmt: skip
        self._insert(
            cursor, "depends_on",
            "python_package_version_id, solver_run_id, version_set_id, requirement_number, specifier, marker, extra, "
            "marker_evaluation_result",
            [
                (*key, ids["version_set", digest], *columns)
                for key, package in zip(keys, packages, strict=True)
                for digest, columns in package.requirements
            ],
        )  # fmt: skip
        digests = sorted({digest for package in packages for digest in package.sha256})
        artifacts = dict(self._insert(
            cursor, "python_artifact", "artifact_hash_sha256", [(digest,) for digest in digests],
            "artifact_hash_sha256, id",
            on_conflict="(artifact_hash_sha256) DO UPDATE SET artifact_hash_sha256 = excluded.artifact_hash_sha256",
        ))  # fmt: skip
        self._insert(
            cursor, "has_artifact", "python_package_version_id, solver_run_id, python_artifact_id",
            [
                (*key, artifacts[digest])
                for key, package in zip(keys, packages, strict=True)
                for digest in package.sha256
            ],
        )  # fmt: skip

    def _known(self, cursor: Cursor, table: str, columns: str, keys: Iterable[Any]) -> None:
        """Learn the ids of rows by natural key; write those that are new, in one statement."""
        new = [key for key in keys if (table, key) not in self._ids]
        first = columns.split(", ", maxsplit=1)[0]
        rows = self._insert(
            cursor, table, columns, new, f"{columns}, id",
            on_conflict=f"({columns}) DO UPDATE SET {first} = excluded.{first}",
        )  # fmt: skip
        self._ids.update(((table, tuple(key)), id_) for *key, id_ in rows)

    def _insert(
        self,
        cursor: Cursor,
        table: str,
        columns: str,
        rows: Sequence[Any],
        returning: str = "",
        *,
        on_conflict: str = "",
        template: str | None = None,
    ) -> list[tuple[Any, ...]]:
        """Insert rows in one statement; return what was asked for, in their order."""
        if not rows:
            return []
        self.statements += 1
        conflict = f" ON CONFLICT {on_conflict}" if on_conflict else ""
        back = f" RETURNING {returning}" if returning else ""
        statement = f"INSERT INTO {table} ({columns}) VALUES %s{conflict}{back}"
        found = execute_values(cursor, statement, rows, template, _PAGE, fetch=bool(returning))
        return found or []
