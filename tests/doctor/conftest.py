"""What the tests of the doctor share: a server of their own, as they change what a whole server has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from thoth.storages import GraphDatabase
from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.embedded import EmbeddedServer
from thoth.storages.graph.sql_base import database_url

MAX_CONNECTIONS = 23  # 20 for those who are no superuser


@pytest.fixture(scope="session")
def own_server() -> Iterator[EmbeddedServer]:
    """A server with few connections, that counts statements."""
    settings = {
        "shared_preload_libraries": "pg_stat_statements",
        "max_connections": str(MAX_CONNECTIONS),
        "autovacuum_naptime": "1d",  # it would clear away what a test has made
    }
    with EmbeddedServer(volatile=True, settings=settings) as server:
        yield server


@pytest.fixture(scope="session")
def prepared(own_server: EmbeddedServer) -> Iterator[GraphDatabase]:
    """An adapter of a database on that server with the schema of this release."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own_server.environment().items():
            patch.setenv(name, value)
        graph = GraphDatabase()
        graph.initialize_schema()
    yield graph
    graph.disconnect()


@pytest.fixture
def doctored(
    own_server: EmbeddedServer, prepared: GraphDatabase, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GraphDatabase]:
    """A connected adapter of an empty database on that server, which the environment names.

    Making one takes half a second, so there is one for all tests: each takes back what it has done.
    """
    for name, value in own_server.environment().items():
        monkeypatch.setenv(name, value)
    execute("SELECT pg_stat_reset()")
    with GraphDatabase() as graph:
        yield graph


def execute(*statements: str, database: str | None = None) -> None:
    """Execute statements one by one, outside of transactions, in the database that the environment names."""
    url = database_url(KnowledgeGraphConfig(), database)
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


@contextmanager
def fault(done: str, *undone: str) -> Iterator[None]:
    """Execute a statement, and those that take it back."""
    execute(done)
    try:
        yield
    finally:
        execute(*undone)
