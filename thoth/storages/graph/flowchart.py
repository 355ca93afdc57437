"""Flowcharts in the language of Mermaid, which shows them in Markdown: https://mermaid.js.org/syntax/flowchart.html."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .dot import GRAPH_FORMATS, Digraph, picture_format, write_graph, write_picture

_FORMAT = "mmd"

# Within quotes, Mermaid reads HTML and its own entities, which are written with "#": `#35;` is a "#".
_SPECIAL = re.compile(r"[^\w .,:/()=+*!'~-]")
_CLASSES = {
    "asked": "fill:#ffe08a,stroke:#b08900,stroke-width:3px,color:#202020",
    "plain": "fill:#e6f0fa,stroke:#4a78a8,color:#202020",
    "unsolved": "fill:#eeeeee,stroke:#909090,stroke-dasharray:4 3,color:#606060",
}


@dataclass(frozen=True)
class Box:
    """A box of a flowchart."""

    lines: tuple[str, ...]
    """What stands in it."""
    look: str = "plain"
    """``asked``, ``plain`` or ``unsolved``."""


@dataclass(frozen=True)
class Arrow:
    """An arrow of a flowchart."""

    source: int
    """Number of a box."""
    target: int
    label: str = ""


def flowchart(boxes: Iterable[Box], arrows: Iterable[Arrow], title: str) -> str:
    """Return the text of a flowchart from left to right; equal arguments make equal texts."""
    lines = ["---", f"title: {json.dumps(title)}", "---", "flowchart LR"]
    lines += [
        f'    p{number}["{"<br/>".join(map(_quoted, box.lines))}"]:::{box.look}' for number, box in enumerate(boxes)
    ]
    for arrow in arrows:
        label = f'|"{_quoted(arrow.label)}"|' if arrow.label else ""
        lines.append(f"    p{arrow.source} -->{label} p{arrow.target}")
    lines += [f"    classDef {name} {look}" for name, look in _CLASSES.items()]
    return "\n".join(lines) + "\n"


def write_graph_or_flowchart(path: str | Path, graph: Callable[[], Digraph], chart: Callable[[], str]) -> Path:
    """Write a picture of a graph, or the text of a flowchart; the file is there as a whole or not at all.

    Args:
        path: the file; the ending of its name says the format: ``.mmd`` for Mermaid, otherwise as `dot.write_graph`.
        graph: makes the graph.
        chart: makes the text of the flowchart.

    Returns:
        The path of the file.

    Raises:
        ConfigurationError: no such format, or the file cannot be written.
        NotFoundError: no program that lays out graphs is installed; ``.dot`` and ``.mmd`` need none.
        ThothStorageException: that program failed.

    """
    path = Path(path)
    if picture_format(path, (*GRAPH_FORMATS, _FORMAT)) == _FORMAT:
        return write_picture(path, chart().encode())
    return write_graph(graph(), path)


def _quoted(text: str) -> str:
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", text)
