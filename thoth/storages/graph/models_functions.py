"""Functions of the database: what takes many statements is asked for by one.

A solver document goes in by one call. The server keeps the plans of the statements inside, which it would take as long
to make as to carry out: https://www.postgresql.org/docs/current/plpgsql-implementation.html#PLPGSQL-PLAN-CACHING
A plan is kept while tables grow, so it must not depend on how large they were: ids are looked up row by row, each by
the index of a natural key, and never by a join, for which the planner would read the whole of a table that was small.
What each statement reads again is ``jsonb``, which is parsed once: https://www.postgresql.org/docs/current/datatype-json.html
"""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent
from typing import NamedTuple

from sqlalchemy import Connection, text

from .models import (
    EcosystemSolver,
    PythonArtifact,
    PythonPackageIndex,
    PythonPackageLicense,
    PythonPackageMetadata,
    PythonPackageVersion,
    PythonRelease,
    SolvedSoftwareEnvironment,
    SolverRun,
    VersionSet,
)
from .models_base import WRITERS_LOCK, Base, column_types


class Function(NamedTuple):
    """A function in PL/pgSQL: what it is for, and how it is made."""

    comment: str
    arguments: str
    """Names with their types."""
    returns: str
    body: str


def _id(model: type[Base], row: str, *, nullable: Iterable[str] = (), **values: str) -> str:
    """Return SQL for the id of the row of a table that has the natural key of another row; NULL when there is none.

    Args:
        model: the model of the table.
        row: the name of the other row.
        nullable: columns of the key that may be missing in it.
        values: SQL for columns of the key that are called otherwise there.

    """

    def same(name: str) -> str:
        value = values.get(name, f"{row}.{name}")
        equal = f"stored.{name} = {value}"
        # An index serves this, and not IS NOT DISTINCT FROM.
        return f"({equal} OR stored.{name} IS NULL AND {value} IS NULL)" if name in nullable else equal

    conditions = " AND ".join(map(same, model.NATURAL_KEY))  # type: ignore[attr-defined]
    return f"(SELECT stored.id FROM {model.__tablename__} AS stored WHERE {conditions})"


_METADATA = [column.name for column in PythonPackageMetadata.__table__.c if column.name != "id"]
_ENVIRONMENT_ID = _id(SolvedSoftwareEnvironment, "document")
_RELEASE_ID = _id(PythonRelease, "package")
_INDEX_ID = _id(PythonPackageIndex, "package", url="package.index_url")
_LICENSE_ID = _id(PythonPackageLicense, "package", nullable=PythonPackageLicense.NATURAL_KEY)
_SOLVER_ID = _id(
    EcosystemSolver,
    "document",
    nullable=["solver_version"],
    ecosystem="'python'",
    solved_software_environment_id=_ENVIRONMENT_ID,
)
_VERSION_ID = _id(
    PythonPackageVersion,
    "package",
    nullable=["python_package_index_id"],
    python_release_id=_RELEASE_ID,
    solved_software_environment_id=_ENVIRONMENT_ID,
    python_package_index_id=_INDEX_ID,
)
_LATEST_RUN_ID = """(
                SELECT solved.solver_run_id
                FROM solved, LATERAL (
                    SELECT datetime, document_id FROM solver_run WHERE solver_run.id = solved.solver_run_id LIMIT 1
                ) AS run
                WHERE solved.python_package_version_id = stored.id
                ORDER BY datetime DESC, document_id DESC
                LIMIT 1)"""
