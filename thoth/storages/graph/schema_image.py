"""Pictures of the schemas: a box a table with its columns, an edge a foreign key, a frame a topic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape as html_escape
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from sqlalchemy import Column, Dialect, ForeignKeyConstraint, Index, Table, UniqueConstraint, make_url
from sqlalchemy.orm import DeclarativeBase

from ..exceptions import ConfigurationError
from .dot import FONT, Digraph, caption, escape, hue, write_graph
from .models_base import Base
from .models_cache import CacheBase
from .models_performance import PerformanceIndicatorBase  # with this, Base knows all tables

Schema: TypeAlias = Literal["main", "cache", "performance"]

_LEGEND = "PK primary key, FK foreign key, NK part of the natural key, U part of another unique key"
_EDGES = "solid: foreign key (bold: of several columns), dashed: array of ids, crow's foot: many"
_TYPE_NAMES = {"timestamp with time zone": "timestamptz"}
_NO_MODEL = "tables"


def write_schema_image(path: str | Path, schema: Schema) -> Path:
    """Write a picture of a schema.

    Args:
        path: the file; the ending of its name says the format, see `dot.write_graph`.
        schema: ``main``, the knowledge graph without performance indicators; ``performance``, these and the tables
            that they refer to; ``cache``, a graph cache file.

    Returns:
        The path of the file.

    Raises:
        ConfigurationError: no such schema or format, or the file cannot be written.
        NotFoundError: no program that lays out graphs is installed.
        ThothStorageException: that program failed.

    """
    return write_graph(schema_graph(schema), path)


def schema_graph(schema: Schema) -> Digraph:
    """Return the graph of a schema, see `write_schema_image`."""
    model_of = _model_of(Base)
    indicators = {table for table, model in model_of.items() if issubclass(model, PerformanceIndicatorBase)}
    if schema == "main":
        tables = set(Base.metadata.tables.values()) - indicators
        return tables_graph("Knowledge graph (PostgreSQL)", Base, tables, _dialect("postgresql+psycopg2"))
    if schema == "performance":
        tables = indicators | {key.column.table for table in indicators for key in table.foreign_keys}
        return tables_graph("Performance indicators (PostgreSQL)", Base, tables, _dialect("postgresql+psycopg2"))
    if schema == "cache":
        tables = set(CacheBase.metadata.tables.values())
        return tables_graph("Graph cache file (SQLite)", CacheBase, tables, _dialect("sqlite"))
    raise ConfigurationError(f"no schema is named {schema!r}, only {', '.join(get_args(Schema))}")


def _dialect(name: str) -> Dialect:
    return make_url(f"{name}://").get_dialect()()


def _model_of(base: type[DeclarativeBase]) -> dict[Table, type]:
    mapped = ((mapper.local_table, mapper.class_) for mapper in base.registry.mappers)
    return {table: model for table, model in mapped if isinstance(table, Table)}


def tables_graph(title: str, base: type[DeclarativeBase], tables: Iterable[Table], dialect: Dialect) -> Digraph:
    """Return the graph of some tables; equal tables make the same source.

    A column that holds ids without a foreign key, as an array does, names in ``info["refers_to"]`` the column that
    they are of: ``mapped_column(info={"refers_to": "python_release.id"})``.

    Args:
        title: what stands above.
        base: the base of the models of the tables; the module of a model is the topic of its table.
        tables: those to draw; what they refer to is not drawn unless it is one of them.
        dialect: the names of the types are those that it knows.

    Returns:
        The graph, a cluster for each topic.

    Raises:
        ConfigurationError: ``info["refers_to"]`` names a column that does not exist.

    """
    graph = Digraph(
        "schema",
        graph_attr={
            "label": caption(title, _LEGEND, _EDGES),
            "labelloc": "t",
            "fontname": FONT,
            "rankdir": "LR",
            "nodesep": "0.25",
            "ranksep": "1.1",
            "remincross": "true",
        },
        node_attr={"shape": "plain", "fontname": FONT, "fontsize": "11"},
        edge_attr={"dir": "both", "arrowtail": "crow", "arrowsize": "0.8"},
    )
    drawn = {table.name: table for table in sorted(tables, key=lambda table: table.name)}
    model_of = _model_of(base)
    topics: dict[str, list[Table]] = {}
    for table in drawn.values():
        topics.setdefault(_topic(model_of.get(table)), []).append(table)
    hue_of: dict[str, float] = {}
    for number, (topic, members) in enumerate(sorted(topics.items())):
        frame = _frame(topic, hue(number)) if len(topics) > 1 else None
        for table in members:
            model, hue_of[table.name] = model_of.get(table), hue(number)
            label = _table_label(table, model, dialect, f"{hue(number):.3f} 0.28 0.96")
            (graph if frame is None else frame).node(table.name, label, tooltip=escape(_first_line(model)))
        if frame is not None:
            graph.subgraph(frame)
    for reference in (found for table in drawn.values() for found in _references(table) if found.target in drawn):
        _draw_reference(graph, reference, hue_of[reference.source])
    return graph


def _frame(topic: str, colour: float) -> Digraph:
    style = {"label": f"<<B>{html_escape(topic)}</B>>", "labeljust": "l", "fontsize": "14", "margin": "14"}
    style |= {"style": "rounded,filled", "color": f"{colour:.3f} 0.35 0.80", "fillcolor": f"{colour:.3f} 0.07 1.00"}
    return Digraph(f"cluster_{topic}", graph_attr=style)


def _topic(model: type | None) -> str:
    return _NO_MODEL if model is None else model.__module__.rpartition(".")[2].removeprefix("models_")


def _first_line(model: type | None) -> str:
    return ((model and model.__doc__) or "").strip().partition("\n")[0]


def _table_label(table: Table, model: type | None, dialect: Dialect, colour: str) -> str:
    """Return a table of HTML-like markup: https://graphviz.org/doc/info/shapes.html#html."""
    rows = [f'<TR><TD COLSPAN="4" CELLPADDING="4" BGCOLOR="{colour}"><B>{html_escape(table.name)}</B></TD></TR>']
    natural = set(getattr(model, "NATURAL_KEY", ()))
    for column in table.columns:
        name, kind = html_escape(column.name), html_escape(_type_name(column, dialect))
        marks = " ".join(_marks(table, column, natural)) or " "
        null = "NULL" if column.nullable else " "
        rows.append(
            f'<TR><TD PORT="in {name}" ALIGN="LEFT"><FONT COLOR="#b04000" POINT-SIZE="9">{marks}</FONT></TD>'
            f'<TD ALIGN="LEFT">{name} </TD><TD ALIGN="LEFT"><FONT COLOR="#404070">{kind}</FONT></TD>'
            f'<TD PORT="out {name}" ALIGN="LEFT"><FONT COLOR="#808080" POINT-SIZE="9">{null}</FONT></TD></TR>'
        )
    frame = 'BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2" COLOR="#808080" BGCOLOR="white"'
    return f"<<TABLE {frame}>{''.join(rows)}</TABLE>>"


