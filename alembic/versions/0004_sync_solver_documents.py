"""A solver document goes in by one call of a function.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-25 01:40:00.000000
"""

from textwrap import dedent

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_METADATA = (
    "digest, metadata_version, name, version, summary, description, description_content_type, keywords, "
    "home_page, download_url, author, author_email, maintainer, maintainer_email, license, requires_python, "
    "classifiers, platforms, supported_platforms, requires_external, project_urls, provides_extra, "
    "requires_dist, provides_dist, obsoletes_dist, other_fields"
)
_METADATA_TYPES = (
    "digest BYTEA, metadata_version TEXT, name TEXT, version TEXT, summary TEXT, description TEXT, "
    "description_content_type TEXT, keywords TEXT, home_page TEXT, download_url TEXT, author TEXT, "
    "author_email TEXT, maintainer TEXT, maintainer_email TEXT, license TEXT, requires_python TEXT, "
    "classifiers TEXT[], platforms TEXT[], supported_platforms TEXT[], requires_external TEXT[], project_urls "
    "TEXT[], provides_extra TEXT[], requires_dist TEXT[], provides_dist TEXT[], obsoletes_dist TEXT[], "
    "other_fields JSONB"
)
_RUN_ID = "(SELECT stored.id FROM solver_run AS stored WHERE stored.document_id = document.document_id)"
_ENVIRONMENT_ID = (
    "(SELECT stored.id FROM solved_software_environment AS stored WHERE stored.os_name = document.os_name AND "
    "stored.os_version = document.os_version AND stored.python_version = document.python_version)"
)
_SOLVER_ID = (
    f"(SELECT stored.id FROM ecosystem_solver AS stored WHERE stored.ecosystem = 'python' AND "
    f"stored.solver_name = document.solver_name AND (stored.solver_version = document.solver_version OR "
    f"stored.solver_version IS NULL AND document.solver_version IS NULL) AND "
    f"stored.solved_software_environment_id = {_ENVIRONMENT_ID})"
)
_RELEASE_ID = (
    "(SELECT stored.id FROM python_release AS stored WHERE stored.package_name = package.package_name AND "
    "stored.package_version = package.package_version)"
)
_LISTED_ID = (
    "(SELECT stored.id FROM python_release AS stored WHERE stored.package_name = version_set.package_name AND "
    "stored.package_version = listed.package_version)"
)
_INDEX_ID = "(SELECT stored.id FROM python_package_index AS stored WHERE stored.url = package.index_url)"
_LICENSE_ID = (
    "(SELECT stored.id FROM python_package_license AS stored WHERE (stored.license_name = package.license_name "
    "OR stored.license_name IS NULL AND package.license_name IS NULL) AND (stored.license_identifier = "
    "package.license_identifier OR stored.license_identifier IS NULL AND package.license_identifier IS NULL) "
    "AND (stored.license_version = package.license_version OR stored.license_version IS NULL AND "
    "package.license_version IS NULL))"
)
_METADATA_ID = "(SELECT stored.id FROM python_package_metadata AS stored WHERE stored.digest = core.digest)"
_METADATA_ID_OF_PACKAGE = (
    "(SELECT stored.id FROM python_package_metadata AS stored WHERE stored.digest = package.metadata_digest)"
)
_ARTIFACT_ID = (
    "(SELECT stored.id FROM python_artifact AS stored WHERE stored.artifact_hash_sha256 = "
    "artifact.artifact_hash_sha256)"
)
_SET_ID = "(SELECT stored.id FROM version_set AS stored WHERE stored.digest = version_set.digest)"
_SET_ID_OF_REQUIREMENT = "(SELECT stored.id FROM version_set AS stored WHERE stored.digest = needed.digest)"
_VERSION_ID = (
    f"(SELECT stored.id FROM python_package_version AS stored WHERE stored.python_release_id = {_RELEASE_ID} "
    f"AND stored.solved_software_environment_id = {_ENVIRONMENT_ID} AND (stored.python_package_index_id = "
    f"{_INDEX_ID} OR stored.python_package_index_id IS NULL AND {_INDEX_ID} IS NULL))"
)
_LATEST_RUN_ID = """(
                SELECT solved.solver_run_id
                FROM solved, LATERAL (
                    SELECT datetime, document_id FROM solver_run WHERE solver_run.id = solved.solver_run_id LIMIT 1
                ) AS run
                WHERE solved.python_package_version_id = stored.id
                ORDER BY datetime DESC, document_id DESC
                LIMIT 1)"""
