"""How graph cache files are opened: to read, to write, and with what a killed process left beside them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.caches import adapter_of, assert_same_answers, build
from tests.factories import PYPI, RHEL, requires, solved, solver_document
from tests.processes import without_privileges
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.exceptions import CacheFileError

FLASK = ("flask", "1.0.2", PYPI)


@pytest.fixture
def path(sample_cache: Path, tmp_path: Path) -> Path:
    """A copy of that file."""
    return Path(shutil.copy(sample_cache, tmp_path / "cache.sqlite3"))


@pytest.fixture
def open_folder(path: Path) -> Iterator[Path]:
    """A folder that any account can go through, with the file in it."""
    folder = Path(tempfile.mkdtemp(prefix="graph-cache-test-"))
    folder.chmod(0o755)
    shutil.copy(path, folder / "cache.sqlite3")
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


class TestReadOnly:
    """Checked without root's exemption from permissions."""

    def load(self, path: Path) -> dict[str, Any]:
        """Load a file with inserts on; return what came of it."""

        def call() -> dict[str, Any]:
            os.environ["THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED"] = "0"
            with GraphCache.load(str(path)) as cache:
                answer = cache.get_depends_on(*FLASK, **RHEL)
                return {"path": cache.path, "answer": answer, "writable": cache.is_writable}

        return without_privileges(call)

    def test_file_is_read(self, open_folder: Path, path: Path) -> None:
        file = open_folder / "cache.sqlite3"
        open_folder.chmod(0o777)
        file.chmod(0o444)
        with GraphCache(str(path)) as cache:
            expected = cache.get_depends_on(*FLASK, **RHEL)
        assert expected
        assert self.load(file) == {"path": str(file), "answer": expected, "writable": False}
        assert os.listdir(open_folder) == ["cache.sqlite3"]

    @pytest.mark.parametrize("in_wal_mode", [False, True])
    def test_folder_is_read(self, open_folder: Path, in_wal_mode: bool) -> None:
        file = open_folder / "cache.sqlite3"
        if in_wal_mode:
            with GraphCache(str(file), writable=True) as cache:
                cache.add_depends_on("new", "1", PYPI, **RHEL, dependency_name=None, dependency_version=None)
        file.chmod(0o444)
        open_folder.chmod(0o555)
        outcome = self.load(file)
        assert outcome["path"] == str(file)
        assert outcome["answer"]
        assert os.listdir(open_folder) == ["cache.sqlite3"]

    def test_damaged_file_stays_where_it_cannot_be_renamed(self, open_folder: Path) -> None:
        file = open_folder / "cache.sqlite3"
        file.write_text("damaged")
        open_folder.chmod(0o555)
        assert self.load(file) == {"path": ":memory:", "answer": None, "writable": True}
        assert file.read_text() == "damaged"

    def test_file_that_may_not_be_read(self, open_folder: Path) -> None:
        file = open_folder / "cache.sqlite3"
        file.chmod(0o000)
        open_folder.chmod(0o555)
        assert self.load(file)["answer"] is None

    def test_missing_file_where_none_can_be_made(self, open_folder: Path) -> None:
        open_folder.chmod(0o555)
        assert self.load(open_folder / "another.sqlite3") == {"path": ":memory:", "answer": None, "writable": True}

    def test_build_says_that_it_cannot_write(self, open_folder: Path, samples: GraphDatabase) -> None:
        file = open_folder / "cache.sqlite3"
        before = file.read_bytes()
        open_folder.chmod(0o555)

        def call() -> str:
            with pytest.raises(CacheFileError) as error:
                build(samples, file, "flask")
            return str(error.value)

        assert str(file) in without_privileges(call)
        assert file.read_bytes() == before


