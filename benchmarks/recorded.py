"""Statements as the driver gets them: recorded from the library, sent again by the driver alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from psycopg2.extensions import connection as Connection
from sqlalchemy import Engine, event

from thoth.storages import GraphDatabase

Statement = tuple[str, Any]
"""Text and parameters, as psycopg2 takes them."""


@contextmanager
def recording(engine: Engine) -> Iterator[list[Statement]]:
    """Collect the statements that an engine sends while the context is open."""
    statements: list[Statement] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: bool) -> None:
        statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def recorded(graph: GraphDatabase, call: Callable[[], object]) -> list[Statement]:
    """Return the statements that a call sends."""
    with recording(graph.engine) as statements:
        call()
    return statements


def replay(connection: Connection, statements: list[Statement]) -> int:
    """Send statements, and fetch what they return; return the number of rows."""
    rows = 0
    with connection.cursor() as cursor:
        for statement, parameters in statements:
            cursor.execute(statement, parameters)
            if cursor.description is not None:
                rows += len(cursor.fetchall())
    return rows


def replay_json(connection: Connection, statements: list[Statement]) -> list[Any]:
    """Send statements that return one JSON text each, and read it; return what it holds.

    A driver reads what other statements return; of these it would hand over the text alone.
    """
    answers = []
    with connection.cursor() as cursor:
        for statement, parameters in statements:
            cursor.execute(statement, parameters)
            answers += [msgspec.json.decode(text) for (text,) in cursor.fetchall()]
    return answers