_BODY = f"""
    DECLARE
        written text[];
        run_ids integer[];
        version_ids integer[];
        is_seen_before boolean;
        facts bigint;
    BEGIN
        -- Removals take this lock alone: no row that is found here goes before the transaction ends.
        PERFORM pg_advisory_xact_lock_shared(127991895320577);
        IF NOT EXISTS (
            SELECT FROM jsonb_to_recordset(documents) AS document(document_id text)
            WHERE {_RUN_ID} IS NULL
        ) THEN
            RETURN ARRAY[]::text[];
        END IF;

        -- What refers to nothing, then what refers to it: rows that are missing alone, as each attempt uses up an id of
        -- the sequence; in the order of their natural key, the same for all writers, so that they wait for each other
        -- and never in a circle. What another one commits while a statement waits for it is seen by the next.
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
            WHERE {_SET_ID} IS NULL
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

        INSERT INTO python_package_metadata ({_METADATA})
        SELECT {_METADATA}
        FROM json_to_recordset(metadata) AS core({_METADATA_TYPES})
        WHERE {_METADATA_ID} IS NULL
        ORDER BY digest
        ON CONFLICT DO NOTHING;

        INSERT INTO python_artifact (artifact_hash_sha256)
        SELECT DISTINCT artifact_hash_sha256
        FROM jsonb_to_recordset(documents) AS document(packages jsonb),
            jsonb_to_recordset(packages) AS package(sha256 text[]),
            unnest(sha256) AS artifact(artifact_hash_sha256)
        WHERE {_ARTIFACT_ID} IS NULL
        ORDER BY artifact_hash_sha256
        ON CONFLICT DO NOTHING;

        INSERT INTO version_set (package_name, digest, python_release_ids)
        SELECT package_name, digest, ARRAY(
            SELECT {_LISTED_ID} AS id
            FROM unnest(versions) AS listed(package_version)
            ORDER BY id)
        FROM jsonb_to_recordset(version_sets) AS version_set(digest bytea, package_name text, versions text[])
        WHERE {_SET_ID} IS NULL
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
                {_METADATA_ID_OF_PACKAGE},
                CASE WHEN has_license THEN {_LICENSE_ID} END,
                license_warning, import_packages
            FROM fact AS package
            RETURNING solver_run_id
        ), requirement AS (
            INSERT INTO depends_on (
                python_package_version_id, solver_run_id, requirement_number, version_set_id,
                specifier, marker, extra, marker_evaluation_result)
            SELECT version_id, run_id, number - 1, {_SET_ID_OF_REQUIREMENT},
                specifier, marker, extra, marker_evaluation_result
            FROM fact, ROWS FROM (
                jsonb_to_recordset(requirements) AS (
                    digest bytea, specifier text, marker text, extra text, marker_evaluation_result boolean)
            ) WITH ORDINALITY AS needed(digest, specifier, marker, extra, marker_evaluation_result, number)
        ), artifact AS (
            INSERT INTO has_artifact (python_package_version_id, solver_run_id, python_artifact_id)
            SELECT version_id, run_id, {_ARTIFACT_ID}
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
_SETTINGS = "SET enable_seqscan TO off SET plan_cache_mode TO force_generic_plan SET jit TO off"


def upgrade() -> None:
    """Change the schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '15min'")
    op.execute(
        "CREATE FUNCTION sync_solver_documents(documents jsonb, version_sets jsonb, metadata json) RETURNS text[] "
        f"LANGUAGE plpgsql\n{_SETTINGS}\nAS $${dedent(_BODY)}$$"
    )
    op.execute(
        "COMMENT ON FUNCTION sync_solver_documents IS "
        "'Puts solver documents in, as thoth-storages reads them; returns the identifiers of those that were not in.'"
    )


def downgrade() -> None:
    """Change it back."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '15min'")
    op.execute("DROP FUNCTION sync_solver_documents")
