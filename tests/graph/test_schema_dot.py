"""Pictures of the schemas hold every table, column and reference, by topic, and can be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import get_args

import pytest
from sqlalchemy import Table

from tests.graph.small_schema import SmallBase, small_models
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.models_cache import CacheBase
from thoth.storages.graph.models_performance import ALL_PERFORMANCE_MODELS
from thoth.storages.graph.schema_diagram import Column, Diagram, TableBox
from thoth.storages.graph.schema_dot import diagram_graph
from thoth.storages.graph.schema_image import Schema, schema_diagram, tables_diagram

SCHEMAS: tuple[Schema, ...] = get_args(Schema)

NODE = re.compile(r"^\t+(\w+) \[label=<(.*?)>(?: \w+=.*)?\]$", re.MULTILINE)
EDGE = re.compile(r"^\t+(\w+) -> (\w+) \[(.*)\]$", re.MULTILINE)


def expected_tables(schema: Schema) -> list[Table]:
    """The tables that a picture has to hold, told from the lists of models."""
    indicators = [model.__dict__["__table__"] for model in ALL_PERFORMANCE_MODELS]
    if schema == "cache":
        return list(CacheBase.metadata.tables.values())
    if schema == "performance":
        return [*indicators, Base.metadata.tables["inspection_run"]]
    return [table for table in Base.metadata.tables.values() if table not in indicators]


def edges(source: str) -> Counter[tuple[str, str]]:
    return Counter((start, end) for start, end, _ in EDGE.findall(source))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_picture_holds_every_table_with_every_column(schema: Schema) -> None:
    labels = dict(NODE.findall(diagram_graph(schema_diagram(schema, all_columns=True)).source))
    ports = {name: re.findall(r'PORT="in (\w+)"', label) for name, label in labels.items()}
    assert ports.keys() == {table.name for table in expected_tables(schema)}
    for table in expected_tables(schema):
        assert Counter(ports[table.name]) == Counter(table.columns.keys())
        shown = re.sub("<[^>]*>", "\n", labels[table.name]).split("\n")
        assert {table.name, *table.columns.keys()} <= {text.strip() for text in shown}
        assert shown.count("NULL") == sum(bool(column.nullable) for column in table.columns)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_picture_has_an_edge_for_each_foreign_key(schema: Schema) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for table in expected_tables(schema):
        expected.update((table.name, key.referred_table.name) for key in table.foreign_key_constraints)
        arrays = [column.info["refers_to"] for column in table.columns if "refers_to" in column.info]
        expected.update((table.name, refers_to.partition(".")[0]) for refers_to in arrays)
    drawn = {table.name for table in expected_tables(schema)}
    expected = Counter({edge: count for edge, count in expected.items() if edge[1] in drawn})
    assert expected
    assert edges(diagram_graph(schema_diagram(schema, all_columns=True)).source) == expected


def test_tables_stand_in_the_frame_of_their_topic() -> None:
    frames = re.findall(
        r"^\tsubgraph cluster_(\w+) \{\n(.*?)^\t\}",
        diagram_graph(schema_diagram("main")).source,
        re.MULTILINE | re.DOTALL,
    )
    names = {topic: [name for name, _ in NODE.findall(body)] for topic, body in frames}
    assert names["solvers"] == ["ecosystem_solver", "solved", "solver_run"]
    assert list(names) == sorted(names)
    assert sorted(name for members in names.values() for name in members) == sorted(
        table.name for table in expected_tables("main")
    )
    assert "cluster" not in diagram_graph(schema_diagram("cache")).source  # one topic needs no frame


def small_schema(tables: Iterable[str] = SmallBase.metadata.tables) -> str:
    source: str = diagram_graph(small_models().diagram("A < B", dict.fromkeys(tables, 0))).source
    return source


def test_marks_types_and_kinds_of_edges() -> None:
    source = small_schema()
    labels = dict(NODE.findall(source))

    def row(table: str, column: str) -> list[str]:
        (found,) = re.findall(rf'<TR><TD PORT="in {column}".*?</TR>', labels[table])
        return [text for text in re.sub("<[^>]*>", "\n", found).split("\n") if text]

    assert row("release", "id") == ["PK", "id ", "integer", " "]
    assert row("piece", "price") == [" ", "price ", "numeric(10, 2)", " "]
    assert row("release", "name") == ["NK", "name ", "text", " "]
    assert row("release", "nick") == ["U", "nick ", "varchar", "NULL"]
    assert row("part", "release_id") == ["PK FK", "release_id ", "integer", " "]
    assert row("part", "release_ids") == [" ", "release_ids ", "integer[]", " "]
    assert row("piece", "other_id") == ["FK U", "other_id ", "integer", "NULL"]
    assert 'tooltip="A release & its <name>."' in source
    assert "A &lt; B" in source
    looks = {(re.findall(r'tailport="out (\w+):e"', look)[0], end): look for _, end, look in EDGE.findall(source)}
    assert len(looks) == len(EDGE.findall(source)) == 5
    assert "style=dashed" in looks["release_ids", "release"]
    assert "arrowhead=tee " in looks["release_id", "release"]
    assert "style=bold" in looks["number", "part"]
    assert 'headport="in number:w"' in looks["number", "part"]
    assert "piece (release_id, number) -> part (release_id, number)" in looks["number", "part"]
    assert "arrowhead=teeodot" in looks["other_id", "release"]
    assert "arrowtail=tee" in looks["other_id", "release"]
    assert [look for look in looks.values() if "arrowtail" in look] == [looks["other_id", "release"]]


def test_the_edge_that_closes_a_cycle_runs_backward() -> None:
    looks = {(start, end): look for start, end, look in EDGE.findall(diagram_graph(schema_diagram("main")).source)}
    backward = looks.pop(("python_package_version", "solved"))
    assert 'tailport="in solver_run_id:w"' in backward
    assert 'headport="out solver_run_id:e"' in backward
    assert "constraint=false" in backward
    assert not any("constraint" in look for look in looks.values())


def test_what_is_not_drawn_has_no_edges() -> None:
    assert edges(small_schema(["part", "piece"])) == {("piece", "part"): 1}


@pytest.mark.parametrize(("columns", "blocks"), [(20, 1), (21, 2), (40, 2), (41, 3)])
def test_a_long_table_goes_on_to_the_right(columns: int, blocks: int) -> None:
    names = ["id", *(f"column_{number}" for number in range(1, columns))]
    shown = tuple(Column(name, "integer", ("PK",) if name == "id" else (), nullable=False) for name in names)
    box = TableBox("long", "topic", "", shown, only_keys=False, left_out=0, is_neighbour=False)
    (label,) = dict(NODE.findall(diagram_graph(Diagram("A", ("topic",), (box,), ())).source)).values()
    rows = re.findall("<TR>(.*?)</TR>", label)
    in_rows = [re.findall(r'PORT="in (\w+)"', row) for row in rows]
    assert in_rows[:2] == [[], ["id"]]  # lines to a key reach both sides of the table
    assert max(map(len, in_rows)) == blocks
    down = [row[block] for block in range(blocks) for row in in_rows[2:] if len(row) > block]
    assert down == names[1:]  # downwards, then on to the right
    for row in rows:
        spans = re.findall(r"<TD(?: COLSPAN=\"(\d+)\")?(?: PORT=\"[^\"]*\")?", row)
        assert sum(int(span or 1) for span in spans) == 4 * blocks


def test_near_tables_are_drawn_small() -> None:
    source = diagram_graph(tables_diagram(topics=["solvers"])).source
    labels = dict(NODE.findall(source))
    frames = re.findall(r"^\tsubgraph cluster_(\w+) \{\n(.*?)^\t\}", source, re.MULTILINE | re.DOTALL)
    assert [(topic, [name for name, _ in NODE.findall(body)]) for topic, body in frames] == [
        ("solvers", ["ecosystem_solver", "solved", "solver_run"])
    ]
    near = labels["python_package_metadata"]
    assert re.findall(r'PORT="in (\w+)"', near) == ["id", "digest"]
    assert "packages</FONT>" in near
    assert "and 25 more" in near
    assert "bytea" not in near
    assert "boolean" in labels["solved"]
    assert "paler" in source
    assert "paler" not in diagram_graph(schema_diagram("main")).source
