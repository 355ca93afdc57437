"""A picture of the shortest chains to a package: a box a release, whatever the index, an arrow a requirement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from .chains import Chain, requirements_text
from .closure import Edge
from .dot import FONT, Digraph, caption, escape
from .flowchart import Arrow, Box, flowchart, write_graph_or_flowchart

_LOOKS = {
    "asked": {"fillcolor": "#ffe08a", "penwidth": "3"},
    "plain": {"fillcolor": "#e6f0fa"},
    "unsolved": {"fillcolor": "#eeeeee", "style": "filled,rounded,dashed", "fontcolor": "#606060"},
}


def write_chains_image(
    path: str | Path,
    chains: Sequence[Chain],
    requirements: Mapping[Edge, Sequence[Mapping[str, str | None]]],
    title: str,
) -> Path:
    """Write a picture of chains; equal chains make equal pictures.

    What the chains begin with is yellow, what was not solved grey and dashed. A release is one box, whatever the
    index.

    Args:
        path: the file; the ending of its name says the format: ``.mmd`` for Mermaid, otherwise as `dot.write_graph`.
        chains: what to draw, as `chains.shortest_chains` returns them.
        requirements: what stands at the arrows, as `GraphDatabase.get_python_requirements_many` returns it; an edge
            that is not there has nothing.
        title: what stands above.

    Returns:
        The path of the file.

    Raises:
        ConfigurationError: no such format, or the file cannot be written.
        NotFoundError: no program that lays out graphs is installed.
        ThothStorageException: that program failed.

    """
    releases: dict[tuple[str, str], str] = {}
    declared: dict[tuple[tuple[str, str], tuple[str, str]], dict[str, None]] = {}
    for chain in chains:
        for name, version, url in chain:
            releases.setdefault((name, version), "plain" if url else "unsolved")
        releases[chain[0][:2]] = "asked"
        for source, target in pairwise(chain):
            text = requirements_text(target[0], requirements.get((source, target), ()))
            declared.setdefault((source[:2], target[:2]), {})[text] = None
    number_of = {release: number for number, release in enumerate(releases)}
    boxes = [
        Box((f"{name} {version}", *(["not solved"] if look == "unsolved" else [])), look)
        for (name, version), look in releases.items()
    ]
    arrows = [
        Arrow(number_of[source], number_of[target], " or ".join(filter(None, texts)))
        for (source, target), texts in declared.items()
    ]
    return write_graph_or_flowchart(path, lambda: _graph(boxes, arrows, title), lambda: flowchart(boxes, arrows, title))


def _graph(boxes: Sequence[Box], arrows: Sequence[Arrow], title: str) -> Digraph:
    graph = Digraph(
        "chains",
        graph_attr={
            "label": caption(title, "yellow: asked about; dashed: not solved"),
            "labelloc": "t",
            "fontname": FONT,
            "rankdir": "LR",
            "ranksep": "0.8",
        },
        node_attr={"shape": "box", "style": "filled,rounded", "fontname": FONT, "fontsize": "12", "color": "#4a78a8"},
        edge_attr={"fontname": FONT, "fontsize": "9", "arrowsize": "0.6", "color": "#606060"},
    )
    for number, box in enumerate(boxes):
        graph.node(f"p{number}", escape("\n".join(box.lines)), **_LOOKS[box.look])
    for arrow in arrows:
        graph.edge(f"p{arrow.source}", f"p{arrow.target}", escape(arrow.label))
    return graph
