"""Checks of the server, of the database and of the role; each is given a connection and answers with a finding."""

from __future__ import annotations

from sqlalchemy import Connection, text

from ..config import POOL_OVERFLOW, POOL_SIZE
from ..graph.models_base import REMOVALS, Base
from ..graph.models_functions import FUNCTIONS
from ..graph.models_performance import ALL_PERFORMANCE_MODELS
from ..graph.revisions import SchemaState, SchemaStatus
from .findings import Finding, Status, named

assert ALL_PERFORMANCE_MODELS  # importing them puts their tables into the metadata

_STATEMENTS = "pg_stat_statements"
_SERVER = text(
    """
    SELECT current_setting('server_version'), pg_is_in_recovery(),
        current_setting('default_transaction_read_only')::boolean
    """
)
_ENCODING = text(
    """
    SELECT pg_encoding_to_char(encoding), datcollate, datcollversion,
        pg_database_collation_actual_version(pg_database.oid)
    FROM pg_database WHERE datname = current_database()
    """
)
_EXTENSION = text(
    """
    SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = :name),
        current_setting('pg_stat_statements.max', true) IS NOT NULL,
        EXISTS (SELECT FROM pg_extension WHERE extname = :name)
    """
)
_ROLE = text(
    """
    SELECT current_user, quote_ident(current_user), rolsuper, quote_ident(current_schema())
    FROM pg_roles WHERE rolname = current_user
    """
)
_LACKING = text(
    """
    SELECT privilege, relname
    FROM pg_class CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE']) AS privilege
    WHERE relnamespace = CAST(current_schema() AS regnamespace) AND CASE
        WHEN relkind = 'S' THEN relname = :sequence AND privilege = 'USAGE'
            AND NOT has_sequence_privilege(pg_class.oid, 'USAGE')
        WHEN relkind NOT IN ('r', 'p') OR privilege = 'USAGE' THEN false
        WHEN relname = 'alembic_version' THEN privilege = 'SELECT' AND NOT has_table_privilege(pg_class.oid, 'SELECT')
        ELSE relname = ANY(:tables) AND NOT has_table_privilege(pg_class.oid, privilege)
    END
    UNION ALL
    SELECT 'EXECUTE', proname FROM pg_proc
    WHERE pronamespace = CAST(current_schema() AS regnamespace) AND proname = ANY(:functions)
        AND NOT has_function_privilege(oid, 'EXECUTE')
    ORDER BY privilege, relname
    """
)
_CONNECTIONS = text(
    """
    SELECT CAST(current_setting('max_connections') AS int)
            - CAST(current_setting('superuser_reserved_connections') AS int)
            - CAST(coalesce(current_setting('reserved_connections', true), '0') AS int),
        rolconnlimit, datconnlimit,
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())
    FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()
    """
)


def check_server(connection: Connection) -> Finding:
    """Look at the version, and whether the server takes writes."""
    version, is_standby, is_read_only = connection.execute(_SERVER).one()
    found = f"PostgreSQL {version}"
    if is_standby:
        return Finding(
            "server",
            Status.WARNING,
            f"{found}, a standby",
            "nothing can be written: name the primary in KNOWLEDGE_GRAPH_HOST",
        )
    if is_read_only:
        return Finding(
            "server", Status.WARNING, f"{found}, read-only", "nothing can be written: see default_transaction_read_only"
        )
    return Finding("server", Status.OK, found)


def check_encoding(connection: Connection) -> Finding:
    """Look at the encoding of the database, and whether its collation is the one that indexes were made with."""
    encoding, collation, version, actual = connection.execute(_ENCODING).one()
    found = f"{encoding}, collation {collation}"
    if encoding != "UTF8":
        return Finding(
            "encoding",
            Status.ERROR,
            found,
            "documents hold any character: make a database with ENCODING 'UTF8', as `schema upgrade` does",
        )
    if version is not None and version != actual:
        return Finding(
            "encoding",
            Status.WARNING,
            f"{found}: indexes were made with version {version} of it, the system has {actual}",
            "REINDEX DATABASE, then ALTER DATABASE ... REFRESH COLLATION VERSION",
        )
    return Finding("encoding", Status.OK, found)


