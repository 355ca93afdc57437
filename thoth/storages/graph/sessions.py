"""What statements are sent through: a session of those who write, and a connection for those who send one alone.

Both give textual SQL to the driver as it is: what the mapper and the compiler would do with it takes as long as the
driver itself, and there is nothing for them to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import Connection, Result, ScalarResult, TextClause
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.orm import Session

_DIALECT = PGDialect_psycopg2()  # type: ignore[no-untyped-call]


class ReadSession(Protocol):
    """What a query is sent through; a session is one, too."""

    def execute(self, statement: Any, params: Any = None, /) -> Result[*tuple[Any, ...]]:
        """Execute a statement."""

    def scalar(self, statement: Any, params: Any = None, /) -> Any:
        """Execute a statement; return the first value of the first row, or None when there is none."""

    def scalars(self, statement: Any, params: Any = None, /) -> ScalarResult[Any]:
        """Execute a statement; return the first value of each row."""


class OneStatement:
    """A connection to send one statement through, that is a transaction by itself."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection."""
        self._connection = connection

    def execute(self, statement: Any, params: Any = None, /) -> Result[*tuple[Any, ...]]:
        """Execute a statement."""
        return _execute(self._connection, statement, params)

    def scalar(self, statement: Any, params: Any = None, /) -> Any:
        """Execute a statement; return the first value of the first row, or None when there is none."""
        return _execute(self._connection, statement, params).scalar()

    def scalars(self, statement: Any, params: Any = None, /) -> ScalarResult[Any]:
        """Execute a statement; return the first value of each row."""
        return _execute(self._connection, statement, params).scalars()


class WriteSession(Session):
    """A session whose textual SQL goes through its connection at once."""

    def execute(self, statement: Any, params: Any = None, **options: Any) -> Result[*tuple[Any, ...]]:
        """Execute a statement, as `Session.execute` does."""
        if type(statement) is TextClause and not options:
            return _execute(self.connection(), statement, params)
        return super().execute(statement, params, **options)

    def scalar(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """Execute a statement and return one value, as `Session.scalar` does."""
        if type(statement) is TextClause and not options:
            return _execute(self.connection(), statement, params).scalar()
        return super().scalar(statement, params, **options)

    def scalars(self, statement: Any, params: Any = None, **options: Any) -> ScalarResult[Any]:
        """Execute a statement and return the first value of each row, as `Session.scalars` does."""
        if type(statement) is TextClause and not options:
            return _execute(self.connection(), statement, params).scalars()
        return super().scalars(statement, params, **options)


@contextmanager
def without_transaction(connection: Connection) -> Iterator[None]:
    """Let a connection send its statement alone.

    Not by an isolation level: with one, the driver sends two statements more for each that is asked, which set what
    would last as long as the session.
    """
    driver_connection = connection.connection.driver_connection
    assert driver_connection is not None
    driver_connection.autocommit = True
    try:
        yield
    finally:
        if not driver_connection.closed:
            driver_connection.autocommit = False


def _execute(connection: Connection, statement: Any, params: Any) -> Result[*tuple[Any, ...]]:
    if type(statement) is TextClause:
        return connection.exec_driver_sql(_driver_sql(statement), {} if params is None else params)
    return connection.execute(statement, params)


@lru_cache(maxsize=1024)
def _driver_sql(statement: TextClause) -> str:
    """Return a statement with the placeholders of the driver; it must not give types to its parameters."""
    return str(statement.compile(dialect=_DIALECT))
