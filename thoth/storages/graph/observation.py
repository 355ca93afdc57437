"""What is told of calls and of statements: to whom, and when.

Nothing here runs unless somebody observes: an adapter without observers has no `Observation`, and its engine no
listeners.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

from .retries import Call

R = TypeVar("R")


@dataclass(slots=True, eq=False)
class ObservedCall:
    """A call of a method of the adapter that asks the database; what is known at its end alone is None until then."""

    method: str
    started: float
    """As `time.perf_counter` tells it."""
    seconds: float | None = None
    """With retries, and with waiting for a connection."""
    attempts: int | None = None
    error: BaseException | None = None
    """What was raised to the caller."""
    notes: dict[int, Any] = field(default_factory=dict)
    """What an observer keeps until the end, by ``id()`` of the observer."""


@dataclass(slots=True, eq=False)
class ObservedStatement:
    """A statement that was sent; what is known at its end alone is None until then."""

    method: str | None
    """The method that asked; None outside of one, such as in a session that a caller opened."""
    text: str
    """With placeholders: values are in the parameters."""
    parameters: Any
    url: URL
    """Where it is sent to; its password does not show in the text of it."""
    started: float
    seconds: float | None = None
    rows: int = 0
    """Rows that were returned, or changed; 0 when the driver does not tell."""
    error: BaseException | None = None
    """What the driver raised."""
    notes: dict[int, Any] = field(default_factory=dict)

    @property
    def sqlstate(self) -> str | None:
        """The code of the error, when it came from the server."""
        return getattr(self.error, "pgcode", None)


class Observer:
    """Is told of calls and statements of an adapter; a subclass overrides what it wants to know.

    It is called in the thread that called the adapter, which waits for it.
    """

    def call_began(self, call: ObservedCall) -> None:
        """A method is about to ask the database."""

    def call_ended(self, call: ObservedCall) -> None:
        """It was answered, or failed."""

    def statement_began(self, statement: ObservedStatement) -> None:
        """A statement is about to be sent."""

    def statement_ended(self, statement: ObservedStatement) -> None:
        """It was executed, or failed."""

    def documents_done(self, kind: str, *, synced: int, skipped: int, failed: int) -> None:
        """Documents of a kind were put into the graph, were in already, or failed."""


_calls: ContextVar[tuple[ObservedCall, ...]] = ContextVar("thoth_storages_calls", default=())
"""The calls that are under way; the last is the one that asks."""


class Observation:
    """Observers of the engines of one adapter."""

    def __init__(self, engines: Iterable[Engine], observers: tuple[Observer, ...]) -> None:
        """Listen to engines."""
        self.observers = observers
        for engine in engines:
            event.listen(engine, "before_cursor_execute", self._before)
            event.listen(engine, "after_cursor_execute", self._after)
            event.listen(engine, "handle_error", self._failed)

    def run(self, method: str, call: Call[R]) -> R:
        """Run a call, and tell the observers of it.

        Args:
            method: its name.
            call: what is run.

        Returns:
            What the call returns.

        """
        observers = self.observers  # those who come meanwhile are not told of the end alone
        observed = ObservedCall(method, time.perf_counter())
        token = _calls.set((*_calls.get(), observed))
        for observer in observers:
            observer.call_began(observed)
        try:
            return call.run()
        except BaseException as error:
            observed.error = error
            raise
        finally:
            observed.seconds = time.perf_counter() - observed.started
            observed.attempts = call.attempts
            for observer in reversed(observers):
                observer.call_ended(observed)
            observed.error = None  # its traceback holds this frame
            _calls.reset(token)

    def _before(self, connection: Connection, _: Any, text: str, parameters: Any, context: Any, __: bool) -> None:
        calls = _calls.get()
        method = calls[-1].method if calls else None
        statement = ObservedStatement(method, text, parameters, connection.engine.url, time.perf_counter())
        context.thoth_observed = statement, self.observers
        for observer in self.observers:
            observer.statement_began(statement)

    def _after(self, _: Any, cursor: Any, __: str, ___: Any, context: Any, ____: bool) -> None:
        self._end(context, rows=max(0, cursor.rowcount))

    def _failed(self, failure: Any) -> None:
        # Connecting fails without a statement.
        if hasattr(failure.execution_context, "thoth_observed"):
            self._end(failure.execution_context, error=failure.original_exception)

    def _end(self, context: Any, *, rows: int = 0, error: BaseException | None = None) -> None:
        statement, observers = context.thoth_observed
        if statement.seconds is not None:
            return  # what fails later, such as fetching, is not the statement again
        statement.seconds = time.perf_counter() - statement.started
        statement.rows, statement.error = rows, error
        for observer in observers:
            observer.statement_ended(statement)
