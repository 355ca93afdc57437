"""Graph cache files that tests build, and adapters with one in front."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.factories import PYPI, RHEL
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.config import DATABASE
from thoth.storages.graph.cache_builder import build_cache
from thoth.storages.graph.cache_checks import SmallTables


def build(graph: GraphDatabase, path: Path, *names: str) -> None:
    """Build a cache file for some packages, in all environments."""
    with graph.session() as session:
        build_cache(session, str(path), names)


def alter(path: Path, *statements: str) -> None:
    """Change a file behind the library's back; what the file says of itself gets a checksum that fits."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
        fitting = SmallTables.read(connection).checksum
        connection.execute("UPDATE cache_info SET value = ? WHERE key = 'checksum'", (fitting,))


def adapter_of(graph: GraphDatabase, cache: GraphCache | None = None) -> GraphDatabase:
    """Return another connected adapter of the same database."""
    adapter = GraphDatabase(cache)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATABASE.name, str(graph.engine.url.database))
        adapter.connect()
    return adapter


def assert_same_answers(graph: GraphDatabase, samples: GraphDatabase) -> None:
    """Compare answers about a package of the sample documents."""
    for version, _ in samples.get_all_versions_python_package("flask", PYPI, **RHEL):
        package = ("flask", version, PYPI)
        for method in (GraphDatabase.get_python_package_version_records, GraphDatabase.get_depends_on):
            assert method(graph, *package, **RHEL) == method(samples, *package, **RHEL)
        assert set(graph.closure(package, **RHEL).tuples()) == set(samples.closure(package, **RHEL).tuples())
