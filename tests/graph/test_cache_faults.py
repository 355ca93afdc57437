"""A full disk, two opened files in one process, and builders and readers at once."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.caches import adapter_of, build
from tests.factories import PYPI, RHEL
from tests.faults_of_files import on_small_disk
from tests.processes import becomes_true, collected, forked, in_child, python
from tests.torture import new_seed, tell
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.exceptions import CacheFileError
from thoth.storages.graph import cache_file
from thoth.storages.identifiers import Environment

Json = dict[str, Any]
RHEL_8 = Environment(**RHEL)
FLASK = ("flask", "1.0.2", PYPI)
INSERTS = "THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED"


def names_beside(path: Path) -> list[str]:
    return sorted(name.removeprefix(path.name) for name in os.listdir(path.parent) if name != path.name)


class Heard(logging.Handler):
    """Keeps the warnings of a forked child."""

    def __init__(self) -> None:
        """Listen."""
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        logging.getLogger("thoth.storages").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


class TestFullDisk:
    """A disk that is really full: nothing of what was there is lost, and answers come from the database."""

    def test_build(self, samples: GraphDatabase) -> None:
        def call(folder: Path) -> tuple[str, list[str]]:
            path = folder / "cache.sqlite3"
            with pytest.raises(CacheFileError) as error:
                build(samples, path, "flask", "sphinx")
            return str(error.value), os.listdir(folder)

        message, left = on_small_disk(60_000, call)
        assert "cache.sqlite3: cannot be written: " in message
        assert "full" in message or "I/O error" in message
        assert left == []

    def test_build_over_a_file(self, samples: GraphDatabase) -> None:
        """The new file would be larger than what is free, and larger than a file may be."""

        def call(folder: Path) -> tuple[bool, bool, list[str]]:
            path = folder / "cache.sqlite3"
            build(samples, path, "click")
            before = path.read_bytes()
            with pytest.raises(CacheFileError):
                build(samples, path, "flask", "sphinx", "jupyterlab")
            with GraphCache.load(str(path), verify=True) as cache:
                return cache.scope()["packages"] == ["click"], path.read_bytes() == before, names_beside(path)

        assert on_small_disk(110_000, call) == (True, True, [])

    def test_making_a_file(self, samples: GraphDatabase) -> None:
        def call(folder: Path) -> tuple[str, int, list[str], list[str]]:
            heard = Heard()
            path = folder / "cache.sqlite3"
            with GraphCache.load(str(path)) as cache, adapter_of(samples, cache) as graph:
                return cache.path, len(graph.get_depends_on(*FLASK, **RHEL)), heard.lines, os.listdir(folder)

        path, count, (warning,), left = on_small_disk(20_000, call)
        assert (path, count > 0, left) == (":memory:", True, [])
        assert "cache.sqlite3: cannot be made: " in warning

    def test_adding_until_it_is_full(self, samples: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        """There was a warning for each answer that was not added."""
        monkeypatch.setenv(INSERTS, "0")
        found = samples.retrieve_solved_python_packages(400, 0, "solver-rhel-8-py38")
        packages = [(name, version, PYPI) for name, versions in found.items() for version in versions]
        expected = samples.get_depends_on_many(packages, **RHEL)

        def call(folder: Path) -> tuple[int, int, list[str], list[str]]:
            heard = Heard()
            path = folder / "cache.sqlite3"
            with GraphCache.load(str(path)) as cache, adapter_of(samples, cache) as graph:
                for package in packages:
                    if package in expected:
                        assert graph.get_depends_on(*package, **RHEL) == expected[package]
                assert cache.path == str(path)
            with GraphCache(str(path)) as cache:
                content = cache.verify()
                for package in packages:
                    assert cache.get_depends_on(*package, **RHEL) in (None, expected.get(package))
            return content.added, len(expected), heard.lines, names_beside(path)

        added, asked, (warning,), beside = on_small_disk(180_000, call)
        assert 0 < added < asked
        assert "cache.sqlite3: cannot be written: " in warning
        assert set(beside) <= {"-wal", "-shm"}

    def test_file_that_cannot_be_put_into_wal_mode_is_read(
        self, sample_cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(INSERTS, "0")
        content = sample_cache.read_bytes()

        def call(folder: Path) -> tuple[str, bool, bool, list[str]]:
            path = folder / "cache.sqlite3"
            with path.open("wb", buffering=0) as file:
                file.write(content)
            with (folder / "fill").open("wb", buffering=0) as file:
                try:
                    while file.write(b"x" * 512):
                        pass
                except OSError:
                    pass
            heard = Heard()
            with GraphCache.load(str(path)) as cache:
                answer = cache.get_depends_on(*FLASK, **RHEL)
                assert not cache.is_writable or cache.path == str(path)
                return cache.path, answer is not None, path.read_bytes()[200:] == content[200:], heard.lines

        path, answered, is_same, _ = on_small_disk(len(content) + 8192, call)
        assert path.endswith("cache.sqlite3")
        assert answered
        assert is_same


class TestLocks:
    ADD = """
