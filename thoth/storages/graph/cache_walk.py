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


class Paths:
    """What runs lead to and groups require, for a question in an environment: kept from one walk to the next."""

    def __init__(self, question: Question) -> None:
        """Know nothing but which requirements count."""
        self._question = question
        self._next = 0
        self._origin_of: dict[int, tuple[Packed, int]] = {}
        """For each group, where it is from, and what its number is above that of its lists."""
        self.packages: dict[int, DecodedPackage] = {}
        self.groups: dict[int, list[int]] = {}
        """For each package, the groups of its records."""
        self.all_groups: dict[int, frozenset[int]] = {}
        """The same, each once."""
        self.whole: set[int] = set()
        """The runs, as words, of all versions of a package."""
        self.groups_of: dict[int, frozenset[int]] = _GroupsOf(self.packages, self.groups)
        """Groups by runs, as words."""
        self.words_of: dict[int, tuple[int, ...]] = _WordsOf(question, self._origin_of)
        """Runs, as words, by groups."""

    def missing(self, words: Iterable[int]) -> set[int]:
        """Return the ids of packages that runs are of, and that have to be added."""
        return {word >> PACKAGE for word in words}.difference(self.packages)

    def add(self, package: DecodedPackage) -> None:
        """Note a package, unless it is known."""
        if package.id in self.packages:
            return
        packed, above, package_id = package.packed, self._next, package.id
        groups = [above + lists for lists in self._question.lists(packed, 0, len(packed.indexes))]
        self._next += self._question.most_lists(packed)
        all_groups = dict.fromkeys(groups, (packed, above))
        self._origin_of.update(all_groups)
        self.packages[package_id] = package
        self.groups[package_id] = groups
        self.all_groups[package_id] = frozenset(all_groups)
        self.whole.add(package_id << PACKAGE | packed.count << END)


# Neither refers to the paths: what refers to each other stays in memory until the garbage collector comes.
class _GroupsOf(dict[int, frozenset[int]]):
    """Groups by runs, found out when they are looked up."""

    def __init__(self, packages: Mapping[int, DecodedPackage], groups: Mapping[int, list[int]]) -> None:
        super().__init__()
        self._packages = packages
        self._groups = groups

    def __missing__(self, word: int) -> frozenset[int]:
        first, end = _records(self._packages, word)
        groups = self[word] = frozenset(self._groups[word >> PACKAGE][first:end])
        return groups


class _WordsOf(dict[int, tuple[int, ...]]):
    """Runs by groups, read when they are looked up."""

    def __init__(self, question: Question, origin_of: Mapping[int, tuple[Packed, int]]) -> None:
        super().__init__()
        self._question = question
        self._origin_of = origin_of

    def __missing__(self, group: int) -> tuple[int, ...]:
        packed, above = self._origin_of[group]
        words = self[group] = tuple(self._question.words(packed, group - above))
        return words


def _records(packages: Mapping[int, DecodedPackage], word: int) -> tuple[int, int]:
    """Return the first record of a run, and the one behind its last."""
    first_record = packages[word >> PACKAGE].packed.first_record
    return first_record[word & POSITION], first_record[word >> END & POSITION]


class Walk:
    """What is reached from package versions in one environment."""

    def __init__(
        self,
        paths: Paths,
        index_of: Mapping[int, str | None],
        roots: Sequence[tuple[PackageTuple, DecodedPackage]],
        find: Callable[[Iterable[int]], Mapping[int, DecodedPackage]],
    ) -> None:
        """Go as far as there are requirements.

        Args:
            paths: those of the environment.
            index_of: URLs of indexes by id.
            roots: the package versions that are asked about; those that are not solved are left out.
            find: returns packages by id.

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
        self._whole: set[int] = set()
        """Ids of the packages of which a run has all versions."""
        self._go(find)
        self._is_reached = self._mark()
        """By package, 1 or 0 for each record; None where all are reached."""
        self._first_node: dict[int, int] = {}
        """The first node of each package of which all is reached, and each version has one record."""
        self._node_of: dict[int, Sequence[int]] = {}
        """Of the others, the node of each record; of one that is not reached, that of the next."""

    def _all_root_records(self) -> Iterator[tuple[int, int]]:
        for records in self._root_records.values():
            yield from records

    def _go(self, find: Callable[[Iterable[int]], Mapping[int, DecodedPackage]]) -> None:
        """Find the runs and groups that are reached."""
        paths, whole = self._paths, self._whole
        groups_of, words_of, all_groups = paths.groups_of, paths.words_of, paths.all_groups
        groups = self._groups
        while words := set().union(*map(words_of.__getitem__, groups)).difference(self._words):
            self._words |= words
            missing = paths.missing(words)
            if missing:
                for package in find(missing).values():
                    paths.add(package)
            now_whole = {word >> PACKAGE for word in words & paths.whole}
            whole |= now_whole
            # Where all versions are reached, other runs lead to nothing more.
            others = [word for word in words if word >> PACKAGE not in whole]
            reached = set().union(*map(all_groups.__getitem__, now_whole), *map(groups_of.__getitem__, others))
            groups = reached.difference(self._groups)
            self._groups |= groups

    def _mark(self) -> dict[int, bytearray | None]:
        """Return which records are reached."""
        packages, whole = self._paths.packages, self._whole
        marks = {id_: bytearray(len(packages[id_].packed.indexes)) for id_, _ in self._all_root_records()}
        for word in self._words:
            package_id = word >> PACKAGE
            if package_id not in whole:
                if package_id not in marks:
                    marks[package_id] = bytearray(len(packages[package_id].packed.indexes))
                first, end = _records(packages, word)
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
            package, groups = paths.packages[package_id], paths.groups[package_id]
            first, tuples = len(packages), package.tuples(self._index_of)
            if is_reached is not None:
                node_of[package_id] = list(accumulate(is_reached, initial=first))
                packages += compress(tuples, is_reached)
                node_sets += map(sets_of.__getitem__, compress(groups, is_reached))
                continue
            packages += tuples
            node_sets += map(sets_of.__getitem__, groups)
            if len(groups) == package.packed.count:
                first_node[package_id] = first
            else:
                node_of[package_id] = range(first, len(packages) + 1)
        sets += [
            range(node + (word & POSITION), node + (word >> END & POSITION))
            if (node := first_node.get(word >> PACKAGE, -1)) >= 0
            else self._nodes(word)
            for word in self._words
        ]

    def _nodes(self, word: int) -> range:
        """Return the nodes of a run: all its records are reached."""
        first, end = _records(self._paths.packages, word)
        node = self._node_of[word >> PACKAGE][first]
        return range(node, node + end - first)

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
