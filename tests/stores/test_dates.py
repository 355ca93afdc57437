"""Listings by date: what they hold, and that nothing more is read than they need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stores.conftest import Place
from tests.stores.documents import CASES, result_document
from thoth.storages.advisers import AdvisersResultsStore
from thoth.storages.buildlogs import BuildLogsStore
from thoth.storages.folder import FolderObjects
from thoth.storages.result_base import DocumentStoreBase
from thoth.storages.solvers import SolverResultsStore

DATED = [
    "solver-fedora-34-py310-220101000000-0a",
    "solver-fedora-34-py310-220102235959-0b",
    "solver-rhel-8-py38-191231235959-0c",
    "solver-rhel-8-py38-220101120000-0d",
    "solver-rhel-8-py38-220102000000-0e",
    "solver-rhel-8-py38-220103000000-0f",
    "solver-rhel-8-py39-220102000001-1a",
]
UNDATED = [
    "fridex-thoth-solver-fc26-thoth-solver-fc26",
    "solver-0123456789abcdef",
    "solver-a123456789abcdef",
    "solver-fedora-34-py310-00007e6e",
    "solver-fedora-34-py310-22010212",
    "solver-rhel-8-py38-0a0c95f7",
    "solver-rhel-8-py38-ffffffff",
    "solver-rhel-8-py38-220102-0a",
    "solver-rhel-8-py38-220102000000-0e.request",
    "solver-rhel-8-py38-220102000000-zz",
    "zzz",
]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def solvers(place: Place) -> SolverResultsStore:
    store = SolverResultsStore("test", **place.access, prefix=place.prefix)
    store.connect()
    return store


@pytest.fixture
def filled(place: Place) -> SolverResultsStore:
    store = solvers(place)
    for document_id in DATED + UNDATED:
        store.ceph.store_document({}, document_id)
    return store


def times(ids: list[str]) -> list[str]:
    return [document_id.split("-")[-2] for document_id in ids]


def test_listing_by_date(filled: SolverResultsStore) -> None:
    def listed(**dates: Any) -> list[str]:
        return list(filled.get_document_listing(**dates))

    assert listed(start_date=day("2000-01-01")) == DATED
    assert listed(end_date=day("2099-12-31")) == DATED
    assert times(listed(start_date=day("2022-01-02"))) == [
        "220102235959",
        "220102000000",
        "220103000000",
        "220102000001",
    ]
    assert times(listed(end_date=day("2022-01-02"))) == ["220101000000", "191231235959", "220101120000"]
    second = {"start_date": day("2022-01-02"), "end_date": day("2022-01-02")}
    assert listed(**second) == []
    assert times(listed(**second, include_end_date=True)) == ["220102235959", "220102000000", "220102000001"]
    assert times(listed(start_date=day("2022-01-01"), end_date=day("2022-01-02"))) == ["220101000000", "220101120000"]
    everything = [*DATED, *UNDATED]
    everything.remove("solver-rhel-8-py38-220102000000-0e.request")
    assert listed() == sorted(everything)


def test_a_moment_stands_for_its_day_in_utc(filled: SolverResultsStore) -> None:
    zone = dt.timezone(dt.timedelta(hours=-5))
    moment = dt.datetime(2022, 1, 1, 23, 0, tzinfo=zone)
    assert list(filled.get_document_listing(start_date=moment)) == list(
        filled.get_document_listing(start_date=day("2022-01-02"))
    )
    assert list(filled.get_document_listing(start_date=dt.datetime(2022, 1, 2, 23))) == list(
        filled.get_document_listing(start_date=day("2022-01-02"))
    )


def test_days_that_cannot_be(folder: Place) -> None:
    store = solvers(folder)
    with pytest.raises(ValueError, match="2022-01-01 is before start_date, 2022-01-02"):
        store.get_document_listing(start_date=day("2022-01-02"), end_date=day("2022-01-01"))
    for wrong in ("1999-12-31", "2100-01-01"):
        with pytest.raises(ValueError, match=wrong):
            store.get_document_listing(start_date=day(wrong))


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.store.HAS_TIMES], ids=lambda case: case.result_type
)
def test_kinds_whose_ids_carry_no_date_say_so(case: Any, folder: Place) -> None:
    with pytest.raises(ValueError, match=f"{case.result_type!r} carry no date"):
        case.connected(folder).get_document_listing(start_date=day("2022-01-01"))


@pytest.mark.parametrize("case", [case for case in CASES if case.store.HAS_TIMES], ids=lambda case: case.result_type)
def test_every_other_kind_is_listed_by_date(case: Any, folder: Place) -> None:
    store = case.connected(folder)
    ids = [case.put(store, number) for number in range(3)]  # 2022-03-01
    assert list(store.get_document_listing(start_date=day("2022-03-01"), end_date=day("2022-03-02"))) == ids
    assert list(store.get_document_listing(start_date=day("2022-03-02"))) == []


class Counted(FolderObjects):
    """A folder that counts the keys that are taken from it."""

    taken = 0

    def keys(self, prefix: str, *, after: str = "") -> Iterator[str]:
        for key in super().keys(prefix, after=after):
            self.taken += 1
            yield key


def test_no_more_is_read_than_tells_where_the_days_are(folder: Place, tmp_path: Path) -> None:
    store = solvers(folder)
    home = tmp_path / "objects" / "bucket" / folder.prefix / "test" / "solver"
    home.mkdir(parents=True)
    wanted = []
    for solver in ("solver-fedora-34-py310", "solver-rhel-8-py38", "solver-rhel-8-py39"):
        for number in range(300):
            (home / f"{solver}-{number * 7919:08x}").touch()
            date = day("2021-01-01") + dt.timedelta(days=number)
            dated = f"{solver}-{date:%y%m%d}120000-{number:016x}"
            (home / dated).touch()
            if number in (100, 101):
                wanted.append(dated)
    counted = Counted(tmp_path / "objects" / "bucket", folder.host)
    store.ceph._objects = counted
    first = day("2021-01-01") + dt.timedelta(days=100)
    found = list(store.get_document_listing(start_date=first, end_date=first + dt.timedelta(days=2)))
    assert found == sorted(wanted)
    # For each of three solvers: one to find it, two of its days, one that is after them.
    assert counted.taken == 3 * 4


ids = st.builds(
    "-".join,
    st.tuples(
        st.sampled_from(["solver-rhel-8-py38", "solver-fedora-34-py310", "solver", "adviser", "solver-rhel"]),
        st.one_of(
            st.dates(day("2018-01-01"), day("2024-12-31")).map(lambda date: f"{date:%y%m%d}112233-0a1b"),
            st.integers(0, 2**32 - 1).map("{:08x}".format),
        ),
    ),
)


@given(st.sets(ids, max_size=12), st.dates(day("2018-01-01"), day("2024-12-31")), st.integers(0, 2000), st.booleans())
def test_listing_by_date_is_the_listing_without_the_other_days(
    names: set[str], start: dt.date, length: int, include: bool
) -> None:
    class Memory(FolderObjects):
        def keys(self, prefix: str, *, after: str = "") -> Iterator[str]:
            yield from sorted(key for key in keys if key.startswith(prefix) and key > after)

    store: DocumentStoreBase = SolverResultsStore("d", host="file:///none", bucket="b", prefix="p")
    store.ceph._objects = Memory(Path("/none"), "memory")
    keys = [f"p/d/solver/{name}" for name in names]
    end = start + dt.timedelta(days=length)
    listed = list(store.get_document_listing(start_date=start, end_date=end, include_end_date=include))
    last = end if include else end - dt.timedelta(days=1)
    # Only names that say the environment carry a date in the store of solvers.
    wanted = [name for name in sorted(names) if "-py" in name and len(name.split("-")[-2]) == 12]
    assert listed == [name for name in wanted if f"{start:%y%m%d}" <= name.split("-")[-2][:6] <= f"{last:%y%m%d}"]


def test_requests_lie_beside_documents_and_are_none(place: Place) -> None:
    store = AdvisersResultsStore("test", **place.access, prefix=place.prefix)
    store.connect()
    document_id = store.store_document(result_document())
    store.ceph.store_document({"request": 1}, f"{document_id}.request")
    assert list(store.get_document_listing()) == [document_id]
    assert store.get_document_count() == 1
    assert list(store.iterate_results()) == [(document_id, result_document())]


@pytest.mark.parametrize(
    ("document_id", "name"),
    [
        ("solver-rhel-8-py38-0a2446d8", "solver-rhel-8-py38"),
        ("solver-rhel-8-py38-210712140154-9e9eab93c147ecab", "solver-rhel-8-py38"),
        ("solver-fedora-34-py310-220101000000-00aa", "solver-fedora-34-py310"),
        ("solver-some-os-8.5-py36-e61843206520991f", "solver-some-os-8.5-py36"),
    ],
)
def test_name_of_a_solver(document_id: str, name: str) -> None:
    assert SolverResultsStore.get_solver_name_from_document_id(document_id) == name


@pytest.mark.parametrize(
    "document_id",
    ["", "solver", "solver-rhel-8-py38", "adviser-0a2446d8", "solver-rhel-8-0a2446d8", "solver-rhel-8-py38-x"],
)
def test_name_of_no_solver(document_id: str) -> None:
    with pytest.raises(ValueError, match="not solver-") as error:
        SolverResultsStore.get_solver_name_from_document_id(document_id)
    assert repr(document_id) in str(error.value)


def test_build_logs_are_named_by_their_content(folder: Place) -> None:
    store = BuildLogsStore("test", **folder.access, bucket_prefix=folder.prefix)
    store.connect()
    assert store.prefix == f"{folder.prefix}/test/buildlogs/"
    # printf '{\n  "log": "text"\n}' | sha256sum
    digest = "5fd512e771848bb3f1626185090e5e91c5dd1b03ba07843b59c67c1645692041"
    assert store.get_document_id({"log": "text"}) == digest
    assert store.store_document({"log": "text"}) == digest
    assert store.store_document({"log": "text"}) == store.store_document({"log": "text"})
    assert store.get_document_count() == 1
