"""What a database holds, told without its ids: two graphs are the same when their dumps are equal."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any, TypeAlias

from sqlalchemy import text

from thoth.storages import GraphDatabase
from thoth.storages.graph.dump import dump_lines
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.natural_rows import columns_told

Row: TypeAlias = tuple[Any, ...]
Dump: TypeAlias = dict[str, list[Row]]


def logical_dump(graph: GraphDatabase, *, without: Collection[str] = ()) -> Dump:
    """Return the rows of every table as the library dumps them, see `dump_lines`.

    Args:
        graph: a connected adapter.
        without: names of tables that are left out; references to their rows are resolved all the same.

    Returns:
        Sorted rows by name of table, in the order of the columns; ids that the database gave are left out. A row that
        is there twice is there twice.

    """
    wanted = [name for name in Base.metadata.tables if name not in without]
    found: Dump = {name: [] for name in wanted}
    for line in dump_lines(graph, _filled(graph, wanted)):
        ((name, row),) = json.loads(line).items()
        found[name].append(tuple(_hashable(row[column]) for column in _columns(name)))
    return found


def _filled(graph: GraphDatabase, tables: Iterable[str]) -> list[str]:
    """Return the tables that have rows: most have none in most tests, and each that is dumped takes a statement."""
    statement = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
    with graph.session() as session:
        return list(session.scalars(text(statement)))


def _columns(table: str) -> list[str]:
    told = {column.name for column in columns_told(Base.metadata.tables[table])}
    return [column.name for column in Base.metadata.tables[table].columns if column.name in told]


def _hashable(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value
