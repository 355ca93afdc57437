"""Checks of tables and their indexes, from what the server has counted of them."""

from __future__ import annotations

from sqlalchemy import Connection, Index, Table, UniqueConstraint, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint, CreateIndex, PrimaryKeyConstraint

from ..graph.models_base import Base
from .findings import Finding, Status, named

_MUCH = 10_000
"""Rows that are worth a warning."""
_DEAD_SHARE = 0.4
"""Twice the share of dead rows at which PostgreSQL's own housekeeping begins by default."""
_LARGE = 1 << 20
"""Bytes of an index that nobody uses."""
_READ_OFTEN = 1000
"""Times that a table was read, by all of its indexes and without: as often as it takes to judge one of them."""

_TABLES = text(
    """
    SELECT relname, quote_ident(relname) AS quoted, n_live_tup AS live, n_dead_tup AS dead,
        last_analyze IS NULL AND last_autoanalyze IS NULL AS is_unknown,
        CAST(current_setting('autovacuum') AS boolean) AS is_cleaned
    FROM pg_stat_user_tables WHERE schemaname = current_schema() ORDER BY n_dead_tup DESC, relname
    """
)
_INDEXES = text(
    """
    SELECT pg_class.relname, quote_ident(pg_class.relname), indisvalid
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = CAST(current_schema() AS regnamespace) ORDER BY 1
    """
)
_UNUSED = text(
    """
    SELECT used.indexrelname, quote_ident(used.indexrelname), pg_size_pretty(pg_relation_size(used.indexrelid))
    FROM pg_stat_user_indexes AS used JOIN pg_index USING (indexrelid)
        JOIN pg_stat_user_tables AS of_table ON of_table.relid = used.relid
    WHERE used.schemaname = current_schema() AND used.idx_scan = 0 AND NOT indisunique AND NOT indisexclusion
        AND pg_relation_size(used.indexrelid) >= :large AND of_table.seq_scan + of_table.idx_scan >= :often
    ORDER BY pg_relation_size(used.indexrelid) DESC, 1
    """
)


def check_bloat(connection: Connection) -> Finding:
    """Look for tables with many dead rows, and for some that the planner knows nothing of."""
    rows = connection.execute(_TABLES).all()
    bloated = [row for row in rows if row.dead >= _MUCH and row.dead > _DEAD_SHARE * row.live]
    unknown = [row for row in rows if row.live >= _MUCH and row.is_unknown]
    if bloated:
        told = [f"{row.relname} ({row.dead} dead rows beside {row.live})" for row in bloated]
        tables = ", ".join(row.quoted for row in bloated)
        advice = f"VACUUM (ANALYZE) {tables}; is a transaction left open, or autovacuum slow?"
        return Finding("bloat", Status.WARNING, named(told), advice)
    if unknown:
        tables = ", ".join(row.quoted for row in unknown)
        told = [row.relname for row in unknown]
        return Finding("bloat", Status.WARNING, f"never analysed: {named(told)}", f"ANALYZE {tables}")
    if rows and not rows[0].is_cleaned:
        return Finding("bloat", Status.WARNING, "autovacuum is off", "autovacuum = on, or VACUUM by a timer")
    return Finding("bloat", Status.OK, "no table has many dead rows")


def check_missing_indexes(connection: Connection) -> Finding:
    """Look for indexes of the models that are not there, and for those that a build left unfinished."""
    found = connection.execute(_INDEXES).all()
    invalid = [quoted for _, quoted, is_valid in found if not is_valid]
    there = {name for name, *_ in found}
    tables = set(inspect(connection).get_table_names())  # those that are missing are told with the schema
    missing = {
        name: statement
        for table in Base.metadata.sorted_tables
        if table.name in tables
        for name, statement in _index_statements(table).items()
        if name not in there
    }
    if missing:
        return Finding("missing indexes", Status.ERROR, named(list(missing)), "; ".join(missing.values()))
    if invalid:
        return Finding(
            "missing indexes",
            Status.ERROR,
            f"not valid, so kept up and never used: {named(invalid)}",
            "; ".join(f"REINDEX INDEX CONCURRENTLY {name}" for name in invalid) + "; or drop those of others",
        )
    return Finding("missing indexes", Status.OK, f"all {len(_own_indexes())} are there")


def check_unused_indexes(connection: Connection) -> Finding:
    """Look for indexes that cost writes and space, and that no read has used since statistics were reset."""
    rows = connection.execute(_UNUSED, {"large": _LARGE, "often": _READ_OFTEN}).all()
    ours = _own_indexes()
    foreign = [row for row in rows if row[0] not in ours]
    if foreign:
        return Finding(
            "unused indexes",
            Status.WARNING,
            named([f"{name} ({size})" for name, _, size in foreign]),
            "when no standby uses them: " + "; ".join(f"DROP INDEX CONCURRENTLY {row[1]}" for row in foreign),
        )
    if rows:
        told = named([f"{name} ({size})" for name, _, size in rows])
        return Finding("unused indexes", Status.OK, f"of the schema, for methods that were not called here: {told}")
    return Finding("unused indexes", Status.OK, "none")


def _own_indexes() -> set[str]:
    """Return the names of the indexes of the models."""
    return {name for table in Base.metadata.sorted_tables for name in _index_statements(table)}


def _index_statements(table: Table) -> dict[str, str]:
    """Return how each index of a table is made, by name; that of a constraint is made with it."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    statements = {}
    for part in (*table.indexes, *table.constraints):
        if isinstance(part, Index):
            statement = CreateIndex(part).compile(dialect=dialect)
        elif isinstance(part, UniqueConstraint | PrimaryKeyConstraint):
            # Otherwise tables that are made of the models later would be made without it.
            statement = AddConstraint(part, isolate_from_table=False).compile(dialect=dialect)
        else:
            continue
        made = str(statement).replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY")
        statements[str(part.name)] = " ".join(made.split())
    return statements
