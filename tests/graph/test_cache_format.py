"""The blobs of the packed part: packed and unpacked they are the same, and a part of one is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoth.storages.exceptions import CacheFileError
from thoth.storages.graph.cache_format import (
    FIRST_INDEX,
    MAX_VERSIONS,
    NOT_ASKED,
    NOT_SOLVED,
    OtherRun,
    Packed,
    PackedRecord,
    PackedVersions,
    Run,
    condition_word,
    pack,
    runs_of,
    united,
)

WORD = 0xFFFF_FFFF
ids = st.integers(FIRST_INDEX, WORD)
runs = st.tuples(ids, st.integers(0, MAX_VERSIONS - 1), st.integers(1, 40)).map(
    lambda drawn: Run(drawn[0], drawn[1], min(drawn[1] + drawn[2], MAX_VERSIONS))
)
other_runs = st.builds(OtherRun, runs, st.integers(0, WORD >> 1), st.booleans())
records = st.builds(PackedRecord, ids, st.lists(runs, max_size=4), st.lists(other_runs, max_size=3))


COUNTS = (0, 1, 31, 32, 33, 70)
FILLED = st.dictionaries(st.integers(0, 69), st.lists(records, min_size=1, max_size=2), max_size=4)


few_runs = st.tuples(st.integers(2, 3), st.integers(0, 12), st.integers(1, 6)).map(
    lambda drawn: Run(drawn[0], drawn[1], drawn[1] + drawn[2])
)


@given(st.lists(few_runs, max_size=6))
def test_united_runs_hold_what_each_of_them_holds(drawn: list[Run]) -> None:
    """Runs overlap when several requirements are about one package, and one may lie within another."""
    expected = [
        run
        for package_id in (2, 3)
        for run in runs_of(
            package_id, (at for one in drawn if one.package_id == package_id for at in range(one.first, one.end))
        )
    ]
    assert united(drawn) == expected


def package_of(count: int, asked: set[int], filled: dict[int, list[PackedRecord]]) -> tuple[int, PackedVersions]:
    """Return a package of so many versions, with what was drawn for its positions."""
    kept = {position: listed for position, listed in filled.items() if position < count}
    return count, PackedVersions({position for position in asked if position < count}, kept)


packages = st.builds(package_of, st.sampled_from(COUNTS), st.sets(st.integers(0, 69), max_size=5), FILLED)


def unpacked(packed: Packed, record: int) -> tuple[int, list[int], list[tuple[int, int]]]:
    """Return the index of a record, the words of its plain list, and those of its other list in pairs."""
    other = packed.words(packed.other_lists[record])
    return (
        packed.indexes[record],
        list(packed.words(packed.plain_lists[record])),
        list(zip(other[::2], other[1::2], strict=True)),
    )


@given(runs)
def test_a_run_is_a_word(run: Run) -> None:
    assert Run.of(run.word) == run


@given(packages)
def test_round_trip(package: tuple[int, PackedVersions]) -> None:
    count, versions = package
    packed = Packed(pack(count, versions))
    assert packed.count == count
    for position in range(count):
        unsolved = PackedRecord(NOT_SOLVED if position in versions.asked else NOT_ASKED)
        expected = [
            (
                record.index_id,
                [run.word for run in record.plain],
                [(other.run.word, condition_word(other.extra_id, other.marker_failed)) for other in record.other],
            )
            for record in versions.records.get(position, [unsolved])
        ]
        assert [unpacked(packed, record) for record in packed.records_of(position)] == expected


@given(packages, st.data())
def test_part_of_a_blob_is_refused(package: tuple[int, PackedVersions], data: st.DataObject) -> None:
    blob = pack(*package)
    end = data.draw(st.integers(0, len(blob) - 1))
    with pytest.raises(CacheFileError):
        Packed(blob[:end])
    with pytest.raises(CacheFileError):
        Packed(blob + b"\0" * data.draw(st.integers(1, 9)))


@given(st.lists(st.integers(0, 60)))
def test_runs_are_the_positions_and_as_few_as_can_be(positions: list[int]) -> None:
    made = runs_of(7, positions)
    assert [position for run in made for position in range(run.first, run.end)] == sorted(set(positions))
    assert all(earlier.end < later.first for earlier, later in zip(made, made[1:], strict=False))
    assert {run.package_id for run in made} <= {7}


def test_lists_that_recur_are_stored_once() -> None:
    count = 20
    records = {position: [PackedRecord(FIRST_INDEX, [Run(1, 0, 5)])] for position in range(count)}
    same = pack(count, PackedVersions(set(), records))
    records[0] = [PackedRecord(FIRST_INDEX, [Run(1, 0, 6)])]
    assert len(pack(count, PackedVersions(set(), records))) >= len(same) + 8


def test_a_version_takes_six_bytes_when_lists_recur() -> None:
    def of(count: int) -> int:
        records = {position: [PackedRecord(FIRST_INDEX, [Run(1, 0, 5)])] for position in range(count)}
        return len(pack(count, PackedVersions(set(), records)))

    assert of(104) - of(100) == 4 * 6


def test_as_many_versions_as_there_may_be() -> None:
    last = MAX_VERSIONS - 1
    whole = Run(5, 0, MAX_VERSIONS)
    packed = Packed(pack(MAX_VERSIONS, PackedVersions({0}, {last: [PackedRecord(FIRST_INDEX, [whole])]})))
    (record,) = packed.records_of(last)
    assert unpacked(packed, record) == (FIRST_INDEX, [whole.word], [])
    assert [packed.indexes[position] for position in (0, 1)] == [NOT_SOLVED, NOT_ASKED]


def test_more_versions_than_there_may_be_are_refused() -> None:
    with pytest.raises(CacheFileError, match="65536"):
        pack(MAX_VERSIONS + 1, PackedVersions())
