"""Walks back over a graph cache file: which package versions could pull some versions of a package in.

As in `cache_walk`, a walk goes a package at a time and marks what is reached. The file says whose lists name a package;
those lists are looked through for runs that meet what was reached of it, and whoever has such a list is reached, too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import compress, pairwise
from operator import or_

from ..identifiers import PackageTuple
from .cache_decoded import DecodedPackage
from .cache_format import END, PACKAGE, POSITION


class _Reached:
    """What a walk back came to of a package."""

    __slots__ = ("is_dependent", "is_reached", "lists", "package")

    def __init__(self, package: DecodedPackage) -> None:
        packed = package.packed
        self.package = package
        self.is_reached = bytearray(packed.count)
        """1 or 0 for each version, as a requirement admits it on all indexes."""
        self.is_dependent = bytearray(len(packed.indexes))
        """1 or 0 for each record; what is asked about is reached, and need not be a dependent."""
        self.lists = set(packed.plain_lists)
        """Numbers of the lists that have named nothing reached so far."""

    def need(self, target_id: int, is_target: bytearray) -> bool:
        """Mark the records whose lists name a version of a package that was reached; tell whether there are others."""
        packed = self.package.packed
        found = {number for number in self.lists if _names(packed.words(number), target_id, is_target)}
        if not found:
            return False
        self.lists -= found
        self.is_dependent[:] = map(or_, self.is_dependent, map(found.__contains__, packed.plain_lists))
        before = self.is_reached.count(1)
        of_versions: Iterator[int] | bytearray = self.is_dependent
        if len(self.is_dependent) > packed.count:
            of_versions = (self.is_dependent.find(1, *records) >= 0 for records in pairwise(packed.first_record))
        self.is_reached[:] = map(or_, self.is_reached, of_versions)
        return self.is_reached.count(1) > before


def _names(words: Sequence[int], target_id: int, is_target: bytearray) -> bool:
    """Tell whether the runs of a plain list, which are in order, have one of a package that was reached."""
    place = bisect_left(words, target_id << PACKAGE)
    while place < len(words) and words[place] >> PACKAGE == target_id:
        if is_target.find(1, words[place] & POSITION, words[place] >> END & POSITION) >= 0:
            return True
        place += 1
    return False


class WalkBack:
    """A walk back in one environment; the caller gets the packages that it comes to."""

    def __init__(self, index_of: Mapping[int, str | None]) -> None:
        """Start nowhere.

        Args:
            index_of: URLs of indexes by id.

        """
        self._index_of = index_of
        self._packages: dict[int, _Reached] = {}
        self._waiting: set[int] = set()
        """Ids of the packages of which versions were reached that nobody was asked about."""

    def start(self, package: DecodedPackage, version: str | None, index_url: str | None) -> None:
        """Reach the versions that are asked about: one or all, on an index or on any, solved or not."""
        packed, reached = package.packed, self._of(package)
        for position in package.positions(version):
            indexes = packed.indexes[packed.first_record[position] : packed.first_record[position + 1]]
            if index_url is None or index_url in map(self._index_of.__getitem__, indexes):
                reached.is_reached[position] = 1
                self._waiting.add(package.id)

    def waiting(self) -> Collection[int]:
        """Return ids of the packages whose dependents have to be visited."""
        return self._waiting

    def go_on(self, dependents: Mapping[int, Sequence[int]], packages: Mapping[int, DecodedPackage]) -> None:
        """Visit the dependents of packages that are waiting.

        Args:
            dependents: by id of a package that waits, ids of those whose lists name it.
            packages: those, by id.

        """
        waiting, self._waiting = self._waiting, set()
        for target_id in waiting:
            is_target = self._packages[target_id].is_reached
            for id_ in dependents[target_id]:
                if self._of(packages[id_]).need(target_id, is_target):
                    self._waiting.add(id_)

    def dependents(self) -> Iterator[PackageTuple]:
        """Yield the package versions that could pull in what was asked about, each once."""
        for reached in self._packages.values():
            yield from compress(reached.package.tuples(self._index_of), reached.is_dependent)

    def _of(self, package: DecodedPackage) -> _Reached:
        reached = self._packages.get(package.id)
        if reached is None:
            reached = self._packages[package.id] = _Reached(package)
        return reached
