"""Views for people: names and versions in place of ids.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-24 22:15:00.000000
"""

from textwrap import dedent

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PACKAGE_VERSION = """
    python_package_version AS stored
    JOIN python_release AS release ON release.id = stored.python_release_id
    JOIN solved_software_environment AS environment ON environment.id = stored.solved_software_environment_id
    LEFT JOIN python_package_index AS index ON index.id = stored.python_package_index_id
    """
_PACKAGE_VERSION_COLUMNS = """
    release.package_name, release.package_version, index.url AS index_url,
    environment.os_name, environment.os_version, environment.python_version
    """
_OF_LATEST_RUN = "python_package_version_id = stored.id AND {0}.solver_run_id = stored.solver_run_id"

VIEWS = {
    "v_solved": (
        "What the latest solver document says of each package version.",
        f"""
        SELECT {_PACKAGE_VERSION_COLUMNS},
               solved.error, solved.error_unsolvable, solved.error_unparseable, solved.is_provided,
               license.license_name, license.license_identifier, metadata.summary, metadata.requires_python,
               solved.import_packages, run.document_id, run.datetime
        FROM {_PACKAGE_VERSION}
        JOIN solved ON solved.{_OF_LATEST_RUN.format("solved")}
        JOIN solver_run AS run ON run.id = stored.solver_run_id
        LEFT JOIN python_package_license AS license ON license.id = solved.python_package_license_id
        LEFT JOIN python_package_metadata AS metadata ON metadata.id = solved.python_package_metadata_id
        """,
    ),
    "v_requirement": (
        "Each declared requirement of each package version, with the versions that it admitted.",
        f"""
        SELECT {_PACKAGE_VERSION_COLUMNS},
               version_set.package_name AS dependency_name, needed.specifier, needed.marker, needed.extra,
               needed.marker_evaluation_result,
               ARRAY(
                   SELECT admitted.package_version FROM python_release AS admitted
                   WHERE admitted.id = ANY(version_set.python_release_ids) ORDER BY 1
               ) AS dependency_versions
        FROM {_PACKAGE_VERSION}
        JOIN depends_on AS needed ON needed.{_OF_LATEST_RUN.format("needed")}
        JOIN version_set ON version_set.id = needed.version_set_id
        """,
    ),
    "v_dependency": (
        "Each version that a requirement of a package version admitted: the edges of the graph.",
        f"""
        SELECT {_PACKAGE_VERSION_COLUMNS},
               admitted.package_name AS dependency_name, admitted.package_version AS dependency_version,
               needed.specifier, needed.marker, needed.extra, needed.marker_evaluation_result
        FROM {_PACKAGE_VERSION}
        JOIN depends_on AS needed ON needed.{_OF_LATEST_RUN.format("needed")}
        JOIN version_set ON version_set.id = needed.version_set_id
        JOIN python_release AS admitted ON admitted.id = ANY(version_set.python_release_ids)
        """,
    ),
    "v_artifact": (
        "The files of each package version, by their SHA-256.",
        f"""
        SELECT {_PACKAGE_VERSION_COLUMNS}, artifact.artifact_hash_sha256
        FROM {_PACKAGE_VERSION}
        JOIN has_artifact AS listed ON listed.{_OF_LATEST_RUN.format("listed")}
        JOIN python_artifact AS artifact ON artifact.id = listed.python_artifact_id
        """,
    ),
    "v_vulnerability": (
        "The vulnerabilities of each release on an index.",
        """
        SELECT release.package_name, release.package_version, index.url AS index_url,
               cve.cve_id, cve.cve_name, cve.version_range, cve.advisory
        FROM has_vulnerability AS hit
        JOIN cve ON cve.id = hit.cve_id
        JOIN python_package_version_entity AS entity ON entity.id = hit.python_package_version_entity_id
        JOIN python_release AS release ON release.id = entity.python_release_id
        LEFT JOIN python_package_index AS index ON index.id = entity.python_package_index_id
        """,
    ),
    "v_advised": (
        "The packages of each software stack that an adviser recommended.",
        """
        SELECT run.document_id, run.datetime, run.recommendation_type, advised.product_number,
               advised.overall_score, advised.performance_score,
               release.package_name, release.package_version, index.url AS index_url
        FROM advised
        JOIN adviser_run AS run ON run.id = advised.adviser_run_id
        JOIN python_software_stack AS stack ON stack.id = advised.python_software_stack_id
        JOIN locked_python_package AS locked USING (python_requirements_lock_id)
        JOIN python_release AS release ON release.id = locked.python_release_id
        LEFT JOIN python_package_index AS index ON index.id = locked.python_package_index_id
        """,
    ),
    "v_image_package": (
        "The Python packages that were found in each analysed image.",
        """
        SELECT run.image_name, run.image_tag, environment.environment_name, environment.os_name, environment.os_version,
               environment.python_version, release.package_name, release.package_version, found.locations,
               run.document_id, run.datetime
        FROM package_extract_run AS run
        JOIN software_environment AS environment ON environment.id = run.software_environment_id
        JOIN identified_python_package AS found ON found.package_extract_run_id = run.id
        JOIN python_release AS release ON release.id = found.python_release_id
        """,
    ),
    "v_inspection": (
        "Each run of each inspection, with the packages of its software stack.",
        """
        SELECT run.inspection_document_id, run.inspection_result_number, run.datetime, run.exit_code, run.base_image,
               environment.os_name, environment.os_version, environment.python_version, hardware.cpu_model_name,
               ARRAY(
                   SELECT concat_ws('==', release.package_name, release.package_version)
                   FROM locked_python_package AS locked
                   JOIN python_release AS release ON release.id = locked.python_release_id
                   WHERE locked.python_requirements_lock_id = stack.python_requirements_lock_id ORDER BY 1
               ) AS packages
        FROM inspection_run AS run
        LEFT JOIN software_environment AS environment ON environment.id = run.run_software_environment_id
        LEFT JOIN hardware_information AS hardware ON hardware.id = run.run_hardware_information_id
        LEFT JOIN python_software_stack AS stack ON stack.id = run.python_software_stack_id
        """,
    ),
    "v_provenance": (
        "What provenance checkers reported of packages.",
        """
        SELECT run.document_id, run.datetime, entry.entry_number, entry.entry_type, entry.entry_id, entry.justification,
               release.package_name, release.package_version, index.url AS index_url
        FROM provenance_report_entry AS entry
        JOIN provenance_checker_run AS run ON run.id = entry.provenance_checker_run_id
        LEFT JOIN python_release AS release ON release.id = entry.python_release_id
        LEFT JOIN python_package_index AS index ON index.id = entry.python_package_index_id
        """,
    ),
    "v_document": (
        "Every document that is in, with its kind.",
        """
        SELECT 'solver' AS kind, document_id, datetime, duration FROM solver_run
        UNION ALL SELECT 'adviser', document_id, datetime, duration FROM adviser_run
        UNION ALL SELECT 'analysis', document_id, datetime, duration FROM package_extract_run
        UNION ALL SELECT 'package_analysis', document_id, datetime, duration FROM package_analyzer_run
        UNION ALL SELECT 'provenance_checker', document_id, datetime, duration FROM provenance_checker_run
        UNION ALL SELECT 'dependency_monkey', document_id, datetime, duration FROM dependency_monkey_run
        UNION ALL SELECT 'inspection', inspection_document_id, min(datetime), NULL FROM inspection_run GROUP BY 2
        """,
    ),
}


def upgrade() -> None:
    """Change the schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '15min'")
    for name, (comment, query) in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {dedent(query).strip()}")
        op.execute(f"COMMENT ON VIEW {name} IS '{comment}'")


def downgrade() -> None:
    """Change it back."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '15min'")
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
