"""A picture of what packages depend on, directly or not: a box a package, however many of its versions are reached."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape as html_escape
from itertools import chain
from pathlib import Path

from ..exceptions import ConfigurationError
from .closure import Closure
from .dot import FONT, Digraph, caption, escape, hue
from .flowchart import Arrow, Box, flowchart, write_graph_or_flowchart

MOST_NAMES = 60
"""More packages than these are no picture any more."""

_MOST_IN_TITLE = 3


def write_closure_image(
    path: str | Path, closure: Closure, title: str | None = None, *, most_names: int = MOST_NAMES
) -> Path:
    """Write a picture of a closure; equal closures make equal pictures.

    Packages stand to the right of what depends on them, as far as there are no cycles. A box tells how many versions of
    the package are reached. It is yellow for what was asked about, the paler blue the farther it is from there, and
    grey and dashed when no version was solved. An edge tells how many edges between versions it stands for.

    Args:
        path: the file; the ending of its name says the format: ``.mmd`` for Mermaid, otherwise as `dot.write_graph`.
        closure: what to draw.
        title: what stands above; by default, what was asked about.
        most_names: draw no more packages than these, the nearest, of equally near ones those with most edges; the
            picture says how many were left out.

    Returns:
        The path of the file.

    Raises:
        ConfigurationError: no such format, the file cannot be written, or ``most_names`` is not positive.
        NotFoundError: no program that lays out graphs is installed.
        ThothStorageException: that program failed.

    """
    return write_graph_or_flowchart(
        path,
        lambda: closure_graph(closure, title, most_names=most_names),
        lambda: closure_flowchart(closure, title, most_names=most_names),
    )


def closure_flowchart(closure: Closure, title: str | None = None, *, most_names: int = MOST_NAMES) -> str:
    """Return the text of a flowchart of a closure in the language of Mermaid, see `write_closure_image`."""
    summary = _summarise(closure)
    drawn = _nearest(summary, most_names)
    number_of = {package.name: number for number, package in enumerate(drawn)}
    boxes = [
        Box(
            (package.name, _known(package)),
            "asked" if package.is_root else "unsolved" if package.unsolved == package.versions else "plain",
        )
        for package in drawn
    ]
    arrows = [
        Arrow(number_of[source], number_of[target], f"{count:,}")
        for (source, target), count in sorted(summary.edges.items())
        if source in number_of and target in number_of
    ]
    heading, _ = _heading(closure, summary, len(drawn), title)
    return flowchart(boxes, arrows, heading)


def closure_graph(closure: Closure, title: str | None = None, *, most_names: int = MOST_NAMES) -> Digraph:
    """Return the graph of a closure, see `write_closure_image`."""
    summary = _summarise(closure)
    drawn = _nearest(summary, most_names)
    heading, lines = _heading(closure, summary, len(drawn), title)
    graph = Digraph(
        "closure",
        graph_attr={
            "label": caption(heading, *lines),
            "labelloc": "t",
            "fontname": FONT,
            "rankdir": "LR",
            "nodesep": "0.12",
            "ranksep": "0.8",
            "outputorder": "edgesfirst",
        },
        node_attr={
            "shape": "box",
            "style": "filled,rounded",
            "fontname": FONT,
            "fontsize": "12",
            "margin": "0.12,0.05",
        },
        edge_attr={"fontname": FONT, "fontsize": "9", "arrowsize": "0.6"},
    )
    # Nodes are called by numbers, as Graphviz reads more into a name, for example into a colon.
    number_of = {package.name: number for number, package in enumerate(drawn)}
    for package, number in zip(drawn, number_of.values(), strict=True):
        graph.node(f"p{number}", _label(package), **_look(package, hue(number)))
    roots = [number_of[package.name] for package in drawn if package.is_root]
    if len(roots) == 1:  # the leftmost, even when something depends on it
        graph.subgraph(Digraph(graph_attr={"rank": "source"}, body=[f"\tp{roots[0]}\n"]))
    for (source, target), count in sorted(summary.edges.items()):
        if source in number_of and target in number_of:
            ends = f"p{number_of[source]}", f"p{number_of[target]}"
            _draw_edge(graph, ends, summary.packages[source], summary.packages[target], count, hue(number_of[source]))
    return graph


@dataclass
class _Package:
    """What a closure has of one package."""

    name: str
    versions: int
    unsolved: int
    """Versions that were solved in none of the environments."""
    edges: int
    """Edges from its versions and to them."""
    distance: int
    is_root: bool


@dataclass
class _Summary:
    packages: dict[str, _Package]
    edges: Counter[tuple[str, str]]
    """How many edges there are between versions of two packages."""


def _summarise(closure: Closure) -> _Summary:
    names = [package[0] for package in closure.packages]
    sources, destinations = closure.edges()
    edges = Counter(zip(map(names.__getitem__, sources), map(names.__getitem__, destinations), strict=True))
    touching: Counter[str] = Counter()
    for pair, count in edges.items():
        for name in set(pair):
            touching[name] += count
    known: dict[str, set[str]] = {}
    # Not from the roots: those that were asked about without an index have no index URL, solved or not.
    solved: dict[str, set[str]] = {}
    for name, version, _ in chain(closure.packages, closure.roots):
        known.setdefault(name, set()).add(version)
    for name, version, index_url in closure.packages:
        if index_url is not None:
            solved.setdefault(name, set()).add(version)
    roots = {root[0] for root in closure.roots}
    distances = _distances(roots, edges)
    farthest = max(distances.values(), default=0)
    packages = {
        name: _Package(
            name,
            versions=len(known[name]),
            unsolved=len(known[name] - solved.get(name, set())),
            edges=touching[name],
            distance=distances.get(name, farthest + 1),
            is_root=name in roots,
        )
        for name in known
    }
    return _Summary(packages, edges)


def _distances(roots: set[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return how many edges lead at least from any of the roots to each package."""
    targets: dict[str, list[str]] = {}
    for source, target in edges:
        targets.setdefault(source, []).append(target)
    distances = dict.fromkeys(roots, 0)
    waiting = deque(roots)
    while waiting:
        source = waiting.popleft()
        for target in targets.get(source, ()):
            if target not in distances:
                distances[target] = distances[source] + 1
                waiting.append(target)
    return distances