def check_extensions(connection: Connection) -> Finding:
    """Look for the extension that counts statements; the schema itself needs none."""
    is_installed, is_loaded, is_created = connection.execute(_EXTENSION, {"name": _STATEMENTS}).one()
    if is_loaded and is_created:
        return Finding("extensions", Status.OK, _STATEMENTS)
    if not is_installed:
        missing, advice = "is not installed on the server", "install the contrib modules of PostgreSQL"
    elif not is_loaded:
        missing, advice = "is not loaded", "name it in shared_preload_libraries, and start the server anew"
    else:
        missing, advice = "is not created in the database", f"CREATE EXTENSION {_STATEMENTS}"
    return Finding("extensions", Status.WARNING, f"{_STATEMENTS} {missing}: slow statements cannot be told", advice)


def check_schema(status: SchemaStatus, differences: list[str]) -> Finding:
    """Judge the revision of the schema.

    Args:
        status: how it stands to that of this release.
        differences: in what the tables differ from the models, see `graph.revisions.differences`.

    """
    found = f"database {status.database or 'empty'}, this release {status.release}: {status.state}"
    if status.state is SchemaState.RELEASE_IS_OLDER:
        return Finding("schema", Status.WARNING, found, "deploy the release that the schema belongs to")
    if status.state is not SchemaState.UP_TO_DATE:
        return Finding("schema", Status.ERROR, found, "thoth-storages schema upgrade")
    # Indexes and unique constraints that are missing have a check of their own.
    lacking = [line for line in differences if not line.startswith(("remove ", "add index", "add constraint"))]
    foreign = [line.removeprefix("remove ") for line in differences if line.startswith("remove ")]
    if lacking:
        return Finding(
            "schema",
            Status.ERROR,
            f"revision {status.release}, but changed by hand: {named(lacking)}",
            "undo the change; `thoth-storages schema check` lists what differs",
        )
    if foreign:
        return Finding(
            "schema",
            Status.WARNING,
            f"revision {status.release}, with things of others: {named(foreign)}",
            "migrations do not know of them; `thoth-storages schema check` lists what differs",
        )
    return Finding("schema", Status.OK, found)


def check_role(connection: Connection) -> Finding:
    """Look at what the role may do."""
    role, quoted, is_superuser, schema = connection.execute(_ROLE).one()
    if schema is None:
        return Finding("role", Status.ERROR, f"{role} sees no schema", f"GRANT USAGE ON SCHEMA public TO {quoted}")
    parameters = {"tables": list(Base.metadata.tables), "sequence": REMOVALS.name, "functions": list(FUNCTIONS)}
    lacking: dict[str, list[str]] = {}
    for privilege, name in connection.execute(_LACKING, parameters):
        lacking.setdefault(privilege, []).append(name)
    told = "; ".join(f"no {privilege} on {named(names)}" for privilege, names in lacking.items())
    grant = (
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {quoted}; "
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {quoted}; "
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {quoted}"
    )
    if "SELECT" in lacking:
        return Finding("role", Status.ERROR, f"{role}: {told}", grant)
    if lacking:
        return Finding("role", Status.WARNING, f"{role} reads alone, which suffices for a resolver: {told}", grant)
    if is_superuser:
        return Finding(
            "role",
            Status.WARNING,
            f"{role} is a superuser",
            "thoth-storages db roles makes roles that may do no more than they need",
        )
    return Finding("role", Status.OK, f"{role} reads and writes")


def check_connections(connection: Connection) -> Finding:
    """Compare the pool of an adapter with the connections that the server has for it."""
    size, overflow = POOL_SIZE.read(), POOL_OVERFLOW.read()
    *limits, used = connection.execute(_CONNECTIONS).one()
    most = min(limit for limit in limits if limit >= 0)
    found = f"an adapter opens {size} and in need {overflow} more; the server lets {most} in, others hold {used}"
    advice = (
        f"lower {POOL_SIZE.name} and {POOL_OVERFLOW.name}, or raise max_connections or the limit of role or database; "
        "each process has a pool of its own"
    )
    if size + overflow > most:
        return Finding("connections", Status.ERROR, found, advice)
    if size + overflow > most - used:
        return Finding("connections", Status.WARNING, found, advice)
    return Finding("connections", Status.OK, found)
