"""The graph cache file on the object store: whole, verified, or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.stores.conftest import Place
from thoth.storages.exceptions import CacheFileError, ConfigurationError, NotConnected, NotFoundError, StoreError
from thoth.storages.graph_cache import GraphCacheStore
from thoth.storages.s3 import PART_SIZE


@pytest.fixture
def store(place: Place) -> GraphCacheStore:
    store = GraphCacheStore("test", **place.access, prefix=place.prefix)
    store.connect()
    return store


def make_cache(path: Path, rows: int = 10) -> Path:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE numbers (number INTEGER)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [(number,) for number in range(rows)])
    connection.close()
    return path


def rows_of(path: Path) -> int:
    connection = sqlite3.connect(path)
    count: int = connection.execute("SELECT count(*) FROM numbers").fetchone()[0]
    connection.close()
    return count


def digests(store: GraphCacheStore) -> list[str]:
    return list(store.ceph.get_document_listing("graph_cache.sqlite3.sha256/"))


def test_there_and_back(store: GraphCacheStore, place: Place, tmp_path: Path) -> None:
    source = make_cache(tmp_path / "source.sqlite3")
    stored = store.store(source)
    assert stored.key == f"{place.prefix}/test/graph-cache/graph_cache.sqlite3"
    assert stored.size == source.stat().st_size
    assert store.ceph.objects.get(stored.key) == source.read_bytes()
    (digest,) = digests(store)
    assert digest.endswith(stored.sha256)
    target = tmp_path / "target.sqlite3"
    target.write_text("what was there")
    (tmp_path / "target.sqlite3-wal").write_text("of the old file")
    retrieved = store.retrieve(target)
    assert (retrieved.sha256, retrieved.size, retrieved.path) == (stored.sha256, stored.size, str(target))
    assert target.read_bytes() == source.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["source.sqlite3", "target.sqlite3"]


def test_a_large_file_is_never_held(store: GraphCacheStore, tmp_path: Path) -> None:
    source = tmp_path / "source.sqlite3"
    block = os.urandom(1 << 20)
    with open(source, "wb") as file:
        for _ in range(3 * PART_SIZE >> 20):
            file.write(block)
        file.write(b"end")
    stored = store.store(source)
    assert stored.size == 3 * PART_SIZE + 3
    store.retrieve(tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_path_comes_from_the_environment(
    store: GraphCacheStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in (store.store, store.retrieve):
        with pytest.raises(ConfigurationError, match="THOTH_STORAGES_GRAPH_CACHE"):
            call()
    monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE", str(make_cache(tmp_path / "cache")))
    assert store.store().path == str(tmp_path / "cache")
    (tmp_path / "cache").unlink()
    store.retrieve()
    assert rows_of(tmp_path / "cache") == 10


def test_what_was_added_beside_the_file_is_stored_too(store: GraphCacheStore, tmp_path: Path) -> None:
    source = make_cache(tmp_path / "source")
    connection = sqlite3.connect(source)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    with connection:
        connection.execute("INSERT INTO numbers VALUES (10)")
    assert (tmp_path / "source-wal").stat().st_size
    before = source.read_bytes()
    store.store(source)
    assert source.read_bytes() == before
    connection.close()
    store.retrieve(tmp_path / "target")
    assert rows_of(tmp_path / "target") == 11
    assert not (tmp_path / "target-wal").exists()


def test_nothing_to_store_and_nothing_stored(store: GraphCacheStore, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="absent"):
        store.store(tmp_path / "absent")
    (tmp_path / "text").write_text("text")
    (tmp_path / "text-wal").write_text("text")
    with pytest.raises(CacheFileError, match="cannot be read as a graph cache"):
        store.store(tmp_path / "text")
    assert list(store.get_document_listing()) == []
    target = tmp_path / "target"
    target.write_text("old")
    with pytest.raises(NotFoundError, match="graph_cache.sqlite3"):
        store.retrieve(target)
    with pytest.raises(StoreError, match="no such folder"):
        store.retrieve(tmp_path / "no" / "folder")
    assert target.read_text() == "old"


def test_a_damaged_file_replaces_nothing(store: GraphCacheStore, tmp_path: Path) -> None:
    source = make_cache(tmp_path / "source")
    store.store(source)
    blob = bytearray(source.read_bytes())
    blob[len(blob) // 2] ^= 1
    store.ceph.store_blob(bytes(blob), "graph_cache.sqlite3")
    target = tmp_path / "target"
    target.write_text("old")
    with pytest.raises(StoreError, match="graph_cache.sqlite3' is damaged"):
        store.retrieve(target)
    assert target.read_text() == "old"
    assert list(tmp_path.glob(".~*")) == []
    store.store(source)
    store.retrieve(target)
    assert target.read_bytes() == source.read_bytes()


def test_few_digests_are_kept(store: GraphCacheStore, tmp_path: Path) -> None:
    for number in range(13):
        stored = store.store(make_cache(tmp_path / f"source-{number}", number))
    assert len(digests(store)) == 10
    assert digests(store)[-1].endswith(stored.sha256)


def test_readers_beside_writers_see_one_file_or_the_other(place: Place, tmp_path: Path) -> None:
    store = GraphCacheStore("test", **place.access, prefix=place.prefix)
    store.connect()
    sources = [make_cache(tmp_path / f"source-{number}", 20_000 + number) for number in range(3)]
    store.store(sources[0])
    contents = [source.read_bytes() for source in sources]
    done = threading.Event()

    def write(number: int) -> None:
        while not done.is_set():
            store.store(sources[number])

    def read(number: int) -> None:
        target = tmp_path / f"target-{number}"
        target.write_bytes(contents[0])
        for _ in range(15):
            # One that is replaced while it is read is an error, and the file stays.
            with contextlib.suppress(StoreError, NotConnected):
                store.retrieve(target)
            assert target.read_bytes() in contents

    with ThreadPoolExecutor(5) as pool:
        writers = [pool.submit(write, number) for number in range(3)]
        try:
            list(pool.map(read, range(2)))
        finally:
            done.set()
        for writer in writers:
            writer.result()
    # Whoever was the last one, and whichever digest was written last: the file that is there is a good one.
    store.retrieve(tmp_path / "last")
    assert (tmp_path / "last").read_bytes() in contents


def command(place: Place, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "thoth-storages"), *words],
        cwd=folder,
        env={**os.environ, **place.variables()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_commands(place: Place, tmp_path: Path) -> None:
    make_cache(tmp_path / "graph_cache.sqlite3")
    stored = command(place, tmp_path, "store-cache")
    assert (stored.returncode, stored.stderr) == (0, "")
    assert json.loads(stored.stdout)["key"] == f"{place.prefix}/test/graph-cache/graph_cache.sqlite3"
    restored = command(place, tmp_path, "restore-cache", "restored.sqlite3")
    assert (restored.returncode, restored.stderr) == (0, "")
    assert json.loads(restored.stdout)["sha256"] == json.loads(stored.stdout)["sha256"]
    assert rows_of(tmp_path / "restored.sqlite3") == 10
    refused = command(place, tmp_path, "restore-cache", "--deployment-name", "another", "other.sqlite3")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert "another/graph-cache/graph_cache.sqlite3" in refused.stderr
    assert not (tmp_path / "other.sqlite3").exists()
