"""A disk that is full: what does not fit is refused whole, and everything goes on when there is room again."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy.exc import DBAPIError

from tests.databases import drop_database
from tests.dump import logical_dump
from tests.factories import large_document
from tests.faults.servers import Breakable, ask
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import DatabaseError

MEGABYTE = 2**20


class Disk(NamedTuple):
    """A disk that can be filled, and emptied."""

    fill: Callable[[], object]
    make_room: Callable[[], object]


@contextmanager
def small_disk(server: Breakable, folder: Path) -> Iterator[Disk]:
    """Let the database `full` be on a disk in memory; the rest of it is filled with something else."""
    place = folder / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], check=True)
    filler = place / "filler"

    def fill() -> None:
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(place).free - MEGABYTE // 2)

    try:
        owner = server.server.cluster_dir.stat()
        os.chown(place, owner.st_uid, owner.st_gid)
        (place / "database").mkdir()
        os.chown(place / "database", owner.st_uid, owner.st_gid)
        server.ask(f"CREATE TABLESPACE small LOCATION '{place}/database'", 'CREATE DATABASE "full" TABLESPACE small')
        yield Disk(fill, filler.unlink)
        drop_database("full")
        server.ask("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", place], check=True)
        place.rmdir()


@contextmanager
def small_files(server: Breakable) -> Iterator[Disk]:
    """Let the server's new processes write no file beyond its 17th megabyte, and a table be as large as that."""
    pid = server.server.status().pid
    assert pid is not None
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)

    def fill() -> None:
        # What a dump sorts does not fit into such a file either.
        ask("ALTER DATABASE \"full\" SET work_mem = '256MB'")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (17 * MEGABYTE, before[1]))
        with pytest.raises(DBAPIError, match="File too large"):
            for part in range(40):
                ask(
                    "INSERT INTO python_release (package_name, package_version) "
                    f"SELECT 'filler-{part}', n::text FROM generate_series(1, 20000) AS n"
                )

    def make_room() -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)

    try:
        yield Disk(fill, make_room)
    finally:
        make_room()
        drop_database("full")


def may_mount() -> bool:
    """Tell whether a disk can be mounted here: that takes root, and a container that lets it."""
    if os.geteuid() != 0:
        return False
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def check(graph: GraphDatabase, disk: Disk) -> None:
    """Write what does not fit any more, then make room for it."""
    graph.initialize_schema()
    graph.sync_solver_result(large_document("solver-rhel-8-py38-00", 3, 3, 3))
    disk.fill()
    graph.connect()  # to processes of the server that have its limits
    before = logical_dump(graph)
    refused = large_document("solver-rhel-8-py38-01", 300, 3, 20)
    place = re.escape(graph.place)
    with pytest.raises(DatabaseError, match=f"^{place}: .*(No space left on device|File too large)"):
        graph.sync_solver_result(refused)
    assert logical_dump(graph) == before
    assert graph.python_package_exists("package-1")
    disk.make_room()
    graph.connect()
    graph.sync_solver_result(refused)
    assert graph.get_solver_documents_count() == 2
    assert ask("SELECT count(*) FROM solved") == [(303,)]


@pytest.fixture
def full(here: Breakable, monkeypatch: pytest.MonkeyPatch) -> GraphDatabase:
    """An adapter, to be connected, of a database of its own."""
    monkeypatch.setenv("KNOWLEDGE_GRAPH_DATABASE", "full")
    return GraphDatabase()


def test_disk_without_room(here: Breakable, folder: Path, full: GraphDatabase) -> None:
    """A disk where one can be mounted; elsewhere files that cannot grow."""
    with small_disk(here, folder) if may_mount() else small_files(here) as disk, full:
        check(full, disk)


@pytest.mark.torture
def test_files_that_cannot_grow(here: Breakable, full: GraphDatabase) -> None:
    with small_files(here) as disk, full:
        check(full, disk)
