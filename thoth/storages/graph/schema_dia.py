"""A diagram of a schema as a diagram of Dia: https://gitlab.gnome.org/GNOME/dia/-/blob/master/doc/diagram.dtd.

The frames of topics, the references and the tables lie on a layer each, and a reference follows when a table is moved.
What objects hold, and how large they become, was compared with what Dia 0.97.3 saves and exports.
"""

from __future__ import annotations

import colorsys
import gzip
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from .dot import FONT, hue, note
from .schema_diagram import Column, Diagram, Reference, TableBox
from .schema_dot import diagram_graph
from .schema_layout import Area, Point, Size, lay_out

NAMESPACE = "http://www.lysator.liu.se/~alla/dia/"

_TEXT = 0.42
"""The height of text in centimetres: 12 points."""
_LETTER = 0.2
_LINE = 0.04
_MARGIN = 0.1
_AROUND = 12
"""So many places around a table a line can be connected to, then come two for each row, at its left and its right."""
_SOLID, _DASHED = 0, 1
_TRIANGLE = 3


def dia_document(diagram: Diagram, path: Path) -> bytes:
    """Return the file of a diagram, compressed as Dia does it.

    Args:
        diagram: what to draw.
        path: the file that it is for: errors name it.

    Raises:
        NotFoundError: no program that lays out graphs is installed.
        ThothStorageException: it failed.

    """
    layout = lay_out(diagram, {table.name: _size(table) for table in diagram.tables}, path)
    hues = {topic: hue(number) for number, topic in enumerate(diagram.topics)}
    tables = {table.name: table for table in diagram.tables}
    ElementTree.register_namespace("dia", NAMESPACE)
    root = Element(_tag("diagram"))
    SubElement(root, _tag("diagramdata"))
    layer = _layer(root, "topics")
    _draw_text(layer, "T", (0, -1.5), diagram.title, 0.7)
    for number, (topic, frame) in enumerate(sorted(layout.frames.items())):
        _draw_box(layer, f"F{number}", frame, hues[topic])
        _draw_text(layer, f"N{number}", (frame.left + 0.2, frame.top + 0.2), topic, 0.5)
    layer = _layer(root, "references")
    ids = {name: f"O{number}" for number, name in enumerate(sorted(tables))}
    for number, (reference, route) in enumerate(zip(diagram.references, layout.routes, strict=True)):
        ends = tables[reference.source], tables[reference.target]
        line = _draw_reference(layer, f"R{number}", reference, route, hues[ends[0].topic])
        # Without a route, Dia makes one, from the side that is nearer.
        is_right_of = layout.tables[reference.source].left > layout.tables[reference.target].left
        sides = (1, 0) if route else (0, 1) if is_right_of else (1, 1)
        columns = reference.columns[-1], reference.target_columns[-1]
        connections = SubElement(line, _tag("connections"))
        for handle, (table, column, side) in enumerate(zip(ends, columns, sides, strict=True)):
            row = [each.name for each in table.columns].index(column)
            place = {"handle": str(handle), "to": ids[table.name], "connection": str(_AROUND + 2 * row + side)}
            SubElement(connections, _tag("connection"), place)
    layer = _layer(root, "tables", active="true")
    for name, table in sorted(tables.items()):
        _draw_table(layer, ids[name], table, layout.tables[name], hues[table.topic])
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    made_from = f"\n<!-- {note(diagram_graph(diagram).source)} -->\n".encode()
    return gzip.compress(content + made_from, mtime=0)  # equal diagrams make equal files


def _size(table: TableBox) -> Size:
    """Return how large Dia draws a table: it makes room for text and nothing more."""
    names = max((len(column.name) for column in table.columns), default=0)
    types = max((len(column.type_name) for column in table.columns), default=0)
    header = _TEXT + 2 * _MARGIN
    width = max(0.5 + (names + types) * _LETTER, len(table.name) * _LETTER * 1.1 + 0.4)
    rows = 2 * _MARGIN + _TEXT * len(table.columns)
    return Size(width, first_row=header + _MARGIN + _TEXT / 2, row=_TEXT, height=header + rows)


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _layer(root: Element, name: str, **extra: str) -> Element:
    return SubElement(root, _tag("layer"), {"name": name, "visible": "true", **extra})


def _object(layer: Element, kind: str, number: str, position: Point, version: int = 0) -> Element:
    thing = SubElement(layer, _tag("object"), {"type": kind, "version": str(version), "id": number})
    _point(thing, "obj_pos", position)
    return thing


def _attribute(thing: Element, name: str) -> Element:
    return SubElement(thing, _tag("attribute"), {"name": name})


def _value(thing: Element, name: str, kind: str, value: str | float) -> None:
    text = str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else f"{value:g}"
    SubElement(_attribute(thing, name), _tag(kind), {"val": text})


def _string(thing: Element, name: str, text: str) -> None:
    SubElement(_attribute(thing, name), _tag("string")).text = f"#{text}#"


