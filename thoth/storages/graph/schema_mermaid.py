"""A diagram of a schema as source of Mermaid: https://mermaid.js.org/syntax/entityRelationshipDiagram.html."""

from __future__ import annotations

import colorsys
import json
import re

from .dot import hue
from .schema_diagram import Column, Diagram, Reference, TableBox

# The characters that a type and a name may have; a type such as `double precision` gets others instead.
_NO_WORD = re.compile(r"[^A-Za-z0-9_()\[\]-]+")


def mermaid_source(diagram: Diagram) -> str:
    """Return the source of a diagram; equal diagrams make the same source.

    Tables of a topic have one colour. A solid line is a foreign key, a dotted one an array of ids. Mermaid knows three
    keys: of ``UK``, the comment says whether it is the natural key.
    """
    lines = ["---", f"title: {json.dumps(diagram.title)}", "---", "erDiagram", "    direction LR"]
    by_topic = diagram.by_topic()
    for topic, tables in by_topic.items():
        lines.append(f"    %% {topic}")
        for table in tables:
            lines += _entity(table)
    lines += [_relation(reference) for reference in diagram.references]
    for number, topic in enumerate(diagram.topics):
        if topic in by_topic:
            lines.append(f"    classDef {_class(topic)} {_look(number)}")
    return "\n".join([*lines, ""])


def _class(topic: str) -> str:
    """Return the name of a topic's class, which none of the words that Mermaid knows is."""
    return f"topic_{_word(topic)}"


def _word(text: str) -> str:
    return _NO_WORD.sub("_", text)


def _entity(table: TableBox) -> list[str]:
    head = f'    "{table.name}":::{_class(table.topic)} {{'
    rows = [f"        {_attribute(column)}" for column in table.columns]
    return [head, *rows, "    }"]


def _attribute(column: Column) -> str:
    keys = list(dict.fromkeys("UK" if mark in ("NK", "U") else mark for mark in column.marks))
    notes = [*["natural key"] * ("NK" in column.marks), *["nullable"] * column.nullable]
    words = [_word(column.type_name), _word(column.name)]
    words += [", ".join(keys)] if keys else []
    words += [f'"{", ".join(notes)}"'] if notes else []
    return " ".join(words)


def _relation(reference: Reference) -> str:
    many = "|o" if reference.unique else "}o"
    one = "o{" if reference.array else "o|" if reference.nullable else "||"
    line = ".." if reference.array else "--"
    return f'    "{reference.source}" {many}{line}{one} "{reference.target}" : "{", ".join(reference.columns)}"'


def _look(number: int) -> str:
    fill, stroke = (
        "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hsv_to_rgb(hue(number), saturation, value))
        for saturation, value in ((0.14, 0.98), (0.60, 0.60))
    )
    return f"fill:{fill},stroke:{stroke}"
