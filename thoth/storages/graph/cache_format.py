"""The blob of a package in an environment, as the packed part of a graph cache file holds it: pure functions.

A blob is of numbers in the byte order of the machine::

    versions, records, lists, width                four numbers of 32 bits
    first record of each version, and the end      versions + 1 numbers of ``width`` bytes, two or four, as those that
                                                   follow; left out when each version has one record
    index of each record                           or that there is none: `NOT_ASKED`, `NOT_SOLVED`
    plain list of each record
    other list of each record
    first word of each list, and the end           lists + 1
    zeros, up to a multiple of eight bytes
    the lists                                      words of 64 bits

A *record* is a version on an index; a version that was not solved has one, too, whose lists are empty. A *run* is some
versions of one package, next to each other in their order: a word that holds the package's id, the position behind the
last and that of the first. A plain list has the runs that count without extras, their marker held: in order, and no
version twice. An other list has those of the other requirements, in two words each: the second tells extra and marker.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, chain
from struct import Struct
from struct import error as StructError
from typing import Final, Literal, NamedTuple

from ..exceptions import CacheFileError

BYTE_ORDER = sys.byteorder
_HEADER: Final = Struct("=4I")
_ID: Final = "I"
_WORD: Final = "Q"
_WIDTHS: Final[dict[int, Literal["H", "I"]]] = {2: "H", 4: "I"}
END: Final = 16
"""A word, moved by so many bits to the right, ends with the position behind the last of its run."""
PACKAGE: Final = 32
"""A word, moved by so many bits to the right, is the id of the package of its run."""
POSITION: Final = 0xFFFF
"""The bits of a position."""
MAX_VERSIONS: Final = POSITION

NOT_ASKED: Final = 0
"""In place of an index: the database was not asked about the version."""
NOT_SOLVED: Final = 1
"""In place of an index: the database was asked, and the version was not solved."""
FIRST_INDEX: Final = 2
"""Ids of indexes start here."""


class Run(NamedTuple):
    """Versions of one package, next to each other."""

    package_id: int
    first: int
    end: int
    """The position behind the last."""

    @classmethod
    def of(cls, word: int) -> Run:
        """Return the run that a word holds."""
        return cls(word >> PACKAGE, word & POSITION, word >> END & POSITION)

    @property
    def word(self) -> int:
        """The word that holds it."""
        return self.package_id << PACKAGE | self.end << END | self.first


class OtherRun(NamedTuple):
    """A run that counts with an extra alone, or whose marker did not hold."""

    run: Run
    extra_id: int
    """0 for no extra."""
    marker_failed: bool


@dataclass
class PackedRecord:
    """A record to pack: a version on an index, and what it depends on."""

    index_id: int
    plain: Sequence[Run] = ()
    other: Sequence[OtherRun] = ()


@dataclass
class PackedVersions:
    """The versions of a package in an environment, to pack."""

    asked: set[int] = field(default_factory=set)
    """Positions of the versions that the database was asked about."""
    records: dict[int, list[PackedRecord]] = field(default_factory=dict)
    """By position of the version."""


def condition_word(extra_id: int, marker_failed: bool) -> int:
    """Return the word that tells when a run of an other list counts."""
    return extra_id << 1 | marker_failed


def runs_of(package_id: int, positions: Iterable[int]) -> list[Run]:
    """Return the runs that some positions make up."""
    runs: list[Run] = []
    for position in sorted(set(positions)):
        if runs and runs[-1].end == position:
            runs[-1] = Run(package_id, runs[-1].first, position + 1)
        else:
            runs.append(Run(package_id, position, position + 1))
    return runs


def united(runs: Collection[Run]) -> list[Run]:
    """Return the runs that some runs make up together, in order."""
    ordered = sorted(runs)
    if len({run.package_id for run in ordered}) == len(ordered):
        return ordered
    whole: list[Run] = []
    for run in ordered:
        if whole and whole[-1].package_id == run.package_id and run.first <= whole[-1].end:
            whole[-1] = Run(run.package_id, whole[-1].first, max(whole[-1].end, run.end))
        else:
            whole.append(run)
    return whole


def pack(count: int, versions: PackedVersions) -> bytes:
    """Return the blob of a package in an environment.

    Args:
        count: how many versions the package has in the file.
        versions: what is known of them.

    Raises:
        CacheFileError: there are too many versions.

    """
    if count > MAX_VERSIONS:
        raise CacheFileError(f"a package has {count} versions, a cache file can hold {MAX_VERSIONS}")
    lists: dict[tuple[int, ...], int] = {}
    first_record, indexes, plain_lists, other_lists = [0], [], [], []
    for position in range(count):
        unsolved = PackedRecord(NOT_SOLVED if position in versions.asked else NOT_ASKED)
        for record in versions.records.get(position) or [unsolved]:
            plain = tuple(run.word for run in record.plain)
            other = tuple(
                word
                for run, extra_id, marker_failed in record.other
                for word in (run.word, condition_word(extra_id, marker_failed))
            )
            indexes.append(record.index_id)
            plain_lists.append(lists.setdefault(plain, len(lists)))
            other_lists.append(lists.setdefault(other, len(lists)))
        first_record.append(len(indexes))
    first_word = list(accumulate(map(len, lists), initial=0))
    numbers = [*([] if len(indexes) == count else first_record), *indexes, *plain_lists, *other_lists, *first_word]
    width = 2 if max(numbers) <= 0xFFFF else 4
    header = _HEADER.pack(count, len(indexes), len(lists), width)
    columns = array(_WIDTHS[width], numbers).tobytes()
    padding = bytes(-(len(header) + len(columns)) % 8)
    return b"".join((header, columns, padding, array(_WORD, chain.from_iterable(lists))))


def pack_ids(ids: Iterable[int]) -> bytes:
    """Return ids as the file holds them."""
    return array(_ID, sorted(ids)).tobytes()


def unpack_ids(blob: bytes) -> Sequence[int]:
    """Return the ids that `pack_ids` packed.

    Raises:
        ValueError: it did not.

    """
    ids = array(_ID)
    ids.frombytes(blob)
    return ids


@lru_cache(maxsize=1024)
def nothing_known(count: int) -> Packed:
    """Return what is known of a package about whose versions the database was not asked in an environment."""
    return Packed(pack(count, PackedVersions()))


class Packed:
    """A blob, read where it is asked and not before."""

    __slots__ = ("_first_word", "_words", "count", "first_record", "indexes", "lists", "other_lists", "plain_lists")

    count: int
    """How many versions there are."""
    lists: int
    """How many lists there are."""
    first_record: Sequence[int]
    """For each version, the number of its first record; and how many records there are."""
    indexes: memoryview[int]
    """For each record, its index."""
    plain_lists: memoryview[int]
    """For each record, the number of its plain list."""
    other_lists: memoryview[int]
    """For each record, the number of its other list."""

    def __init__(self, blob: bytes) -> None:
        """Find the parts of a blob.

        Raises:
            CacheFileError: it is not one.

        """
        try:
            whole = memoryview(blob)
            self.count, records, self.lists, width = _HEADER.unpack_from(blob)
            columns = records * 3 + self.lists + 1 + (0 if records == self.count else self.count + 1)
            end = 16 + columns * width
            numbers = whole[16:end].cast(_WIDTHS[width])
            end += -end % 8
            self._words = whole[end:].cast(_WORD)
            start = len(numbers) - (records * 3 + self.lists + 1)
            self.first_record = numbers[:start] if start else range(self.count + 1)
            self.indexes = numbers[start : start + records]
            self.plain_lists = numbers[start + records : start + 2 * records]
            self.other_lists = numbers[start + 2 * records : start + 3 * records]
            self._first_word = numbers[start + 3 * records :]
            is_whole = len(numbers) == columns and len(whole) == end + 8 * self._first_word[-1]
        except (TypeError, ValueError, LookupError, StructError) as error:
            raise CacheFileError(f"a blob cannot be read: {error}") from None
        if not is_whole:
            raise CacheFileError("a blob is shorter or longer than it says")

    def records_of(self, position: int) -> range:
        """Return the numbers of the records of a version."""
        return range(self.first_record[position], self.first_record[position + 1])

    def words(self, number: int) -> memoryview[int]:
        """Return the words of a list."""
        return self._words[self._first_word[number] : self._first_word[number + 1]]