def _nearest(summary: _Summary, most_names: int) -> list[_Package]:
    """Return the packages to draw."""
    if most_names < 1:
        raise ConfigurationError(f"most_names is {most_names}, and has to be 1 or more")
    ranked = sorted(summary.packages.values(), key=lambda each: (each.distance, -each.edges, each.name))
    return ranked[:most_names]


def _heading(closure: Closure, summary: _Summary, drawn: int, title: str | None) -> tuple[str, list[str]]:
    """Return what stands above the picture, and the small lines below it."""
    if title is None:
        asked = [f"{name} {version}" for name, version, _ in closure.roots]
        more = f" and {len(asked) - _MOST_IN_TITLE} more" if len(asked) > _MOST_IN_TITLE else ""
        title = f"What {', '.join(asked[:_MOST_IN_TITLE]) or 'nothing'}{more} depends on"
    versions = sum(package.versions for package in summary.packages.values())
    counts = (
        _count(len(summary.packages), "package"),
        _count(versions, "version"),
        f"{_count(summary.edges.total(), 'edge')} between versions",
    )
    lines = [", ".join(counts), "yellow: asked about; the paler, the farther from there; dashed: no version was solved"]
    left_out = len(summary.packages) - drawn
    if left_out:
        lines.append(f"{_count(left_out, 'package')} left out: farther away, or with fewer edges")
    return title, lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _label(package: _Package) -> str:
    return f'<<B>{html_escape(package.name)}</B><BR/><FONT POINT-SIZE="9">{_known(package)}</FONT>>'


def _known(package: _Package) -> str:
    known = _count(package.versions, "version")
    if package.unsolved == package.versions:
        return f"{known}, not solved"
    return f"{known}, {package.unsolved:,} not solved" if package.unsolved else known


def _look(package: _Package, colour: float) -> dict[str, str]:
    """Return how a box looks; one that was asked about and not solved is both."""
    look = {"color": f"{colour:.3f} 0.80 0.60"}
    if package.distance:
        look["fillcolor"] = f"0.580 {0.24 / package.distance:.3f} 1.000"
    if package.is_root:
        look |= {"fillcolor": "#ffe08a", "penwidth": "3"}
    if package.unsolved == package.versions:
        look |= {"style": "filled,rounded,dashed", "color": "#909090", "fontcolor": "#606060"}
        if not package.is_root:
            look["fillcolor"] = "#eeeeee"
    return look


def _draw_edge(
    graph: Digraph, ends: tuple[str, str], source: _Package, target: _Package, count: int, colour: float
) -> None:
    attributes = {
        "label": f"{count:,}",
        "penwidth": f"{0.6 + math.log10(count):.2f}",
        "color": f"{colour:.3f} 0.60 0.70",
        "fontcolor": f"{colour:.3f} 0.80 0.50",
        "tooltip": escape(f"{source.name} -> {target.name}: {_count(count, 'edge')}"),
    }
    graph.edge(*ends, **attributes)