import sys
from thoth.storages import GraphCache
from thoth.storages.identifiers import Environment
environment = Environment("rhel", "8", "3.8")
with GraphCache(sys.argv[1], writable=True) as cache:
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        cache.add_dependencies((f"package-{number}", "1.0", "https://pypi.org/simple"), environment, [("a", "1")])
"""

    def test_file_that_a_process_opens_twice(self, tmp_path: Path) -> None:
        """Closing a file gives up the locks of the process on it: another one took itself for alone with it, removed
        the log that was written to, and 100 package versions of 300 were lost."""
        path = tmp_path / "cache.sqlite3"
        with GraphCache(str(path), writable=True) as cache:
            cache.add_dependencies(("package-0", "1.0", PYPI), RHEL_8, [("a", "1")])
            GraphCache(str(path)).close()
            GraphCache(str(path), writable=True).close()
            assert python(self.ADD, path, 1, 10).returncode == 0
            for number in range(10, 30):
                cache.add_dependencies((f"package-{number}", "1.0", PYPI), RHEL_8, [("a", "1")])
            assert python(self.ADD, path, 30, 40).returncode == 0
        with GraphCache.load(str(path), verify=True) as cache:
            known = [cache.get_depends_on(f"package-{number}", "1.0", PYPI, **RHEL) for number in range(40)]
        assert known == [[("a", "1")]] * 40

    def test_child_that_is_forked_while_a_file_is_opened(self, tmp_path: Path) -> None:
        path = tmp_path / "cache.sqlite3"
        with cache_file._one_at_a_time(str(path)):
            child = forked(lambda: time.sleep(3))
        started = time.monotonic()
        GraphCache(str(path), writable=True).close()
        waited = time.monotonic() - started
        collected(child)
        assert waited < cache_file._PATIENCE / 2  # the child has the folder open, and not its lock

    def test_file_that_is_replaced_while_it_is_opened(
        self, tmp_path: Path, samples: GraphDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is added goes into the file that has the name, and its log does not come from the other one."""
        path = tmp_path / "cache.sqlite3"
        build(samples, path, "flask")
        prepare = cache_file.CacheFile.prepare_writing
        builds: list[None] = []

        def build_and_prepare(self: cache_file.CacheFile) -> bool:
            if not builds:
                builds.append(None)
                in_child(lambda: build(samples, path, "flask", "sphinx"))
            return prepare(self)

        monkeypatch.setattr(cache_file.CacheFile, "prepare_writing", build_and_prepare)
        with GraphCache(str(path), writable=True) as cache:
            assert cache.scope()["packages"] == ["flask", "sphinx"]
            cache.add_dependencies(("mine", "1.0", PYPI), RHEL_8, [("a", "1")])
        with GraphCache.load(str(path), verify=True) as cache:
            assert cache.get_depends_on("mine", "1.0", PYPI, **RHEL) == [("a", "1")]

    def test_file_that_is_opened_while_it_is_replaced(self, tmp_path: Path, samples: GraphDatabase) -> None:
        """One that opened the old file then made a log that the new one took for its own."""
        path = tmp_path / "cache.sqlite3"
        build(samples, path, "flask")

        def build_slowly() -> None:
            replace = os.replace

            def replace_slowly(*names: Any) -> None:
                (tmp_path / "about-to-replace").touch()
                time.sleep(1)
                replace(*names)

            os.replace = replace_slowly  # type: ignore[assignment]
            build(samples, path, "flask", "sphinx")

        builder = forked(build_slowly)
        assert becomes_true((tmp_path / "about-to-replace").exists)
        with GraphCache(str(path), writable=True) as cache:
            assert cache.scope()["packages"] == ["flask", "sphinx"]
            for number in range(50):
                cache.add_dependencies((f"package-{number}", "1.0", PYPI), RHEL_8, [("a", "1")])
            collected(builder)
            assert python(self.ADD, path, 50, 60).returncode == 0
        with GraphCache.load(str(path), verify=True) as cache:
            assert cache.scope()["packages"] == ["flask", "sphinx"]
            assert cache.verify().added == 60


