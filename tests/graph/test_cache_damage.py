"""Bits that flipped in a graph cache file: each answer is the right one or a miss, and `verify` finds what matters."""

from __future__ import annotations

import logging
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.caches import adapter_of, alter, build
from tests.factories import PYPI, RHEL
from tests.torture import new_seed, tell
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.exceptions import CacheFileError
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.identifiers import Environment

Json = dict[str, Any]
RHEL_8 = Environment(**RHEL)
OTHER = "https://index.example.com/simple"
FLASK = ("flask", "1.0.2", PYPI)
PAGE = 4096
ADDED = [(f"dependency-{number}", f"{number}.0") for number in range(5)]


@pytest.fixture(scope="module")
def whole(sample_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a packed part and with rows that were added to it, in one piece."""
    path = Path(shutil.copy(sample_cache, tmp_path_factory.mktemp("whole") / "cache.sqlite3"))
    with GraphCache(str(path), writable=True) as cache:
        for number in range(8):
            cache.add_dependencies((f"added-{number}", "1.0", PYPI), RHEL_8, ADDED[: number % 6])
            records = [{"index_url": url} for url in (PYPI, OTHER)]
            cache.add_records((f"listed-{number}", "1.0", None), RHEL_8, records)
            cache.add_records((f"added-{number}", "1.0", None), RHEL_8, records[1:])
    assert not Path(f"{path}-wal").exists()
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "cache.sqlite3"))


class Questions:
    """What a file is asked, as one who has a database behind it and as one who is offline."""

    def __init__(self, samples: GraphDatabase) -> None:
        """Ask about packages of the packed part and about what was added."""
        found = [
            (name, version, PYPI)
            for name in ("flask", "sphinx", "click", "werkzeug", "jinja2")
            for version, _ in samples.get_all_versions_python_package(name, PYPI, **RHEL)[:2]
        ]
        added = [(f"added-{number}", "1.0", url) for number in range(8) for url in (PYPI, OTHER)]
        listed = [(f"listed-{number}", "1.0", PYPI) for number in range(8)]
        absent = [("flask", "99", PYPI), ("absent", "1", PYPI)]
        self._packed = found
        self._packages = [*found, *added, *listed, *absent]

    def answers(self, cache: GraphCache) -> list[Any]:
        """Return all answers in a form that can be compared."""
        found: list[Any] = []
        for package in self._packages:
            found.append(cache.get_depends_on(*package, **RHEL))
            for url in (package[2], None):
                found.append(cache.get_python_package_version_records(*package[:2], url, **RHEL))
                found.append(cache.get_python_package_version_records(*package[:2], url, **RHEL, as_of_its_date=True))
        for package in self._packed:
            others: list[Json] = [{"extras": frozenset({"dotenv", None})}, {"marker_evaluation_result": False}, {}]
            for offline in (False, True):
                for question in others:
                    found.append(cache.get_depends_on(*package, **{**RHEL, **question}, as_of_its_date=offline))
                    found.append(cache.get_depends_on(*package, **question, as_of_its_date=offline))
                closure = cache.closure(package, **RHEL, as_of_its_date=offline)
                found.append(None if closure is None else sorted(closure.tuples(), key=str))
        return found


@pytest.fixture(scope="module")
def questions(samples: GraphDatabase) -> Questions:
    return Questions(samples)


@pytest.fixture
def unlogged() -> Iterator[None]:
    """Let warnings be: there is one for each bit."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


class Flipper:
    """Flips bits in a copy of a file, one at a time, and asks."""

    def __init__(self, whole: Path, path: Path, questions: Questions) -> None:
        """Learn the right answers."""
        self._content = whole.read_bytes()
        self._path = path
        self._questions = questions
        with GraphCache(str(path)) as cache:
            self._right = questions.answers(cache)
            self._added = list(cache.added())
            cache.verify()
        assert sum(answer is not None for answer in self._right) > len(self._right) / 2
        self.refused = self.missed = self.harmless = 0

    def flip(self, position: int, bit: int) -> None:
        """Flip a bit; no answer may be wrong, and a file of which some are gone must not pass for whole."""
        changed = bytearray(self._content)
        changed[position] ^= 1 << bit
        for suffix in ("-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        self._path.write_bytes(changed)
        where = f"bit {bit} of byte {position} (page {position // PAGE + 1})"
        try:
            cache = GraphCache(str(self._path))
        except CacheFileError:
            self.refused += 1
            return
        with cache:
            try:
                cache.verify()
                is_whole = True
            except CacheFileError:
                is_whole = False
            try:
                assert list(cache.added()) == self._added or not is_whole, where
            except CacheFileError:
                assert not is_whole, where
            answers = self._questions.answers(cache)
        for answer, right in zip(answers, self._right, strict=True):
            assert answer == right or (answer is None and not is_whole), where
        if answers == self._right:
            self.harmless += 1
        else:
            self.missed += 1


@pytest.mark.usefixtures("unlogged")
def test_every_page(whole: Path, path: Path, questions: Questions) -> None:
    """A flipped bit in a blob, a name or a version was answered."""
    flipper = Flipper(whole, path, questions)
    seed = new_seed()
    at_random = random.Random(seed)
    size = whole.stat().st_size
    content = whole.read_bytes()
    for start in range(0, size, PAGE):
        # Most of what is zero is not used.
        used = [position for position in range(start, start + PAGE) if content[position]]
        for position in at_random.sample(used, min(4, len(used))):
            flipper.flip(position, at_random.randrange(8))
    figures = {"refused": flipper.refused, "missed": flipper.missed, "harmless": flipper.harmless}
    tell(seed, pages=size // PAGE, **figures)
    assert flipper.refused
    assert flipper.missed


@pytest.mark.usefixtures("unlogged")
def test_every_bit_of_the_header(whole: Path, path: Path, questions: Questions) -> None:
    """What SQLite itself reads the file by: one bit of it hid what was added, and the file passed for whole."""
    flipper = Flipper(whole, path, questions)
    for position in range(100):
        for bit in range(8):
            flipper.flip(position, bit)
    assert flipper.refused > 200


@pytest.mark.torture
@pytest.mark.usefixtures("unlogged")
def test_every_byte_that_is_used(whole: Path, path: Path, questions: Questions) -> None:
    flipper = Flipper(whole, path, questions)
    seed = new_seed()
    at_random = random.Random(seed)
    content = whole.read_bytes()
    stride = int(os.environ.get("TORTURE_STRIDE", "8"))
    used = [position for position, byte in enumerate(content) if byte][at_random.randrange(stride) :: stride]
    for position in used:
        flipper.flip(position, at_random.randrange(8))
    tell(seed, flips=len(used), refused=flipper.refused, missed=flipper.missed, harmless=flipper.harmless)


def test_names_in_the_schema_that_are_no_text_any_more(path: Path) -> None:
    """SQLite's message quotes them, and Python cannot decode it: opening raised UnicodeDecodeError."""
    content = path.read_bytes()
    place = content.index(b"CREATE TABLE cache_info")
    for position in range(place, place + 100):
        path.write_bytes(content[:position] + bytes([content[position] | 0x80]) + content[position + 1 :])
        with GraphCache.load(str(path)) as cache:
            assert cache.path in (str(path), ":memory:")
        GraphCache.load(str(path), verify=True).close()


def test_index_that_leads_to_another_package(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The row that it leads to is whole, and not the one that was asked for."""
    with closing(sqlite3.connect(path)) as connection:
        ids = dict(connection.execute("SELECT package_name, id FROM packed_package"))
    entry, wrong = (b"flask" + bytes([ids[name]]) for name in ("flask", "click"))
    content = path.read_bytes()
    assert content.count(entry) == 1
    path.write_bytes(content.replace(entry, wrong))
    with GraphCache.load(str(path)) as cache:
        assert cache.get_depends_on(*FLASK, **RHEL) is None
        assert cache.path == ":memory:"
    assert "damaged: the checksum of package 'flask'" in caplog.text


class TestVerify:
    @pytest.mark.parametrize(
        ("statement", "reason"),
        [
            (
                "UPDATE packed_package SET versions = replace(versions, '1.0', '1.9') WHERE package_name = 'flask'",
                "flask",
            ),
            ("UPDATE packed_solved SET body = zeroblob(400) WHERE package_id = 3", "checksum of the versions of"),
            ("DELETE FROM packed_solved WHERE package_id = 3", "has no blob in environment"),
            ("DELETE FROM packed_package WHERE package_name = 'flask'", "belongs to no package"),
            (
                "UPDATE packed_package SET environments = '[]', checksum = 0 WHERE package_name = 'flask'",
                "checksum of package 'flask'",
            ),
            ("UPDATE cache_info SET value = '\"0\"' WHERE key = 'digest'", "the digest of the packed part"),
            ("DELETE FROM cache_info WHERE key = 'digest'", "the digest of the packed part"),
            ("DELETE FROM depends_on WHERE version_id = 5", "depends on"),
            ("UPDATE python_package_version SET os_name = 'x' WHERE id = 1", "the added package version"),
            ("DELETE FROM python_package_version WHERE index_url LIKE '%example%'", "the indexes that have"),
            ("UPDATE python_package_version_entity SET package_name = 'x' WHERE id = 3", "checksum"),
            ("DELETE FROM python_package_version_entity WHERE package_name LIKE 'dependency%'", "depends on"),
        ],
    )
    def test_says_what_is_wrong(
        self, path: Path, statement: str, reason: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        alter(path, statement)
        with GraphCache(str(path)) as cache, pytest.raises(CacheFileError) as error:
            cache.verify()
        assert str(path) in str(error.value)
        assert reason in str(error.value)
        with GraphCache.load(str(path)) as cache:
            assert cache.path == str(path)  # not seen, so far
        with GraphCache.load(str(path), verify=True) as cache:
            assert cache.is_empty
        assert reason in caplog.text
        assert path.exists()

    def test_two_packages_that_changed_places(self, path: Path) -> None:
        """Each row is whole by itself, and there where it does not belong."""
        alter(
            path,
            "UPDATE packed_solved SET package_id = -package_id WHERE package_id IN (1, 2)",
            "UPDATE packed_solved SET package_id = 3 + package_id WHERE package_id < 0",
        )
        with GraphCache(str(path)) as cache, pytest.raises(CacheFileError):
            cache.verify()

    def test_with_inserts_on_it_is_set_aside(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", "0")
        alter(path, "UPDATE packed_solved SET body = zeroblob(400) WHERE package_id = 3")
        before = path.read_bytes()
        with GraphCache.load(str(path), verify=True) as cache:
            assert cache.path == str(path)
            assert cache.is_empty
        assert path.with_name("cache.sqlite3.refused-1").read_bytes() == before

    def test_whole_files(self, path: Path, tmp_path: Path) -> None:
        with GraphCache.load(str(path), verify=True) as cache:
            assert cache.path == str(path)
            content = cache.verify()
            assert (content.packages > 10, content.blobs > 10, content.added) == (True, True, 8)
        with GraphCache.load(str(tmp_path / "new"), verify=True) as cache:
            assert cache.verify().packages == 0


class TestGivenUp:
    """What is wrong is seen when somebody asks."""

    SPOILT = "UPDATE packed_solved SET body = zeroblob(length(body))"

    def ask(self, cache: GraphCache, samples: GraphDatabase, statements_expected: int) -> None:
        with adapter_of(samples, cache) as graph, counted_statements(graph.engine) as statements:
            for _ in range(3):
                graph.cache_clear()
                assert graph.get_depends_on(*FLASK, **RHEL) == samples.get_depends_on(*FLASK, **RHEL)
        assert len(statements) == statements_expected

    def warnings(self, caplog: pytest.LogCaptureFixture) -> list[str]:
        return [line.getMessage() for line in caplog.records if line.levelname == "WARNING"]

    def test_one_warning_and_the_database_answers(
        self, path: Path, samples: GraphDatabase, caplog: pytest.LogCaptureFixture
    ) -> None:
        alter(path, self.SPOILT)
        before = path.read_bytes()
        with GraphCache.load(str(path)) as cache:
            # In memory, what the database answered is kept when inserts are on, and they are not.
            self.ask(cache, samples, 3)
            assert cache.path == ":memory:"
        (warning,) = self.warnings(caplog)
        assert str(path) in warning
        assert "'flask'" in warning
        assert path.read_bytes() == before

    def test_set_aside_with_inserts_on(
        self, path: Path, samples: GraphDatabase, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", "0")
        alter(path, self.SPOILT)
        before = path.read_bytes()
        with GraphCache.load(str(path)) as cache, GraphCache.load(str(path)) as another:
            self.ask(cache, samples, 1)
            aside = path.with_name("cache.sqlite3.refused-1")
            assert aside.exists()
            with GraphCache.load(str(path)) as new:
                assert new.is_empty
                self.ask(new, samples, 1)
            # The name is that of a good file by now, which stays.
            self.ask(another, samples, 1)
        assert aside.read_bytes() == before
        assert not path.with_name("cache.sqlite3.refused-2").exists()
        with GraphCache.load(str(path), verify=True) as new:
            assert new.get_depends_on(*FLASK, **RHEL)
        assert len(self.warnings(caplog)) == 3  # two have it open, one renames it

    def test_damage_that_is_met_while_something_is_added(
        self, path: Path, samples: GraphDatabase, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", "0")
        alter(path, "UPDATE python_package_version SET checksum = 0")
        with GraphCache.load(str(path)) as cache:
            with pytest.raises(CacheFileError, match="added-3"):
                cache.add_dependencies(("added-3", "1.0", PYPI), RHEL_8, ADDED)
            cache.add_dependencies(("added-3", "1.0", PYPI), RHEL_8, ADDED)
            assert cache.get_depends_on("added-3", "1.0", PYPI, **RHEL) == ADDED
        assert [found.name for found in path.parent.iterdir()] == ["cache.sqlite3.refused-1"]

    @pytest.mark.parametrize("name", ["\udc80", "a\x00b", "", "x" * 100_000, "flask' OR 1 --"])
    def test_hostile_question_does_not_cost_the_file(
        self, path: Path, name: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A name that no file can hold was taken for damage."""
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", "0")
        with GraphCache.load(str(path)) as cache:
            for package in ((name, "1", PYPI), ("flask", name, PYPI), ("flask", "1.0.2", name)):
                assert cache.get_depends_on(*package, **RHEL) is None
                assert cache.get_python_package_version_records(*package, **RHEL) is None
                assert cache.closure(package, **RHEL) is None
            assert cache.path == str(path)
            assert cache.get_depends_on(*FLASK, **RHEL)
        assert caplog.text == ""

    def test_error_that_says_nothing_of_the_content(
        self, path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", "0")
        with GraphCache.load(str(path)) as cache:
            cache._file.connection.set_progress_handler(lambda: 1, 1)
            assert cache.get_depends_on(*FLASK, **RHEL) is None
            assert "interrupted" in caplog.text
            assert cache.path == ":memory:"
        assert list(path.parent.glob("*refused*")) == []

    @pytest.mark.parametrize("ask", [lambda cache: cache.stats()["table_size"], lambda cache: cache.is_empty])
    def test_questions_about_the_file_itself(self, path: Path, ask: Callable[[GraphCache], object]) -> None:
        """They raised what SQLite raised."""
        empty_cache = GraphCache(":memory:")
        alter(path, "DROP TABLE depends_on", "DROP TABLE python_package_version")
        with GraphCache(str(path)) as cache:
            cache._packed.environments = {}
            assert ask(cache) == ask(empty_cache)


def test_build_does_not_carry_damage_over(path: Path, samples: GraphDatabase, caplog: pytest.LogCaptureFixture) -> None:
    """Damaged rows got into the next file as good ones, and a page that SQLite refuses ended the build."""
    for number, statement in enumerate(
        ["UPDATE python_package_version_entity SET package_version = '7' WHERE package_name LIKE 'dependency%'", ""]
    ):
        copy = Path(shutil.copy(path, path.with_name(f"copy-{number}")))
        if statement:
            alter(copy, statement)
        else:
            content = bytearray(copy.read_bytes())
            for start in range(0, len(content), PAGE):
                if b"added-" in content[start : start + PAGE]:
                    content[start : start + PAGE] = b"\xff" * PAGE
            copy.write_bytes(content)
        build(samples, copy, "flask")
        assert copy.with_name(f"copy-{number}.refused-1").exists()
        assert f"a new graph cache is made: {copy}: " in caplog.text
        with GraphCache.load(str(copy), verify=True) as cache:
            assert cache.path == str(copy)
            assert list(cache.added()) == []
            assert cache.get_depends_on(*FLASK, **RHEL) == samples.get_depends_on(*FLASK, **RHEL)
