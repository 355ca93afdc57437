"""Set-based writes by natural key: ids come back, nothing is doubled, writers do not deadlock."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from tests.conftest import empty
from tests.factories import shuffled
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import RetryTransaction
from thoth.storages.graph import upsert
from thoth.storages.graph.models import PythonPackageLicense, PythonPackageMetadata, PythonRelease, VersionSet
from thoth.storages.graph.query_log import counted_statements

GENERATED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def releases(names: list[str], version: str | None = "1.0") -> list[dict[str, str | None]]:
    return [{"package_name": name, "package_version": version} for name in names]


def ids_of(graph: GraphDatabase, rows: list[dict[str, str | None]]) -> list[int]:
    with graph.session() as session:
        return upsert.ids_for(session, PythonRelease, rows)


def count(graph: GraphDatabase) -> int:
    with graph.session() as session:
        return session.scalar(select(func.count()).select_from(PythonRelease)) or 0


def test_ids_are_those_of_the_rows_in_the_order_given(graph: GraphDatabase) -> None:
    names = [f"package-{number}" for number in range(100)]
    first = ids_of(graph, releases(names[::2]))
    both = ids_of(graph, releases(shuffled(names, 1)))
    assert dict(zip(names[::2], first, strict=True)).items() <= dict(zip(shuffled(names, 1), both, strict=True)).items()
    with graph.session() as session:
        stored = {row.id: row.package_name for row in session.scalars(select(PythonRelease))}
    assert [stored[id_] for id_ in both] == shuffled(names, 1)
    assert count(graph) == 100


def test_a_missing_part_of_a_key_is_a_value_like_any_other(graph: GraphDatabase) -> None:
    rows = [*releases(["a", "b"], None), *releases(["a"])]
    ids = ids_of(graph, rows)
    assert len(set(ids)) == 3
    assert ids_of(graph, rows) == ids
    assert ids_of(graph, releases(["a"], None)) == ids[:1]
    assert count(graph) == 3


def test_ids_are_not_used_up_by_rows_that_are_there(graph: GraphDatabase) -> None:
    (first,) = ids_of(graph, releases(["a"]))
    for _ in range(5):
        ids_of(graph, releases(["a"]))
    assert ids_of(graph, releases(["b"])) == [first + 1]


def test_no_rows_are_no_statement(graph: GraphDatabase) -> None:
    with counted_statements(graph.engine) as statements, graph.session() as session:
        assert upsert.ids_for(session, PythonRelease, []) == []
        upsert.insert(session, PythonRelease, [])
    assert statements == []


def test_one_statement_for_more_rows_than_a_statement_takes_parameters(graph: GraphDatabase) -> None:
    with counted_statements(graph.engine) as statements:
        ids = ids_of(graph, releases([f"package-{number}" for number in range(70_000)]))
    assert len(set(ids)) == 70_000
    assert len(statements) == 1


@GENERATED
@given(rows=st.lists(st.tuples(*[st.none() | ANY_TEXT] * 3), unique=True, max_size=6))
def test_any_text_and_its_absence_are_kept_apart(
    graph: GraphDatabase, rows: list[tuple[str | None, str | None, str | None]]
) -> None:
    empty(graph)
    wanted = [dict(zip(PythonPackageLicense.NATURAL_KEY, row, strict=True)) for row in rows]
    with graph.session() as session:
        ids = upsert.ids_for(session, PythonPackageLicense, wanted)
        assert upsert.ids_for(session, PythonPackageLicense, wanted[::-1]) == ids[::-1]
        stored = {licence.id: licence for licence in session.scalars(select(PythonPackageLicense))}
    assert len(stored) == len(rows)
    for id_, row in zip(ids, rows, strict=True):
        licence = stored[id_]
        assert (licence.license_name, licence.license_identifier, licence.license_version) == row


@GENERATED
@given(digest=st.binary(min_size=1, max_size=32), ids=st.lists(st.integers(1, 2**31 - 1), max_size=5))
def test_bytes_and_arrays_come_back(graph: GraphDatabase, digest: bytes, ids: list[int]) -> None:
    empty(graph)
    row = {"package_name": "a", "digest": digest, "python_release_ids": ids}
    with graph.session() as session:
        (id_,) = upsert.ids_for(session, VersionSet, [row])
        assert session.get_one(VersionSet, id_).to_dict() == {"id": id_, **row}


def test_json_and_lists_of_text_come_back(graph: GraphDatabase) -> None:
    lists = [column.name for column in PythonPackageMetadata.__table__.columns if str(column.type) == "ARRAY"]
    row = {
        "digest": b"\x00\xff",
        "summary": 'a "quoted" \\ text: {}',
        "other_fields": {"License-File": ["LICENSE", None], "x": 1},
        **{name: ["", "a,b", "{c}", "NULL", "é\n"] for name in lists},
    }
    with graph.session() as session:
        (id_,) = upsert.ids_for(session, PythonPackageMetadata, [row])
        stored = session.get_one(PythonPackageMetadata, id_).to_dict()
    assert {name: stored[name] for name in row} == row


def test_get_or_create(graph: GraphDatabase) -> None:
    with graph.session() as session:
        first, existed = PythonRelease.get_or_create(session, package_name="a", package_version=None)
        assert not existed
        again, existed = PythonRelease.get_or_create(session, package_name="a", package_version=None)
        assert existed
        assert again.id == first.id


def test_get_or_create_looks_for_the_key_alone(graph: GraphDatabase) -> None:
    """One that looked for all columns inserted a second row when another differed, and then failed."""
    with graph.session() as session:
        first, _ = VersionSet.get_or_create(session, package_name="a", digest=b"1", python_release_ids=[1])
        again, existed = VersionSet.get_or_create(session, package_name="b", digest=b"1", python_release_ids=[])
        assert existed
        assert (again.id, again.package_name, again.python_release_ids) == (first.id, "a", [1])


def test_writers_in_opposite_order(graph: GraphDatabase) -> None:
    """Two transactions that take the same keys in opposite order deadlock even with ON CONFLICT DO NOTHING."""
    names = [f"package-{number}" for number in range(300)]

    def write(seed: int) -> list[int]:
        chosen = random.Random(seed).sample(names, 200)
        ids = ids_of(graph, releases(chosen[:: 1 if seed % 2 else -1]))
        assert len(set(ids)) == 200
        return ids

    with ThreadPoolExecutor(8) as threads:
        all_ids = {id_ for ids in threads.map(write, range(40)) for id_ in ids}
    assert count(graph) == len(all_ids) == len(names)


def test_row_that_another_writer_commits_meanwhile(graph: GraphDatabase) -> None:
    """It is seen by neither half of the statement that began before: the second try finds it."""
    with ThreadPoolExecutor(1) as threads, graph.session() as session:
        (expected,) = upsert.ids_for(session, PythonRelease, releases(["a"]))
        waiting = threads.submit(ids_of, graph, releases(["a", "b"]))
        blocked = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        with graph.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not connection.scalar(blocked):
                assert not waiting.done()
        session.commit()
        assert waiting.result()[0] == expected
    assert count(graph) == 2


def test_rows_that_come_and_go(graph: GraphDatabase) -> None:
    with graph.session() as session:
        session.execute(
            text("CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
        )
        session.execute(
            text("CREATE TRIGGER refuse BEFORE INSERT ON python_release FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()")
        )
        with pytest.raises(RetryTransaction, match="python_release"):
            upsert.ids_for(session, PythonRelease, releases(["a"]))
        session.rollback()
    assert count(graph) == 0


def test_what_cannot_be_stored_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        upsert.encode([{"package_name": object()}])
