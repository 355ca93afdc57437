"""What those who run the database want to know."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from ...exceptions import ConfigurationError
from ..sessions import ReadSession

_TABLES = text(
    """
    SELECT relname, n_live_tup, pg_total_relation_size(relid)
    FROM pg_stat_user_tables WHERE schemaname = current_schema() ORDER BY relname
    """
)

_STATEMENTS_EXTENSION = text(
    """
    SELECT quote_ident(nspname), current_setting('pg_stat_statements.max', true) IS NOT NULL
    FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_stat_statements'
    """
)
_SLOW = """
    SELECT query, sum(calls)::bigint, sum(total_exec_time) / 1000, max(max_exec_time) / 1000, sum(rows)::bigint,
        sum(shared_blks_read)::bigint
    FROM {schema}.pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
    WHERE datname = current_database() AND query IS NOT NULL
    GROUP BY query ORDER BY sum(total_exec_time) DESC, query LIMIT :count
    """


def get_table_sizes(session: ReadSession) -> dict[str, dict[str, int]]:
    """Return the size of every table.

    Returns:
        By name of table, ``rows`` (as PostgreSQL's statistics estimate them) and ``bytes`` (with indexes).

    """
    return {name: {"rows": rows, "bytes": size} for name, rows, size in session.execute(_TABLES)}


def slow_queries(session: ReadSession, count: int = 10) -> list[dict[str, Any]]:
    """Return the statements that took most of the server's time in this database, by whoever they were sent.

    PostgreSQL counts them where its extension ``pg_stat_statements`` is loaded: values are placeholders in them.

    Args:
        session: an open session.
        count: how many at most.

    Returns:
        Dictionaries with ``statement``, ``calls``, ``total_seconds``, ``mean_seconds``, ``max_seconds``, ``rows`` and
        ``blocks_read`` (those that were not in the server's memory), what took longest in all first.

    Raises:
        ValueError: ``count`` is less than 1.
        ConfigurationError: the extension is not there, or was not loaded when the server started.

    """
    if count < 1:
        raise ValueError(f"count={count!r}: must be at least 1")
    found = session.execute(_STATEMENTS_EXTENSION).one_or_none()
    if found is None:
        raise ConfigurationError("pg_stat_statements is not there: CREATE EXTENSION pg_stat_statements")
    schema, is_loaded = found
    if not is_loaded:
        raise ConfigurationError(
            "pg_stat_statements is not loaded: name it in shared_preload_libraries, and start the server anew"
        )
    return [
        {
            "statement": statement,
            "calls": calls,
            "total_seconds": total,
            "mean_seconds": total / calls,
            "max_seconds": longest,
            "rows": rows,
            "blocks_read": blocks,
        }
        for statement, calls, total, longest, rows, blocks in session.execute(
            text(_SLOW.format(schema=schema.replace(":", "\\:"))), {"count": count}
        )
    ]
