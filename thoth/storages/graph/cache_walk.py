"""Walks over what the package versions of a graph cache file depend on.

A walk goes from run to run, a package at a time, and marks what is reached; nodes get their numbers at the end, those
of a package next to each other. As all versions of a run are reached, a run is a range of nodes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import compress

from ..identifiers import PackageTuple
from .cache_decoded import DecodedPackage, Lists, Question
from .cache_format import END, NOT_ASKED, PACKAGE, POSITION
from .closure import Closure, packages_of


class _Reached:
    """What a walk came to of a package."""

    __slots__ = ("first_node", "is_reached", "package", "sets")

    def __init__(self, package: DecodedPackage) -> None:
        self.package = package
        self.is_reached = bytearray(len(package.packed.indexes))
        """1 or 0 for each record."""
        self.sets: dict[Lists, list[int]] = {}
        """For lists of records that were reached, the numbers of their runs."""
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
        self._numbers: dict[int, int] = {}
        """Runs, as words, with their numbers."""
        self._waiting: dict[int, list[int]] = {}
        """Runs that were come to and not visited, by id of the package."""

    def start(self, package: PackageTuple, found: DecodedPackage) -> None:
        """Visit a package version that is asked about; one that is not solved is none."""
        reached = self._of(found)
        for record in found.solved(package[1]):
            # On other indexes it is a package version of its own, which may be reached, and may be not.
            if package[2] in (None, self._index_of[found.packed.indexes[record]]):
                self._visit(reached, record, record + 1)

    def waiting(self) -> Collection[int]:
        """Return ids of the packages that have to be visited."""
        return self._waiting.keys()

    def go_on(self, packages: Mapping[int, DecodedPackage]) -> None:
        """Visit the runs of packages that are waiting."""
        waiting, self._waiting = self._waiting, {}
        for id_, words in waiting.items():
            reached = self._by_id.get(id_)
            if reached is None:
                reached = self._by_id[id_] = self._of(packages[id_])
            is_reached, first_record = reached.is_reached, reached.package.packed.first_record
            for word in words:
                first, end = first_record[word & POSITION], first_record[word >> END & POSITION]
                if is_reached.find(0, first, end) >= 0:
                    self._visit(reached, first, end)

    def all_were_asked(self) -> bool:
        """Tell whether the database was asked about all that was reached."""
        return not any(
            NOT_ASKED in compress(reached.package.packed.indexes, reached.is_reached)
            for reached in self._packages.values()
        )

    def _of(self, package: DecodedPackage) -> _Reached:
        reached = self._packages.get(package.name)
        if reached is None:
            reached = self._packages[package.name] = _Reached(package)
        return reached

    def _visit(self, reached: _Reached, first: int, end: int) -> None:
        """Mark the records from one to another as reached; put what those need that were not on the list."""
        is_reached = reached.is_reached
        start = is_reached.find(0, first, end)
        while start >= 0:
            stop = is_reached.find(1, start, end)
            if stop < 0:
                stop = end
            is_reached[start:stop] = b"\1" * (stop - start)
            self._note_runs(reached, start, stop)
            start = is_reached.find(0, stop, end)

    def _note_runs(self, reached: _Reached, first: int, end: int) -> None:
        """Give numbers to the runs that records from one to another need; those that are new wait."""
        packed, question, sets, numbers = reached.package.packed, self.question, reached.sets, self._numbers
        for lists in set(question.lists(packed, first, end)).difference(sets):
            of_lists = sets[lists] = []
            for word in question.words(packed, lists):
                number = numbers.get(word)
                if number is None:
                    number = numbers[word] = len(numbers)
                    self._waiting.setdefault(word >> PACKAGE, []).append(word)
                of_lists.append(number)

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
                of_lists = {lists: [first_set + number for number in of] for lists, of in reached.sets.items()}
            lists = compress(self.question.lists(reached.package.packed, 0, len(is_reached)), is_reached)
            node_sets += map(of_lists.__getitem__, lists)
        for word in self._numbers:
            reached = self._by_id[word >> PACKAGE]
            first_record = reached.package.packed.first_record
            first = first_record[word & POSITION]
            start = reached.first_node + reached.is_reached.count(1, 0, first)
            sets.append(range(start, start + first_record[word >> END & POSITION] - first))

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
