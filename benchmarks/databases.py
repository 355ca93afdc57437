"""The PostgreSQL server of the benchmarks, and its databases: made once, copied for whoever writes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.sql import SQL, Identifier

from thoth.storages import GraphDatabase
from thoth.storages.embedded import EmbeddedServer


class Databases:
    """The databases of a server that forces to disk what is committed, with PostgreSQL's own settings."""

    def __init__(self, folder: Path) -> None:
        """Describe the server; a context starts it.

        Args:
            folder: where its files are; they stay, so that databases need not be made again.

        """
        self._server = EmbeddedServer(folder)

    def __enter__(self) -> Databases:
        """Start the server, or join it; it ends with the last process that uses it."""
        self._server.start(owned=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server, unless another run uses it."""
        self._server.__exit__(None, None, None)

    def environment(self, database: str) -> dict[str, str]:
        """Return the variables that make either library use a database."""
        return self._server.environment(database)

    @contextmanager
    def graph(self, database: str) -> Iterator[GraphDatabase]:
        """Give an adapter of a database, connected, without a cache file."""
        graph = self.connected(database)
        try:
            yield graph
        finally:
            graph.disconnect()

    def connected(self, database: str) -> GraphDatabase:
        """Return an adapter of a database, connected."""
        os.environ.update(self.environment(database))
        graph = GraphDatabase()
        graph.connect()
        return graph

    def connection(self, database: str, *, autocommit: bool = False) -> Connection:
        """Return a connection of the bare driver."""
        values = self.environment(database)
        connection = psycopg2.connect(
            host=values["KNOWLEDGE_GRAPH_HOST"],
            port=values["KNOWLEDGE_GRAPH_PORT"],
            user=values["KNOWLEDGE_GRAPH_USER"],
            password=values["KNOWLEDGE_GRAPH_PASSWORD"],
            dbname=database,
        )
        connection.autocommit = autocommit
        return connection

    def exists(self, database: str) -> bool:
        """Tell whether there is a database."""
        with closing(self.connection("postgres", autocommit=True)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)", (database,))
            row = cursor.fetchone()
            return bool(row and row[0])

    def copy(self, template: str, database: str) -> str:
        """Make a database as another one is, in the place of one that is there; return its name."""
        self.drop(database)
        self._run(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(database), Identifier(template)))
        return database

    def drop(self, database: str) -> None:
        """Remove a database, if it is there."""
        self._run(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(database)))

    def kept(self, database: str, make: Callable[[str], None]) -> str:
        """Return a database that stays for later runs, made when it is missing; half made, it is made anew.

        Args:
            database: its name, which says all that it depends on.
            make: fills an empty database, whose name it is given.

        """
        if not self.exists(database):
            unfinished = f"{database}_unfinished"
            self.drop(unfinished)
            self._run(SQL("CREATE DATABASE {}").format(Identifier(unfinished)))
            make(unfinished)
            self._run(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(unfinished), Identifier(database)))
        return database

    def _run(self, statement: object) -> None:
        with closing(self.connection("postgres", autocommit=True)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)  # type: ignore[arg-type]
