"""Pictures for Mermaid and for Dia are what these programs read, and show what the diagram holds."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from tests.graph.small_schema import SmallBase, small_models
from thoth.storages.exceptions import ConfigurationError
from thoth.storages.graph.schema_dia import NAMESPACE
from thoth.storages.graph.schema_diagram import Diagram
from thoth.storages.graph.schema_image import is_picture_of, schema_diagram, tables_diagram, write_diagram
from thoth.storages.graph.schema_mermaid import mermaid_source

DIA = f"{{{NAMESPACE}}}"

# https://mermaid.js.org/syntax/entityRelationshipDiagram.html: what a line may be, below the title.
WORD = r"[A-Za-z_][A-Za-z0-9_\-\[\]()]*"
ENTITY = re.compile(r'    "(\w+)":::(\w+) \{')
ATTRIBUTE = re.compile(rf'        ({WORD}) ({WORD})(?: ((?:PK|FK|UK)(?:, (?:PK|FK|UK))*))?(?: "([^"]*)")?')
RELATION = re.compile(r'    "(\w+)" (\}o|\|o)(--|\.\.)(\|\||o\||o\{) "(\w+)" : "([^"]+)"')
CLASS = re.compile(r"    classDef (\w+) fill:#[0-9a-f]{6},stroke:#[0-9a-f]{6}")

# https://gitlab.gnome.org/GNOME/dia/-/blob/master/doc/diagram.dtd: what an element holds, and its attributes.
VALUES = "composite int enum real boolean color point rectangle string font"
DTD = {
    "diagram": ("diagramdata layer", ""),
    "diagramdata": ("attribute", ""),
    "layer": ("object", "name visible"),
    "object": ("attribute connections", "type version id"),
    "attribute": (VALUES, "name"),
    "composite": ("attribute", "type"),
    "connections": ("connection", ""),
    "connection": ("", "handle to connection"),
    **dict.fromkeys(("enum", "real", "boolean", "color", "point"), ("", "val")),
    "string": ("", ""),
    "font": ("", "family style name"),
}


def small_diagram() -> Diagram:
    return small_models().diagram('A "small" one', dict.fromkeys(SmallBase.metadata.tables, 0))


@pytest.fixture(params=["small", "main", "cache", "performance", "solvers"])
def diagram(request: pytest.FixtureRequest) -> Diagram:
    if request.param == "small":
        return small_diagram()
    return tables_diagram(topics=["solvers"]) if request.param == "solvers" else schema_diagram(request.param)


def test_mermaid_reads_every_line(diagram: Diagram) -> None:
    lines = iter(mermaid_source(diagram).splitlines())
    assert next(lines) == "---"
    assert next(lines).startswith('title: "')
    assert [next(lines), next(lines), next(lines)] == ["---", "erDiagram", "    direction LR"]
    tables: dict[str, list[str]] = {}
    relations, used, defined = [], set(), set()
    for line in lines:
        if entity := ENTITY.fullmatch(line):
            tables[entity[1]] = [found[2] for found in map(ATTRIBUTE.fullmatch, _until_brace(lines)) if found]
            used.add(entity[2])
        elif relation := RELATION.fullmatch(line):
            relations.append((relation[1], relation[5], relation[6]))
        elif look := CLASS.fullmatch(line):
            defined.add(look[1])
        else:
            assert line.startswith("    %% "), line
    assert tables == {table.name: [column.name for column in table.columns] for table in diagram.tables}
    assert relations == [(each.source, each.target, ", ".join(each.columns)) for each in diagram.references]
    assert used == defined


def _until_brace(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line == "    }":
            return
        assert ATTRIBUTE.fullmatch(line), line
        yield line


def test_mermaid_shows_keys_and_how_many() -> None:
    lines = [line.strip() for line in mermaid_source(small_diagram()).splitlines()]
    assert 'title: "A \\"small\\" one"' in lines
    assert "integer id PK" in lines
    assert 'text name UK "natural key"' in lines
    assert 'varchar nick UK "nullable"' in lines
    assert 'integer other_id FK, UK "nullable"' in lines
    assert "integer[] release_ids" in lines
    assert "numeric(10_2) price" in lines  # a comma and a space are nothing that a type may have
    assert '"piece" }o--|| "part" : "release_id, number"' in lines
    assert '"piece" |o--o| "release" : "other_id"' in lines
    assert '"part" }o..o{ "release" : "release_ids"' in lines


def read_dia(path: Path) -> Element:
    return ElementTree.fromstring(gzip.decompress(path.read_bytes()))


def objects(root: Element, kind: str) -> dict[str, Element]:
    return {thing.attrib["id"]: thing for thing in root.iter(f"{DIA}object") if thing.attrib["type"] == kind}


def value(thing: Element, name: str, kind: str = "string") -> str:
    (found,) = thing.findall(f"{DIA}attribute[@name='{name}']/{DIA}{kind}")
    return (found.text or "")[1:-1] if kind == "string" else found.attrib["val"]


def point(text: str) -> tuple[float, float]:
    x, y = map(float, text.split(","))
    return x, y


def area(table: Element) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    left, top = point(value(table, "elem_corner", "point"))
    width, height = (float(value(table, f"elem_{side}", "real")) for side in ("width", "height"))
    return left, top, left + width, top + height


def rows(table: Element) -> list[Element]:
    return table.findall(f"{DIA}attribute[@name='attributes']/{DIA}composite")


def test_dia_file_keeps_to_the_definition_of_its_format(diagram: Diagram, tmp_path: Path) -> None:
    root = read_dia(write_diagram(diagram, tmp_path / "a.dia"))
    assert root.tag == f"{DIA}diagram"
    for element in root.iter():
        children, attributes = DTD[element.tag.removeprefix(DIA)]
        assert {child.tag.removeprefix(DIA) for child in element} <= set(children.split())
        assert set(attributes.split()) <= element.attrib.keys()
    assert [child.tag for child in root] == [f"{DIA}diagramdata"] + [f"{DIA}layer"] * 3
    assert [layer.attrib["name"] for layer in root[1:]] == ["topics", "references", "tables"]
    ids = [thing.attrib["id"] for thing in root.iter(f"{DIA}object")]
    assert len(ids) == len(set(ids))
    for text in root.iter(f"{DIA}string"):
        assert re.fullmatch("#.*#", text.text or "")


def test_dia_file_holds_tables_and_what_connects_them(diagram: Diagram, tmp_path: Path) -> None:
    root = read_dia(write_diagram(diagram, tmp_path / "a.dia"))
    tables = objects(root, "Database - Table")
    assert {value(table, "name"): [value(row, "name") for row in rows(table)] for table in tables.values()} == {
        table.name: [column.name for column in table.columns] for table in diagram.tables
    }
    texts = [text for number, text in objects(root, "Standard - Text").items() if number.startswith("N")]
    names = [value(composite, "string") for text in texts for composite in text.iter(f"{DIA}composite")]
    assert names == list(diagram.by_topic())
    found = []
    for line in objects(root, "Database - Reference").values():
        start, end = line.iter(f"{DIA}connection")
        assert (start.attrib["handle"], end.attrib["handle"]) == ("0", "1")
        ends = []
        for each in (start, end):
            table, place = tables[each.attrib["to"]], int(each.attrib["connection"])
            row = rows(table)[(place - 12) // 2]  # a place that is not there makes Dia refuse the connection
            ends.append((value(table, "name"), value(row, "name")))
        found.append(tuple(ends))
    assert found == [
        ((each.source, each.columns[-1]), (each.target, each.target_columns[-1])) for each in diagram.references
    ]


def test_dia_needs_all_fonts_of_a_table(tmp_path: Path) -> None:
    root = read_dia(write_diagram(small_diagram(), tmp_path / "a.dia"))
    for table in objects(root, "Database - Table").values():
        for name in ("normal_font", "name_font", "comment_font"):
            assert table.find(f"{DIA}attribute[@name='{name}']/{DIA}font") is not None
            assert float(value(table, f"{name}_height", "real")) > 0


def test_tables_of_a_dia_file_lie_apart_and_lines_run_between_them(diagram: Diagram, tmp_path: Path) -> None:
    root = read_dia(write_diagram(diagram, tmp_path / "a.dia"))
    tables = objects(root, "Database - Table")
    areas = {number: area(table) for number, table in tables.items()}
    for one, other in combinations(areas.values(), 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    drawn = 0
    for line in objects(root, "Database - Reference").values():
        if value(line, "orth_autoroute", "boolean") == "true":
            continue
        drawn += 1
        points = [point(each.attrib["val"]) for each in line.findall(f"{DIA}attribute[@name='orth_points']/{DIA}point")]
        directions = [each.attrib["val"] for each in line.findall(f"{DIA}attribute[@name='orth_orient']/{DIA}enum")]
        assert directions == [str(number % 2) for number in range(len(points) - 1)]
        for number, (start, end) in enumerate(pairwise(points)):
            assert start[1 - number % 2] == end[1 - number % 2]
            if number % 2:  # what runs down or up crosses no table
                low, high = sorted((start[1], end[1]))
                assert not [
                    each for each in areas.values() if each[0] < start[0] < each[2] and each[1] < high and low < each[3]
                ]
        source, target = (areas[each.attrib["to"]] for each in line.iter(f"{DIA}connection"))
        assert source[0] < points[0][0] < source[2]  # the line comes out from below the table
        assert points[-1][0] == target[0]
        assert target[1] < points[-1][1] < target[3]
    assert drawn == sum(not each.backward for each in diagram.references)  # Dia finds a way for the others


@pytest.mark.parametrize("ending", ["png", "svg", "dot", "mmd", "dia"])
def test_a_picture_knows_what_it_shows(ending: str, tmp_path: Path) -> None:
    path = write_diagram(small_diagram(), tmp_path / f"a.{ending}")
    assert is_picture_of(path, small_diagram())
    models = small_models()
    assert not is_picture_of(path, models.diagram('A "small" one', dict.fromkeys(["part", "piece", "release"], 0)))
    first = path.read_bytes()
    assert write_diagram(small_diagram(), path).read_bytes() == first


def test_what_is_no_picture_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"a\.svg: cannot be read: No such file"):
        is_picture_of(tmp_path / "a.svg", small_diagram())
    with pytest.raises(ConfigurationError, match=r"a\.pdf: "):
        is_picture_of(tmp_path / "a.pdf", small_diagram())
