"""What the statement about closures returns, read and put together: pure functions.

It comes in columns, and is put together a column at a time: a step of Python for each release would take as long as all
the rest. Most sets are runs, versions that became known one after the other: where one begins and its size tell all.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, compress, count, repeat
from operator import add

import msgspec

from ..identifiers import PackageTuple
from . import collector
from .closure import Closure, packages_of


class Nodes(msgspec.Struct, array_like=True, gc=False):
    """The package versions that were reached in an environment, as columns."""

    releases: list[int]
    indexes: list[int]
    sets: list[tuple[int, ...]]
    """Ids of what their requirements admit."""


class Projects(msgspec.Struct, array_like=True, gc=False):
    """The projects of which something was reached, as columns."""

    names: list[str]
    run_ids: list[list[int]]
    """Ids of the runs: sets whose ids of releases follow each other without a gap."""
    run_releases: list[list[int]]
    """The first release of each run."""
    run_sizes: list[list[int]]
    set_ids: list[list[int]]
    """Ids of all other sets."""
    sets: list[list[list[int]]]
    """Sorted ids of the releases in each of them."""
    releases: list[list[int]]
    """Sorted ids of all releases of the project, whether they were reached or not."""
    versions: list[list[str]]


class Answer(msgspec.Struct, array_like=True, gc=False):
    """What the statement returns."""

    environments: list[Nodes]
    projects: Projects
    indexes: dict[int, str]


_DECODER = msgspec.json.Decoder(Answer)


def assemble(answer: str, roots: Iterable[PackageTuple]) -> Closure:
    """Return the closure that an answer of the database describes.

    Args:
        answer: JSON of an `Answer`.
        roots: the package versions that were asked about.

    """
    with collector.paused():
        return _assembled(_DECODER.decode(answer), roots)


def _assembled(content: Answer, roots: Iterable[PackageTuple]) -> Closure:
    """Return the closure; what it was made of is gone then, and not in the way of the collector."""
    assembly = _Assembly(content, roots)
    for solved in content.environments:
        assembly.add(solved)
    environments = len(content.environments)
    packages, positions = packages_of(assembly.nodes, environments)
    return Closure(packages, positions, assembly.node_sets, assembly.sets, assembly.roots, environments == 1)


@dataclass
class _Sets:
    """Sets of releases, which are told by their positions among those of all projects."""

    run_ids: list[int]
    run_starts: list[int]
    run_sizes: list[int]
    others: dict[int, list[int]]
    """Positions by id, of the sets that are no runs."""

    def chosen(self, ids: Container[int]) -> _Sets:
        """Return those with some ids."""
        chosen = list(map(ids.__contains__, self.run_ids))
        return _Sets(
            list(compress(self.run_ids, chosen)),
            list(compress(self.run_starts, chosen)),
            list(compress(self.run_sizes, chosen)),
            {id_: positions for id_, positions in self.others.items() if id_ in ids},
        )

    def mark(self, marks: bytearray) -> None:
        """Set the positions of their releases to 1."""
        ones = b"\1" * len(marks)
        for start, end in zip(self.run_starts, map(add, self.run_starts, self.run_sizes), strict=True):
            marks[start:end] = ones[start:end]
        for position in chain.from_iterable(self.others.values()):
            marks[position] = 1

    def of_nodes(self, numbers: Sequence[int]) -> Iterator[Sequence[int]]:
        """Yield them as sets of nodes, given the number of the node at each position."""
        starts = list(map(numbers.__getitem__, self.run_starts))
        yield from map(range, starts, map(add, starts, self.run_sizes))
        for positions in self.others.values():
            nodes = list(map(numbers.__getitem__, positions))
            # It is a range when nobody reached what is in its gaps.
            yield range(nodes[0], nodes[-1] + 1) if nodes and nodes[-1] - nodes[0] == len(nodes) - 1 else nodes


class _Assembly:
    """A closure that is put together, environment by environment."""

    def __init__(self, answer: Answer, roots: Iterable[PackageTuple]) -> None:
        """Take what was answered, and what was asked about."""
        projects = answer.projects
        self._is_one = len(answer.environments) == 1
        self._indexes = answer.indexes
        self._names = list(_repeated(projects.names, projects.releases))
        self._versions = list(chain.from_iterable(projects.versions))
        position_of = self._position_of = dict(zip(chain.from_iterable(projects.releases), count()))
        run_ids = list(chain.from_iterable(projects.run_ids))
        set_ids = list(chain.from_iterable(projects.set_ids))
        self._sets = _Sets(
            run_ids,
            list(map(position_of.__getitem__, chain.from_iterable(projects.run_releases))),
            list(chain.from_iterable(projects.run_sizes)),
            {
                id_: list(map(position_of.__getitem__, releases))
                for id_, releases in zip(set_ids, chain.from_iterable(projects.sets), strict=True)
            },
        )
        self._project_of = dict(zip(run_ids, _repeated(projects.names, projects.run_ids), strict=True))
        self._project_of.update(zip(set_ids, _repeated(projects.names, projects.set_ids), strict=True))
        self.roots: dict[PackageTuple, list[int]] = {root: [] for root in roots}
        root_names = {name for name, _, _ in self.roots}
        self._root_positions = [
            position_of[release]
            for name, releases in zip(projects.names, projects.releases, strict=True)
            if name in root_names
            for release in releases
        ]
        self.nodes: list[PackageTuple] = []
        self.node_sets: list[Sequence[int]] = []
        self.sets: list[Sequence[int]] = []

    def add(self, solved: Nodes) -> None:
        """Add what was reached in an environment, given what is solved of it."""
        sets = self._sets if self._is_one else self._sets.chosen(set(chain.from_iterable(solved.sets)))
        positions = list(map(self._position_of.__getitem__, solved.releases))
        reached = bytearray(len(self._names))
        sets.mark(reached)
        for position in positions:
            reached[position] = 1
        # Most releases are reached; a node has the number of those before it.
        numbers = list(accumulate(reached, initial=len(self.nodes)))
        first_set = len(self.sets)
        self.sets += sets.of_nodes(numbers)
        set_positions = dict(zip(chain(sets.run_ids, sets.others), count(first_set)))
        urls: list[str | None] = [None] * len(reached)
        required: list[Sequence[int]] = [()] * len(reached)
        # Most versions of a project have the requirements of another one.
        lists = {ids: self._disjoint(ids, set_positions) for ids in {*solved.sets}}
        others = []
        for position, index_id, ids in zip(positions, solved.indexes, solved.sets, strict=True):
            if urls[position] is None:
                urls[position], required[position] = self._indexes[index_id], lists[ids]
            else:
                others.append((numbers[position], self._indexes[index_id], lists[ids]))
        self.nodes += compress(zip(self._names, self._versions, urls, strict=True), reached)
        self.node_sets += compress(required, reached)
        for position in self._root_positions:
            if urls[position] is not None:
                self._note_root(numbers[position])
        if others:
            self._add_others(others, first_set)

    def _add_others(self, others: Iterable[tuple[int, str, Sequence[int]]], first_set: int) -> None:
        """Add nodes for the further indexes of releases that are on several, to the sets, too."""
        added: dict[int, list[int]] = {}
        for first, url, required in others:
            number = len(self.nodes)
            added.setdefault(first, []).append(number)
            self.nodes.append((*self.nodes[first][:2], url))
            self.node_sets.append(required)
            self._note_root(number)
        self.sets[first_set:] = [
            [*nodes, *chain.from_iterable(map(added.get, nodes, repeat(())))] for nodes in self.sets[first_set:]
        ]

    def _disjoint(self, ids: tuple[int, ...], position_of: Mapping[int, int]) -> Sequence[int]:
        """Return positions of sets that share no member, given the ids of sets that may: several of one project."""
        if len(set(map(self._project_of.__getitem__, ids))) == len(ids):
            return list(map(position_of.__getitem__, ids))
        of_project: dict[str, set[int]] = {}
        for id_ in ids:
            of_project.setdefault(self._project_of[id_], set()).add(position_of[id_])
        positions: list[int] = []
        for same in of_project.values():
            if len(same) == 1:
                positions += same
            else:
                positions.append(len(self.sets))
                self.sets.append(sorted(set().union(*map(self.sets.__getitem__, same))))
        return positions

    def _note_root(self, number: int) -> None:
        """Note a node if it is one of those that were asked about, on an index or on any."""
        package = self.nodes[number]
        for root in (package, (*package[:2], None)):
            if root in self.roots:
                self.roots[root].append(number)


def _repeated(names: Iterable[str], columns: Iterable[Sequence[object]]) -> Iterable[str]:
    """Return each name as often as there is something in its column."""
    return chain.from_iterable(map(repeat, names, map(len, columns)))