def _marks(table: Table, column: Column[object], natural: set[str]) -> Iterable[str]:
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


def _type_name(column: Column[object], dialect: Dialect) -> str:
    name = column.type.compile(dialect=dialect).partition(" COLLATE ")[0].lower()
    return _TYPE_NAMES.get(name, name)


@dataclass(frozen=True)
class _Reference:
    """One edge: columns of a table that hold ids of another."""

    source: str
    columns: Sequence[str]
    target: str
    target_columns: Sequence[str]
    nullable: bool
    unique: bool
    array: bool = False
    backward: bool = False
    """Whether it closes a cycle, so that it has no say in which table stands left of which."""


def _references(table: Table) -> list[_Reference]:
    found = [_foreign_key(table, key) for key in table.foreign_key_constraints]
    found += [_array_of_ids(table, column) for column in table.columns if "refers_to" in column.info]
    return sorted(found, key=lambda reference: (reference.columns, reference.target))


def _foreign_key(table: Table, key: ForeignKeyConstraint) -> _Reference:
    columns = [column.name for column in key.columns]
    keys = [*_unique_keys(table), set(table.primary_key.columns.keys())]
    return _Reference(
        source=table.name,
        columns=columns,
        target=key.referred_table.name,
        target_columns=[element.column.name for element in key.elements],
        nullable=any(column.nullable for column in key.columns),
        unique=any(unique and unique <= set(columns) for unique in keys),
        backward=key.use_alter,
    )


def _array_of_ids(table: Table, column: Column[object]) -> _Reference:
    refers_to = str(column.info["refers_to"])
    target, _, target_column = refers_to.rpartition(".")
    if target not in table.metadata.tables or target_column not in table.metadata.tables[target].columns:
        raise ConfigurationError(f'{table.name}.{column.name}: info["refers_to"] is {refers_to!r}, which is no column')
    return _Reference(table.name, [column.name], target, [target_column], nullable=True, unique=False, array=True)


def _draw_reference(graph: Digraph, reference: _Reference, colour: float) -> None:
    said = [f"{reference.source} ({', '.join(reference.columns)})"]
    said.append(f"{reference.target} ({', '.join(reference.target_columns)})")
    styles = [*["dashed"] * reference.array, *["bold"] * (len(reference.columns) > 1)]
    tail, head = ("in", "out") if reference.backward else ("out", "in")
    sides = {"in": "w", "out": "e"}
    attributes = {
        "tailport": f"{tail} {reference.columns[-1]}:{sides[tail]}",
        "headport": f"{head} {reference.target_columns[-1]}:{sides[head]}",
        "arrowhead": "crow" if reference.array else "teeodot" if reference.nullable else "tee",
        "color": f"{colour:.3f} 0.90 0.50",
        "tooltip": escape(" -> ".join(said)),
    }
    if reference.unique:
        attributes["arrowtail"] = "tee"
    if reference.backward:
        attributes["constraint"] = "false"
    if styles:
        attributes["style"] = ",".join(styles)
    graph.edge(reference.source, reference.target, **attributes)
