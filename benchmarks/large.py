"""A graph of a million versions and ten million edges, made by the database itself: for the size of cache files."""

from __future__ import annotations

from sqlalchemy import text

from thoth.storages import GraphDatabase

NAMES = 20_000
VERSIONS = 50
"""Of each name."""
LARGE_VERSIONS = NAMES * VERSIONS
LARGE_EDGES = 10_000_000
_ADMITTED = 20
"""Versions that a requirement admits, in the mean."""
_NEEDS = LARGE_EDGES // _ADMITTED
"""Requirements."""

# A name n needs names before it, those with small numbers most often; a requirement admits a run of versions, that
# moves with every tenth version of the dependent, as real bounds do.
_STATEMENTS = (
    "SET LOCAL session_replication_role = replica",
    """
    INSERT INTO solved_software_environment (os_name, os_version, python_version) VALUES ('rhel', '8', '3.8')
    """,
    "INSERT INTO python_package_index (url) VALUES ('https://pypi.org/simple')",
    """
    INSERT INTO ecosystem_solver (ecosystem, solver_name, solver_version, solved_software_environment_id)
    VALUES ('python', 'solver-rhel-8-py38', '1', 1)
    """,
    """
    INSERT INTO solver_run (document_id, datetime, ecosystem_solver_id)
    VALUES ('solver-rhel-8-py38-large', now(), 1)
    """,
    f"""
    INSERT INTO python_release (id, package_name, package_version) OVERRIDING SYSTEM VALUE
    SELECT n * {VERSIONS} + v + 1, 'large-' || n, (v / 10 + 1) || '.' || (v % 10) || '.0'
    FROM generate_series(0, {NAMES - 1}) AS n, generate_series(0, {VERSIONS - 1}) AS v
    """,
    """
    INSERT INTO python_package_version (
        id, python_release_id, solved_software_environment_id, python_package_index_id, solver_run_id
    ) OVERRIDING SYSTEM VALUE
    SELECT id, id, 1, 1, 1 FROM python_release
    """,
    """
    INSERT INTO solved (
        python_package_version_id, solver_run_id, error, error_unsolvable, error_unparseable, import_packages
    )
    SELECT id, 1, false, false, false, '{}' FROM python_package_version
    """,
    f"""
    CREATE TEMPORARY TABLE need ON COMMIT DROP AS
    SELECT dependent, target, first, least({VERSIONS - 1}, first + width) AS last
    FROM (
        SELECT n * {VERSIONS} + v + 1 AS dependent,
               floor(n * power(hashint4(n * 31 + k) & 1048575, 2) / power(1048576, 2))::int AS target,
               (hashint4(n * 101 + k * 7 + v / 10) & 1048575) % 25 AS first,
               10 + (hashint4(n * 13 + k) & 1048575) % 25 AS width
        FROM generate_series(1, {NAMES - 1}) AS n, generate_series(0, {VERSIONS - 1}) AS v, generate_series(1, 2) AS k
        WHERE (hashint4(n * 17 + k) & 1048575) % 1000 < {_NEEDS * 1000 // (2 * LARGE_VERSIONS)}
    ) AS drawn
    """,
    f"""
    INSERT INTO version_set (package_name, digest, python_release_ids)
    SELECT 'large-' || target, sha256((target || '/' || first || '/' || last)::bytea),
           ARRAY(SELECT target * {VERSIONS} + v + 1 FROM generate_series(first, last) AS v)
    FROM (SELECT DISTINCT target, first, last FROM need) AS distinct_set
    """,
    """
    INSERT INTO depends_on (
        python_package_version_id, solver_run_id, requirement_number, version_set_id, specifier,
        marker_evaluation_result
    )
    SELECT dependent, 1, row_number() OVER (PARTITION BY dependent), version_set.id, '*', true
    FROM need JOIN version_set ON digest = sha256((target || '/' || first || '/' || last)::bytea)
    """,
)


def large_names() -> list[str]:
    """Return the names of all packages."""
    return [f"large-{number}" for number in range(NAMES)]


def fill_large(graph: GraphDatabase) -> None:
    """Fill an empty database, as a superuser: keys between tables are not checked, as that would take its time."""
    with graph.engine.begin() as connection:
        for statement in _STATEMENTS:
            connection.execute(text(statement))
    with graph.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