_SYNC_SOLVER_DOCUMENTS = f"""
    DECLARE
        written text[];
        run_ids integer[];
        version_ids integer[];
        is_seen_before boolean;
        facts bigint;
    BEGIN
        -- Removals take this lock alone: no row that is found here goes before the transaction ends.
        PERFORM pg_advisory_xact_lock_shared({WRITERS_LOCK});
        IF NOT EXISTS (
            SELECT FROM jsonb_to_recordset(documents) AS document(document_id text)
            WHERE {_id(SolverRun, "document")} IS NULL
        ) THEN
            RETURN ARRAY[]::text[];
        END IF;

        -- What refers to nothing, then what refers to it: rows that are missing alone, as each attempt uses up an id of
        -- the sequence; in the order of their natural key, the same for all writers, so that they wait for each other
        -- and never in a circle. What another one commits while a statement waits for it is seen by the next. What is
        -- large, and what documents about other package versions do not have, comes first: nobody waits for it.
        INSERT INTO python_package_metadata ({", ".join(_METADATA)})
        SELECT {", ".join(_METADATA)}
        FROM json_to_recordset(metadata) AS core({column_types(PythonPackageMetadata, _METADATA)})
        WHERE {_id(PythonPackageMetadata, "core")} IS NULL
        ORDER BY digest
        ON CONFLICT DO NOTHING;

        INSERT INTO python_artifact (artifact_hash_sha256)
        SELECT DISTINCT artifact_hash_sha256
        FROM jsonb_to_recordset(documents) AS document(packages jsonb),
            jsonb_to_recordset(packages) AS package(sha256 text[]),
            unnest(sha256) AS artifact(artifact_hash_sha256)
        WHERE {_id(PythonArtifact, "artifact")} IS NULL
        ORDER BY artifact_hash_sha256
        ON CONFLICT DO NOTHING;

        INSERT INTO solved_software_environment (os_name, os_version, python_version)
        SELECT DISTINCT os_name, os_version, python_version
        FROM jsonb_to_recordset(documents) AS document(os_name text, os_version text, python_version text)
        WHERE {_ENVIRONMENT_ID} IS NULL
        ORDER BY os_name, os_version, python_version
        ON CONFLICT DO NOTHING;

        INSERT INTO python_package_index (url)
        SELECT DISTINCT index_url
        FROM jsonb_to_recordset(documents) AS document(packages jsonb),
            jsonb_to_recordset(packages) AS package(index_url text)
        WHERE index_url IS NOT NULL AND {_INDEX_ID} IS NULL
        ORDER BY index_url
        ON CONFLICT DO NOTHING;

        INSERT INTO python_release (package_name, package_version)
        SELECT DISTINCT package_name, package_version
        FROM (
            SELECT package_name, package_version
            FROM jsonb_to_recordset(documents) AS document(packages jsonb),
                jsonb_to_recordset(packages) AS package(package_name text, package_version text)
            UNION ALL
            SELECT package_name, package_version
            FROM jsonb_to_recordset(version_sets) AS version_set(digest bytea, package_name text, versions text[]),
                unnest(versions) AS package_version
            WHERE {_id(VersionSet, "version_set")} IS NULL
        ) AS package
        WHERE {_RELEASE_ID} IS NULL
        ORDER BY package_name, package_version
        ON CONFLICT DO NOTHING;

        INSERT INTO ecosystem_solver (ecosystem, solver_name, solver_version, solved_software_environment_id)
        SELECT DISTINCT 'python', solver_name, solver_version, {_ENVIRONMENT_ID}
        FROM jsonb_to_recordset(documents) AS document(
            solver_name text, solver_version text, os_name text, os_version text, python_version text)
        WHERE {_SOLVER_ID} IS NULL
        ORDER BY 1, 2, 3, 4
        ON CONFLICT DO NOTHING;

        INSERT INTO python_package_license (license_name, license_identifier, license_version)
        SELECT DISTINCT license_name, license_identifier, license_version
        FROM jsonb_to_recordset(documents) AS document(packages jsonb),
            jsonb_to_recordset(packages) AS package(
                has_license boolean, license_name text, license_identifier text, license_version text)
        WHERE has_license AND {_LICENSE_ID} IS NULL
        ORDER BY license_name, license_identifier, license_version
        ON CONFLICT DO NOTHING;

        INSERT INTO version_set (package_name, digest, python_release_ids)
        SELECT package_name, digest, ARRAY(
            SELECT {_id(PythonRelease, "listed", package_name="version_set.package_name")} AS id
            FROM unnest(versions) AS listed(package_version)
            ORDER BY id)
        FROM jsonb_to_recordset(version_sets) AS version_set(digest bytea, package_name text, versions text[])
        WHERE {_id(VersionSet, "version_set")} IS NULL
        ORDER BY digest
        ON CONFLICT DO NOTHING;

        -- A document that another writer put in meanwhile gets no run, and so no package versions.
        WITH run AS (
            INSERT INTO solver_run (document_id, datetime, duration, ecosystem_solver_id)
            SELECT document_id, datetime, duration, {_SOLVER_ID}
            FROM jsonb_to_recordset(documents) AS document(
                document_id text, datetime timestamptz, duration integer,
                solver_name text, solver_version text, os_name text, os_version text, python_version text)
            ORDER BY document_id
            ON CONFLICT DO NOTHING
            RETURNING document_id, id
        )
        SELECT array_agg(document_id), array_agg(id) INTO written, run_ids FROM run;
        IF written IS NULL THEN
            RETURN ARRAY[]::text[];
        END IF;

        -- The update changes nothing: it locks the row until the end of the transaction, so that of several documents
        -- about one package version the latest can be told without a race, and it gives back the id.
        WITH version AS (
            INSERT INTO python_package_version AS stored (
                python_release_id, solved_software_environment_id, python_package_index_id, solver_run_id)
            SELECT DISTINCT ON (1, 2, 3)
                {_RELEASE_ID},
                {_ENVIRONMENT_ID},
                {_INDEX_ID},
                run_ids[array_position(written, document_id)]
            FROM jsonb_to_recordset(documents) AS document(
                    document_id text, os_name text, os_version text, python_version text, packages jsonb),
                jsonb_to_recordset(packages) AS package(package_name text, package_version text, index_url text)
            WHERE document_id = ANY(written)
            ORDER BY 1, 2, 3
            ON CONFLICT (python_release_id, solved_software_environment_id, python_package_index_id)
                DO UPDATE SET solver_run_id = stored.solver_run_id
            RETURNING id, solver_run_id
        )
        SELECT array_agg(id), bool_or(solver_run_id <> ALL(run_ids)) INTO version_ids, is_seen_before FROM version;

        -- What the documents say of package versions: rows that nobody else writes.
        WITH fact AS MATERIALIZED (
            SELECT {_VERSION_ID} AS version_id,
                run_ids[array_position(written, document_id)] AS run_id,
                package.*
            FROM jsonb_to_recordset(documents) AS document(
                    document_id text, os_name text, os_version text, python_version text, packages jsonb),
                jsonb_to_recordset(packages) AS package(
                    package_name text, package_version text, index_url text,
                    error boolean, error_unsolvable boolean, error_unparseable boolean, is_provided boolean,
                    metadata_digest bytea,
                    has_license boolean, license_name text, license_identifier text, license_version text,
                    license_warning boolean, import_packages text[], requirements jsonb, sha256 text[])
            WHERE document_id = ANY(written)
        ), outcome AS (
            INSERT INTO solved (
                python_package_version_id, solver_run_id, error, error_unsolvable, error_unparseable, is_provided,
                python_package_metadata_id, python_package_license_id, package_license_warning, import_packages)
            SELECT version_id, run_id, error, error_unsolvable, error_unparseable, is_provided,
                {_id(PythonPackageMetadata, "package", digest="package.metadata_digest")},
                CASE WHEN has_license THEN {_LICENSE_ID} END,
                license_warning, import_packages
            FROM fact AS package
            RETURNING solver_run_id
        ), requirement AS (
            INSERT INTO depends_on (
                python_package_version_id, solver_run_id, requirement_number, version_set_id,
                specifier, marker, extra, marker_evaluation_result)
            SELECT version_id, run_id, number - 1, {_id(VersionSet, "needed")},
                specifier, marker, extra, marker_evaluation_result
            FROM fact, ROWS FROM (
                jsonb_to_recordset(requirements) AS (
                    digest bytea, specifier text, marker text, extra text, marker_evaluation_result boolean)
            ) WITH ORDINALITY AS needed(digest, specifier, marker, extra, marker_evaluation_result, number)
        ), artifact AS (
            INSERT INTO has_artifact (python_package_version_id, solver_run_id, python_artifact_id)
            SELECT version_id, run_id, {_id(PythonArtifact, "artifact")}
            FROM fact, unnest(sha256) AS artifact(artifact_hash_sha256)
        )
        SELECT count(*) INTO facts FROM outcome;

        IF is_seen_before OR facts > cardinality(version_ids) THEN
            UPDATE python_package_version AS stored SET solver_run_id = {_LATEST_RUN_ID}
            WHERE id = ANY(version_ids) AND solver_run_id <> {_LATEST_RUN_ID};
        END IF;
        RETURN written;
    END
    """

