"""A diagram of a schema as a Graphviz graph: a box a table with its columns, an edge a reference, a frame a topic."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape as html_escape

from .dot import FONT, Digraph, caption, escape, hue
from .schema_diagram import Column, Diagram, Reference, TableBox

_LEGEND = "PK primary key, FK foreign key, NK part of the natural key, U part of another unique key"
_EDGES = "solid: foreign key (bold: of several columns), dashed: array of ids, crow's foot: many"
_NEIGHBOURS = "paler: tables that are near, with their keys"
_SIZE = "12"
"""Of all text: 12 points are 16 pixels of a PNG, as Graphviz draws 96 dots to the inch."""
_SMALL = "9"
_MOST_ROWS = 20


def diagram_graph(diagram: Diagram, *, most_rows: int = _MOST_ROWS) -> Digraph:
    """Return the graph of a diagram; equal diagrams make the same source.

    Args:
        diagram: what to draw.
        most_rows: a table with more columns than these goes on to the right, its keys first.

    """
    lines = [_LEGEND, _EDGES, *[_NEIGHBOURS] * any(table.is_neighbour for table in diagram.tables)]
    graph = Digraph(
        "schema",
        graph_attr={
            "label": caption(diagram.title, *lines),
            "labelloc": "t",
            "fontname": FONT,
            "rankdir": "LR",
            "nodesep": "0.15",
            "ranksep": "0.7",
            "remincross": "true",
        },
        node_attr={"shape": "plain", "fontname": FONT, "fontsize": _SIZE},
        edge_attr={"dir": "both", "arrowtail": "crow", "arrowsize": "0.8"},
    )
    by_topic = diagram.by_topic()
    hues = {topic: hue(number) for number, topic in enumerate(diagram.topics)}
    for topic, tables in by_topic.items():
        # Tables that are there because of others stand outside of frames, wherever their edges are short.
        is_framed = len(by_topic) > 1 and not all(table.is_neighbour for table in tables)
        frame = _frame(topic, hues[topic]) if is_framed else graph
        for table in tables:
            label = _table_label(table, hues[topic], "" if is_framed or len(by_topic) == 1 else topic, most_rows)
            frame.node(table.name, label, tooltip=escape(table.summary))
        if is_framed:
            graph.subgraph(frame)
    topic_of = {table.name: table.topic for table in diagram.tables}
    for reference in diagram.references:
        topic = topic_of[reference.source]
        _draw_reference(graph, reference, hues[topic], topic == topic_of[reference.target])
    return graph


def _frame(topic: str, colour: float) -> Digraph:
    style = {"label": f"<<B>{html_escape(topic)}</B>>", "labeljust": "l", "fontsize": "14", "margin": "12"}
    style |= {"style": "rounded,filled", "color": f"{colour:.3f} 0.35 0.80", "fillcolor": f"{colour:.3f} 0.07 1.00"}
    return Digraph(f"cluster_{topic}", graph_attr=style)


def _table_label(table: TableBox, colour: float, topic: str, most_rows: int) -> str:
    """Return a table of HTML-like markup: https://graphviz.org/doc/info/shapes.html#html."""
    blocks = 1 if table.only_keys else -(-len(table.columns) // most_rows)
    first, rest = (table.columns, []) if blocks == 1 else _keys_first(table.columns)
    title = f"<B>{html_escape(table.name)}</B>"
    if topic:
        title += f'<FONT COLOR="#606060" POINT-SIZE="{_SMALL}"> {html_escape(topic)}</FONT>'
    width = (3 if table.only_keys else 4) * blocks
    shade = f"{colour:.3f} {0.14 if table.is_neighbour else 0.28:.2f} 0.96"
    rows = [f'<TD COLSPAN="{width}" CELLPADDING="4" BGCOLOR="{shade}">{title}</TD>']
    rows += [_cells(column, width - 3) for column in first]
    height = -(-len(rest) // blocks)
    for number in range(height):
        line = [_cells(column, 1) for column in rest[number::height]]
        missing = 4 * (blocks - len(line))
        line += [f'<TD COLSPAN="{missing}"></TD>'] if missing else []
        rows.append("".join(line))
    if table.left_out:
        more = f'<FONT COLOR="#808080" POINT-SIZE="{_SMALL}">and {table.left_out} more</FONT>'
        rows.append(f'<TD></TD><TD COLSPAN="{width - 1}" ALIGN="LEFT">{more}</TD>')
    frame = 'BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2" COLOR="#808080" BGCOLOR="white"'
    return f"<<TABLE {frame}>{''.join(f'<TR>{row}</TR>' for row in rows)}</TABLE>>"


def _keys_first(columns: Sequence[Column]) -> tuple[list[Column], list[Column]]:
    """Return the keys, which edges have to reach at both sides of the box, and the other columns."""
    return [column for column in columns if column.is_key], [column for column in columns if not column.is_key]


def _cells(column: Column, type_span: int) -> str:
    """Return the cells of a column, without its type when that has no place."""
    name = html_escape(column.name)
    marks = " ".join(column.marks) or " "
    kind = f'<TD COLSPAN="{type_span}" ALIGN="LEFT"><FONT COLOR="#404070">{html_escape(column.type_name)}</FONT></TD>'
    null = "NULL" if column.nullable else " "
    return (
        f'<TD PORT="in {name}" ALIGN="RIGHT"><FONT COLOR="#b04000" POINT-SIZE="{_SMALL}">{marks}</FONT></TD>'
        f'<TD ALIGN="LEFT">{name} </TD>{kind if type_span else ""}'
        f'<TD PORT="out {name}" ALIGN="LEFT"><FONT COLOR="#808080" POINT-SIZE="{_SMALL}">{null}</FONT></TD>'
    )


def _draw_reference(graph: Digraph, reference: Reference, colour: float, is_within_topic: bool) -> None:
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
    # Lines within a topic keep its tables together; those between topics, which are long, stand back.
    if is_within_topic:
        attributes["weight"] = "3"
    elif len(reference.columns) == 1:
        attributes["penwidth"] = "0.8"
    if styles:
        attributes["style"] = ",".join(styles)
    graph.edge(reference.source, reference.target, **attributes)
