"""What documents tell, in the form in which the graph tells its rows: see `graph.natural_rows`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import JSON

from ..graph.models_base import Base
from ..graph.natural_rows import natural_key

Key = tuple[Any, ...]
"""Values of the natural key, a tuple in the place of each reference to a key of several columns."""
Row = Mapping[str, Any]
"""Values by name of column."""


class Fact(NamedTuple):
    """A row that a document tells."""

    document_id: str
    row: Row


class Facts:
    """What some documents tell, by table and natural key; what several tell alike is there once."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.by_table: dict[str, dict[Key, Fact]] = {}

    def add(self, table: str, document_id: str, /, **columns: Any) -> None:
        """Add what a document tells.

        Args:
            table: name of the table that holds it.
            document_id: identifier of the document.
            columns: a value for each column, references as natural keys. A column that is left out is not compared.

        """
        row = {name: plain(value) for name, value in columns.items()}
        self.by_table.setdefault(table, {}).setdefault(key_of(table, row), Fact(document_id, row))

    def has(self, table: str, *key: Any) -> bool:
        """Tell whether a row is there already."""
        return key in self.by_table.get(table, ())

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.by_table.values()))


def key_of(table: str, row: Row) -> Key:
    """Return the natural key of a row."""
    return tuple([row[name] for name in _natural_key(table)])


@cache
def _natural_key(table: str) -> tuple[str, ...]:
    return natural_key(Base.metadata.tables[table])


def plain(value: Any) -> Any:
    """Return a value as the graph tells it: tuples for lists, hexadecimal digests, times as text in UTC."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return tuple([plain(item) for item in value])
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return plain(msgspec.to_builtins(value))


def differing_columns(table: str, expected: Row, found: Row) -> list[str]:
    """Return the names of the columns of a row, as it is expected, that hold something else."""
    objects = _columns_of_objects(table)
    if expected == found and not objects:  # the mostly asked, and quickly answered
        return []
    return [
        name
        for name, value in expected.items()
        if value != found[name] or (name in objects and not same(value, found[name]))
    ]


@cache
def _columns_of_objects(table: str) -> frozenset[str]:
    """Return the names of the columns that hold JSON; in others, values equal for Python are equal."""
    return frozenset(column.name for column in Base.metadata.tables[table].columns if isinstance(column.type, JSON))


def same(expected: Any, found: Any) -> bool:
    """Tell whether two plain values are equal; true is not 1, as it is for Python."""
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, tuple) and isinstance(found, tuple):
        return len(expected) == len(found) and all(map(same, expected, found))
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(same(value, found[name]) for name, value in expected.items())
    return bool(expected == found)
