"""Traces: a span for each call, and one for each statement, where the application has set OpenTelemetry up.

The names are those of the semantic conventions for databases:
https://opentelemetry.io/docs/specs/semconv/database/database-spans/
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import URL

from .observation import ObservedCall, ObservedStatement, Observer

if TYPE_CHECKING:
    from opentelemetry.trace import Span, TracerProvider

_SCOPE = "thoth.storages"
_OPERATION = re.compile(r"\s*(\w+)")


def current_provider() -> TracerProvider | None:
    """Return the tracer provider that the application has set; None when it has set none that records.

    An application that traces has imported the library already: whoever has not is spared the import, and the spans
    that nobody would see.
    """
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    provider: TracerProvider = trace.get_tracer_provider()
    return None if isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider) else provider


class Traces(Observer):
    """Makes the spans. Values of parameters are in none of them."""

    def __init__(self, provider: TracerProvider) -> None:
        """Make spans by a provider."""
        self._tracer = provider.get_tracer(_SCOPE)

    def call_began(self, call: ObservedCall) -> None:
        """Begin a span, which those of the statements are children of."""
        from opentelemetry import context, trace

        span = self._tracer.start_span(
            call.method, attributes={"code.function.name": f"thoth.storages.GraphDatabase.{call.method}"}
        )
        call.notes[id(self)] = span, context.attach(trace.set_span_in_context(span))

    def call_ended(self, call: ObservedCall) -> None:
        """End the span."""
        from opentelemetry import context

        span, token = call.notes.pop(id(self))
        context.detach(token)
        if call.attempts is not None and call.attempts > 1:
            span.set_attribute("thoth.storages.retries", call.attempts - 1)
        _end(span, call.error)

    def statement_began(self, statement: ObservedStatement) -> None:
        """Begin a span."""
        from opentelemetry.trace import SpanKind

        operation = _operation(statement.text)
        database = statement.url.database or ""
        statement.notes[id(self)] = self._tracer.start_span(
            f"{operation} {database}".strip(),
            kind=SpanKind.CLIENT,
            attributes={
                "db.system.name": "postgresql",
                "db.namespace": database,
                "db.operation.name": operation,
                "db.query.text": statement.text,
                **_server(statement.url),
            },
        )

    def statement_ended(self, statement: ObservedStatement) -> None:
        """End the span."""
        span = statement.notes.pop(id(self))
        span.set_attribute("db.response.returned_rows", statement.rows)
        code = statement.sqlstate
        if code is not None:
            span.set_attribute("db.response.status_code", code)
        _end(span, statement.error, code)


def _end(span: Span, error: BaseException | None, code: str | None = None) -> None:
    """End a span; of an error its kind alone is told, as its text may hold values."""
    from opentelemetry.trace import Status, StatusCode

    if error is not None:
        span.set_attribute("error.type", code or type(error).__qualname__)
        span.set_status(Status(StatusCode.ERROR))
    span.end()


def _operation(text: str) -> str:
    found = _OPERATION.match(text)
    return found[1].upper() if found else "UNKNOWN"


def _server(url: URL) -> dict[str, str | int]:
    """Return address and port; of several hosts nobody knows which answers."""
    if url.host is None or url.port is None:
        return {}
    return {"server.address": url.host, "server.port": url.port}
