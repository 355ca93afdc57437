"""Inspections from a store into the graph: results that come later come in, under the numbers that they have."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.inspection_documents import job_log, matmul, of_2019, specification
from tests.stores.conftest import Place
from tests.stores.servers import Proxy
from thoth.storages import GraphDatabase, InspectionResultsStore
from thoth.storages.exceptions import SchemaError
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.sync import sync_stored_documents

FOLDER, OTHER = "inspection-rhtf-0f845f38", "inspection-rhtf-1f845f38"


@pytest.fixture
def store(place: Place, monkeypatch: pytest.MonkeyPatch) -> InspectionResultsStore:
    """The store that the environment names."""
    for name, value in place.variables().items():
        monkeypatch.setenv(name, value)
    store = InspectionResultsStore()
    store.connect()
    return store


def put(store: InspectionResultsStore, document_id: str, *numbers: int) -> None:
    """Store results in the folder of an inspection, which is made with the first of them."""
    store.folders.store_document(specification(), f"{document_id}/build/specification")
    for number in numbers:
        result = job_log(matmul(), exit_code=number)
        store.folders.store_document(result, f"{document_id}/results/{number}/result")
        store.folders.store_blob("", f"{document_id}/results/{number}/log")


def sync(graph: GraphDatabase, *document_ids: str, force: bool = False) -> tuple[int, ...]:
    return sync_stored_documents({"inspection": document_ids or None}, force=force, graph=graph).total


def results(graph: GraphDatabase) -> dict[str, list[tuple[int, int | None]]]:
    """Number and exit code of each result, by inspection."""
    with graph.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT inspection_document_id, inspection_result_number, exit_code FROM inspection_run ORDER BY 2")
        )
        found: dict[str, list[tuple[int, int | None]]] = {}
        for document_id, number, exit_code in rows:
            found.setdefault(document_id, []).append((number, exit_code))
        return found


def test_results_that_come_later(graph: GraphDatabase, store: InspectionResultsStore) -> None:
    put(store, FOLDER, 0, 1)
    put(store, OTHER, 0)
    assert sync(graph) == (2, 2, 0, 0)
    put(store, FOLDER, 2)
    assert sync(graph) == (2, 1, 1, 0)
    assert results(graph) == {FOLDER: [(0, 0), (1, 1), (2, 2)], OTHER: [(0, 0)]}
    for document_id in (FOLDER, OTHER):  # shows that what is in is not fetched
        store.folders.store_blob("{", f"{document_id}/build/specification")
    with counted_statements(graph.engine) as statements:
        assert sync(graph) == (2, 0, 2, 0)
    assert len(statements) == 1
    with pytest.raises(SchemaError, match="not JSON"):
        sync(graph, force=True)


def test_result_that_is_missing_between_others(graph: GraphDatabase, store: InspectionResultsStore) -> None:
    """It leaves the numbers of the others alone, and comes in when it is there."""
    put(store, FOLDER, 0, 2)
    store.folders.store_blob("begun", f"{FOLDER}/results/1/log")
    assert sync(graph) == (1, 1, 0, 0)
    assert results(graph) == {FOLDER: [(0, 0), (2, 2)]}
    one_by_one = [
        (one["result_number"], one["result"]["exit_code"]) for one in store.iterate_inspection_results(FOLDER)
    ]
    assert one_by_one == results(graph)[FOLDER]
    assert sync(graph) == (1, 0, 1, 0)
    put(store, FOLDER, 1)
    assert sync(graph, FOLDER) == (1, 1, 0, 0)
    assert results(graph) == {FOLDER: [(0, 0), (1, 1), (2, 2)]}


def test_folder_to_which_no_result_came_yet(graph: GraphDatabase, store: InspectionResultsStore) -> None:
    put(store, FOLDER)
    assert sync(graph) == (1, 0, 1, 0)
    assert results(graph) == {}
    put(store, FOLDER, 0)
    assert sync(graph) == (1, 1, 0, 0)
    assert results(graph) == {FOLDER: [(0, 0)]}


def test_what_is_in_costs_a_listing_and_no_document(
    graph: GraphDatabase, s3: Place, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in replace(s3, host=proxy.server.endpoint_url).variables().items():
        monkeypatch.setenv(name, value)
    store = InspectionResultsStore()
    store.connect()
    for number in range(20):
        store.store_document(of_2019(document_id=f"inspection-test-{number:08x}"))
        put(store, f"inspection-rhtf-{number:08x}", 0, 1, 2)
    assert sync(graph) == (40, 40, 0, 0)
    proxy.requests.clear()
    with counted_statements(graph.engine) as statements:
        assert sync(graph, *(f"inspection-rhtf-{number:08x}" for number in range(20))) == (20, 0, 20, 0)
    assert len(statements) == 1
    assert proxy.count("GET", "list-type=2") == proxy.count("GET") == 20
