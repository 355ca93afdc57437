"""The whole graph as text: sorted, and without the ids of its database, so that `diff` compares two graphs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from sqlalchemy import Table, TextClause, text

from ..exceptions import NotFoundError
from .natural_rows import all_tables, natural_rows
from .sql_base import SQLBase

# Numbers have all their digits, whatever the server is set to. All lines are wanted. Tables are joined in the order in
# which they are written: to look for a better one takes longer than to read a small table, and a large one has none.
_SETTINGS = text(
    """
    SELECT set_config('extra_float_digits', '1', true), set_config('cursor_tuple_fraction', '1', true),
           set_config('join_collapse_limit', '1', true), set_config('jit', 'off', true)
    """
)
_AT_ONCE = 5000
"""Lines that are fetched in one go."""


def dump_lines(graph: SQLBase, tables: Iterable[str] | None = None) -> Iterator[str]:
    """Yield what a graph holds, one row a line, as JSON: ``{"table": {"column": value, ...}}``.

    Lines are in the order of their bytes, as ``LC_ALL=C sort`` puts them. Ids are followed to the natural key of what
    they refer to, see `natural_rows`; so the dump of a graph that other writers filled with the same documents, in
    another order, is the same. All lines tell one state of the graph. It takes one statement a table and one more, and
    memory for some thousand lines.

    Args:
        graph: a connected adapter.
        tables: names of tables; all when not given.

    Raises:
        NotFoundError: there is no such table; the message lists those that there are.

    """
    chosen = tables_named(tables)
    with graph.snapshot() as connection:
        connection.execute(_SETTINGS)
        for table in chosen:
            yield from connection.execute(_lines_of(table), execution_options={"yield_per": _AT_ONCE}).scalars()


@lru_cache(maxsize=256)
def _lines_of(table: Table) -> TextClause:
    # The natural key comes first in a row, so that lines about one thing stand together.
    return text(
        f"""
        SELECT line FROM (
            SELECT '{{"{table.name}": ' || row || '}}' AS line FROM ({natural_rows(table)}) AS rows
        ) AS lines ORDER BY line COLLATE "C"
        """
    )


def tables_named(names: Iterable[str] | None) -> list[Table]:
    """Return tables by name, in the order of their names; all when None is given.

    Raises:
        NotFoundError: there is no such table; the message lists those that there are.

    """
    tables = {table.name: table for table in all_tables()}
    if names is None:
        return list(tables.values())
    wanted = set(names)
    for name in sorted(wanted):
        if name not in tables:
            raise NotFoundError(f"no table is called {name!r}; there are: {', '.join(tables)}")
    return [table for name, table in tables.items() if name in wanted]
