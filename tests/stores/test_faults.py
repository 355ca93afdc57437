"""Servers that fail: killed, restarted, overloaded, silent, cut short. Nothing is half-written, and each call ends."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.stores.conftest import Place
from tests.stores.servers import Proxy, Rclone, Server
from thoth.storages.base import CHUNK_SIZE, Objects
from thoth.storages.ceph import CephStore
from thoth.storages.exceptions import NotConnected, NotFoundError, StoreError
from thoth.storages.s3 import PART_SIZE

TRIES = 3


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THOTH_CEPH_CONNECT_TIMEOUT", "1")
    monkeypatch.setenv("THOTH_CEPH_READ_TIMEOUT", "1")
    monkeypatch.setenv("THOTH_CEPH_TRIES", str(TRIES))


@pytest.fixture
def store(s3: Place, proxy: Proxy) -> CephStore:
    store = CephStore(f"{s3.prefix}/store", **{**s3.access, "host": proxy.server.endpoint_url})
    store.connect()
    store.store_document({"a": "x" * 1000}, "there")
    proxy.requests.clear()
    return store


def calls(store: CephStore) -> dict[str, tuple[str, Callable[[], Any], Any]]:
    """Every kind of request: its method, how it is made, and what it gives."""
    document = {"a": "x" * 1000}
    return {
        "check": ("HEAD", store.check_connection, None),
        "exists": ("HEAD", lambda: store.document_exists("there"), True),
        "get": ("GET", lambda: store.retrieve_document("there"), document),
        "list": ("GET", lambda: list(store.get_document_listing()), ["there"]),
        "folders": ("GET", lambda: list(store.get_folder_listing()), []),
        "iterate": ("GET", lambda: list(store.iterate_results()), [("there", document)]),
        "put": ("PUT", lambda: store.store_document(document, "there"), "there"),
        "delete": ("DELETE", lambda: store.objects.delete(store.key_of("absent")), None),
    }


CALLS = ["check", "exists", "get", "list", "folders", "iterate", "put", "delete"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", ["slow_down", "error", "drop", "stall"])
def test_a_fault_that_passes_is_not_noticed(store: CephStore, proxy: Proxy, call: str, kind: str) -> None:
    method, ask, expected = calls(store)[call]
    proxy.make(kind, times=1, method=method)
    assert ask() == expected
    assert proxy.requests[0] == proxy.requests[1]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", ["slow_down", "error", "drop"])
def test_a_fault_that_stays_is_an_error_after_so_many_tries(
    store: CephStore, proxy: Proxy, call: str, kind: str
) -> None:
    method, ask, _ = calls(store)[call]
    proxy.make(kind, times=1000, method=method)
    with pytest.raises(NotConnected if kind == "drop" else StoreError) as error:
        ask()
    assert proxy.count(method) == TRIES
    assert store.config.place in str(error.value)
    if call in {"get", "put", "exists"}:
        assert store.key_of("there") in str(error.value)


@pytest.mark.parametrize("call", ["get", "put", "list"])
def test_silence_that_stays_is_an_error_after_so_many_tries(store: CephStore, proxy: Proxy, call: str) -> None:
    method, ask, _ = calls(store)[call]
    proxy.make("stall", times=1000, method=method)
    with pytest.raises(NotConnected, match=store.config.place):
        ask()
    assert proxy.count(method) == TRIES


@pytest.mark.parametrize("call", ["get", "list", "iterate"])
def test_an_answer_that_is_cut_short_is_asked_for_again(store: CephStore, proxy: Proxy, call: str) -> None:
    _, ask, expected = calls(store)[call]
    proxy.make("cut", times=TRIES - 1)
    assert ask() == expected


@pytest.mark.parametrize("call", ["get", "list"])
def test_answers_that_are_always_cut_short_are_an_error(store: CephStore, proxy: Proxy, call: str) -> None:
    _, ask, _ = calls(store)[call]
    proxy.make("cut", times=1000)
    # Releases of boto3 differ in whether half a listing is a broken connection or a server that fails.
    with pytest.raises((NotConnected, StoreError), match=store.config.place):
        ask()
    assert proxy.count("GET") == TRIES


def test_a_put_whose_answer_is_lost_is_made_again(store: CephStore, proxy: Proxy) -> None:
    proxy.make("drop_answer", method="PUT")
    assert store.store_document({"b": 1}, "new") == "new"
    assert proxy.count("PUT") == 2
    assert store.retrieve_document("new") == {"b": 1}


def test_a_put_that_fails_leaves_what_was_there(store: CephStore, proxy: Proxy) -> None:
    before = store.retrieve_blob("there")
    proxy.make("drop", times=TRIES, method="PUT")
    with pytest.raises(NotConnected):
        store.store_document({"new": 1}, "there")
    assert store.retrieve_blob("there") == before


def large_blob() -> bytes:
    return os.urandom(CHUNK_SIZE) * 5


def test_a_transfer_that_breaks_off_goes_on_from_where_it_was(store: CephStore, proxy: Proxy, tmp_path: Path) -> None:
    blob = large_blob()
    store.store_blob(blob, "large")
    proxy.make("cut", times=TRIES, part="large")
    sent = proxy.bytes_sent
    store.download_file("large", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == blob
    assert proxy.bytes_sent - sent < len(blob) + CHUNK_SIZE
    proxy.make("cut", times=1, part="large")
    assert store.retrieve_blob("large") == blob


def test_a_download_that_fails_leaves_the_file_as_it_was(store: CephStore, proxy: Proxy, tmp_path: Path) -> None:
    store.store_blob(large_blob(), "large")
    target = tmp_path / "file"
    target.write_text("old")
    proxy.make("cut", times=1, part="large")
    proxy.make("drop", times=1000, part="large")
    with pytest.raises(NotConnected, match="large"):
        store.download_file("large", target)
    assert target.read_text() == "old"
    assert list(tmp_path.glob(".~*")) == []


def test_an_object_that_is_replaced_while_it_is_read(store: CephStore, proxy: Proxy) -> None:
    store.store_blob(large_blob(), "large")
    proxy.make("cut", times=1, part="large")
    stream = store.stream_blob("large")
    next(stream)
    newer = large_blob()
    store.store_blob(newer, "large")
    with pytest.raises(StoreError, match="large.*was replaced while it was read"):
        list(stream)
    assert store.retrieve_blob("large") == newer


def test_a_part_that_fails_is_sent_again(store: CephStore, proxy: Proxy) -> None:
    blob = os.urandom(PART_SIZE + 1)
    proxy.make("error", times=1, method="PUT", part="partNumber=1")
    store.store_blob(blob, "parts")
    assert proxy.count("PUT", "partNumber=1") == 2
    assert store.retrieve_blob("parts") == blob


def test_an_upload_that_fails_leaves_nothing(store: CephStore, proxy: Proxy, server: Server) -> None:
    proxy.make("error", times=1000, method="PUT", part="partNumber=2")
    with pytest.raises(StoreError, match="parts"):
        store.store_blob(os.urandom(PART_SIZE + 1), "parts")
    assert not store.document_exists("parts")
    assert list(store.get_document_listing()) == ["there"]
    assert proxy.count("DELETE", "uploadId=") == 1


def test_a_document_that_fails_does_not_end_the_others(store: CephStore, proxy: Proxy) -> None:
    for name in ("one", "two"):
        store.store_document({"name": name}, name)
    proxy.make("error", times=1000, part="/two")
    results = dict(store.retrieve_blobs(["one", "two", "there"]))
    assert isinstance(results["two"], StoreError)
    assert isinstance(results["one"], bytes)
    assert isinstance(results["there"], bytes)
    with pytest.raises(StoreError, match="/two"):
        list(store.iterate_results())


@pytest.fixture
def rclone(tmp_path: Path) -> Iterator[Rclone]:
    """A server of this test alone, that may be killed."""
    rclone = Rclone(tmp_path / "buckets")
    rclone.start()
    try:
        yield rclone
    finally:
        rclone.kill()


@pytest.fixture
def mortal(rclone: Rclone, monkeypatch: pytest.MonkeyPatch) -> CephStore:
    """A store on a server that may be killed, patient enough to wait until it is back."""
    monkeypatch.setenv("THOTH_CEPH_TRIES", "10")
    server = rclone.server
    server.client().create_bucket(Bucket="bucket")
    store = CephStore(
        secrets.token_hex(4),
        host=server.endpoint_url,
        key_id=server.key_id,
        secret_key=server.secret_key,
        bucket="bucket",
    )
    store.connect()
    return store


def fill(store: CephStore, count: int) -> list[str]:
    ids = [f"{number:05}" for number in range(count)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: store.store_document({"id": name}, name), ids))
    return ids


@pytest.fixture
def restarted(rclone: Rclone) -> Iterator[Callable[[], None]]:
    """Kill the server now, and have it back while whoever uses it is trying."""
    threads: list[threading.Thread] = []

    def restart() -> None:
        rclone.kill()
        threads.append(threading.Thread(target=rclone.start))
        threads[-1].start()

    yield restart
    for thread in threads:
        thread.join()


def test_a_server_that_comes_back_during_a_listing(mortal: CephStore, restarted: Callable[[], None]) -> None:
    ids = fill(mortal, 1100)
    listing = mortal.get_document_listing()
    first = [next(listing) for _ in range(3)]
    restarted()
    assert first + list(listing) == ids


def test_a_server_that_comes_back_between_reads(mortal: CephStore, restarted: Callable[[], None]) -> None:
    ids = fill(mortal, 100)
    results = mortal.iterate_results()
    first = [next(results) for _ in range(3)]
    restarted()
    assert first + list(results) == [(name, {"id": name}) for name in ids]


def test_a_server_that_comes_back_during_a_transfer(mortal: CephStore, restarted: Callable[[], None]) -> None:
    blob = os.urandom(CHUNK_SIZE) * 40
    mortal.store_blob(blob, "large")
    stream = mortal.stream_blob("large")
    first = next(stream)
    restarted()
    assert first + b"".join(stream) == blob


def test_a_server_that_comes_back_between_puts(mortal: CephStore, restarted: Callable[[], None]) -> None:
    fill(mortal, 10)
    restarted()
    ids = fill(mortal, 100)
    assert list(mortal.get_document_listing()) == ids
    assert list(mortal.iterate_results()) == [(name, {"id": name}) for name in ids]


class Interrupting:
    """A file that does something when half of it was read."""

    def __init__(self, blob: bytes, do: Callable[[], None]) -> None:
        self._blob = blob
        self._offset = 0
        self._do: Callable[[], None] | None = do

    def read(self, size: int = -1) -> bytes:
        end = len(self._blob) if size < 0 else self._offset + size
        chunk = self._blob[self._offset : end]
        self._offset += len(chunk)
        if self._do is not None and self._offset >= len(self._blob) // 2:
            do, self._do = self._do, None
            do()
        return chunk


def test_a_server_that_is_killed_during_an_upload(
    mortal: CephStore, rclone: Rclone, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal.store_blob(b"old", "file")
    monkeypatch.setenv("THOTH_CEPH_TRIES", "2")
    hasty = CephStore(
        mortal.prefix,
        host=mortal.config.endpoint_url,
        key_id=mortal.config.key_id,
        secret_key=mortal.config.secret_key,
        bucket="bucket",
    )
    hasty.connect()
    blob = os.urandom(CHUNK_SIZE) * (3 * PART_SIZE // CHUNK_SIZE)
    file: Any = Interrupting(blob, rclone.kill)
    with pytest.raises(NotConnected, match="file"):
        hasty.objects.upload(hasty.key_of("file"), file)
    rclone.start()
    assert mortal.retrieve_blob("file") == b"old"
    assert list(mortal.get_document_listing()) == ["file"]
    mortal.objects.upload(mortal.key_of("file"), _whole(blob))
    assert mortal.retrieve_blob("file") == blob


def _whole(blob: bytes) -> Any:
    return Interrupting(blob, lambda: None)


def test_a_server_that_stays_away(mortal: CephStore, rclone: Rclone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THOTH_CEPH_TRIES", "2")
    store = CephStore.of(type(mortal.config)(**{**vars(mortal.config), "tries": 2}), mortal.prefix)
    store.connect()
    store.store_document({}, "id")
    rclone.kill()
    for _, ask, _ in calls(store).values():
        with pytest.raises(NotConnected, match=store.config.endpoint_url):
            ask()
    rclone.start()
    assert store.retrieve_document("id") == {}


class Failing(Exception):
    """What a test raises."""


def test_a_file_that_cannot_be_read_to_its_end_is_not_stored(folder: Place, tmp_path: Path) -> None:
    store = CephStore(folder.prefix, **folder.access)
    store.connect()
    store.store_blob(b"old", "file")

    def fail() -> None:
        raise Failing

    file: Any = Interrupting(b"x" * (3 * CHUNK_SIZE), fail)
    objects: Objects = store.objects
    with pytest.raises(Failing):
        objects.upload(store.key_of("file"), file)
    assert store.retrieve_blob("file") == b"old"
    assert [path.name for path in (tmp_path / "objects").rglob("*") if path.is_file()] == ["file"]


WRITER = """
import sys
from thoth.storages.ceph import CephStore
store = CephStore(sys.argv[1])
store.connect()
print("ready", flush=True)
number = 0
while True:
    number += 1
    store.store_document({"number": number, "padding": "x" * 200000, "again": number}, "document")
"""


def test_a_writer_that_is_killed_leaves_a_whole_document(folder: Place, tmp_path: Path) -> None:
    store = CephStore(folder.prefix, **folder.access)
    store.connect()
    variables = {**os.environ, **folder.variables(), "PYTHONPATH": str(ROOT)}
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, folder.prefix], env=variables, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            seen: list[int] = []
            while len(set(seen)) < 20:
                assert writer.poll() is None
                with contextlib.suppress(NotFoundError):
                    document = store.retrieve_document("document")
                    assert document["number"] == document["again"]
                    seen.append(document["number"])
            writer.kill()
        document = store.retrieve_document("document")
        assert document["number"] == document["again"]
        assert list(store.get_document_listing()) == ["document"]
