"""Removal across kinds of documents: what nobody else names goes, what somebody names stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import adviser_documents as made
from tests.adviser_documents import UBI, adviser_document, finding, lock, pipfile, product, project, provenance_document
from tests.conftest import empty
from tests.dump import Dump, logical_dump
from tests.factories import PYPI, SOLVER, requires, solved, solver_document
from thoth.storages import GraphDatabase
from thoth.storages.graph.ingest.adviser import sync_adviser_result
from thoth.storages.graph.query_log import counted_statements

Json = dict[str, Any]

OF_USER = project(pipfile({"a": "*"}), lock({"a": "1.0", "b": "2.0"}), runtime_environment=UBI)
ADVICE = adviser_document(of_user=OF_USER, products=[product(1.0, requirements_locked=lock({"a": "1.0"}))])
CHECK = provenance_document(of_user=OF_USER, report=[finding("a", "==1.0"), finding("c", "==3.0")])
SOLUTION = solver_document(f"{SOLVER}-0a", tree=[solved("z", dependencies=[requires("b", "2.0")])])
KINDS = {
    "solver": ("solver_run", GraphDatabase.sync_solver_result),
    "adviser": ("adviser_run", GraphDatabase.sync_adviser_result),
    "provenance": ("provenance_checker_run", GraphDatabase.sync_provenance_checker_result),
}


def kind_of(document: Json) -> str:
    name = made.document_id_of(document)
    return next(kind for kind in KINDS if name.startswith(kind))


def sync(graph: GraphDatabase, document: Json, *, force: bool = False) -> None:
    _, method = KINDS[kind_of(document)]
    method(graph, document, force=force)


def emptied(document: Json) -> Json:
    """Return a document that says nothing beside its metadata."""
    result: Json = {"tree": []} if kind_of(document) == "solver" else {"report": None}
    return {"metadata": document["metadata"], "result": result}


def dump(graph: GraphDatabase) -> Dump:
    return logical_dump(graph, without={"python_package_index"})


def dump_of(graph: GraphDatabase, documents: list[Json]) -> Dump:
    empty(graph)
    for document in documents:
        sync(graph, document)
    return dump(graph)


@pytest.mark.parametrize("number", range(3))
def test_nothing_of_one_is_left_and_nothing_of_others_goes(graph: GraphDatabase, number: int) -> None:
    documents = [SOLUTION, ADVICE, CHECK]
    changed = [emptied(each) if place == number else each for place, each in enumerate(documents)]
    expected = dump_of(graph, changed)
    dump_of(graph, documents)
    sync(graph, changed[number], force=True)
    assert dump(graph) == expected


def test_runs_alone_are_left_when_all_say_nothing(graph: GraphDatabase) -> None:
    dump_of(graph, [SOLUTION, ADVICE, CHECK])
    for document in (SOLUTION, ADVICE, CHECK):
        sync(graph, emptied(document), force=True)
    left = {table for table, rows in dump(graph).items() if rows}
    runs = {table for table, _ in KINDS.values()}
    assert left == runs | {"ecosystem_solver", "solved_software_environment"}
    assert graph.get_python_package_index_urls() == {PYPI}


def releases(graph: GraphDatabase) -> set[tuple[Any, ...]]:
    return set(dump(graph)["python_release"])


@pytest.mark.parametrize(
    ("other", "stays"),
    [
        (SOLUTION, ("b", "2.0")),  # in a set of versions, to which no foreign key leads
        (CHECK, ("a", "1.0")),
        (adviser_document("adviser-0b", of_user=project(None, lock({"b": "2.0"}))), ("b", "2.0")),
        (provenance_document(report=[finding("b", "==2.0")]), ("b", "2.0")),
    ],
)
def test_release_that_another_kind_names_stays(graph: GraphDatabase, other: Json, stays: tuple[str, str]) -> None:
    sync(graph, ADVICE)
    sync(graph, other)
    sync(graph, emptied(ADVICE), force=True)
    assert stays in releases(graph)
    sync(graph, emptied(other), force=True)
    assert releases(graph) == set()


def test_announced_and_vulnerable_releases_stay(graph: GraphDatabase) -> None:
    sync(graph, ADVICE)
    graph.create_python_package_version_entity("a", "1.0")
    graph.create_python_cve_record("b", "2.0", PYPI, record_id="pyup.io-1", version_range="<3", advisory="old")
    sync(graph, emptied(ADVICE), force=True)
    assert releases(graph) == {("a", "1.0"), ("b", "2.0")}


def test_writer_that_remembers_what_was_removed(graph: GraphDatabase) -> None:
    again = adviser_document("adviser-0b", of_user=OF_USER)
    expected = dump_of(graph, [emptied(ADVICE), again])
    empty(graph)
    sync(graph, ADVICE)
    with GraphDatabase() as other:
        sync(other, emptied(ADVICE), force=True)
    sync(graph, again)
    assert dump(graph) == expected


def test_writer_that_remembers_a_transaction_that_failed(graph: GraphDatabase) -> None:
    again = adviser_document("adviser-0b", of_user=OF_USER)
    expected = dump_of(graph, [again])
    empty(graph)
    with pytest.raises(RuntimeError), graph.session() as session:
        sync_adviser_result(session, ADVICE)
        raise RuntimeError
    sync(graph, again)
    assert dump(graph) == expected


def test_writer_that_remembers_a_schema_that_was_dropped(graph: GraphDatabase) -> None:
    again = adviser_document("adviser-0b", of_user=OF_USER)
    expected = dump_of(graph, [again])
    empty(graph)
    sync(graph, ADVICE)
    with GraphDatabase() as other:
        other.drop_all()
        other.initialize_schema()
    sync(graph, again)
    assert dump(graph) == expected


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_any_documents_in_any_order(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = [
        *data.draw(made.adviser_documents(max_size=3)),
        *data.draw(made.provenance_documents(max_size=3)),
        SOLUTION,
    ]
    gone = data.draw(st.lists(st.sampled_from(documents), unique_by=made.document_id_of))
    names = {made.document_id_of(document) for document in gone}
    left = [emptied(each) if made.document_id_of(each) in names else each for each in documents]
    expected = dump_of(graph, left)
    dump_of(graph, data.draw(st.permutations(documents)))
    for document in gone:
        sync(graph, emptied(document), force=True)
    assert dump(graph) == expected


def test_statements_do_not_grow(graph: GraphDatabase) -> None:
    counts = []
    for size in (2, 60):
        document = made.large_adviser_document("adviser-0a", products=size, packages=size, hashes=3)
        sync(graph, document, force=True)
        with counted_statements(graph.engine) as statements:
            sync(graph, emptied(document), force=True)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 30
