"""What those who run the database want to know."""

from __future__ import annotations

from sqlalchemy import text

from ..sessions import ReadSession

_TABLES = text(
    """
    SELECT relname, n_live_tup, pg_total_relation_size(relid)
    FROM pg_stat_user_tables WHERE schemaname = current_schema() ORDER BY relname
    """
)


def get_table_sizes(session: ReadSession) -> dict[str, dict[str, int]]:
    """Return the size of every table.

    Returns:
        By name of table, ``rows`` (as PostgreSQL's statistics estimate them) and ``bytes`` (with indexes).

    """
    return {name: {"rows": rows, "bytes": size} for name, rows, size in session.execute(_TABLES)}
