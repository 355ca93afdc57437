"""A graph cache file that threads, forked children and other processes share, some of which are killed."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.factories import PYPI, RHEL
from tests.processes import collected, forked, in_child, killed_after
from thoth.storages import GraphCache, GraphDatabase, forks
from thoth.storages.graph.cache_builder import build_cache
from thoth.storages.identifiers import Environment

RHEL_8 = Environment(**RHEL)
DEPENDENCIES = [(f"dependency-{number}", "1.0") for number in range(10)]


def add_package(cache: GraphCache, number: int) -> None:
    """Add a package version that depends on all of `DEPENDENCIES`, and on its own number."""
    own = [("number", f"{number}.0")]
    cache.add_dependencies((f"package-{number}", "1.0", PYPI), RHEL_8, [*DEPENDENCIES, *own])


def add_packages(path: str, numbers: Iterable[int]) -> None:
    with GraphCache(path, writable=True) as cache:
        for number in numbers:
            add_package(cache, number)


def is_whole(cache: GraphCache, number: int) -> bool:
    """Tell whether a package version is there; when it is, all of its dependencies have to be."""
    answer = cache.get_depends_on(f"package-{number}", "1.0", PYPI, **RHEL)
    assert answer in (None, [*DEPENDENCIES, ("number", f"{number}.0")])
    return answer is not None


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "cache.sqlite3")


class TestThreads:
    def test_sixteen_on_one_object(self, path: str) -> None:
        with GraphCache(path, writable=True) as cache, ThreadPoolExecutor(16) as threads:

            def work(seed: int) -> int:
                at_random = random.Random(seed)
                found = 0
                for _ in range(60):
                    number = at_random.randrange(100)
                    if at_random.random() < 0.2:
                        add_package(cache, number)
                    found += is_whole(cache, number)
                return found

            found = sum(threads.map(work, range(16)))
            counts = cache.stats()["sqlite_cache_info"]["get_depends_on"]
        assert 0 < found < 16 * 60
        assert counts == {"hits": found, "misses": 16 * 60 - found}

    def test_packed_part(self, samples: GraphDatabase, path: str) -> None:
        with samples.session() as session:
            build_cache(session, path, ["flask", "sphinx"])
        packages = [(name, version, PYPI) for name in ("flask", "sphinx") for version in versions(samples, name)]
        with GraphCache(path) as cache:
            expected = {package: cache.get_depends_on(*package, **RHEL) for package in packages}
            closures = {package: set(samples.closure(package, **RHEL).tuples()) for package in packages[:3]}

            def work(seed: int) -> None:
                shuffled = random.Random(seed).sample(packages, len(packages))
                for package in shuffled:
                    assert cache.get_depends_on(*package, **RHEL) == expected[package]
                    if seed % 4 == 0:
                        cache.clear_in_memory_cache()
                for package, edges in closures.items():
                    answer = cache.closure(package, **RHEL)
                    assert answer is not None
                    assert set(answer.tuples()) == edges

            with ThreadPoolExecutor(16) as threads:
                list(threads.map(work, range(16)))


def versions(graph: GraphDatabase, name: str) -> list[str]:
    return [version for version, _ in graph.get_all_versions_python_package(name, PYPI, **RHEL)]


class TestFork:
    def test_child_and_parent_use_the_same_object(self, path: str) -> None:
        with GraphCache(path, writable=True) as cache:
            add_package(cache, 1)

            def child() -> list[bool]:
                seen = [is_whole(cache, 1)]
                add_package(cache, 2)
                return [*seen, is_whole(cache, 2)]

            assert in_child(child) == [True, True]
            assert is_whole(cache, 1)
            assert is_whole(cache, 2)
            add_package(cache, 3)
            assert in_child(lambda: is_whole(cache, 3))

    def test_file_that_is_only_read(self, path: str) -> None:
        add_packages(path, [1])
        with GraphCache(path) as cache:
            assert is_whole(cache, 1)
            assert [in_child(lambda: is_whole(cache, 1)) for _ in range(3)] == [True] * 3
            assert is_whole(cache, 1)

    def test_cache_in_memory_is_copied(self) -> None:
        with GraphCache(":memory:") as cache:
            add_package(cache, 1)

            def child() -> bool:
                add_package(cache, 2)
                return is_whole(cache, 1) and is_whole(cache, 2)

            assert in_child(child)
            assert not is_whole(cache, 2)

    def test_closed_file_stays_closed(self, path: str) -> None:
        cache = GraphCache(path, writable=True)
        cache.close()
        Path(path).unlink()
        assert in_child(lambda: os.path.exists(path)) is False

    @pytest.mark.parametrize("is_in_memory", [False, True])
    def test_fork_while_threads_ask(self, path: str, is_in_memory: bool) -> None:
        """SQLite has locks of its own, which a child would wait for for ever."""
        with GraphCache(":memory:" if is_in_memory else path, writable=True) as cache, ThreadPoolExecutor(4) as threads:
            for number in range(20):
                add_package(cache, number)
            end = threading.Event()

            def ask() -> None:
                while not end.is_set():
                    assert all(is_whole(cache, number) for number in range(20))

            busy = [threads.submit(ask) for _ in range(4)]
            try:
                assert all(in_child(lambda number=number: is_whole(cache, number)) for number in range(20))  # type: ignore[misc]
            finally:
                end.set()
            for each in busy:
                each.result()

    def test_fork_while_another_thread_holds_the_lock_for_long(
        self, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(forks, "_PATIENCE", 0.2)
        add_packages(path, [1])
        with GraphCache(path) as cache:
            held, release = threading.Event(), threading.Event()

            def hold() -> None:
                with cache._lock:
                    held.set()
                    release.wait()

            thread = threading.Thread(target=hold)
            thread.start()
            held.wait()
            try:
                assert in_child(lambda: is_whole(cache, 1))
            finally:
                release.set()
                thread.join()


class TestProcesses:
    def test_many_read_while_one_writes(self, path: str) -> None:
        add_packages(path, [0])

        def read() -> int:
            with GraphCache(path) as cache:
                while not is_whole(cache, 150):
                    assert is_whole(cache, 0)
                # One transaction each, in order: who sees the last one sees all.
                return sum(is_whole(cache, number) for number in range(200) if number <= 150)

        readers = [forked(read) for _ in range(6)]
        writer = forked(lambda: add_packages(path, range(1, 200)))
        assert [collected(reader) for reader in readers] == [151] * 6
        collected(writer)
        with GraphCache(path) as cache:
            assert cache.stats()["table_size"]["python_package_version"] == 200

    def test_several_write_at_once(self, path: str) -> None:
        """The file itself is made by one of them."""
        writers = [
            forked(lambda start=start: add_packages(path, range(start, 80, 2)))  # type: ignore[misc]
            for start in (0, 1, 0, 1)
        ]
        for writer in writers:
            collected(writer)
        with GraphCache(path) as cache:
            assert all(is_whole(cache, number) for number in range(80))
            assert cache.stats()["table_size"] == {
                "depends_on": 80 * 11,
                "python_package_version": 80,
                "python_package_version_entity": 80 + 10 + 80,
            }

    def test_killed_while_adding(self, path: str) -> None:
        """Killed while it was built, 6 files of 6 held a package with part of its dependencies."""
        at_random = random.Random(1)
        added, sizes = 0, list[int]()
        while len(sizes) < 25 or added <= 25:  # how far each comes depends on the machine
            assert len(sizes) < 300
            start = added
            killed_after(lambda: add_packages(path, range(start, start + 5000)), at_random.uniform(0.005, 0.05))  # noqa: B023
            with GraphCache(path) as cache:
                while is_whole(cache, added):
                    added += 1
                sizes.append(cache.stats()["table_size"]["python_package_version"])
                assert not any(is_whole(cache, number) for number in range(added, added + 50))
                assert sizes[-1] == added


def kill_while_asking(graph: GraphDatabase, packages: list[tuple[str, str, str]], seconds: float) -> None:
    def ask() -> None:
        with GraphCache.load() as cache:
            adapter = GraphDatabase(cache)
            adapter._engine = graph._engine  # of the parent, forked
            for package in packages:
                adapter.get_depends_on(*package, **RHEL)

    killed_after(ask, seconds)


def test_killed_while_the_adapter_adds(samples: GraphDatabase, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = [(name, version, PYPI) for name, listed in solved(samples).items() for version in listed][:200]
    expected = samples.get_depends_on_many(packages, **RHEL)
    monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE", path)
    monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", "0")
    at_random = random.Random(2)
    known = rounds = 0
    while rounds < 12 or known <= 20:  # how far each comes depends on the machine
        rounds += 1
        assert rounds < 200
        at_random.shuffle(packages)
        kill_while_asking(samples, packages, at_random.uniform(0.02, 0.2))
        with GraphCache(path) as cache:
            answers = {package: cache.get_depends_on(*package, **RHEL) for package in packages}
        for package, answer in answers.items():
            assert answer in (None, expected.get(package))
        known = sum(answer is not None for answer in answers.values())


def solved(graph: GraphDatabase) -> dict[str, list[str]]:
    ask: Callable[..., dict[str, list[str]]] = graph.retrieve_solved_python_packages
    return ask(10_000, 0, "solver-rhel-8-py38")
