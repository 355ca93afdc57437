"""One suite over every store, on a server and in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.stores.conftest import Place
from tests.stores.documents import CASES, Case
from thoth.storages.ceph import CephStore
from thoth.storages.ceph_cache import CephCache
from thoth.storages.exceptions import CacheMiss, ConfigurationError, NotConnected, NotFoundError, SchemaError
from thoth.storages.result_base import DocumentStoreBase, ResultStorageBase

pytestmark = pytest.mark.parametrize("case", CASES, ids=lambda case: case.store.__name__)


def raw(place: Place) -> CephStore:
    """All that is below the prefix of a test."""
    store = CephStore(place.prefix, **place.access)
    store.connect()
    return store


def test_it_is_made_without_a_request_and_refuses_to_work(case: Case, folder: Place) -> None:
    nowhere = Place("s3", "http://127.0.0.1:1", "key", "s3cret", "bucket", "prefix")
    store = case.make(nowhere)
    assert not store.is_connected()
    calls: list[Callable[[], Any]] = [
        store.get_document_listing,
        store.get_document_count,
        lambda: store.document_exists("id"),
        lambda: store.retrieve_document("id"),
        lambda: list(store.iterate_results()),
        lambda: case.put(store, 1),
    ]
    for call in calls:
        with pytest.raises(NotConnected, match=r"connect\(\)"):
            call()
    with pytest.raises(NotConnected, match=r"127\.0\.0\.1:1/bucket"):
        store.connect()
    assert not store.is_connected()


def test_what_is_stored_is_there(case: Case, place: Place) -> None:
    store = case.connected(place)
    assert store.is_connected()
    assert list(store.get_document_listing()) == []
    ids = [case.put(store, number) for number in (2, 1, 3)]
    assert list(store.get_document_listing()) == sorted(ids)
    assert store.get_document_count() == 3
    for number, document_id in zip((2, 1, 3), ids, strict=True):
        assert store.document_exists(document_id)
        assert store.retrieve_document(document_id) == case.document(number)
    documents = dict(zip(ids, map(case.document, (2, 1, 3)), strict=True))
    assert list(store.iterate_results()) == sorted(documents.items())


def test_another_store_sees_it_and_another_deployment_does_not(case: Case, place: Place) -> None:
    document_id = case.put(case.connected(place), 1)
    assert case.connected(place).document_exists(document_id)
    other = case.connected(Place(**{**vars(place), "prefix": f"{place.prefix}/test"}))
    assert not other.document_exists(document_id)
    assert other.get_document_count() == 0


def test_keys_and_content_are_as_documented(case: Case, place: Place) -> None:
    store = case.connected(place)
    document_id = case.put(store, 1)
    assert case.result_type == case.store.RESULT_TYPE
    assert store.prefix.rstrip("/") == f"{place.prefix}/test/{case.result_type}"
    assert store.prefix.endswith("/") == (case.result_type == "buildlogs")
    assert store.ceph.prefix == f"{place.prefix}/test/{case.result_type}/"
    assert store.deployment_name == "test"
    blob = raw(place).retrieve_blob(f"test/{case.result_type}/{document_id}")
    assert blob == json.dumps(case.document(1), sort_keys=True, separators=(",", ": "), indent=2).encode()


def test_storing_again_replaces_and_changes_nothing_else(case: Case, place: Place) -> None:
    store = case.connected(place)
    first, second = case.put(store, 1), case.put(store, 2)
    assert case.put(store, 1) == first
    assert list(store.get_document_listing()) == sorted([first, second])
    raw(place).store_blob(b"{}", f"test/{case.result_type}/{first}")
    case.put(store, 1)
    assert store.retrieve_document(first) == case.document(1)


def test_what_is_not_there(case: Case, place: Place) -> None:
    store = case.connected(place)
    case.put(store, 1)
    for absent in ("absent", case.put(store, 1)[:-1], f"{case.put(store, 1)}/more", "x" * 300):
        assert not store.document_exists(absent)
        with pytest.raises(NotFoundError) as error:
            store.retrieve_document(absent)
        assert absent in str(error.value)
        assert f"{place.host}/{place.bucket}" in str(error.value)
    if isinstance(store, CephCache):
        with pytest.raises(CacheMiss, match="absent"):
            store.retrieve_document_record("absent")
        assert store.retrieve_document_record(case.put(store, 1)) == case.document(1)


@pytest.mark.parametrize("blob", [b"", b"{", b"[1]", b"\xff\xfe\x00{", b"[" * 100_000, b'"text"', b"{} {}"])
def test_what_is_no_document_is_an_error_that_names_the_key(case: Case, folder: Place, blob: bytes) -> None:
    store = case.connected(folder)
    raw(folder).store_blob(blob, f"test/{case.result_type}/damaged")
    for call in (lambda: store.retrieve_document("damaged"), lambda: list(store.iterate_results())):
        with pytest.raises(SchemaError, match=f"{folder.prefix}/test/{case.result_type}/damaged"):
            call()


@pytest.mark.parametrize(
    "document_id",
    ["", "../x", "a/../../x", "/etc/passwd", "a//b", ".", "a/.", "a\0b", "a/", "x" * 1100, "\ud800", ".~half"],
)
def test_names_that_would_leave_the_store_are_refused(case: Case, place: Place, document_id: str) -> None:
    store = case.connected(place)
    for call in (store.document_exists, store.retrieve_document):
        with pytest.raises(ValueError, match="not a name of an object"):
            call(document_id)
    document = case.document(1)
    with pytest.raises((ValueError, SchemaError)):
        if isinstance(store, ResultStorageBase):
            if "metadata" in document:
                document["metadata"] = {**document["metadata"], "document_id": document_id, "hostname": document_id}
            else:
                document["inspection_id"] = document_id
            store.store_document(document)
        else:
            store.ceph.store_document(document, document_id)
    assert list(raw(place).get_document_listing()) == []


def test_what_json_has_no_form_for_is_refused(case: Case, folder: Place) -> None:
    store = case.connected(folder)
    document = {**case.document(1), "set": {1, 2}}
    with pytest.raises(SchemaError, match="JSON"):
        put(store, document)
    assert list(raw(folder).get_document_listing()) == []


def put(store: DocumentStoreBase, document: dict[str, Any]) -> None:
    if isinstance(store, CephCache):
        store.store_document_record("id", document)
    else:
        store.store_document(*(["id"] if case_takes_an_id(store) else []), document)  # type: ignore[attr-defined]


def case_takes_an_id(store: DocumentStoreBase) -> bool:
    return store.RESULT_TYPE == "analysis-by-digest"


def test_settings_come_from_the_environment(case: Case, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    document_id = case.put(case.connected(place), 1)
    with pytest.raises(ConfigurationError) as error:
        case.store()
    for name in place.variables():
        assert name in str(error.value)
    for name, value in place.variables().items():
        monkeypatch.setenv(name, value)
    store = case.store()
    store.connect()
    assert list(store.get_document_listing()) == [document_id]


def test_what_is_missing_is_named_all_at_once(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THOTH_CEPH_BUCKET", "bucket")
    monkeypatch.setenv("THOTH_CEPH_SECRET_KEY", "s3cret")
    with pytest.raises(ConfigurationError) as error:
        case.store("given", host="http://127.0.0.1:1")
    message = str(error.value)
    assert "THOTH_CEPH_KEY_ID, THOTH_CEPH_BUCKET_PREFIX must be set" in message
    assert "s3cret" not in message
