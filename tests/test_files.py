"""What is no file is never replaced by one: a device that is renamed over would be gone for everybody."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.caches import build
from tests.factories import solved, solver_document
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.base import written_whole
from thoth.storages.cli import cli
from thoth.storages.exceptions import ThothStorageException
from thoth.storages.files import is_special
from thoth.storages.graph.cache_file import set_aside
from thoth.storages.graph.dot import write_picture


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe, which needs no privilege to be made, and is as little a file as a device."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_what_is_special(tmp_path: Path, pipe: Path) -> None:
    file, link, link_to_pipe = tmp_path / "file", tmp_path / "link", tmp_path / "link-to-pipe"
    file.touch()
    link.symlink_to(file)
    link_to_pipe.symlink_to(pipe)
    for path in (file, link, tmp_path, tmp_path / "absent", tmp_path / "no" / "folder", "a\0b", "x" * 5000):
        assert not is_special(path)
    for path in (pipe, link_to_pipe, "/dev/null"):
        assert is_special(path)


def test_a_pipe_stays_one(graph: GraphDatabase, pipe: Path) -> None:
    graph.sync_solver_result(solver_document(tree=[solved("flask")]))

    def store() -> None:
        with written_whole(pipe):
            raise AssertionError("never opened")

    attempts: list[Callable[[], object]] = [
        store,
        lambda: write_picture(pipe, b"<svg/>"),
        lambda: build(graph, pipe, "flask"),
        lambda: set_aside(str(pipe)),
        lambda: GraphCache(str(pipe), writable=True),
    ]
    for attempt in attempts:
        with pytest.raises(ThothStorageException, match="regular file"):
            attempt()
        assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [path.name for path in pipe.parent.iterdir()] == ["pipe"]


def test_a_dump_goes_into_a_pipe(graph: GraphDatabase, pipe: Path) -> None:
    graph.sync_solver_result(solver_document(tree=[solved("flask")]))
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    done = CliRunner().invoke(cli, ["dump", "--table", "python_package_index", "--output", str(pipe)])
    reader.join(30)
    assert done.exit_code == 0, done.output
    assert read[0].startswith(b'{"python_package_index": ')
    assert stat.S_ISFIFO(pipe.stat().st_mode)
