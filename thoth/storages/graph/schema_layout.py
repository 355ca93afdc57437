"""Where the tables of a diagram stand and how lines run, for programs that do not lay out by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from .dot import Digraph, escape, render
from .schema_diagram import Diagram

Point: TypeAlias = tuple[float, float]

_CM = 72 / 2.54
"""Points of Graphviz in a centimetre."""

_OVERLAP = 0.8


@dataclass(frozen=True)
class Size:
    """The size of a table, and where its rows are, as the program that shows it draws them, in centimetres."""

    width: float
    first_row: float
    """From the upper edge to the middle of the first row."""
    row: float
    height: float


@dataclass(frozen=True)
class Area:
    """A rectangle, in centimetres from the upper left corner of the picture."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """The places of everything in a diagram."""

    tables: dict[str, Area]
    frames: dict[str, Area]
    """The areas of topics."""
    routes: list[list[Point]]
    """For each reference the corners of its line, which begins with a horizontal part and ends with one; none when its
    source does not stand left of its target."""


def lay_out(diagram: Diagram, sizes: Mapping[str, Size], path: Path) -> Layout:
    """Return the places that Graphviz gives to tables.

    Args:
        diagram: what to lay out.
        sizes: the size of each table.
        path: the file that it is for: errors name it.

    Raises:
        NotFoundError: no program that lays out graphs is installed.
        ThothStorageException: it failed.

    """
    graph = Digraph(graph_attr={"rankdir": "LR", "nodesep": "0.3", "ranksep": "1.2"}, node_attr={"shape": "box"})
    for topic, tables in diagram.by_topic().items():
        # The label only makes room for the one that the other program writes.
        frame = Digraph(f"cluster_{topic}", graph_attr={"margin": "12", "label": escape(topic), "fontsize": "18"})
        for table in tables:
            size = sizes[table.name]
            frame.node(table.name, "", fixedsize="true", width=_inches(size.width), height=_inches(size.height))
        graph.subgraph(frame)
    for number, reference in enumerate(diagram.references):
        extra = {"constraint": "false"} if reference.backward else {}
        graph.edge(reference.source, reference.target, id=str(number), **extra)
    # https://graphviz.org/docs/outputs/json/: places are in points, from the lower left corner.
    plan = json.loads(render(graph, path, "json0"))
    top = float(plan["bb"].split(",")[3])
    places: dict[str, Area] = {}
    frames: dict[str, Area] = {}
    for thing in plan["objects"]:
        if "bb" in thing:
            left, bottom, right, upper = map(float, thing["bb"].split(","))
            area = Area(left / _CM, (top - upper) / _CM, (right - left) / _CM, (upper - bottom) / _CM)
            frames[thing["name"].removeprefix("cluster_")] = area
        else:
            middle = _point(thing["pos"], top)
            size = sizes[thing["name"]]
            places[thing["name"]] = Area(
                middle[0] - size.width / 2, middle[1] - size.height / 2, size.width, size.height
            )
    curves = {int(edge["id"]): _curve(edge["pos"], top) for edge in plan.get("edges", ())}
    return Layout(places, frames, _routes(diagram, sizes, places, curves))


def _inches(length: float) -> str:
    return f"{length / 2.54:.3f}"


def _point(text: str, top: float) -> Point:
    x, y = map(float, text.split(","))
    return x / _CM, (top - y) / _CM


def _curve(text: str, top: float) -> list[Point]:
    """Return points along an edge: https://graphviz.org/docs/attr-types/splineType/."""
    return [_point(each, top) for each in text.split() if each[0] not in "se"]


def _routes(
    diagram: Diagram, sizes: Mapping[str, Size], tables: Mapping[str, Area], curves: Mapping[int, list[Point]]
) -> list[list[Point]]:
    """Return lines with corners: down or up between columns of tables only, through these as the curves run.

    Lines to one table share a place between two columns, so that they look like one.
    """
    columns = _columns(tables.values())
    column_of = {name: _column(columns, area) for name, area in tables.items()}
    gaps = [range(column_of[each.source], column_of[each.target]) for each in diagram.references]
    wanted = {(gap, each.target) for each, crossed in zip(diagram.references, gaps, strict=True) for gap in crossed}
    places = _places(columns, wanted, tables)
    rows = {
        table.name: {column.name: number for number, column in enumerate(table.columns)} for table in diagram.tables
    }

    def height(table: str, column: str) -> float:
        return tables[table].top + sizes[table].first_row + rows[table][column] * sizes[table].row

    found = []
    for number, reference in enumerate(diagram.references):
        source, target = tables[reference.source], tables[reference.target]
        y, end = height(reference.source, reference.columns[-1]), height(reference.target, reference.target_columns[-1])
        line: list[Point] = []
        for gap in gaps[number]:
            is_last = gap + 1 == column_of[reference.target]
            after = end if is_last else _height_at(curves[number], sum(columns[gap + 1]) / 2)
            x = places[gap, reference.target]
            line += [(x, y), (x, after)]
            y = after
        # How wide a table becomes depends on the fonts that are there: the line begins below it.
        start = source.left + source.width - _OVERLAP
        found.append([(start, line[0][1]), *line, (target.left, end)] if line else [])
    return found


def _columns(areas: Iterable[Area]) -> list[tuple[float, float]]:
    """Return the left and right edge of each column: tables of one rank have one middle."""
    edges: dict[float, tuple[float, float]] = {}
    for area in areas:
        middle = round(area.left + area.width / 2, 1)
        left, right = edges.get(middle, (area.left, area.left + area.width))
        edges[middle] = min(left, area.left), max(right, area.left + area.width)
    return [edges[middle] for middle in sorted(edges)]


def _column(columns: list[tuple[float, float]], area: Area) -> int:
    middle = area.left + area.width / 2
    return next(number for number, (left, right) in enumerate(columns) if left <= middle <= right)


def _places(
    columns: list[tuple[float, float]], wanted: Iterable[tuple[int, str]], tables: Mapping[str, Area]
) -> dict[tuple[int, str], float]:
    found = {}
    for gap, ((_, left), (right, _)) in enumerate(pairwise(columns)):
        targets = sorted((target for number, target in wanted if number == gap), key=lambda name: tables[name].top)
        for number, target in enumerate(targets, start=1):
            found[gap, target] = left + (right - left) * number / (len(targets) + 1)
    return found


def _height_at(curve: list[Point], x: float) -> float:
    """Return how high a curve is at some place, by its nearest points."""
    for (left, start), (right, end) in pairwise(curve):
        if left <= x <= right and right > left:
            return start + (end - start) * (x - left) / (right - left)
    return min(curve, key=lambda point: abs(point[0] - x))[1]
