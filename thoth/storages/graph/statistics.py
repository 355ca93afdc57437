"""Statistics of tables, which PostgreSQL plans by: without any, it takes a walk over thousands of rows for a short one.

Autovacuum takes them, a minute after many rows came in, and so may whoever put them in:
https://www.postgresql.org/docs/current/sql-analyze.html
"""

from __future__ import annotations

from sqlalchemy import text

from .postgres import GraphDatabase
from .sessions import ReadSession

# That of a table of which none were ever taken is -1.
_WITHOUT = text(
    """
    SELECT quote_ident(relname) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = CAST(current_schema() AS regnamespace) AND reltuples < 0
        AND pg_relation_size(oid) > 0
    ORDER BY relname
    """
)


def take_first_statistics(graph: GraphDatabase) -> list[str]:
    """Take statistics of the tables that have rows and no statistics; they are those of a graph that was just filled.

    Whoever may not do so, as the tables are not theirs, leaves it to autovacuum: PostgreSQL warns, and goes on.

    Args:
        graph: a connected adapter.

    Returns:
        The names of the tables.

    Raises:
        NotConnected: the database does not come back in time.
        ThothStorageException: it takes too long for the limits that are set.

    """

    def take(session: ReadSession) -> list[str]:
        tables = [str(name) for name in session.scalars(_WITHOUT)]
        if tables:
            session.execute(text(f"ANALYZE (SKIP_LOCKED) {', '.join(tables)}"))
        return tables

    return graph._run(take, writes=True)
