"""Removal of what runs said, and of what nothing else refers to any more; read off the models.

A table whose foreign key to a run cascades holds the facts of that run, and goes with it. What the run and its facts
refer to goes, too, when its model is `REMOVED_WHEN_UNUSED` and no other row refers to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Table, TextClause, text
from sqlalchemy.orm import Session
from sqlalchemy.sql.ddl import sort_tables

from ..models_base import Base
from ..models_performance import ALL_PERFORMANCE_MODELS

assert ALL_PERFORMANCE_MODELS  # importing them puts their tables into the metadata

Used = Mapping[str, Iterable[int]]
"""Ids by name of table."""


def remove_runs(session: Session, model: type[Base], ids: Sequence[int]) -> None:
    """Remove runs with what they said; the caller holds the lock of `exclude_writers`.

    Args:
        session: an open session.
        model: the model of the runs.
        ids: their ids.

    """
    used = used_by(session, model.__tablename__, ids)
    _delete(session, model.__tablename__, ids)
    remove_unused(session, used)


def used_by(session: Session, table_name: str, ids: Sequence[int]) -> Used:
    """Return the rows that some rows, and those that go with them, refer to, of tables whose rows go when unused."""
    names, statement = _used_statement(table_name)
    if not names or not ids:
        return {}
    used: dict[str, set[int]] = defaultdict(set)
    for name, found in zip(names, session.execute(statement, {"ids": list(ids)}).one(), strict=True):
        used[name].update(found)
    return used


def remove_unused(session: Session, candidates: Used) -> None:
    """Remove those of some rows that nothing refers to, and then what only these referred to.

    Args:
        session: an open session.
        candidates: ids of rows that may be unused, by name of table.

    """
    left = {name: set(ids) for name, ids in candidates.items()}
    for table_name in _users_first():
        ids = left.pop(table_name, None)
        unused = list(session.scalars(_unused_statement(table_name), {"ids": sorted(ids)})) if ids else []
        if unused:
            for name, used in used_by(session, table_name, unused).items():
                left.setdefault(name, set()).update(used)
            _delete(session, table_name, unused)


def _delete(session: Session, table_name: str, ids: Sequence[int]) -> None:
    session.execute(text(f"DELETE FROM {table_name} WHERE id = ANY(:ids)"), {"ids": list(ids)})


@cache
def _users_first() -> list[str]:
    """Return the names of all tables, those that refer to others before these."""
    tables = Base.metadata.tables
    arrays = [
        (tables[target], table)
        for table in tables.values()
        for target, is_array in map(_target, table.columns)
        if is_array
    ]
    return [table.name for table in reversed(sort_tables(tables.values(), extra_dependencies=arrays))]


@cache
def _removed_when_unused() -> frozenset[str]:
    return frozenset(
        mapper.class_.__tablename__ for mapper in Base.registry.mappers if mapper.class_.REMOVED_WHEN_UNUSED
    )


@lru_cache(maxsize=64)
def _used_statement(table_name: str) -> tuple[list[str], TextClause]:
    """Return names of tables, and a statement that gives an array of ids in each."""
    names, arrays = [], []
    for table, condition in [(Base.metadata.tables[table_name], "id = ANY(:ids)"), *_owned(table_name)]:
        for column in table.columns:
            target, is_array = _target(column)
            if target != table_name and target in _removed_when_unused():
                value = f"unnest({column.name})" if is_array else column.name
                rows = f"SELECT DISTINCT {value} AS used FROM {table.name} WHERE {condition}"
                names.append(target)
                arrays.append(f"ARRAY(SELECT used FROM ({rows}) AS users WHERE used IS NOT NULL)")
    return names, text(f"SELECT {', '.join(arrays)}")


def _owned(table_name: str) -> Iterator[tuple[Table, str]]:
    """Yield the tables whose rows go with the rows of a table, and how to find them."""
    for key in _foreign_keys_to(table_name):
        if key.ondelete == "CASCADE":
            yield key.table, f"{key.elements[0].parent.name} = ANY(:ids)"


@lru_cache(maxsize=64)
def _unused_statement(table_name: str) -> TextClause:
    users = [
        f"NOT EXISTS (SELECT FROM {key.table.name} WHERE {key.elements[0].parent.name} = stored.id)"
        for key in _foreign_keys_to(table_name)
        if key.ondelete != "CASCADE"
    ]
    users += [
        f"NOT EXISTS (SELECT FROM {table.name} WHERE {column.name} @> ARRAY[stored.id])"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if _target(column) == (table_name, True)
    ]
    return text(f"SELECT id FROM {table_name} AS stored WHERE id = ANY(:ids) AND {' AND '.join(users)}")


def _foreign_keys_to(table_name: str) -> Iterator[ForeignKeyConstraint]:
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            if key.referred_table.name == table_name and [element.column.name for element in key.elements] == ["id"]:
                yield key


def _target(column: Column[Any]) -> tuple[str, bool]:
    """Return the table whose ids a column holds, and whether it holds several; no table when it holds none."""
    if "refers_to" in column.info:
        return column.info["refers_to"].partition(".")[0], True
    return next((key.column.table.name for key in column.foreign_keys if key.column.name == "id"), ""), False
