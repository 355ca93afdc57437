"""A package of a graph cache file, decoded, and which of its requirements a question is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, count, repeat
from typing import TypeAlias

from ..identifiers import PackageTuple
from .cache_format import FIRST_INDEX, NOT_ASKED, Packed, condition_word

Dependency = tuple[str, str]
Extras = frozenset[str | None] | None
Lists: TypeAlias = int
"""The lists of a record that count for a question, as one number.

For the usual question it is the number of the plain list. For others that of the other list is in it, too, times how
many lists the package has.
"""


class DecodedPackage:
    """A package in an environment."""

    __slots__ = (
        "_is_asked",
        "_positions",
        "_tuples",
        "answers",
        "id",
        "is_complete",
        "name",
        "packed",
        "versions",
    )

    def __init__(self, id_: int, name: str, versions: list[str], packed: Packed, is_complete: bool) -> None:
        """Take what was read."""
        self.id = id_
        self.name = name
        self.versions = versions
        self.packed = packed
        self.is_complete = is_complete
        """Whether all versions of it are here."""
        self.answers: dict[Lists, tuple[Dependency, ...]] = {}
        """Sorted answers to the usual question."""
        self._is_asked: bool | None = None
        self._positions: dict[str, int] | None = None
        self._tuples: list[PackageTuple] | None = None

    @property
    def record_versions(self) -> Sequence[str]:
        """The version of each record."""
        packed = self.packed
        if len(packed.indexes) == packed.count:
            return self.versions
        return [version for position, version in enumerate(self.versions) for _ in packed.records_of(position)]

    def tuples(self, index_of: Mapping[int, str | None]) -> list[PackageTuple]:
        """Return the package tuple of each record, given the URLs of indexes by id."""
        if self._tuples is None:
            urls = map(index_of.__getitem__, self.packed.indexes)
            self._tuples = list(zip(repeat(self.name), self.record_versions, urls))
        return self._tuples

    @property
    def is_asked(self) -> bool:
        """Whether the database was asked about each version."""
        if self._is_asked is None:
            self._is_asked = NOT_ASKED not in self.packed.indexes
        return self._is_asked

    def positions(self, version: str | None) -> range:
        """Return the position of a version, those of all versions when none is given; none when it is not there."""
        if version is None:
            return range(self.packed.count)
        if version not in self.versions:
            return range(0)
        position = self.versions.index(version)
        return range(position, position + 1)

    def records_of(self, version: str) -> range:
        """Return the numbers of the records of a version, solved or not; none when it is not in the file."""
        if self._positions is None:
            self._positions = dict(zip(self.versions, count()))
        position = self._positions.get(version)
        return range(0) if position is None else self.packed.records_of(position)

    def solved(self, version: str) -> range:
        """Return the numbers of the records of a version on indexes; none when it was not solved."""
        records = self.records_of(version)
        return records if records and self.packed.indexes[records.start] >= FIRST_INDEX else range(0)


class Question:
    """Which requirements count."""

    def __init__(
        self, extras: Extras, marker_evaluation_result: bool | None, extra_of: Mapping[int, str | None]
    ) -> None:
        """Take what is asked, and the extras of the file by id."""
        marker_failed = marker_evaluation_result is False
        wanted = frozenset((None,)) if extras is None else extras
        self.is_usual = extras is None and not marker_failed
        """Whether it is about what is needed without extras, by markers that held: each version of it comes once."""
        self._plain_counts = None in wanted and not marker_failed
        self._conditions = {
            condition_word(extra_id, marker_failed) for extra_id, extra in extra_of.items() if extra in wanted
        }

    def lists(self, packed: Packed, first: int, end: int) -> Iterable[Lists]:
        """Return the lists of some records, one after the other."""
        plain = packed.plain_lists[first:end]
        if self.is_usual:
            return plain
        other = packed.other_lists[first:end]
        return [other_list * packed.lists + plain_list for plain_list, other_list in zip(plain, other, strict=True)]

    def most_lists(self, packed: Packed) -> int:
        """Return a number that is above that of any lists of a package."""
        return packed.lists if self.is_usual else packed.lists**2

    def words(self, packed: Packed, lists: Lists) -> Iterable[int]:
        """Return the runs that count, of those in the lists of a record."""
        if self.is_usual:
            return packed.words(lists)
        other_list, plain_list = divmod(lists, packed.lists)
        plain = packed.words(plain_list) if self._plain_counts else ()
        other = packed.words(other_list)
        conditional = (
            word for word, condition in zip(other[::2], other[1::2], strict=True) if condition in self._conditions
        )
        return dict.fromkeys(chain(plain, conditional))
