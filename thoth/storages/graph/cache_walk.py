"""Walks over what the package versions of a graph cache file depend on.

A walk goes from runs to groups, the records of a package that have the same lists, and from them to the runs of these
lists; both are numbers, and each is gone on from once. Records are marked at the end and get their nodes, those of a
package next to each other: as all versions of a run are reached, a run is a range of nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, compress, count

from ..identifiers import PackageTuple
from .cache_decoded import DecodedPackage, Question
from .cache_format import END, NOT_ASKED, PACKAGE, POSITION, Packed
from .closure import Closure, packages_of

Span = tuple[int, int, int]
"""Records of a package: its id, the first record and the one behind the last."""


class Paths:
    """What runs lead to and groups require, for a question in an environment: kept from one walk to the next."""

    def __init__(self, question: Question, find: Callable[[Iterable[int]], Mapping[int, DecodedPackage]]) -> None:
        """Know nothing.

        Args:
            question: which requirements count.
            find: returns packages by id.

        """
        self._question = question
        self._find = find
        self._origin_of: dict[int, tuple[Packed, int]] = {}
        """For each group, where it is from, and what its number is above that of its lists."""
        self._next = 0
        self.packages: dict[int, DecodedPackage] = {}
        self.groups: dict[int, list[int]] = {}
        """For each package, the groups of its records."""
        self.whole: set[int] = set()
        """The runs, as words, of all versions of a package."""
        self.span_of: dict[int, Span] = {}
        self.groups_of: dict[int, frozenset[int]] = {}
        """Groups by runs, as words."""
        self.words_of: dict[int, tuple[int, ...]] = _WordsOf(self)
        """Runs, as words, by groups; read when they are looked up."""

    def add(self, package: DecodedPackage) -> None:
        """Note a package."""
        if package.id in self.packages:
            return
        packed, above, package_id = package.packed, self._next, package.id
        groups = [above + lists for lists in self._question.lists(packed, 0, len(packed.indexes))]
        self._next += self._question.most_lists(packed)
        self._origin_of.update(dict.fromkeys(groups, (packed, above)))
        self.packages[package_id] = package
        self.groups[package_id] = groups
        self.whole.add(package_id << PACKAGE | packed.count << END)

    def explore(self, words: set[int]) -> None:
        """Find out what runs lead to."""
        missing = {word >> PACKAGE for word in words}.difference(self.packages)
        if missing:
            for package in self._find(missing).values():
                self.add(package)
        packages, groups, groups_of, span_of = self.packages, self.groups, self.groups_of, self.span_of
        for word in words:
            package_id, first, end = word >> PACKAGE, word & POSITION, word >> END & POSITION
            of_package = groups[package_id]
            packed = packages[package_id].packed
            if len(of_package) > packed.count:
                first, end = packed.first_record[first], packed.first_record[end]
            span_of[word] = package_id, first, end
            groups_of[word] = frozenset(of_package[first:end])

    def read(self, group: int) -> Iterable[int]:
        """Return the runs of a group, as words."""
        packed, above = self._origin_of[group]
        return self._question.words(packed, group - above)


class _WordsOf(dict[int, tuple[int, ...]]):
    """The runs of groups."""

    def __init__(self, paths: Paths) -> None:
        super().__init__()
        self._paths = paths

    def __missing__(self, group: int) -> tuple[int, ...]:
        words = self[group] = tuple(self._paths.read(group))
        return words


class Walk:
    """What is reached from package versions in one environment."""

    def __init__(
        self, paths: Paths, index_of: Mapping[int, str | None], roots: Sequence[tuple[PackageTuple, DecodedPackage]]
    ) -> None:
        """Go as far as there are requirements.

        Args:
            paths: those of the environment.
            index_of: URLs of indexes by id.
            roots: the package versions that are asked about; those that are not solved are left out.

        """
        self._paths = paths
        self._index_of = index_of
        self._root_records: dict[PackageTuple, list[tuple[int, int]]] = {}
        """Where what is asked about is solved: packages and records."""
        for root, package in roots:
            paths.add(package)
            # On other indexes it is a package version of its own, which may be reached, and may be not.
            self._root_records[root] = [
                (package.id, record)
                for record in package.solved(root[1])
                if root[2] in (None, index_of[package.packed.indexes[record]])
            ]
        self._groups = {paths.groups[id_][record] for id_, record in self._all_root_records()}
        self._words: set[int] = set()
        self._go()
        self._is_reached = self._mark()
        """By package, 1 or 0 for each record; None where all are reached."""
        self._first_node: dict[int, int] = {}
        """By package of which all is reached, the node of the first record."""
        self._node_of: dict[int, list[int]] = {}
        """By package of which not all is reached, the node of each record; for one that is not, that of the next."""

    def _all_root_records(self) -> Iterator[tuple[int, int]]:
        for records in self._root_records.values():
            yield from records

    def _go(self) -> None:
        """Find the runs and groups that are reached."""
        groups_of, words_of = self._paths.groups_of, self._paths.words_of
        groups = self._groups
        while words := set().union(*map(words_of.__getitem__, groups)).difference(self._words):
            self._words |= words
            unknown = words.difference(groups_of)
            if unknown:
                self._paths.explore(unknown)
            groups = set().union(*map(groups_of.__getitem__, words)).difference(self._groups)
            self._groups |= groups

    def _mark(self) -> dict[int, bytearray | None]:
        """Return which records are reached."""
        packages, span_of = self._paths.packages, self._paths.span_of
        whole = {word >> PACKAGE for word in self._words & self._paths.whole}
        marks = {id_: bytearray(len(packages[id_].packed.indexes)) for id_, _ in self._all_root_records()}
        for word in self._words:
            if word >> PACKAGE not in whole:
                package_id, first, end = span_of[word]
                if package_id not in marks:
                    marks[package_id] = bytearray(len(packages[package_id].packed.indexes))
                marks[package_id][first:end] = b"\1" * (end - first)
        for package_id, record in self._all_root_records():
            marks[package_id][record] = 1
        return {**marks, **dict.fromkeys(whole)}

    def all_were_asked(self) -> bool:
        """Tell whether the database was asked about all that was reached."""
        for package_id, is_reached in self._is_reached.items():
            package = self._paths.packages[package_id]
            if not package.is_asked and (
                is_reached is None or NOT_ASKED in compress(package.packed.indexes, is_reached)
            ):
                return False
        return True

    def add_nodes(
        self, packages: list[PackageTuple], node_sets: list[Sequence[int]], sets: list[Sequence[int]]
    ) -> None:
        """Add what was reached to lists: a package tuple for each node, its sets, and the nodes of each set."""
        paths, first_node, node_of = self._paths, self._first_node, self._node_of
        words_of = paths.words_of
        position_of = dict(zip(self._words, count(len(sets))))
        sets_of = {group: list(map(position_of.__getitem__, words_of[group])) for group in self._groups}
        for package_id, is_reached in self._is_reached.items():
            tuples, groups = paths.packages[package_id].tuples(self._index_of), paths.groups[package_id]
            if is_reached is None:
                first_node[package_id] = len(packages)
                packages += tuples
                node_sets += map(sets_of.__getitem__, groups)
            else:
                node_of[package_id] = list(accumulate(is_reached, initial=len(packages)))
                packages += compress(tuples, is_reached)
                node_sets += map(sets_of.__getitem__, compress(groups, is_reached))
        # All versions of a run are reached.
        sets += [
            range(node + first, node + end)
            if (node := first_node.get(package_id, -1)) >= 0
            else range(node := node_of[package_id][first], node + end - first)
            for package_id, first, end in map(paths.span_of.__getitem__, self._words)
        ]

    def root_nodes(self, package: PackageTuple) -> list[int]:
        """Return the nodes of a package version that was asked about, after `add_nodes`."""
        return [
            self._first_node[package_id] + record
            if package_id in self._first_node
            else self._node_of[package_id][record]
            for package_id, record in self._root_records.get(package, ())
        ]


def closure_of(walks: Sequence[Walk], roots: Sequence[PackageTuple], *, is_disjoint: bool) -> Closure:
    """Return what walks came to, each in an environment of its own.

    Args:
        walks: the walks.
        roots: the package versions that were asked about.
        is_disjoint: whether the question is one whose requirements admit each version once.

    """
    nodes: list[PackageTuple] = []
    node_sets: list[Sequence[int]] = []
    sets: list[Sequence[int]] = []
    for walk in walks:
        walk.add_nodes(nodes, node_sets, sets)
    root_nodes = {root: [node for walk in walks for node in walk.root_nodes(root)] for root in roots}
    packages, positions = packages_of(nodes, len(walks))
    return Closure(packages, positions, node_sets, sets, root_nodes, is_disjoint and len(walks) == 1)