class TestModes:
    def beside(self, path: Path) -> set[str]:
        return {name.removeprefix(path.name) for name in os.listdir(path.parent)} - {""}

    def test_built_file_is_opened_immutable(self, path: Path) -> None:
        before = path.read_bytes()
        with GraphCache.load(str(path)) as cache:
            assert cache.get_depends_on(*FLASK, **RHEL)
            assert self.beside(path) == set()
            with pytest.raises(sqlite3.OperationalError):
                cache._file.connection.execute("DELETE FROM cache_info")
        assert path.read_bytes() == before
        assert path.read_bytes()[18] == 1

    def test_in_wal_mode_after_an_insert(self, path: Path) -> None:
        with GraphCache(str(path), writable=True) as writer:
            writer.add_depends_on("new", "1", PYPI, **RHEL, dependency_name=None, dependency_version=None)
            assert self.beside(path) == {"-wal", "-shm"}
            assert path.read_bytes()[18] == 2
            with GraphCache(str(path)) as reader:
                assert reader.get_depends_on("new", "1", PYPI, **RHEL) == []
                assert reader.get_depends_on(*FLASK, **RHEL) == writer.get_depends_on(*FLASK, **RHEL)
                writer.add_depends_on("new", "2", PYPI, **RHEL, dependency_name=None, dependency_version=None)
                assert reader.get_depends_on("new", "2", PYPI, **RHEL) == []

    def test_reader_that_opened_it_immutable_is_not_disturbed_by_a_writer(self, path: Path) -> None:
        with GraphCache(str(path)) as reader, GraphCache(str(path), writable=True) as writer:
            expected = writer.get_depends_on(*FLASK, **RHEL)
            for number in range(300):
                writer.add_depends_on(
                    "new", str(number), PYPI, **RHEL, dependency_name="other", dependency_version=str(number)
                )
                if number % 100 == 0:
                    writer._file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    reader.clear_in_memory_cache()
                    assert reader.get_depends_on(*FLASK, **RHEL) == expected
                    assert reader.get_depends_on("new", str(number), PYPI, **RHEL) is None


class TestLogLeftBehind:
    """A process was killed while it added, so that the log (-wal) of a file is left beside it."""

    def kill_while_adding(self, path: Path) -> None:
        with GraphCache(str(path), writable=True) as cache:
            cache.add_depends_on(*FLASK, **RHEL, dependency_name="of-the-log", dependency_version="1")
            logs = {suffix: Path(f"{path}{suffix}").read_bytes() for suffix in ("-wal", "-shm")}
        for suffix, content in logs.items():
            Path(f"{path}{suffix}").write_bytes(content)

    def test_goes_aside_with_its_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "cache"
        self.kill_while_adding(path)
        path.write_text("damaged")
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", "0")
        with GraphCache.load(str(path)) as cache:
            assert cache.get_depends_on(*FLASK, **RHEL) is None
            assert cache.is_empty
        assert (tmp_path / "cache.refused-1-wal").exists()

    def test_is_not_taken_for_that_of_a_new_file(self, tmp_path: Path) -> None:
        path = tmp_path / "cache"
        self.kill_while_adding(path)
        path.unlink()
        with GraphCache(str(path), writable=True) as cache:
            assert cache.get_depends_on(*FLASK, **RHEL) is None
            assert cache.is_empty

    def test_is_not_taken_for_that_of_the_file_that_a_build_puts_in_place(
        self, path: Path, samples: GraphDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The build dies right after it renamed the new file."""
        self.kill_while_adding(path)
        assert Path(f"{path}-wal").stat().st_size > 0

        replace = os.replace

        def replace_and_die(*arguments: Any) -> None:
            replace(*arguments)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(os, "replace", replace_and_die)
            build(samples, path, "flask", "sphinx")
        with GraphCache(str(path), writable=True) as cache, adapter_of(samples, cache) as graph:
            assert cache.scope()["packages"] == ["flask", "sphinx"]
            assert_same_answers(graph, samples)


def test_graph_that_changed_is_built_anew_beside_readers(graph: GraphDatabase, tmp_path: Path) -> None:
    """Written in place: a reader sees half a file."""
    path = tmp_path / "cache"
    for number in range(2):
        dependency = requires("b", f"{number}.0")
        graph.sync_solver_result(
            solver_document(f"solver-rhel-8-py38-{number}", tree=[solved("a", dependencies=[dependency])]), force=True
        )
        if number == 0:
            build(graph, path, "a")
            reader = GraphCache(str(path))
    build(graph, path, "a")
    assert reader.get_depends_on("a", "1.0", PYPI, **RHEL) == [("b", "0.0")]
    reader.close()
    with GraphCache(str(path)) as newer:
        assert newer.get_depends_on("a", "1.0", PYPI, **RHEL) == [("b", "1.0")]
