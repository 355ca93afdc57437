"""Removal of documents: the graph is then as if it had never seen them, also for writers that remember ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests import strategies
from tests.conftest import empty
from tests.dump import Dump, logical_dump
from tests.factories import PYPI, RHEL, SOLVER, failed, read, requires, shuffled, solved, solver_document, sync
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import NotFoundError, RetryTransaction
from thoth.storages.graph.ingest import solver as solver_ingest
from thoth.storages.graph.ingest import writers

Json = dict[str, Any]
GENERATED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
EARLIER, LATER = "2021-06-01T00:00:00", "2021-08-01T00:00:00"


@pytest.fixture
def other(graph: GraphDatabase) -> Iterator[GraphDatabase]:
    """Another adapter of the same database, with a memory of its own."""
    with GraphDatabase() as adapter:
        yield adapter


def dump(graph: GraphDatabase) -> Dump:
    """Return the dump of a graph, but for its indexes: they stay registered."""
    return logical_dump(graph, without={"python_package_index"})


def dump_of(graph: GraphDatabase, documents: list[Json]) -> Dump:
    empty(graph)
    sync(graph, documents)
    return dump(graph)


def named(end: str, *tree: Json, **metadata: Any) -> Json:
    return solver_document(f"{SOLVER}-{end}", tree=tree, **metadata)


@GENERATED
@given(data=st.data())
def test_graph_is_as_if_it_never_saw_the_document(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(strategies.solver_documents(min_size=2))
    without = [dump_of(graph, [*documents[:number], *documents[number + 1 :]]) for number in range(len(documents))]
    whole = dump_of(graph, documents)
    for document, expected in zip(documents, without, strict=True):
        touched = graph.delete_solver_result(strategies.document_id_of(document))
        assert touched == len(read([document])[0].packages)
        assert dump(graph) == expected
        graph.sync_solver_result(document)
        assert dump(graph) == whole


def test_sample_documents_leave_nothing_behind(graph: GraphDatabase, sample_documents: list[Json]) -> None:
    documents = shuffled(sample_documents, 3)[:60]
    half = dump_of(graph, documents[:30])
    sync(graph, documents[30:])
    ids = [facts.document_id for facts in read(documents)]
    for document_id in ids[30:]:
        graph.delete_solver_result(document_id)
    assert dump(graph) == half
    for document_id in shuffled(ids[:30], 4):
        graph.delete_solver_result(document_id)
    assert {table: rows for table, rows in dump(graph).items() if rows} == {}
    assert graph.get_python_package_index_urls() != set()


def test_older_facts_hold_again(graph: GraphDatabase) -> None:
    sync(
        graph,
        [
            named("0a", solved("a", dependencies=[requires("b", "1.0")]), datetime=EARLIER),
            named("0b", solved("a", dependencies=[requires("b", "2.0")]), datetime=LATER),
            solver_document(f"{SOLVER}-0c", errors=[failed("a")], datetime="2021-09-01T00:00:00"),
        ],
    )
    answers = []
    for document_id in (f"{SOLVER}-0c", f"{SOLVER}-0b"):
        assert graph.delete_solver_result(document_id) == 1
        assert not graph.has_python_solver_error("a", "1.0", PYPI, **RHEL)
        answers.append(graph.get_depends_on("a", "1.0", PYPI, **RHEL))
    assert answers == [[("b", "2.0")], [("b", "1.0")]]
    graph.delete_solver_result(f"{SOLVER}-0a")
    with pytest.raises(NotFoundError):
        graph.get_depends_on("a", "1.0", PYPI, **RHEL)


def test_announced_and_vulnerable_releases_stay(graph: GraphDatabase) -> None:
    document = named("0a", solved("a", dependencies=[requires("b", "1.0", "2.0")]))
    sync(graph, [document])
    graph.create_python_package_version_entity("b", "1.0")
    graph.create_python_cve_record(
        "a", "1.0", PYPI, record_id="pyup.io-1", version_range="<2", advisory="old", cve="CVE-1"
    )
    graph.delete_solver_result(f"{SOLVER}-0a")
    assert graph.python_package_version_exists("b", "1.0")
    assert not graph.python_package_version_exists("b", "2.0")
    assert [record["cve_id"] for record in graph.get_python_cve_records("a", "1.0")] == ["pyup.io-1"]


def test_unknown_document(graph: GraphDatabase) -> None:
    sync(graph, [named("0a", solved("a"))])
    before = logical_dump(graph)
    with pytest.raises(NotFoundError, match="'solver-rhel-8-py38-0b'"):
        graph.delete_solver_result(f"{SOLVER}-0b")
    assert logical_dump(graph) == before


def test_answers_in_memory_are_forgotten(graph: GraphDatabase) -> None:
    sync(graph, [named("0a", solved("a"))])
    assert graph.get_depends_on("a", "1.0", PYPI, **RHEL) == []
    graph.delete_solver_result(f"{SOLVER}-0a")
    with pytest.raises(NotFoundError):
        graph.get_depends_on("a", "1.0", PYPI, **RHEL)


SHARED = [requires("b", "1.0", "2.0"), requires("c", "1.0")]
X = named(
    "0a",
    solved("a", dependencies=[*SHARED, requires("d", "1.0")], sha256=["a" * 64], importlib_metadata={"metadata": {}}),
)
Y = named(
    "0b",
    solved("a", "2.0", dependencies=SHARED, sha256=["a" * 64], importlib_metadata={"metadata": {}}),
    solved("b", dependencies=[requires("d", "1.0", "2.0")]),
)


def test_writer_that_remembers_ids_of_removed_rows(graph: GraphDatabase, other: GraphDatabase) -> None:
    expected = dump_of(graph, [Y])
    empty(graph)
    graph.sync_solver_result(X)
    other.delete_solver_result(f"{SOLVER}-0a")
    graph.sync_solver_result(Y)
    assert dump(graph) == expected
    assert graph.get_depends_on("a", "2.0", PYPI, **RHEL) == [("b", "1.0"), ("b", "2.0"), ("c", "1.0")]


def test_writer_that_remembers_ids_of_replaced_rows(graph: GraphDatabase, other: GraphDatabase) -> None:
    corrected = named("0a", solved("z"))
    expected = dump_of(graph, [corrected, Y])
    empty(graph)
    graph.sync_solver_result(X)
    other.sync_solver_result(corrected, force=True)
    graph.sync_solver_result(Y)
    assert dump(graph) == expected


def test_writer_that_remembers_ids_of_a_transaction_that_failed(graph: GraphDatabase) -> None:
    expected = dump_of(graph, [Y])
    empty(graph)
    with pytest.raises(RuntimeError), graph.session() as session:
        solver_ingest.sync_solver_result(session, X)
        raise RuntimeError
    graph.sync_solver_result(Y)
    assert logical_dump(graph, without={"python_package_index"}) == expected


def test_writer_that_remembers_ids_of_a_schema_that_was_dropped(graph: GraphDatabase, other: GraphDatabase) -> None:
    expected = dump_of(graph, [Y])
    other.drop_all()
    other.initialize_schema()
    graph.sync_solver_result(X)
    other.drop_all()
    other.initialize_schema()
    graph.sync_solver_result(Y)
    assert dump(graph) == expected


@GENERATED
@given(data=st.data())
def test_adapters_that_take_turns(graph: GraphDatabase, other: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(strategies.solver_documents(unique_ids=False, min_size=2, max_size=8))
    empty(graph)
    held: dict[str, Json] = {}
    for _ in range(data.draw(st.integers(2, 12))):
        adapter = data.draw(st.sampled_from((graph, other)))
        document = data.draw(st.sampled_from(documents))
        document_id, action = (
            strategies.document_id_of(document),
            data.draw(st.sampled_from(("sync", "force", "delete"))),
        )
        if action == "delete" and document_id in held:
            adapter.delete_solver_result(document_id)
            del held[document_id]
        elif action != "delete":
            adapter.sync_solver_result(document, force=action == "force")
            held[document_id] = document if action == "force" else held.get(document_id, document)
    found = dump(graph)
    assert found == dump_of(graph, list(held.values()))


def test_document_that_comes_in_while_it_is_forced(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is replaced under the lock that keeps other writers out, although it was not there at first."""
    expected = dump_of(graph, [Y | {"metadata": X["metadata"]}])
    empty(graph)
    graph.sync_solver_result(X)
    asked, is_any_present = [], writers.is_any_present

    def is_any_present_before_the_other_writer(*arguments: Any) -> bool:
        asked.append(arguments)
        return len(asked) > 1 and is_any_present(*arguments)

    monkeypatch.setattr(writers, "is_any_present", is_any_present_before_the_other_writer)
    with pytest.raises(RetryTransaction), graph.session() as session:
        solver_ingest.sync_solver_result(session, Y | {"metadata": X["metadata"]}, force=True)
    asked.clear()
    graph.sync_solver_result(Y | {"metadata": X["metadata"]}, force=True)
    assert len(asked) == 2
    assert dump(graph) == expected


def test_removal_waits_for_writers_and_writers_for_a_removal(graph: GraphDatabase, other: GraphDatabase) -> None:
    graph.sync_solver_result(X)
    impatient = text("SET LOCAL lock_timeout = '100ms'")
    with graph.session() as session:
        solver_ingest.sync_solver_result(session, Y)
        with pytest.raises(Exception, match="lock timeout"), other.session() as removing:
            removing.execute(impatient)
            solver_ingest.sync_solver_result(removing, X, force=True)
    with graph.session() as session:
        solver_ingest.sync_solver_result(session, X, force=True)
        with pytest.raises(Exception, match="lock timeout"), other.session() as writing:
            writing.execute(impatient)
            solver_ingest.sync_solver_result(writing, named("0c", solved("c")))
    assert graph.get_solver_documents_count() == 2
