"""Files of the graph cache that cannot be used: named in a warning, never deleted, never in the way of an answer."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.caches import adapter_of, alter, assert_same_answers, build
from tests.factories import PYPI, RHEL
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.exceptions import CacheFileError
from thoth.storages.graph.models_cache import SCHEMA_VERSION
from thoth.storages.graph.query_log import counted_statements

FLASK = ("flask", "1.0.2", PYPI)
ANSWER = [("click", "7.0")]
Damage = Callable[[Path], object]


@pytest.fixture
def path(sample_cache: Path, tmp_path: Path) -> Path:
    """A copy of that file."""
    return Path(shutil.copy(sample_cache, tmp_path / "cache.sqlite3"))


def pragma(path: Path, name: str, value: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA {name} = {value}")


def truncated(share: float) -> Damage:
    return lambda path: os.truncate(path, int(path.stat().st_size * share))


def garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(20_000))


def another_database(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")


def without_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE cached_index")


def wrong_byte_order(path: Path) -> None:
    other = {"little": "big", "big": "little"}[sys.byteorder]
    alter(path, f"UPDATE cache_info SET value = '\"{other}\"' WHERE key = 'byte_order'")


def no_json(path: Path) -> None:
    alter(path, "UPDATE cache_info SET value = '{' WHERE key = 'origin'")


def no_mode(path: Path) -> None:
    """One bit: SQLite took the file for one that is in no WAL mode, and what was added to it was not looked for."""
    content = bytearray(path.read_bytes())
    content[18] ^= 0x80
    path.write_bytes(content)


def other_words(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE cached_index SET url = 'https://elsewhere.example.com/simple'")


DAMAGES: dict[str, tuple[Damage, str]] = {
    "empty": (lambda path: path.write_bytes(b""), "not a SQLite file"),
    "text": (lambda path: path.write_text("python-packages: [flask]\n"), "not a SQLite file"),
    "garbage": (garbage, "not a SQLite file"),
    "cut in its header": (lambda path: os.truncate(path, 50), "not a SQLite file"),
    "cut behind its header": (lambda path: os.truncate(path, 100), "truncated"),
    "cut in the middle": (truncated(0.5), "truncated"),
    "in no mode of SQLite's": (no_mode, "damaged: format versions 129 and 1"),
    "without its last byte": (lambda path: os.truncate(path, path.stat().st_size - 1), "truncated"),
    "another database": (another_database, "not a graph cache"),
    "newer": (lambda path: pragma(path, "user_version", SCHEMA_VERSION + 1), "newer version"),
    "older": (lambda path: pragma(path, "user_version", SCHEMA_VERSION - 1), "older version"),
    "of another machine": (wrong_byte_order, "byte order"),
    "without a table": (without_tables, "cached_index"),
    "with a value that is no JSON": (no_json, "cannot be used"),
    "with another name in a small table": (other_words, "checksum of what the file says of itself"),
}
damaged = pytest.mark.parametrize(("damage", "reason"), DAMAGES.values(), ids=DAMAGES)


class TestRefused:
    @damaged
    def test_named_in_a_warning_and_left_alone(
        self, path: Path, damage: Damage, reason: str, samples: GraphDatabase, caplog: pytest.LogCaptureFixture
    ) -> None:
        damage(path)
        before = path.read_bytes()
        with pytest.raises(CacheFileError) as error:
            GraphCache(str(path))
        assert str(path) in str(error.value)
        with GraphCache.load(str(path)) as cache:
            assert cache.is_empty
            assert cache.path == ":memory:"
        (message,) = [line.getMessage() for line in caplog.records if line.levelname == "WARNING"]
        assert str(path) in message
        assert reason in message
        assert path.read_bytes() == before
        assert os.listdir(path.parent) == [path.name]

    @damaged
    def test_with_inserts_on_a_new_one_takes_its_name(
        self,
        path: Path,
        damage: Damage,
        reason: str,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", "0")
        damage(path)
        before = path.read_bytes()
        with GraphCache.load(str(path)) as cache:
            assert cache.path == str(path)
            assert cache.is_empty
            cache.add_depends_on(*FLASK, **RHEL, dependency_name="click", dependency_version="7.0")
            assert cache.get_depends_on(*FLASK, **RHEL) == ANSWER
        assert f"{path}: " in caplog.text
        assert reason in caplog.text
        (aside,) = path.parent.glob("*refused*")
        assert str(aside) in caplog.text
        assert aside.read_bytes() == before
        with GraphCache.load(str(path)) as cache:
            assert cache.get_depends_on(*FLASK, **RHEL) == ANSWER

    @damaged
    def test_answer_comes_from_the_database(
        self, path: Path, damage: Damage, reason: str, samples: GraphDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        damage(path)
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE", str(path))
        with adapter_of(samples) as graph:
            with counted_statements(graph.engine) as statements:
                assert graph.get_depends_on(*FLASK, **RHEL) == samples.get_depends_on(*FLASK, **RHEL)
            assert len(statements) == 1, reason

    @damaged
    def test_build_sets_it_aside(
        self, path: Path, damage: Damage, reason: str, samples: GraphDatabase, caplog: pytest.LogCaptureFixture
    ) -> None:
        damage(path)
        before = path.read_bytes()
        build(samples, path, "flask")
        assert reason in caplog.text
        (aside,) = path.parent.glob("*refused*")
        assert aside.read_bytes() == before
        with GraphCache(str(path)) as cache:
            assert cache.get_depends_on(*FLASK, **RHEL) == samples.get_depends_on(*FLASK, **RHEL)

    def test_several_are_set_aside(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", "0")
        for number in range(3):
            path.write_text(f"{number}")
            GraphCache.load(str(path)).close()
        assert sorted(aside.read_text() for aside in path.parent.glob("*refused*")) == ["0", "1", "2"]

    @pytest.mark.parametrize("inserts_disabled", ["0", "1"])
    def test_folder(
        self, tmp_path: Path, inserts_disabled: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", inserts_disabled)
        (tmp_path / "folder" / "inside").mkdir(parents=True)
        with GraphCache.load(str(tmp_path / "folder")) as cache:
            assert cache.is_empty
        assert str(tmp_path / "folder") in caplog.text
        assert os.listdir(tmp_path) == ["folder"]
        assert os.listdir(tmp_path / "folder") == ["inside"]

    @pytest.mark.parametrize("inserts_disabled", ["0", "1"])
    def test_folder_that_is_missing(
        self, tmp_path: Path, inserts_disabled: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED", inserts_disabled)
        with GraphCache.load(str(tmp_path / "missing" / "cache")) as cache:
            assert cache.is_empty
        assert str(tmp_path / "missing" / "cache") in caplog.text
        assert os.listdir(tmp_path) == []


class TestDamagedInside:
    """What is wrong is not seen when the file is opened."""

    def spoil(self, path: Path, statement: str) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(statement)

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE packed_solved SET body = substr(body, 1, length(body) - 4)",
            "UPDATE packed_solved SET body = x'00'",
            "UPDATE packed_solved SET body = zeroblob(400)",
            "UPDATE packed_package SET versions = '['",
            "DELETE FROM packed_package WHERE package_name <> 'flask'",
            "DELETE FROM cached_index",
            "DROP TABLE packed_solved",
        ],
    )
    def test_answers_come_from_the_database(
        self, path: Path, statement: str, samples: GraphDatabase, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.spoil(path, statement)
        with GraphCache.load(str(path)) as cache, adapter_of(samples, cache) as graph:
            assert_same_answers(graph, samples)
        assert str(path) in caplog.text

    def test_versions_that_are_missing_are_misses(self, path: Path, samples: GraphDatabase) -> None:
        self.spoil(path, "UPDATE packed_package SET versions = '[]' WHERE package_name = 'flask'")
        with GraphCache.load(str(path)) as cache, adapter_of(samples, cache) as graph:
            assert_same_answers(graph, samples)

    def test_pages_overwritten(self, path: Path, samples: GraphDatabase) -> None:
        pages = path.stat().st_size // 4096
        for page in random.Random(1).sample(range(1, pages), 12):
            copy = Path(shutil.copy(path, path.with_name(f"copy-{page}")))
            with copy.open("r+b") as file:
                file.seek(page * 4096)
                file.write(b"\xff" * 4096)
            with GraphCache.load(str(copy)) as cache, adapter_of(samples, cache) as graph:
                assert_same_answers(graph, samples)