class TestTemporaries:
    def test_of_processes_that_are_gone_and_of_no_others(self, tmp_path: Path) -> None:
        """Each killed build left a file, and one of the same process id, as in a container, was in the way."""
        path = tmp_path / "cache.sqlite3"
        gone, _ = forked(lambda: None)
        os.waitpid(gone, 0)
        host, other_host = cache_file._host(), "00000000"
        kept = [
            f"{path}.{host}-{os.getppid()}-0.tmp",
            f"{path}.{other_host}-{gone}-0.tmp",
            f"{path}.tmp",
            f"{path}-wal.tmp",
            f"{tmp_path}/other.{host}-{gone}-0.tmp",
        ]
        left = [
            f"{path}.{host}-{gone}-0.tmp",
            f"{path}.{host}-{gone}-7.tmp-wal",
            f"{path}.{host}-{os.getpid()}-0.tmp",
            f"{path}.{host}-{os.getpid()}-0.tmp-journal",
            f"{path}.{other_host}-{gone}-1.tmp",
        ]
        for name in kept + left:
            Path(name).write_text("half a file")
        os.utime(left[-1], (time.time() - 2 * 86400,) * 2)
        with cache_file.temporary_file(str(path)) as mine:
            Path(mine).write_text("half a file")
            GraphCache(str(path)).close()
            assert Path(mine).exists()
        assert sorted(map(str, tmp_path.iterdir())) == sorted([*kept, str(path)])


class Crowd:
    """Two builders, and readers some of which add what the database answers."""

    def __init__(self, samples: GraphDatabase, path: Path, seconds: float) -> None:
        """Ask once what is right."""
        self._samples, self._path, self._seconds = samples, path, seconds
        found = samples.retrieve_solved_python_packages(60, 0, "solver-rhel-8-py38")
        names = {"flask", "sphinx", "click", "jinja2"}
        packages = [(name, version, PYPI) for name, versions in found.items() for version in versions]
        packages += [
            (name, version, PYPI)
            for name in names
            for version, _ in samples.get_all_versions_python_package(name, PYPI, **RHEL)
        ]
        answers = samples.get_depends_on_many(packages, **RHEL)
        self._expected = {(name, version, PYPI): answer for (name, version, _), answer in answers.items()}
        self._edges = set(samples.closure(FLASK, **RHEL).tuples())

    def build(self, seed: int) -> int:
        """Build until the time is over; return how often."""
        at_random = random.Random(seed)
        end = time.monotonic() + self._seconds
        count = 0
        while time.monotonic() < end:
            build(self._samples, self._path, *at_random.sample(["flask", "sphinx", "click"], 2))
            count += 1
        return count

    def read(self, seed: int, adds: bool) -> tuple[int, int, list[str]]:
        """Ask until the time is over; return how often the file was opened, how often asked, and what was warned."""
        os.environ[INSERTS] = "0" if adds else "1"
        heard = Heard()
        at_random = random.Random(seed)
        packages = sorted(self._expected)
        opened = asked = 0
        end = time.monotonic() + self._seconds
        while time.monotonic() < end:
            opened += 1
            with GraphCache.load(str(self._path)) as cache, adapter_of(self._samples, cache) as graph:
                for _ in range(at_random.randrange(1, 40)):
                    package = at_random.choice(packages)
                    asked += 1
                    assert graph.get_depends_on(*package, **RHEL) == self._expected[package]
                    assert cache.get_depends_on(*package, **RHEL) in (None, self._expected[package])
                assert set(graph.closure(FLASK, **RHEL).tuples()) == self._edges
        return opened, asked, heard.lines


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.torture)])
def test_two_builders_and_ten_readers(samples: GraphDatabase, tmp_path: Path, seconds: float) -> None:
    path = tmp_path / "cache.sqlite3"
    build(samples, path, "flask")
    crowd = Crowd(samples, path, seconds)
    seed = new_seed()
    calls: list[Callable[[], Any]] = [lambda number=number: crowd.build(seed + number) for number in range(2)]  # type: ignore[misc]
    calls += [lambda number=number: crowd.read(seed + number, adds=number % 3 == 0) for number in range(10)]  # type: ignore[misc]
    children = [forked(call) for call in calls]
    outcomes = [collected(child) for child in children]
    builds, readers = outcomes[:2], outcomes[2:]
    assert all(builds)
    assert [lines for _, _, lines in readers if lines] == []
    with GraphCache.load(str(path), verify=True) as cache:
        assert cache.path == str(path)
    assert [name for name in names_beside(path) if name not in ("-wal", "-shm")] == []
    tell(
        seed,
        builds=sum(builds),
        opened=sum(opened for opened, _, _ in readers),
        asked=sum(asked for _, asked, _ in readers),
    )