# Tables are not read from end to end: a plan that does so is good as long as they are small. Plans are kept, however
# many documents come. Rows of JSON are taken for many, and so what is done with them for worth compiling: it is not.
_SETTINGS = "SET enable_seqscan TO off SET plan_cache_mode TO force_generic_plan SET jit TO off"

FUNCTIONS = {
    "sync_solver_documents": Function(
        "Puts solver documents in, as thoth-storages reads them; returns the identifiers of those that were not in.",
        "documents jsonb, version_sets jsonb, metadata json",
        "text[]",
        _SYNC_SOLVER_DOCUMENTS,
    ),
}
"""By name; the migrations make the same ones."""


def function_statements() -> list[str]:
    """Return the statements that make the functions, in a schema that has the tables."""
    return [
        statement
        for name, function in FUNCTIONS.items()
        for statement in (
            f"CREATE FUNCTION {name}({function.arguments}) RETURNS {function.returns} LANGUAGE plpgsql\n"
            f"{_SETTINGS}\nAS $${dedent(function.body)}$$",
            f"COMMENT ON FUNCTION {name} IS '{function.comment}'",
        )
    ]


def missing_functions(connection: Connection) -> list[str]:
    """Return the names of functions that a database does not have, or has with another body."""
    bodies: dict[str, str] = dict(
        connection.execute(
            text("SELECT proname, prosrc FROM pg_proc WHERE proname = ANY(:names) AND pg_function_is_visible(oid)"),
            {"names": list(FUNCTIONS)},
        ).all()
    )
    return [name for name, function in FUNCTIONS.items() if bodies.get(name) != dedent(function.body)]
