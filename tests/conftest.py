"""What tests share: a real PostgreSQL server, a database for each worker, made by the migrations."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from thoth.storages import GraphDatabase
from thoth.storages.config import VARIABLES
from thoth.storages.embedded import EmbeddedServer
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.models_performance import ALL_PERFORMANCE_MODELS

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"

_SERVER = pytest.StashKey[EmbeddedServer]()
_KEPT = {f"KNOWLEDGE_GRAPH_{name}" for name in ("HOST", "PORT", "USER", "PASSWORD", "SSL_DISABLED")}


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once, before the workers: the one that KNOWLEDGE_GRAPH_HOST names, else one of our own."""
    is_worker = hasattr(config, "workerinput")
    if not is_worker and "KNOWLEDGE_GRAPH_HOST" not in os.environ:
        server = EmbeddedServer(volatile=True)
        server.__enter__()
        config.stash[_SERVER] = server
        os.environ.update(server.environment())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server that was started."""
    server = config.stash.get(_SERVER, None)
    if server is not None:
        server.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them, but for where the server is."""
    for variable in VARIABLES:
        if variable.name not in _KEPT | {"KNOWLEDGE_GRAPH_DATABASE"}:
            monkeypatch.delenv(variable.name, raising=False)


@pytest.fixture(scope="session")
def database_name(worker_id: str) -> str:
    """Name of the database that the tests of a worker use; it is made anew by each run."""
    return f"thoth_test_{worker_id}"


@pytest.fixture(scope="session")
def _migrated(database_name: str) -> Iterator[GraphDatabase]:
    os.environ["KNOWLEDGE_GRAPH_DATABASE"] = database_name
    graph = GraphDatabase()
    graph.initialize_schema()
    graph.drop_all()
    graph.initialize_schema()
    yield graph
    graph.disconnect()


@pytest.fixture
def graph(_migrated: GraphDatabase) -> Iterator[GraphDatabase]:
    """A connected adapter of an empty database, without a graph cache."""
    empty(_migrated)
    adapter = GraphDatabase()
    adapter.connect()
    yield adapter
    adapter.disconnect()


_BYTES = text("SELECT sum(pg_relation_size(CAST(name AS regclass))) FROM unnest(:tables) AS name")
_MUCH = 1 << 20


def empty(graph: GraphDatabase) -> None:
    """Remove all rows; TRUNCATE takes longer for tables that hold little, and DELETE for ever for those with much."""
    assert ALL_PERFORMANCE_MODELS  # their tables are in the metadata, too
    tables = [table.name for table in Base.metadata.sorted_tables]
    with graph.engine.begin() as connection:
        if connection.scalar(_BYTES, {"tables": tables}) > _MUCH:
            connection.execute(text(f"TRUNCATE {', '.join(tables)}"))
        else:
            connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
            connection.execute(text("; ".join(f"DELETE FROM {name}" for name in reversed(tables))))
        connection.execute(text("SELECT nextval('removals')"))
    graph._forget()


@pytest.fixture(scope="session")
def sample_documents() -> list[dict[str, Any]]:
    """The solver documents that the project ships."""
    documents = []
    for file in sorted((EXAMPLES / "solver-documents").glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            documents += [json.loads(line) for line in lines]
    return documents
