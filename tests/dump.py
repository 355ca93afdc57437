"""What a database holds, told without its ids: two graphs are the same when their dumps are equal."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Column, Table, select

from thoth.storages import GraphDatabase
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.models_performance import ALL_PERFORMANCE_MODELS

Row: TypeAlias = tuple[Any, ...]
Dump: TypeAlias = dict[str, list[Row]]

_ARRAY_OF_IDS = "_ids"


def logical_dump(graph: GraphDatabase, *, without: Collection[str] = ()) -> Dump:
    """Return the rows of every table, each reference replaced by the natural key of what it refers to.

    Args:
        graph: a connected adapter.
        without: names of tables that are left out; references to their rows are resolved all the same.

    Returns:
        Sorted rows by name of table, in the order of the columns; ids that the database gave are left out. A row that
        is there twice is there twice.

    """
    assert ALL_PERFORMANCE_MODELS  # their tables are in the metadata, too
    tables = Base.metadata.sorted_tables
    with graph.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        stored = {table.name: connection.execute(select(table)).mappings().all() for table in tables}
    keys = _NaturalKeys(stored)
    return {
        table.name: sorted((keys.row(table, row) for row in stored[table.name]), key=repr)
        for table in tables
        if table.name not in without
    }


class _NaturalKeys:
    """The natural keys of stored rows."""

    def __init__(self, stored: Mapping[str, Collection[Mapping[Any, Any]]]) -> None:
        self._by_id = {
            name: {row["id"]: row for row in rows} for name, rows in stored.items() if "id" in _table(name).columns
        }
        self._found: dict[tuple[str, int], Any] = {}

    def row(self, table: Table, row: Mapping[Any, Any]) -> Row:
        """Return a row without its own id and with the natural keys of what it refers to."""
        return tuple(self._value(column, row[column.name]) for column in table.columns if not _is_surrogate(column))

    def _value(self, column: Column[Any], value: Any) -> Any:
        target = _target(column)
        if target is not None and value is not None:
            return self._key(target, value)
        if column.name.endswith(_ARRAY_OF_IDS):
            return sorted((self._key(column.name.removesuffix(_ARRAY_OF_IDS), id_) for id_ in value), key=repr)
        if isinstance(value, bytes):
            return value.hex()
        if isinstance(value, dt.datetime):
            return value.astimezone(dt.UTC).isoformat()
        return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value

    def _key(self, table_name: str, id_: int) -> Any:
        """Return the natural key of a row: its value when it is one column, else the tuple of its values."""
        if (table_name, id_) not in self._found:
            assert id_ in self._by_id[table_name], f"{table_name} has no row with id {id_}, to which a row refers"
            row, columns = self._by_id[table_name][id_], _table(table_name).columns
            parts = tuple(self._value(columns[name], row[name]) for name in _natural_key(table_name))
            self._found[table_name, id_] = parts if len(parts) > 1 else parts[0]
        return self._found[table_name, id_]


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def _is_surrogate(column: Column[Any]) -> bool:
    return column.identity is not None


@cache
def _target(column: Column[Any]) -> str | None:
    """Return the name of the table whose id a column holds, or None; keys of link tables are followed to their end."""
    followed = column
    while not _is_surrogate(followed):
        if not followed.foreign_keys:
            return None
        followed = next(iter(followed.foreign_keys)).column
    return None if followed is column else followed.table.name


@cache
def _natural_key(table_name: str) -> tuple[str, ...]:
    classes = [mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__tablename__ == table_name]
    assert len(classes) == 1, table_name
    return tuple(classes[0].NATURAL_KEY)
