"""The blob of a package in an environment, as the packed part of a graph cache file holds it: pure functions.

A blob is a sequence of 32-bit words in the byte order of the machine::

    versions, records, lists                      three counts
    asked, one bit a version                      the database was asked about it, whether solved or not
    first record of each version, and the end     versions + 1 words
    index, plain list, other list                 three words a record
    first word of each list, and the end          lists + 1 words
    the lists

A *run* is some versions of one package, next to each other in their order: the package's id, and the first position
and the one behind the last in one word. A plain list has the runs that count without extras, their marker held, in
two words each; an other list has those of the other requirements, in three: the third tells extra and marker.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ..exceptions import CacheFileError

BYTE_ORDER = sys.byteorder
_WORD: Final = "I"
_HALF = 16
_MASK = (1 << _HALF) - 1
MAX_VERSIONS = _MASK
"""Positions of versions have sixteen bits."""

_HEADER = 3
_RECORD = 3
_PLAIN = 2
_OTHER = 3


class Run(NamedTuple):
    """Versions of one package, next to each other."""

    package_id: int
    first: int
    end: int
    """The position behind the last."""


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


def runs_of(package_id: int, positions: Iterable[int]) -> list[Run]:
    """Return the runs that some positions make up."""
    runs: list[Run] = []
    for position in sorted(set(positions)):
        if runs and runs[-1].end == position:
            runs[-1] = Run(package_id, runs[-1].first, position + 1)
        else:
            runs.append(Run(package_id, position, position + 1))
    return runs


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

    def list_number(words: tuple[int, ...]) -> int:
        return lists.setdefault(words, len(lists))

    first_record, records = array(_WORD, [0]), array(_WORD)
    for position in range(count):
        for record in versions.records.get(position, ()):
            plain = tuple(word for run in record.plain for word in _run_words(run))
            other = tuple(
                word
                for run, extra_id, marker_failed in record.other
                for word in (*_run_words(run), extra_id << 1 | marker_failed)
            )
            records.extend((record.index_id, list_number(plain), list_number(other)))
        first_record.append(len(records) // _RECORD)
    first_word, bodies = array(_WORD, [0]), array(_WORD)
    for words in lists:
        bodies.extend(words)
        first_word.append(len(bodies))
    asked = bytearray(-(-count // 32) * 4)
    for position in versions.asked:
        asked[position >> 3] |= 1 << (position & 7)
    header = array(_WORD, [count, len(records) // _RECORD, len(lists)])
    return b"".join((header, asked, first_record, records, first_word, bodies))


def _run_words(run: Run) -> tuple[int, int]:
    return run.package_id, run.first | run.end << _HALF


class Packed:
    """A blob, read where it is asked and not before."""

    __slots__ = ("_asked", "_bodies", "_first_record", "_first_word", "_records", "count")

    def __init__(self, blob: bytes) -> None:
        """Find the parts of a blob.

        Raises:
            CacheFileError: it is not one.

        """
        try:
            words = memoryview(blob).cast(_WORD)
            self.count, records, lists = words[:_HEADER]
        except (TypeError, ValueError) as error:
            raise CacheFileError(f"a blob cannot be read: {error}") from None
        start = _HEADER
        asked = -(-self.count // 32)
        self._asked = memoryview(blob)[start * 4 : (start + asked) * 4]
        start += asked
        self._first_record = words[start : start + self.count + 1]
        start += self.count + 1
        self._records = words[start : start + records * _RECORD]
        start += records * _RECORD
        self._first_word = words[start : start + lists + 1]
        start += lists + 1
        self._bodies = words[start:]
        if len(self._first_word) != lists + 1 or len(self._bodies) != self._first_word[-1]:
            raise CacheFileError("a blob is shorter or longer than it says")

    def is_asked(self, position: int) -> bool:
        """Tell whether the database was asked about a version."""
        return bool(self._asked[position >> 3] >> (position & 7) & 1)

    def is_solved(self, position: int) -> bool:
        """Tell whether a version has a record."""
        return bool(self._first_record[position] != self._first_record[position + 1])

    def records(self, position: int) -> Iterator[tuple[int, int, int]]:
        """Yield the records of a version: index, number of the plain list, number of the other list."""
        words = self._records
        for start in range(self._first_record[position] * _RECORD, self._first_record[position + 1] * _RECORD, _RECORD):
            yield words[start], words[start + 1], words[start + 2]

    def plain(self, number: int) -> Iterator[Run]:
        """Yield the runs of a plain list."""
        words = self._bodies
        for start in range(self._first_word[number], self._first_word[number + 1], _PLAIN):
            yield Run(words[start], words[start + 1] & _MASK, words[start + 1] >> _HALF)

    def other(self, number: int) -> Iterator[OtherRun]:
        """Yield the runs of an other list."""
        words = self._bodies
        for start in range(self._first_word[number], self._first_word[number + 1], _OTHER):
            run = Run(words[start], words[start + 1] & _MASK, words[start + 1] >> _HALF)
            yield OtherRun(run, words[start + 2] >> 1, bool(words[start + 2] & 1))
