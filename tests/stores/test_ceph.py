"""`CephStore`: blobs and documents by key, listings, parallel reads, forks, threads, and no secret anywhere."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.stores.conftest import Place
from tests.stores.documents import store_at
from tests.stores.servers import Proxy
from thoth.storages.ceph import CephStore
from thoth.storages.exceptions import NotFoundError, SchemaError, StoreError
from thoth.storages.folder import FolderObjects
from thoth.storages.s3 import PART_SIZE, client_for

JSON_FOR_HASHING = b'{\n  "a": [\n    1,\n    null\n  ],\n  "b": "\\u00fc"\n}'


@pytest.fixture
def store(place: Place) -> CephStore:
    store = store_at(place)
    store.connect()
    return store


@pytest.fixture
def watched(s3: Place, proxy: Proxy) -> CephStore:
    """A store behind a proxy, which counts the requests."""
    store = store_at(s3, host=proxy.server.endpoint_url)
    store.connect()
    return store


def test_prefix_ends_in_one_slash(folder: Place) -> None:
    assert CephStore("a/b", **folder.access).prefix == "a/b/"
    assert CephStore("a/b/", **folder.access).prefix == "a/b/"


def test_blob_of_a_document() -> None:
    assert CephStore.dict2blob({"b": "ü", "a": [1, None]}) == JSON_FOR_HASHING
    assert CephStore.dict2blob({}) == b"{}"


@pytest.mark.parametrize("value", [{1}, b"bytes", object()])
def test_blob_of_what_json_has_no_form_for(value: object) -> None:
    with pytest.raises(SchemaError, match="JSON"):
        CephStore.dict2blob({"key": value})


def test_blob_of_a_document_that_holds_itself() -> None:
    document: dict[str, Any] = {}
    document["self"] = document
    with pytest.raises(SchemaError, match="JSON"):
        CephStore.dict2blob(document)


def test_what_python_writes_comes_back(store: CephStore) -> None:
    document = {
        "infinite": float("inf"),
        "large": 2**80,
        "half": "\ud800",
        "nul": "\0",
        "text": "ünï \U0001f40d",
        "deep": {"a": [{}, [], None, True, 1.5]},
    }
    assert store.store_document(document, "odd") == "odd"
    assert store.retrieve_document("odd") == document
    assert store.retrieve_blob("odd") == CephStore.dict2blob(document)


@pytest.mark.parametrize("document", [[1], "text", None])
def test_what_is_no_object_is_not_stored(store: CephStore, document: Any) -> None:
    with pytest.raises(SchemaError, match="expected an object"):
        store.store_document(document, "id")
    assert not store.document_exists("id")


@pytest.mark.parametrize("blob", [b"", b"x", bytes(range(256)) * 5000])
def test_blobs(store: CephStore, blob: bytes) -> None:
    store.store_blob(blob, "folder/blob")
    assert store.retrieve_blob("folder/blob") == blob
    assert b"".join(store.stream_blob("folder/blob")) == blob
    store.store_blob("téxt", "folder/blob")
    assert store.retrieve_blob("folder/blob") == "téxt".encode()


@pytest.mark.parametrize("key", ["a b", "a+b%20c", "ünï", "sha256:0f", "a=b&c", "x/y/z", "-", "...", "#?", "x" * 200])
def test_names_that_need_care(store: CephStore, key: str) -> None:
    store.store_document({"key": key}, key)
    assert store.document_exists(key)
    assert list(store.get_document_listing()) == [key]
    assert list(store.iterate_results()) == [(key, {"key": key})]


def test_large_blobs_go_up_in_parts(watched: CephStore, proxy: Proxy, tmp_path: Path) -> None:
    blob = os.urandom(1 << 20) * ((2 * PART_SIZE >> 20) + 1)
    watched.store_blob(blob, "large")
    assert proxy.count("PUT", "partNumber=") == 3
    file = tmp_path / "large"
    watched.download_file("large", file)
    assert file.read_bytes() == blob
    watched.upload_file(file, "again")
    assert proxy.count("PUT", "partNumber=") == 6
    assert watched.retrieve_blob("again") == blob


def test_upload_of_what_was_read_in_part(store: CephStore) -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    store.objects.upload(store.key_of("rest"), file)
    assert store.retrieve_blob("rest") == b"456789"


def test_files_that_cannot_be_read_or_written(store: CephStore, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="absent"):
        store.upload_file(tmp_path / "absent", "key")
    with pytest.raises(StoreError, match="cannot be read"):
        store.upload_file(tmp_path, "key")
    assert not store.document_exists("key")
    store.store_blob(b"content", "key")
    with pytest.raises(StoreError, match="cannot be written"):
        store.download_file("key", tmp_path / "no" / "such" / "folder")
    target = tmp_path / "target"
    target.write_text("old")
    with pytest.raises(NotFoundError):
        store.download_file("absent", target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["target"]


def test_a_download_replaces_a_file(store: CephStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.store_blob(b"new", "key")
    monkeypatch.chdir(tmp_path)
    Path("target").write_text("older and longer")
    store.download_file("key", "target")
    assert Path("target").read_text() == "new"


def fill(store: CephStore, ids: list[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda document_id: store.store_document({"id": document_id}, document_id), ids))


def test_listing_goes_through_many_pages(store: CephStore) -> None:
    ids = [f"document-{number:05}" for number in range(2100)]
    fill(store, ids)
    fill(store_at_of(store, "stores"), ["other"])
    assert list(store.get_document_listing()) == ids
    assert store.get_document_count() == len(ids)
    assert list(store.get_document_listing("document-012")) == ids[1200:1300]
    assert list(store.get_document_listing(after="document-02080")) == ids[2081:]
    assert list(store.get_document_listing("document-0", after="document-0100x")) == ids[1010:]


def store_at_of(store: CephStore, name: str) -> CephStore:
    """A connected store beside another one."""
    beside = CephStore.of(store.config, store.prefix.removesuffix("store/") + name)
    beside.connect()
    return beside


def test_listing_of_what_lies_in_folders(store: CephStore) -> None:
    ids = ["a", "a-b", "a.b", "a/b", "a/c/d", "b/x", "c"]
    fill(store, [document_id for document_id in ids if document_id != "a"])
    ids.remove("a")
    assert list(store.get_document_listing()) == ids
    assert list(store.get_folder_listing()) == ["a", "b"]
    assert list(store.get_folder_listing("a/")) == ["a/c"]
    assert list(store.get_folder_listing("b")) == ["b"]
    assert list(store.get_document_listing("a/")) == ["a/b", "a/c/d"]
    assert list(store.get_document_listing(after="a/b")) == ["a/c/d", "b/x", "c"]


def test_a_listing_asks_for_pages_as_they_are_needed(watched: CephStore, proxy: Proxy) -> None:
    fill(watched, [f"{number:04}" for number in range(1100)])
    listing = watched.get_document_listing()
    assert proxy.count("GET", "list-type=2") == 0
    assert next(listing) == "0000"
    assert proxy.count("GET", "list-type=2") == 1
    assert sum(1 for _ in listing) == 1099
    assert proxy.count("GET", "list-type=2") == 2


@pytest.mark.parametrize("workers", ["1", "3"])
def test_documents_are_fetched_ahead_within_bounds(
    s3: Place, proxy: Proxy, workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THOTH_CEPH_WORKERS", workers)
    store = store_at(s3, host=proxy.server.endpoint_url)
    store.connect()
    ids = [f"{number:03}" for number in range(60)]
    fill(store, ids)
    results = store.iterate_results()
    taken = [next(results) for _ in range(10)]
    assert [document_id for document_id, _ in taken] == ids[:10]
    fetched = proxy.count("GET", "/store/")
    assert 10 <= fetched <= 10 + 2 * int(workers)
    assert [document_id for document_id, _ in results] == ids[10:]
    assert proxy.count("GET", "/store/") == 60


def test_an_iteration_that_is_given_up_leaves_nothing_running(watched: CephStore) -> None:
    fill(watched, [f"{number:03}" for number in range(60)])
    results = watched.iterate_results()
    next(results)
    assert any(thread.name.startswith("thoth-storages") for thread in threading.enumerate())
    results.close()  # type: ignore[attr-defined]
    assert not any(thread.name.startswith("thoth-storages") for thread in threading.enumerate())


def test_one_error_does_not_end_the_others(store: CephStore) -> None:
    fill(store, ["a", "c"])
    store.store_blob(b"{", "damaged")
    ids = ["a", "b", "../x", "c", "damaged"]
    found = list(store.retrieve_blobs(ids))
    assert [document_id for document_id, _ in found] == ids
    results = dict(found)
    assert results["a"] == CephStore.dict2blob({"id": "a"})
    assert results["damaged"] == b"{"
    assert isinstance(results["b"], NotFoundError)
    assert isinstance(results["../x"], StoreError)
    # What is gone since it was listed is not there; what is damaged is an error.
    assert [document_id for document_id, _ in store.iterate_documents(["a", "b", "c"])] == ["a", "c"]
    with pytest.raises(SchemaError, match="damaged"):
        list(store.iterate_results())


class WithMarks(FolderObjects):
    """A folder that also lists what some tools leave in a bucket to mark folders; not every server keeps it."""

    def keys(self, prefix: str, *, after: str = "") -> Iterator[str]:
        yield from sorted([prefix, f"{prefix}empty/", *super().keys(prefix, after=after)])


def test_marks_of_empty_folders_are_no_documents(folder: Place, tmp_path: Path) -> None:
    store = store_at(folder)
    store._objects = WithMarks(tmp_path / "objects" / "bucket", folder.host)
    store.store_document({}, "id")
    assert list(store.get_document_listing()) == ["id"]
    assert [document_id for document_id, _ in store.iterate_results()] == ["id"]


def test_threads_share_one_client(s3: Place) -> None:
    store = store_at(s3)
    store.connect()
    other = store_at(s3, "other")
    with ThreadPoolExecutor(8) as pool:
        assert len({id(client) for client in pool.map(client_for, [store.config, other.config] * 8)}) == 1
        ids = [f"{number:03}" for number in range(100)]
        assert list(pool.map(lambda name: store.store_document({"id": name}, name), ids)) == ids
        assert list(pool.map(store.retrieve_document, ids)) == [{"id": name} for name in ids]


FORK = """
import os, sys
from thoth.storages.ceph import CephStore
from thoth.storages.s3 import client_for

