"""Processes that are killed before each system call by which they build a cache file, or add to it."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.caches import build
from tests.factories import PYPI, RHEL
from tests.faults_of_files import killed_before_change
from tests.torture import new_seed, tell
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.graph import cache_builder
from thoth.storages.identifiers import Environment

RHEL_8 = Environment(**RHEL)
ANSWERED = [("number", f"{number}.0") for number in range(10)]
MINE = ("mine", "1", PYPI)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "cache.sqlite3"


@pytest.fixture
def rebuild(samples: GraphDatabase, path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Build from what the database answered once: what is killed here is the writing."""
    path.parent.mkdir()
    answers: dict[tuple[str, ...], list[Any]] = {}
    rows = cache_builder._rows

    def read_once(session: Any, names: list[str], *rest: Any) -> list[Any]:
        if tuple(names) not in answers:
            answers[tuple(names)] = list(rows(session, names, *rest))
        return answers[tuple(names)]

    monkeypatch.setattr(cache_builder, "_rows", read_once)
    build(samples, path, "flask", "sphinx")
    path.unlink()
    yield lambda *names: build(samples, path, *names)


# All states that a kill can leave in the heavy run, a part of them in the other.
every = pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.torture)])


def kills(step: int, function: Callable[[], Any], prepare: Callable[[], Any], check: Callable[[bool], Any]) -> int:
    """Kill a function before each n-th change, until it is not; prepare and check each time. Return how often."""
    seed = new_seed()
    start = random.Random(seed).randrange(step)
    for count in itertools.count():
        prepare()
        killed = killed_before_change(function, start + count * step)
        check(killed)
        if not killed:
            tell(seed, kills=count, of_changes=start + count * step)
            return count
    raise AssertionError


def temporaries(path: Path) -> list[Path]:
    return [found for found in path.parent.iterdir() if ".tmp" in found.name]


@every
def test_build_killed_before_every_change(rebuild: Callable[..., None], path: Path, step: int) -> None:
    """The previous file is whole or the new one is; what is left beside does not become more."""
    rebuild("flask")
    with GraphCache(str(path), writable=True) as cache:
        cache.add_dependencies(MINE, RHEL_8, ANSWERED)
    original = Path(shutil.copy(path, path.parent.parent / "original"))
    scopes = []

    def check(killed: bool) -> None:
        with GraphCache(str(path)) as cache:
            cache.verify()
            scopes.append(cache.scope()["packages"])
            assert scopes[-1] in (["flask"], ["flask", "sphinx"])
            assert cache.get_depends_on(*MINE, **RHEL) == sorted(ANSWERED)
        assert len(temporaries(path)) <= 3  # the file, and its log

    number = kills(step, lambda: rebuild("flask", "sphinx"), lambda: shutil.copy(original, path), check)
    assert number > 60 // step
    assert scopes[0] == ["flask"]
    assert scopes == sorted(scopes)
    assert scopes[-1] == ["flask", "sphinx"]
    rebuild("flask")
    assert temporaries(path) == []


@every
def test_first_build_killed_before_every_change(rebuild: Callable[..., None], path: Path, step: int) -> None:
    """The file is whole or absent."""

    def check(killed: bool) -> None:
        assert path.exists() or killed
        if path.exists():
            with GraphCache(str(path)) as cache:
                assert cache.verify().packages > 0
                assert cache.scope()["packages"] == ["flask"]
        assert len(temporaries(path)) <= 2

    assert kills(step, lambda: rebuild("flask"), lambda: path.unlink(missing_ok=True), check) > 20 // step


@every
def test_making_and_adding_killed_before_every_change(path: Path, step: int) -> None:
    """All that is added about a package version is there, or nothing; what was there before stays."""
    path.parent.mkdir()
    packages = [(f"package-{number}", "1.0", PYPI) for number in range(4)]
    seen: set[tuple[bool, ...]] = set()

    def add() -> None:
        with GraphCache(str(path), writable=True) as cache:
            for package in packages:
                cache.add_dependencies(package, RHEL_8, ANSWERED)

    def remove() -> None:
        for name in ("cache.sqlite3", "cache.sqlite3-wal", "cache.sqlite3-shm"):
            (path.parent / name).unlink(missing_ok=True)

    def check(killed: bool) -> None:
        with GraphCache(str(path)) as cache:
            answers = [cache.get_depends_on(*package, **RHEL) for package in packages]
            assert all(answer in (None, sorted(ANSWERED)) for answer in answers)
            added = cache.verify().added
        known = tuple(answer is not None for answer in answers)
        assert known == tuple(sorted(known, reverse=True))  # in order
        assert sum(known) == added
        seen.add(known)
        assert len(temporaries(path)) <= 2

    assert kills(step, add, remove, check) > 60 // step
    assert len(seen) > 2
    remove()
    add()
    assert temporaries(path) == []


@every
def test_file_that_was_there_killed_while_it_grows(rebuild: Callable[..., None], path: Path, step: int) -> None:
    """One kill after the other upon the same file: nothing of what was there is lost, and each goes on from it."""
    rebuild("flask")
    known = 0

    def add_next() -> None:
        with GraphCache(str(path), writable=True) as cache:
            for number in range(known, known + 3):
                cache.add_dependencies((f"package-{number}", "1.0", PYPI), RHEL_8, ANSWERED)

    seed = new_seed()
    at_random = random.Random(seed)
    for _ in range(100 // step):
        killed_before_change(add_next, at_random.randrange(30))
        with GraphCache(str(path)) as cache:
            content = cache.verify()
            assert content.added >= known
            known = content.added
            for package in range(known):
                assert cache.get_depends_on(f"package-{package}", "1.0", PYPI, **RHEL) == sorted(ANSWERED)
            assert cache.scope()["packages"] == ["flask"]
    assert known > 0
    tell(seed, kills=100 // step, package_versions=known)
