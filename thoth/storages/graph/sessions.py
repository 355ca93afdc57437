"""What statements are sent through: a session of those who write, and for those who read a connection alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqlalchemy import Connection, Result, ScalarResult, TextClause
from sqlalchemy.orm import Session

ReadSession: TypeAlias = Session | Connection
"""What a query is sent through. It uses ``execute``, ``scalar`` and ``scalars``, which both have."""


class WriteSession(Session):
    """A session that gives textual SQL to its connection at once.

    The object-relational mapper has nothing to add to it, and takes as long as the connection itself.
    """

    def execute(self, statement: Any, params: Any = None, **options: Any) -> Result[Any]:
        """Execute a statement, as `Session.execute` does."""
        if type(statement) is TextClause and not options:
            return self.connection().execute(statement, params)
        return super().execute(statement, params, **options)

    def scalar(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """Execute a statement and return one value, as `Session.scalar` does."""
        if type(statement) is TextClause and not options:
            return self.connection().scalar(statement, params)
        return super().scalar(statement, params, **options)

    def scalars(self, statement: Any, params: Any = None, **options: Any) -> ScalarResult[Any]:
        """Execute a statement and return the first value of each row, as `Session.scalars` does."""
        if type(statement) is TextClause and not options:
            return self.connection().scalars(statement, params)
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
