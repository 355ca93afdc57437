"""Inspections: as one document, in a folder, both, and told by what users call them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stores.conftest import Place
from tests.stores.documents import inspection_document
from thoth.storages.ceph import CephStore
from thoth.storages.exceptions import NotFoundError, SchemaError
from thoth.storages.inspections import InspectionResultsStore

SPECIFICATION = {"@created": "2020-08-21T10:00:00", "base": "ubi8", "script": "conv.py", "identifier": "rhtf"}
ONE, FOLDER, BOTH = "inspection-test-00000001", "inspection-rhtf-conv2d-0f845f38", "inspection-test-00000002"


def result(number: int, **more: Any) -> dict[str, Any]:
    return {"stdout": {"name": "PiConv2D", "number": number}, "exit_code": 0, **more}


@pytest.fixture
def folders(place: Place) -> CephStore:
    store = CephStore(f"{place.prefix}/test/inspections", **place.access)
    store.connect()
    return store


@pytest.fixture
def store(place: Place, folders: CephStore) -> InspectionResultsStore:
    """One document, one folder of eleven results, and one that is both."""
    store = InspectionResultsStore("test", **place.access, prefix=place.prefix)
    store.connect()
    store.store_document(inspection_document(ONE))
    store.store_document(inspection_document(BOTH))
    for document_id in (FOLDER, BOTH):
        folders.store_document(SPECIFICATION, f"{document_id}/build/specification")
        folders.store_blob("FROM ubi8", f"{document_id}/build/Dockerfile")
        folders.store_blob(b"STEP 1 \xff", f"{document_id}/build/log")
    for number in range(11):
        folders.store_document(result(number), f"{FOLDER}/results/{number}/result")
        folders.store_document({"cpu": number}, f"{FOLDER}/results/{number}/hwinfo")
        folders.store_blob("", f"{FOLDER}/results/{number}/log")
    return store


def test_listing_has_each_once(store: InspectionResultsStore) -> None:
    assert list(store.get_document_listing()) == [ONE, BOTH, FOLDER]
    assert store.get_document_count() == 3
    assert dict(store.iterate_results()) == {
        document_id: store.retrieve_document(document_id) for document_id in (ONE, BOTH, FOLDER)
    }
    for document_id in (ONE, BOTH, FOLDER):
        assert store.document_exists(document_id)
    assert not store.document_exists("inspection-rhtf-conv2d")


def test_a_folder_is_read_as_a_document(store: InspectionResultsStore) -> None:
    document = store.retrieve_document(FOLDER)
    assert document == {
        "inspection_id": FOLDER,
        "created": "2020-08-21T10:00:00",
        "specification": SPECIFICATION,
        "build_log": "STEP 1 \ufffd",
        "job_logs": [result(number, hwinfo={"cpu": number}, result_number=number) for number in range(11)],
    }
    assert store.SCHEMA is not None
    store.SCHEMA(document)


def test_results_of_an_inspection(store: InspectionResultsStore) -> None:
    assert list(store.iterate_inspection_results(ONE)) == [inspection_document(ONE)]
    assert list(store.iterate_inspection_results(BOTH)) == [inspection_document(BOTH)]
    results = list(store.iterate_inspection_results(FOLDER))
    assert [one["result_number"] for one in results] == list(range(11))
    assert results[10] == {
        "document_id": FOLDER,
        "result_number": 10,
        "specification": SPECIFICATION,
        "result": result(10, hwinfo={"cpu": 10}),
    }


def test_a_folder_that_is_not_whole(store: InspectionResultsStore, folders: CephStore) -> None:
    folders.store_document({}, "inspection-new-01/build/specification")
    assert store.retrieve_document("inspection-new-01") == {
        "inspection_id": "inspection-new-01",
        "specification": {},
        "job_logs": [],
    }
    folders.store_blob("started", "inspection-new-01/results/0/log")
    folders.store_blob("unknown", "inspection-new-01/results/x/result")
    folders.store_document(result(2, hwinfo={"own": 1}), "inspection-new-01/results/2/result")
    folders.store_document(result(3), "inspection-new-01/results/3/result")
    folders.store_blob("no hardware", "inspection-new-01/results/3/hwinfo")
    found = store.retrieve_document("inspection-new-01")["job_logs"]
    assert found == [result(2, hwinfo={"own": 1}, result_number=2), result(3, result_number=3)]
    folders.store_blob("{", "inspection-new-01/results/3/result")
    with pytest.raises(SchemaError, match="inspection-new-01/results/3/result"):
        store.retrieve_document("inspection-new-01")


def test_what_is_nowhere(store: InspectionResultsStore) -> None:
    for read in (store.retrieve_document, lambda name: list(store.iterate_inspection_results(name))):
        with pytest.raises(NotFoundError, match="test/inspection/inspection-none-00"):
            read("inspection-none-00")


def test_one_result_of_several_is_stored_beside_the_others(store: InspectionResultsStore) -> None:
    for number in (1, 0):
        document = {
            "document_id": "inspection-new-02",
            "result_number": number,
            "specification": SPECIFICATION,
            "result": result(number),
        }
        assert store.store_document(document) == "inspection-new-02"
    results = list(store.iterate_inspection_results("inspection-new-02"))
    assert [one["result"] for one in results] == [result(0), result(1)]
    with pytest.raises(SchemaError, match="document_id"):
        store.store_document({**document, "document_id": "../outside"})


def test_inspections_by_what_users_call_them(store: InspectionResultsStore) -> None:
    store.store_document(inspection_document("inspection-test-more-00000003"))
    found = store.filter_document_ids(["test", "rhtf-conv2d", "rhtf", "none", "test-more"])
    assert found == {
        "test": [ONE, BOTH],
        "rhtf-conv2d": [FOLDER],
        "rhtf": [],
        "none": [],
        "test-more": ["inspection-test-more-00000003"],
    }
    assert store.filter_document_ids([]) == {}
