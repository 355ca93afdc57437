"""What tests of `thoth-storages query` share: a database and a cache file that no test changes, ways to ask."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.databases import drop_database
from tests.factories import PYPI, sync
from tests.oracle import Oracle
from tests.query.questions import CVE, Json
from thoth.storages import GraphDatabase
from thoth.storages.cli import cli, main
from thoth.storages.config import DATABASE
from thoth.storages.graph.cache_builder import build_cache


@pytest.fixture(scope="session")
def database(database_name: str, sample_documents: list[Json]) -> Iterator[GraphDatabase]:
    """A connected adapter of a database with the sample documents and a vulnerability, for reading."""
    name = f"{database_name}_query"
    drop_database(name)
    graph = GraphDatabase()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATABASE.name, name)
        graph.initialize_schema()
    sync(graph, sample_documents)
    graph.create_python_cve_record("flask", "1.0.2", PYPI, **CVE, cve="CVE-1")
    yield graph
    graph.disconnect()
    drop_database(name)


@pytest.fixture(scope="session")
def cache_file(database: GraphDatabase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache file for some packages in all environments."""
    path = tmp_path_factory.mktemp("query") / "cache.sqlite3"
    with database.session() as session:
        build_cache(session, str(path), ["flask", "jupyterlab", "requests", "boto3"])
    return path


@pytest.fixture(scope="session")
def oracle(sample_documents: list[Json]) -> Oracle:
    return Oracle(sample_documents)


@pytest.fixture(autouse=True)
def environment(database: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names the database."""
    monkeypatch.setenv(DATABASE.name, str(database.engine.url.database))


@pytest.fixture
def refused_here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command in this process, and return the one line that says why there is no answer."""

    def call(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["thoth-storages", "query", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        assert end.value.code == 1
        assert printed.out == ""
        assert printed.err.startswith("Error: ")
        assert printed.err.count("\n") == 1
        return printed.err

    return call


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command in this process, and return what it prints."""

    def call(*arguments: object) -> str:
        cli.main(["query", *map(str, arguments)], prog_name="thoth-storages", standalone_mode=False)
        return capsys.readouterr().out

    return call
