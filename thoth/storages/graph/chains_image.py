"""A picture of the shortest chains to a package: a box a package version, an arrow a requirement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .chains import Chain, requirements_text
from .closure import Edge
from .dot import FONT, Digraph, caption, escape, write_graph
from .flowchart import Arrow, Box, flowchart, is_flowchart, write_flowchart

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

    What the chains begin with is yellow, what was not solved grey and dashed.

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
    packages = list(dict.fromkeys(package for chain in chains for package in chain))
    number_of = {package: number for number, package in enumerate(packages)}
    roots = {chain[0] for chain in chains}
    boxes = [
        Box(
            (f"{package[0]} {package[1]}", *(("not solved",) if package[2] is None else ())),
            "asked" if package in roots else "unsolved" if package[2] is None else "plain",
        )
        for package in packages
    ]
    edges = dict.fromkeys(pair for chain in chains for pair in zip(chain, chain[1:], strict=False))
    arrows = [
        Arrow(
            number_of[source], number_of[target], requirements_text(target[0], requirements.get((source, target), ()))
        )
        for source, target in edges
    ]
    if is_flowchart(path):
        return write_flowchart(flowchart(boxes, arrows, title), path)
    return write_graph(_graph(boxes, arrows, title), path)


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
