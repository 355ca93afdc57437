"""The views of a graph cache file: what is in it, as a program shows it that knows SQLite alone."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.factories import PYPI, RHEL
from tests.oracle import Oracle
from thoth.storages import GraphCache
from thoth.storages.graph.models_cache import VIEWS
from thoth.storages.identifiers import Environment
from thoth.storages.normalize import version_sort_key

RHEL_8 = Environment(**RHEL)
WHERE = tuple(RHEL.values())
OTHER = "https://index.example.com/simple"


@pytest.fixture
def path(sample_cache: Path, tmp_path: Path) -> Path:
    """A file with a packed part and with what was added beside it."""
    path = Path(shutil.copy(sample_cache, tmp_path / "cache.sqlite3"))
    with GraphCache(str(path), writable=True) as cache:
        cache.add_dependencies(("added", "1.0", PYPI), RHEL_8, [("click", "7.0"), ("other", "2")])
        cache.add_dependencies(("added", "1.1", PYPI), RHEL_8, [])
        cache.add_records(("listed", "1.0", None), RHEL_8, [{"index_url": OTHER}])
    return path


def ask(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def test_each_view_can_be_read_by_plain_sqlite(path: Path) -> None:
    assert {name for (name,) in ask(path, "SELECT name FROM sqlite_master WHERE type = 'view'")} == set(VIEWS)
    for view in VIEWS:
        assert view.startswith("v_")
        assert ask(path, f"SELECT * FROM {view} LIMIT 1")


def test_versions_with_their_positions(path: Path, samples_oracle: Oracle) -> None:
    rows = ask(path, "SELECT package_name, package_version, position FROM v_package_version ORDER BY 1, 3")
    listed: dict[str, list[str]] = {}
    for name, version, position in rows:
        versions = listed.setdefault(name, [])
        assert position == len(versions)
        versions.append(version)
    packed = ask(path, "SELECT package_name, versions FROM packed_package")
    assert listed == {name: json.loads(versions) for name, versions in packed}
    assert all(versions == sorted(versions, key=version_sort_key) for versions in listed.values())
    assert {version for version, _ in samples_oracle.get_all_versions_python_package("flask")} <= set(listed["flask"])


def test_packages_with_their_environments(path: Path) -> None:
    query = "SELECT os_name, os_version, python_version FROM v_package_environment WHERE package_name = 'flask'"
    with GraphCache(str(path)) as cache:
        environments = cache.scope()["environments"]
        known = [where for where in environments if cache.get_all_versions_python_package("flask", **where)]
    assert len(known) > 1
    assert sorted(ask(path, query)) == sorted(tuple(where.values()) for where in known)


def test_what_was_added(path: Path) -> None:
    versions = ask(path, "SELECT * FROM v_added_package_version ORDER BY 1, 2")
    assert versions == [
        ("added", "1.0", PYPI, *WHERE, 1),
        ("added", "1.1", PYPI, *WHERE, 1),
        ("listed", "1.0", OTHER, *WHERE, 0),
    ]
    dependencies = ask(path, "SELECT * FROM v_added_dependency ORDER BY 7")
    assert dependencies == [
        ("added", "1.0", PYPI, *WHERE, "click", "7.0"),
        ("added", "1.0", PYPI, *WHERE, "other", "2"),
    ]
