"""The answer to a question about transitive dependencies: packages once, requirements as sets of versions.

Edges and tuples are made from it on demand, as there are many times more of them.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html import escape
from itertools import chain
from typing import Any, TypeVar

from ..exceptions import NotFoundError
from ..identifiers import PackageTuple
from . import collector

Edge = tuple[PackageTuple, PackageTuple]

Named = TypeVar("Named", list[PackageTuple], "array[int]")


@dataclass(frozen=True, repr=False)
class Closure:
    """Everything that some package versions depend on, directly or not.

    A *node* is a package version in one environment. A question about one environment has a node for each package;
    a question about several walks each by itself, so that a package may have a node in each of them.

    Whoever asks a cache the same again gets the same object: what is in it is not to be changed.
    """

    packages: list[PackageTuple] = field(default_factory=list)
    """Each package version once; those without an index URL were not solved."""
    node_packages: Sequence[int] = field(default_factory=list)
    """For each node, the position of its package version in `packages`."""
    node_sets: list[Sequence[int]] = field(default_factory=list)
    """For each node, the positions in `sets` of what its requirements admit."""
    sets: list[Sequence[int]] = field(default_factory=list)
    """Sets of nodes: the versions of one project that a requirement admits, on all indexes."""
    roots: dict[PackageTuple, list[int]] = field(default_factory=dict)
    """For each package version that was asked about, its nodes; none when it was never solved."""
    is_disjoint: bool = False
    """Whether it is known that nodes are packages, in their order, and that the sets of a node share no member."""

    def __len__(self) -> int:
        """Return the number of edges."""
        return len(self.edges()[0])

    def __repr__(self) -> str:
        """Tell the size."""
        return f"<{type(self).__name__} of {len(self.roots)} roots: {len(self.packages)} packages>"

    def _repr_html_(self) -> str:
        """Tell of each name in how many versions it is there, as a notebook shows it."""
        versions: dict[str, list[int]] = {}
        for name, _, index_url in self.packages:
            counts = versions.setdefault(name, [0, 0])
            counts[index_url is None] += 1
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{solved}</td><td>{unsolved}</td></tr>"
            for name, (solved, unsolved) in sorted(versions.items())
        )
        return (
            f"<details><summary>{escape(repr(self))}</summary><table><thead><tr><th>package</th>"
            f"<th>versions solved</th><th>not solved</th></tr></thead><tbody>{rows}</tbody></table></details>"
        )

    @property
    def unsolved(self) -> list[PackageTuple]:
        """The dependencies that were not solved."""
        return [package for package in self.packages if package[2] is None]

    def edges(self) -> tuple[array[int], array[int]]:
        """Return the edges as two arrays of positions in `packages`: dependents, and what they depend on."""
        return self._pairs(range(len(self.node_sets)), _numbers(len(self.packages).bit_length()))

    def tuples(self) -> list[Edge]:
        """Return each edge once, as a pair of package tuples: the dependent, and what it depends on."""
        return self._tuples(range(len(self.node_sets)))

    def to_records(self) -> list[dict[str, str | None]]:
        """Return each edge once as a flat dictionary, as ``pandas.DataFrame`` and ``polars.DataFrame`` take them.

        Returns:
            Dictionaries with the keys ``package_name``, ``package_version``, ``index_url``, ``dependency_name``,
            ``dependency_version`` and ``dependency_index_url``; the last is None for what was not solved.

        """
        return [
            {
                "package_name": name,
                "package_version": version,
                "index_url": index_url,
                "dependency_name": dependency_name,
                "dependency_version": dependency_version,
                "dependency_index_url": dependency_index_url,
            }
            for (name, version, index_url), (dependency_name, dependency_version, dependency_index_url) in self.tuples()
        ]

    def tuples_from(self, root: PackageTuple) -> list[Edge]:
        """Return the edges that are reached from one of the package versions asked about."""
        if len(self.roots) == 1 and root in self.roots:
            return self.tuples()
        return self._tuples(sorted(self._reached_from(self.roots.get(root, ()))))

    def dependencies_of(self, package: PackageTuple) -> list[PackageTuple]:
        """Return what a package version depends on directly: each admissible version of each dependency once.

        Args:
            package: as it is in `packages`.

        Raises:
            NotFoundError: the package version is not in the closure.

        """
        nodes = self._nodes_of.get(package)
        if nodes is None:
            raise NotFoundError(f"{package!r} is not in {self!r}")
        return [self.packages[target] for _, targets in self._distinct_targets(nodes) for target in targets]

    @cached_property
    def _nodes_of(self) -> dict[PackageTuple, list[int]]:
        """The nodes of each package version."""
        nodes_of: dict[PackageTuple, list[int]] = {package: [] for package in self.packages}
        for node, position in enumerate(self.node_packages):
            nodes_of[self.packages[position]].append(node)
        return nodes_of

    def _tuples(self, nodes: Iterable[int]) -> list[Edge]:
        with collector.paused():
            return list(zip(*self._pairs(nodes, self.packages), strict=True))

    def _pairs(self, nodes: Iterable[int], named: Named) -> tuple[Named, Named]:
        """Return dependents, and what they depend on: each pair once.

        Args:
            nodes: those whose requirements count.
            named: what stands for each package, in their order; what is returned is of the same type.

        """
        # Parts are copied whole: a step for each pair would take twice as long.
        sources, targets = named[:0], named[:0]
        if not self.is_disjoint:
            for source, positions in self._distinct_targets(nodes):
                targets.extend([named[position] for position in positions])
                sources.extend(named[source : source + 1] * len(positions))
            return sources, targets
        members = self._members(named)
        for node in nodes:
            if positions := self.node_sets[node]:
                for position in positions:
                    targets.extend(members[position])
                sources.extend(named[node : node + 1] * (len(targets) - len(sources)))
        return sources, targets

    def _distinct_targets(self, nodes: Iterable[int]) -> Iterator[tuple[int, Collection[int]]]:
        """Yield dependents with what they depend on, as positions of packages; each pair once."""
        sets_of: dict[int, list[int]] = {}
        for node in nodes:
            if self.node_sets[node]:
                sets_of.setdefault(self.node_packages[node], []).extend(self.node_sets[node])
        one_node_each = len(self.node_packages) == len(self.packages)
        for source, set_positions in sets_of.items():
            found = chain.from_iterable(self.sets[position] for position in set_positions)
            # Several requirements may admit the same version: with different markers, or in another environment.
            yield source, dict.fromkeys(found if one_node_each else map(self.node_packages.__getitem__, found))

    def _members(self, named: Named) -> list[Named | list[Any]]:
        """Return what stands for the packages in each set, given what stands for each package, in their order."""
        return [
            named[nodes.start : nodes.stop] if isinstance(nodes, range) else [named[node] for node in nodes]
            for nodes in self.sets
        ]

    def _reached_from(self, nodes: Sequence[int]) -> set[int]:
        reached, seen_sets = set(nodes), set()
        waiting = list(nodes)
        while waiting:
            for position in self.node_sets[waiting.pop()]:
                if position not in seen_sets:
                    seen_sets.add(position)
                    found = [node for node in self.sets[position] if node not in reached]
                    reached.update(found)
                    waiting.extend(found)
        return reached


@lru_cache(maxsize=1)  # most closures that are asked for one after the other have much the same size
def _numbers(bits: int) -> array[int]:
    """Return the numbers that have so many bits, in order; the array is shared."""
    return array("i", list(range(1 << bits)))  # a list is taken faster than a range


def packages_of(nodes: list[PackageTuple], environments: int) -> tuple[list[PackageTuple], Sequence[int]]:
    """Return the package versions of nodes, and for each node the position of its own.

    Args:
        nodes: the package version of each node; none comes twice in an environment.
        environments: how many there are.

    """
    if environments < 2:
        return nodes, range(len(nodes))
    known: dict[PackageTuple, int] = {}
    positions = [known.setdefault(package, len(known)) for package in nodes]
    return list(known), positions


@dataclass
class ClosureBuilder:
    """Puts a closure together from package versions in environments and from sets of them."""

    packages: dict[PackageTuple, int] = field(default_factory=dict)
    nodes: dict[tuple[int, PackageTuple], int] = field(default_factory=dict)
    node_packages: list[int] = field(default_factory=list)
    node_sets: list[Sequence[int]] = field(default_factory=list)
    sets: list[Sequence[int]] = field(default_factory=list)

    def node(self, environment: int, package: PackageTuple) -> int:
        """Return the node of a package version in an environment, made when it is new."""
        key = (environment, package)
        node = self.nodes.get(key)
        if node is None:
            node = self.nodes[key] = len(self.node_packages)
            self.node_packages.append(self.packages.setdefault(package, len(self.packages)))
            self.node_sets.append(())
        return node

    def add_set(self, nodes: Sequence[int]) -> int:
        """Add a set of nodes; return its position."""
        self.sets.append(nodes)
        return len(self.sets) - 1

    def build(self, roots: Mapping[PackageTuple, list[int]]) -> Closure:
        """Return the closure."""
        return Closure(list(self.packages), self.node_packages, self.node_sets, self.sets, dict(roots))


def merged(cached: Closure, newer: Closure) -> Closure:
    """Return a closure in which what was unsolved is as a newer one has it.

    Args:
        cached: a closure in one environment.
        newer: the closure of its unsolved dependencies, in the same environment.

    Returns:
        The cached closure; a dependency that the newer one knows to be solved is so, and what it depends on follows.
        What the cached one had already keeps the requirements that it had.

    """
    if not any(newer.roots.values()):
        return cached
    builder = ClosureBuilder()
    _copy(cached, builder, newer)
    _copy(newer, builder, newer, kept={cached.packages[package] for package in cached.node_packages})
    roots = {
        root: [builder.nodes[0, cached.packages[cached.node_packages[node]]] for node in nodes]
        for root, nodes in cached.roots.items()
    }
    return builder.build(roots)


def _copy(source: Closure, builder: ClosureBuilder, newer: Closure, kept: Container[PackageTuple] = ()) -> None:
    """Add a closure to another; nodes of packages that were solved meanwhile become those of the newer closure.

    Nodes of packages that are ``kept`` have their requirements already.
    """
    new_nodes: list[list[int]] = []
    fresh = []
    for package_position in source.node_packages:
        package = source.packages[package_position]
        solved = newer.roots.get(package, ()) if package[2] is None else ()
        packages = [newer.packages[newer.node_packages[other]] for other in solved] or [package]
        fresh.append(package not in kept)
        new_nodes.append([builder.node(0, each) for each in packages])
    positions: dict[int, int] = {}
    for node, set_positions in enumerate(source.node_sets):
        if not fresh[node]:
            continue
        for position in set_positions:
            if position not in positions:
                members = [target for member in source.sets[position] for target in new_nodes[member]]
                positions[position] = builder.add_set(members)
        builder.node_sets[new_nodes[node][0]] = [positions[position] for position in set_positions]
