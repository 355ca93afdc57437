"""Walks over what the package versions of a graph cache file depend on.

A walk goes from run to run, a package at a time, and marks what is reached; nodes get their numbers at the end, those
of a package next to each other. As all versions of a run are reached, a run is a range of nodes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress, count, islice

from ..identifiers import PackageTuple
from .cache_decoded import DecodedPackage, Lists, Question
from .cache_format import END, NOT_ASKED, PACKAGE, POSITION
from .closure import Closure, packages_of


class _Reached:
    """What a walk came to of a package."""

    __slots__ = ("first_node", "first_record", "is_reached", "lists", "package", "sets", "words")

    def __init__(self, package: DecodedPackage, question: Question) -> None:
        self.package = package
        self.first_record = package.packed.first_record
        self.lists = package.lists(question)
        self.words = package.words(question)
        self.is_reached = bytearray(len(package.packed.indexes))
        """1 or 0 for each record."""
        self.sets: dict[Lists, list[int]] = {}
        """For lists of records that were reached, the positions of their runs."""
        self.first_node = 0

    def node(self, record: int) -> int:
        """Return the node of a record that was reached; for another one, that of the next."""
        return self.first_node + self.is_reached.count(1, 0, record)


class Walk:
    """A walk in one environment; the caller gets the packages that it comes to."""

    def __init__(self, index_of: Mapping[int, str | None], question: Question) -> None:
        """Start nowhere.

        Args:
            index_of: URLs of indexes by id.
            question: which requirements count.

        """
        self._index_of = index_of
        self.question = question
        self._packages: dict[str, _Reached] = {}
        self._by_id: dict[int, _Reached] = {}
        self._positions: defaultdict[int, int] = defaultdict(count().__next__)
        """Runs, as words, with their positions: one that is looked up for the first time gets the next."""
        self._visited: list[tuple[_Reached, int, int]] = []
        """For each run that was visited, the package and the records: from one to another."""

    def start(self, package: PackageTuple, found: DecodedPackage) -> None:
        """Visit a package version that is asked about; one that is not solved is none."""
        reached = self._of(found)
        # On other indexes it is a package version of its own, which may be reached, and may be not.
        self._visit(
            (reached, record, record + 1)
            for record in found.solved(package[1])
            if package[2] in (None, self._index_of[found.packed.indexes[record]])
        )

    def waiting(self) -> list[int]:
        """Return the runs, as words, that were come to and not visited."""
        new = len(self._positions) - len(self._visited)
        words = list(islice(reversed(self._positions), new))
        words.reverse()
        return words

    def unknown(self, words: Iterable[int]) -> set[int]:
        """Return ids of the packages of runs that the walk did not come to yet."""
        return {word >> PACKAGE for word in words}.difference(self._by_id)

    def go_on(self, words: Iterable[int], packages: Mapping[int, DecodedPackage]) -> None:
        """Visit the runs that are waiting, given the packages that were unknown."""
        by_id = self._by_id
        for id_, package in packages.items():
            by_id[id_] = self._of(package)
        runs = [
            (
                reached := by_id[word >> PACKAGE],
                reached.first_record[word & POSITION],
                reached.first_record[word >> END & POSITION],
            )
            for word in words
        ]
        self._visited += runs
        self._visit(runs)

    def all_were_asked(self) -> bool:
        """Tell whether the database was asked about all that was reached."""
        return not any(
            NOT_ASKED in compress(reached.package.packed.indexes, reached.is_reached)
            for reached in self._packages.values()
            if not reached.package.is_asked
        )

    def _of(self, package: DecodedPackage) -> _Reached:
        reached = self._packages.get(package.name)
        if reached is None:
            reached = self._packages[package.name] = _Reached(package, self.question)
        return reached

    def _visit(self, runs: Iterable[tuple[_Reached, int, int]]) -> None:
        """Mark records of packages, from one to another, as reached; look up the runs of those that were not."""
        position_of = self._positions.__getitem__
        for reached, first, end in runs:
            is_reached = reached.is_reached
            start = is_reached.find(0, first, end)
            if start >= 0:
                stop = is_reached.rfind(0, start, end) + 1
                is_reached[start:stop] = b"\1" * (stop - start)
                sets, words = reached.sets, reached.words
                for lists in set(reached.lists[start:stop]).difference(sets):
                    sets[lists] = list(map(position_of, words[lists]))

    def add_nodes(
        self, packages: list[PackageTuple], node_sets: list[Sequence[int]], sets: list[Sequence[int]]
    ) -> None:
        """Add what was reached to lists: a package tuple for each node, its sets, and the nodes of each set."""
        first_set = len(sets)
        for reached in self._packages.values():
            reached.first_node = len(packages)
            is_reached = reached.is_reached
            packages += compress(reached.package.tuples(self._index_of), is_reached)
            of_lists: Mapping[Lists, Sequence[int]] = reached.sets
            if first_set:
                of_lists = {lists: [first_set + position for position in of] for lists, of in reached.sets.items()}
            node_sets += map(of_lists.__getitem__, compress(reached.lists, is_reached))
        for reached, first, end in self._visited:
            start = reached.first_node + reached.is_reached.count(1, 0, first)
            sets.append(range(start, start + end - first))

    def root_nodes(self, package: PackageTuple) -> list[int]:
        """Return the nodes of a package version that was asked about, after `add_nodes`."""
        reached = self._packages.get(package[0])
        if reached is None:
            return []
        return [
            reached.node(record)
            for record in reached.package.solved(package[1])
            if package[2] in (None, self._index_of[reached.package.packed.indexes[record]])
        ]


def closure_of(walks: Sequence[Walk], roots: Sequence[PackageTuple]) -> Closure:
    """Return what walks that ended came to, each in an environment of its own."""
    nodes: list[PackageTuple] = []
    node_sets: list[Sequence[int]] = []
    sets: list[Sequence[int]] = []
    for walk in walks:
        walk.add_nodes(nodes, node_sets, sets)
    root_nodes = {root: [node for walk in walks for node in walk.root_nodes(root)] for root in roots}
    packages, positions = packages_of(nodes, len(walks))
    is_disjoint = len(walks) == 1 and walks[0].question.is_usual
    return Closure(packages, positions, node_sets, sets, root_nodes, is_disjoint)