store = CephStore(sys.argv[1])
store.connect()
store.store_document({"by": "parent"}, "parent")
is_server = store.config.folder is None
parents = client_for(store.config) if is_server else None
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        assert not is_server or client_for(store.config) is not parents
        for again in range(20):
            assert store.retrieve_document("parent") == {"by": "parent"}
            store.store_document({"by": number}, f"child-{number}-{again}")
        os._exit(0)
    children.append(child)
for again in range(50):
    assert store.retrieve_document("parent") == {"by": "parent"}
assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0, 0]
assert not is_server or client_for(store.config) is parents
print(store.get_document_count())
"""


def test_a_connected_store_survives_fork(place: Place) -> None:
    variables = {**os.environ, **place.variables(), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", FORK, f"{place.prefix}/fork"], env=variables, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("81\n", "")


def test_a_document_of_a_folder_is_a_file_of_the_same_name(folder: Place, tmp_path: Path) -> None:
    store = store_at(folder)
    store.connect()
    store.store_document({"a": 1}, "document")
    file = tmp_path / "objects" / "bucket" / folder.prefix / "store" / "document"
    assert json.loads(file.read_bytes()) == {"a": 1}
    file.with_name("from-elsewhere").write_text('{"b": 2}')
    assert store.retrieve_document("from-elsewhere") == {"b": 2}
