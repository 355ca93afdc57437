"""What a picture of a schema shows: tables by topic, their columns, what refers to what. How it looks is not said here.

A column that holds ids without a foreign key, as an array does, names in ``info["refers_to"]`` the column that they are
of: ``mapped_column(info={"refers_to": "python_release.id"})``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import Column as TableColumn
from sqlalchemy import Dialect, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase

from ..exceptions import ConfigurationError

Detail: TypeAlias = Literal["near", "keys", "all"]

_TYPE_NAMES = {"timestamp with time zone": "timestamptz"}
_NO_MODEL = "tables"
_KEYS = frozenset(("PK", "FK", "NK"))


@dataclass(frozen=True)
class Column:
    """A row of a box."""

    name: str
    type_name: str
    marks: tuple[str, ...]
    """``PK``, ``FK``, ``NK`` (part of the natural key), ``U`` (part of another unique key)."""
    nullable: bool

    @property
    def is_key(self) -> bool:
        """Whether it is part of the primary or natural key, or refers to another table."""
        return not _KEYS.isdisjoint(self.marks)


@dataclass(frozen=True)
class TableBox:
    """A table, with all columns or with those that matter to others."""

    name: str
    topic: str
    summary: str
    """The first line of what its model says."""
    columns: tuple[Column, ...]
    only_keys: bool
    """Whether the columns are those that matter to other tables, and not all."""
    left_out: int
    """How many columns are not shown."""
    is_neighbour: bool
    """Whether it is there because of another table, and not by itself."""


@dataclass(frozen=True)
class Reference:
    """Columns of a table that hold ids of another."""

    source: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    nullable: bool
    unique: bool
    array: bool = False
    backward: bool = False
    """Whether it closes a cycle, so that it has no say in which table stands left of which."""


@dataclass(frozen=True)
class Diagram:
    """A picture, before it is drawn; equal models make equal diagrams."""

    title: str
    topics: tuple[str, ...]
    """All topics there are, also those that are not drawn: the place of one is the same in every picture."""
    tables: tuple[TableBox, ...]
    references: tuple[Reference, ...]

    def by_topic(self) -> dict[str, list[TableBox]]:
        """Return the tables of each topic that is drawn, topics and tables by name."""
        found: dict[str, list[TableBox]] = {}
        for table in sorted(self.tables, key=lambda table: (table.topic, table.name)):
            found.setdefault(table.topic, []).append(table)
        return found


class Models:
    """The tables of a base, with what their models say about them."""

    def __init__(self, base: type[DeclarativeBase], dialect: Dialect) -> None:
        """Read the models of a base.

        Args:
            base: the base; the module of a model is the topic of its table.
            dialect: the names of types are those that it knows.

        Raises:
            ConfigurationError: ``info["refers_to"]`` names a column that does not exist.

        """
        mapped = ((mapper.local_table, mapper.class_) for mapper in base.registry.mappers)
        self.tables: dict[str, Table] = dict(sorted(base.metadata.tables.items()))
        self.model_of = {table.name: model for table, model in mapped if isinstance(table, Table)}
        self.topic_of = {name: _topic(self.model_of.get(name)) for name in self.tables}
        self.topics = tuple(sorted(set(self.topic_of.values())))
        self.references = [reference for table in self.tables.values() for reference in _references(table)]
        self._dialect = dialect

    def within(self, chosen: Iterable[str], depth: int) -> dict[str, int]:
        """Return the tables that are at most ``depth`` references away, in either direction, with how many it takes."""
        near: dict[str, set[str]] = {name: set() for name in self.tables}
        for reference in self.references:
            near[reference.source].add(reference.target)
            near[reference.target].add(reference.source)
        distances = dict.fromkeys(chosen, 0)
        waiting = deque(distances)
        while waiting:
            name = waiting.popleft()
            for other in near[name] - distances.keys() if distances[name] < depth else ():
                distances[other] = distances[name] + 1
                waiting.append(other)
        return distances

    def diagram(self, title: str, distances: Mapping[str, int], depth: int = 0, *, detail: Detail = "near") -> Diagram:
        """Return the diagram of some tables.

        Args:
            title: what stands above.
            distances: the tables to draw, and how far each is from those that matter, which are at 0.
            depth: how far the farthest may be; what is between two of these is not drawn.
            detail: which columns are drawn: of tables at 0 all and of others the keys (``near``), of all tables the
                keys (``keys``), of all tables all (``all``).

        Returns:
            The diagram. What tables refer to that are not drawn is left out.

        """
        drawn = tuple(
            reference
            for reference in self.references
            if reference.source in distances
            and reference.target in distances
            and min(distances[reference.source], distances[reference.target]) < max(depth, 1)
        )
        needed: dict[str, set[str]] = {name: set() for name in distances}
        for reference in drawn:
            needed[reference.source].update(reference.columns)
            needed[reference.target].update(reference.target_columns)
        boxes = (
            self._box(name, needed[name], detail == "keys" or (detail == "near" and far > 0), far > 0)
            for name, far in sorted(distances.items())
        )
        return Diagram(title, self.topics, tuple(boxes), drawn)

    def _box(self, name: str, needed: Collection[str], only_keys: bool, is_neighbour: bool) -> TableBox:
        table, model = self.tables[name], self.model_of.get(name)
        natural = set(getattr(model, "NATURAL_KEY", ()))
        columns = [
            Column(
                column.name,
                _type_name(column, self._dialect),
                tuple(_marks(table, column, natural)),
                bool(column.nullable),
            )
            for column in table.columns
        ]
        shown = tuple(column for column in columns if not only_keys or column.is_key or column.name in needed)
        summary = ((model and model.__doc__) or "").strip().partition("\n")[0]
        return TableBox(name, self.topic_of[name], summary, shown, only_keys, len(columns) - len(shown), is_neighbour)


def _topic(model: type | None) -> str:
    return _NO_MODEL if model is None else model.__module__.rpartition(".")[2].removeprefix("models_")


def _marks(table: Table, column: TableColumn[object], natural: set[str]) -> Iterator[str]:
    if column.primary_key:
        yield "PK"
    if column.foreign_keys:
        yield "FK"
    if column.name in natural:
        yield "NK"
    elif any(column.name in key for key in _unique_keys(table) if key != natural):
        yield "U"


def _unique_keys(table: Table) -> list[set[str]]:
    keys: list[UniqueConstraint | Index] = [index for index in table.indexes if index.unique]
    keys += [key for key in table.constraints if isinstance(key, UniqueConstraint)]
    return [set(key.columns.keys()) for key in keys]


def _type_name(column: TableColumn[object], dialect: Dialect) -> str:
    name = column.type.compile(dialect=dialect).partition(" COLLATE ")[0].lower()
    return _TYPE_NAMES.get(name, name)


def _references(table: Table) -> list[Reference]:
    found = [_foreign_key(table, key) for key in table.foreign_key_constraints]
    found += [_array_of_ids(table, column) for column in table.columns if "refers_to" in column.info]
    return sorted(found, key=lambda reference: (reference.columns, reference.target))


def _foreign_key(table: Table, key: ForeignKeyConstraint) -> Reference:
    columns = tuple(column.name for column in key.columns)
    keys = [*_unique_keys(table), set(table.primary_key.columns.keys())]
    return Reference(
        source=table.name,
        columns=columns,
        target=key.referred_table.name,
        target_columns=tuple(element.column.name for element in key.elements),
        nullable=any(column.nullable for column in key.columns),
        unique=any(unique and unique <= set(columns) for unique in keys),
        backward=key.use_alter,
    )


def _array_of_ids(table: Table, column: TableColumn[object]) -> Reference:
    refers_to = str(column.info["refers_to"])
    target, _, target_column = refers_to.rpartition(".")
    if target not in table.metadata.tables or target_column not in table.metadata.tables[target].columns:
        raise ConfigurationError(f'{table.name}.{column.name}: info["refers_to"] is {refers_to!r}, which is no column')
    return Reference(table.name, (column.name,), target, (target_column,), nullable=True, unique=False, array=True)
