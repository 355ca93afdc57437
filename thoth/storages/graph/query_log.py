"""Logging and counting of statements."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

_LOGGER = logging.getLogger("thoth.storages.queries")


def log_queries(engine: Engine) -> None:
    """Log every statement of an engine at INFO, with its parameters, its duration and the number of rows."""

    def before(_: Any, __: Any, ___: Any, ____: Any, context: Any, _____: bool) -> None:
        context.thoth_started = time.perf_counter()

    def after(_: Any, cursor: Any, statement: str, parameters: Any, context: Any, __: bool) -> None:
        milliseconds = (time.perf_counter() - context.thoth_started) * 1000
        _LOGGER.info("%.2f ms, %d rows: %s %r", milliseconds, cursor.rowcount, " ".join(statement.split()), parameters)

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)


@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that an engine sends while the context is open; BEGIN and COMMIT do not count."""
    statements: list[str] = []

    def before(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", before)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", before)
