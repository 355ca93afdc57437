"""Rows of any table without the ids that a database gave: each reference is told by the natural key of its target.

Read off the models: which columns hold ids of which table, also arrays of ids, and what the natural key of a table is.
Two graphs that say the same have the same natural rows, whoever wrote them and in which order.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Column, DateTime, LargeBinary, Table

from .models_base import Base
from .models_performance import ALL_PERFORMANCE_MODELS

assert ALL_PERFORMANCE_MODELS  # importing them puts their tables into the metadata

DANGLING = "no such id"
"""What stands in the place of the natural key for an id in an array that leads nowhere."""

_TIME = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


class Reference(NamedTuple):
    """Where the ids of a column lead to."""

    table: Table
    is_array: bool


def all_tables() -> list[Table]:
    """Return the tables of all models, sorted by name."""
    return sorted(Base.metadata.tables.values(), key=lambda table: table.name)


@cache
def natural_key(table: Table) -> tuple[str, ...]:
    """Return the names of the columns that identify a row of a table to everybody outside the database."""
    (model,) = (mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is table)
    return tuple(model.NATURAL_KEY)


def reference(column: Column[Any]) -> Reference | None:
    """Return where the ids of a column lead to, through the keys of link tables to the end; None for other columns."""
    if "refers_to" in column.info:
        return Reference(Base.metadata.tables[column.info["refers_to"].partition(".")[0]], True)
    followed = column
    while followed.identity is None:
        if not followed.foreign_keys:
            return None
        followed = next(iter(followed.foreign_keys)).column
    return None if followed is column else Reference(followed.table, False)


def columns_told(table: Table) -> list[Column[Any]]:
    """Return the columns that mean something outside the database, those of the natural key first."""
    key = natural_key(table)
    others = [column for column in table.columns if column.name not in key and column.identity is None]
    return [*(table.columns[name] for name in key), *others]


@lru_cache(maxsize=256)
def natural_rows(table: Table, *, condition: str = "") -> str:
    """Return SQL that gives each row of a table as JSON text, in a column ``row``.

    A row is an object of values by name of column. An id is told by the natural key that it leads to: its value when
    the key is one column, else an array of the values of its columns; an array of ids by an array of such keys,
    sorted. Digests are hexadecimal, times ISO 8601 in UTC with microseconds.

    Args:
        table: the table.
        condition: of which rows, SQL over the columns of the table; of all rows when empty.

    """
    rows = _Rows(f"{'chosen' if condition else table.name} AS told", "told")
    values = [f"{rows.value('told', column)} AS {column.name}" for column in columns_told(table)]
    # Materialized: the rows are chosen first, however many tables are joined to tell them.
    chosen = f"WITH chosen AS MATERIALIZED (SELECT * FROM {table.name} WHERE {condition}) " if condition else ""
    return (
        f"{chosen}SELECT CAST(row_to_json(natural_row) AS text) AS row "
        f"FROM (SELECT {', '.join(values)} FROM {rows.joined()}) AS natural_row"
    )


class _Rows:
    """The tables that have to be joined to tell rows of one."""

    def __init__(self, source: str, alias: str) -> None:
        self._source = source
        self._alias = alias
        self._joins: dict[tuple[str, str], tuple[str, Table]] = {}

    def joined(self) -> str:
        """Return what stands after FROM."""
        joins = [
            f"LEFT JOIN {table.name} AS {alias} ON {alias}.id = {of}.{column}"
            for (of, column), (alias, table) in self._joins.items()
        ]
        return " ".join([self._source, *joins])

    def value(self, alias: str, column: Column[Any]) -> str:
        """Return SQL for what a column tells."""
        name, target = f"{alias}.{column.name}", reference(column)
        if target is not None and target.is_array:
            return _keys_of_array(name, target.table)
        if target is not None:
            key = self.key(self.join(alias, column.name, target.table), target.table)
            return f"CASE WHEN {name} IS NOT NULL THEN {key} END" if column.nullable else key
        if isinstance(column.type, LargeBinary):
            return f"encode({name}, 'hex')"
        if isinstance(column.type, DateTime):
            return f"to_char({name} AT TIME ZONE 'UTC', '{_TIME}')"
        return name

    def key(self, alias: str, table: Table) -> str:
        """Return SQL for the natural key of the row of a table that was joined."""
        values = [self.value(alias, table.columns[name]) for name in natural_key(table)]
        return values[0] if len(values) == 1 else f"json_build_array({', '.join(values)})"

    def parts(self, alias: str, table: Table) -> Iterator[str]:
        """Yield SQL for the columns that make up a natural key in the end, to sort by."""
        for name in natural_key(table):
            target = reference(table.columns[name])
            if target is None:
                yield f"{alias}.{name}"
            else:
                yield from self.parts(self.join(alias, name, target.table), target.table)

    def join(self, alias: str, column: str, table: Table) -> str:
        """Join the table that the ids of a column lead to, once; return its alias."""
        new = f"{self._alias}_{len(self._joins) + 1}"
        found, _ = self._joins.setdefault((alias, column), (new, table))
        return found


def _keys_of_array(array: str, table: Table) -> str:
    rows = _Rows(f"unnest({array}) AS listed(id)", "listed")
    alias = rows.join("listed", "id", table)
    key, order = rows.key(alias, table), ", ".join(rows.parts(alias, table))
    told = (
        f"CASE WHEN {alias}.id IS NULL THEN to_json(CAST('{DANGLING}: ' || listed.id AS text)) ELSE to_json({key}) END"
    )
    return f"(SELECT coalesce(json_agg({told} ORDER BY {order}, listed.id), '[]') FROM {rows.joined()})"


def rows_of_runs(table: Table, run: Table, of_runs: str) -> str | None:
    """Return SQL for the condition that rows of a table are facts of some runs; None when the table holds none.

    A table holds facts of runs when its natural key names the run. Rows are found as the foreign keys lead to them,
    which are those that indexes serve.

    Args:
        table: the table.
        run: the table of the runs.
        of_runs: the condition on rows of that table.

    """
    if table is run:
        return of_runs
    key = natural_key(table)
    for foreign_key in sorted(table.foreign_key_constraints, key=lambda each: len(each.elements)):
        own = [element.parent.name for element in foreign_key.elements]
        if foreign_key.referred_table is table or not set(own) <= set(key):
            continue
        condition = rows_of_runs(foreign_key.referred_table, run, of_runs)
        if condition is not None:
            names = ", ".join(element.column.name for element in foreign_key.elements)
            return f"({', '.join(own)}) IN (SELECT {names} FROM {foreign_key.referred_table.name} WHERE {condition})"
    return None


def tables_of_runs(run: Table) -> list[Table]:
    """Return the tables that hold facts of the runs of a table, but for that table itself."""
    return [table for table in all_tables() if table is not run and rows_of_runs(table, run, "true") is not None]


def tables_of_members(owner: Table) -> dict[Table, str]:
    """Return the tables whose rows are members of the rows of a table and go with them, each with the column for it."""
    return {
        key.table: key.elements[0].parent.name
        for table in all_tables()
        for key in table.foreign_key_constraints
        if key.referred_table is owner and key.ondelete == "CASCADE" and len(key.elements) == 1
    }