def _font(thing: Element, name: str, height: float = _TEXT, *, bold: bool = False) -> None:
    style, face = ("80", f"{FONT}-Bold") if bold else ("0", FONT)
    SubElement(_attribute(thing, name), _tag("font"), {"family": "sans", "style": style, "name": face})
    _value(thing, "height" if name == "font" else f"{name}_height", "real", height)


def _point(thing: Element, name: str, *points: Point) -> None:
    attribute = _attribute(thing, name)
    for x, y in points:
        SubElement(attribute, _tag("point"), {"val": f"{x:.3f},{y:.3f}"})


def _corner(thing: Element, area: Area) -> None:
    _point(thing, "elem_corner", (area.left, area.top))
    _value(thing, "elem_width", "real", round(area.width, 3))
    _value(thing, "elem_height", "real", round(area.height, 3))


def _colour(thing: Element, name: str, colour: float, saturation: float, value: float) -> None:
    parts = colorsys.hsv_to_rgb(colour, saturation, value)
    _value(thing, name, "color", "#" + "".join(f"{round(255 * part):02x}" for part in parts))


def _draw_box(layer: Element, number: str, area: Area, colour: float) -> None:
    box = _object(layer, "Standard - Box", number, (area.left, area.top))
    _corner(box, area)
    _value(box, "border_width", "real", _LINE)
    _colour(box, "border_color", colour, 0.35, 0.80)
    _colour(box, "inner_color", colour, 0.07, 1)
    _value(box, "show_background", "boolean", True)
    _value(box, "corner_radius", "real", 0.3)


def _draw_text(layer: Element, number: str, position: Point, text: str, height: float) -> None:
    thing = _object(layer, "Standard - Text", number, position, version=1)
    words = SubElement(_attribute(thing, "text"), _tag("composite"), {"type": "text"})
    _string(words, "string", text)
    _font(words, "font", height, bold=True)
    _point(words, "pos", position)
    _colour(words, "color", 0, 0, 0)
    _value(words, "alignment", "enum", 0)


def _draw_table(layer: Element, number: str, table: TableBox, area: Area, colour: float) -> None:
    box = _object(layer, "Database - Table", number, (area.left, area.top))
    _corner(box, area)
    _colour(box, "text_colour", 0, 0, 0)
    _colour(box, "line_colour", 0, 0, 0.5)
    _colour(box, "fill_colour", colour, 0.14, 0.98)
    _value(box, "line_width", "real", _LINE)
    _string(box, "name", table.name)
    _string(box, "comment", table.summary)
    for name in ("visible_comment", "tagging_comment", "bold_primary_keys"):
        _value(box, name, "boolean", False)
    _value(box, "underline_primary_key", "boolean", True)
    # Dia 0.97.3 has no places to connect rows to where one of the three fonts is missing.
    _font(box, "normal_font")
    _font(box, "name_font", bold=True)
    _font(box, "comment_font")
    natural = [column.name for column in table.columns if "NK" in column.marks]
    rows = _attribute(box, "attributes")
    for column in table.columns:
        _draw_row(rows, column, is_unique=[column.name] == natural)


def _draw_row(rows: Element, column: Column, *, is_unique: bool) -> None:
    row = SubElement(rows, _tag("composite"), {"type": "table_attribute"})
    _string(row, "name", column.name)
    _string(row, "type", column.type_name)
    _string(row, "comment", " ".join(column.marks))
    _value(row, "primary_key", "boolean", "PK" in column.marks)
    _value(row, "nullable", "boolean", column.nullable)
    _value(row, "unique", "boolean", is_unique)


def _draw_reference(layer: Element, number: str, reference: Reference, route: list[Point], colour: float) -> Element:
    # Dia wants a line even where it is to make another.
    points = route or [(0, 0), (1, 0), (1, 1), (2, 1)]
    line = _object(layer, "Database - Reference", number, points[0])
    _point(line, "orth_points", *points)
    directions = _attribute(line, "orth_orient")
    for part in range(len(points) - 1):
        SubElement(directions, _tag("enum"), {"val": str(part % 2)})  # horizontal, vertical, and so on
    _value(line, "orth_autoroute", "boolean", not route)
    _colour(line, "text_colour", colour, 0.9, 0.5)
    _colour(line, "line_colour", colour, 0.9, 0.5)
    _value(line, "line_width", "real", _LINE)
    style = _attribute(line, "line_style")
    SubElement(style, _tag("enum"), {"val": str(_DASHED if reference.array else _SOLID)})
    SubElement(style, _tag("real"), {"val": "0.3"})
    _value(line, "corner_radius", "real", 0.1)
    _value(line, "end_arrow", "enum", _TRIANGLE)
    _value(line, "end_arrow_length", "real", 0.3)
    _value(line, "end_arrow_width", "real", 0.25)
    _string(line, "start_point_desc", "1" if reference.unique else "n")
    _string(line, "end_point_desc", "n" if reference.array else "0..1" if reference.nullable else "1")
    _font(line, "normal_font", 0.3)
    return line
