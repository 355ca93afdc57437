"""Spans: by the semantic conventions for databases, where the application has set OpenTelemetry up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import text

from tests.factories import PYPI, RHEL, requires, solved, solver_document
from tests.processes import python
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import DatabaseError, NotFoundError
from thoth.storages.graph.traces import current_provider

A = ("a", "1.0", PYPI)


@pytest.fixture
def spans(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """The spans of a process that exports them to memory."""
    graph.sync_solver_result(solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])]))
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # A provider can be set once in a process.
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


def test_a_call_is_a_span_and_its_statement_one_below(spans: InMemorySpanExporter, database_name: str) -> None:
    with GraphDatabase() as adapter, trace.get_tracer("application").start_as_current_span("request"):
        adapter.get_depends_on(*A, **RHEL)
        adapter.get_depends_on(*A, **RHEL)  # from memory
        url = adapter.engine.url
    statement, call, request = spans.get_finished_spans()
    assert request.name == "request"
    assert (call.name, call.kind) == ("get_depends_on", SpanKind.INTERNAL)
    assert call.parent == request.context
    assert dict(call.attributes or {}) == {"code.function.name": "thoth.storages.GraphDatabase.get_depends_on"}
    assert (statement.name, statement.kind) == (f"SELECT {database_name}", SpanKind.CLIENT)
    assert statement.parent == call.context
    attributes = dict(statement.attributes or {})
    query = str(attributes.pop("db.query.text"))
    assert "package_name = %(package_name)s" in query
    assert PYPI not in query
    assert attributes == {
        "db.system.name": "postgresql",
        "db.namespace": database_name,
        "db.operation.name": "SELECT",
        "db.response.returned_rows": 1,
        "server.address": url.host,
        "server.port": url.port,
    }


def test_errors_tell_their_kind_and_no_values(spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_RETRIES", "2")
    with GraphDatabase() as adapter:
        with pytest.raises(NotFoundError):
            adapter.get_depends_on("s3cret", "1.0", PYPI, **RHEL)
        with pytest.raises(DatabaseError):
            adapter._run(
                lambda session: session.execute(
                    text("DO $$ BEGIN RAISE EXCEPTION 's3cret' USING ERRCODE = '53100'; END $$")
                ),
                writes=True,
                method="full",
            )
    answered, not_found, failed, full = spans.get_finished_spans()
    assert answered.status.status_code is StatusCode.UNSET
    assert (not_found.attributes or {})["error.type"] == "NotFoundError"
    assert not_found.status.status_code is StatusCode.ERROR
    attributes = failed.attributes or {}
    assert (attributes["error.type"], attributes["db.response.status_code"]) == ("53100", "53100")
    assert (full.attributes or {})["error.type"] == "DatabaseError"
    told = [span.to_json() for span in (answered, not_found, full)]
    assert "s3cret" not in "".join(told)


def test_retries(spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def once(session: object) -> None:
        tries.append(1)
        if len(tries) == 1:
            session.execute(text("DO $$ BEGIN RAISE serialization_failure; END $$"))  # type: ignore[attr-defined]

    with GraphDatabase() as adapter:
        adapter._run(once, writes=True, method="again")
    call = spans.get_finished_spans()[-1]
    assert (call.name, (call.attributes or {})["thoth.storages.retries"]) == ("again", 1)


def test_without_a_provider_there_are_none(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in (trace.NoOpTracerProvider(), None):
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
        assert current_provider() is None
    with GraphDatabase() as adapter:
        assert adapter._observation is None


def test_the_library_is_not_loaded_for_those_who_do_not_trace() -> None:
    code = "import sys; from thoth.storages import GraphDatabase; GraphDatabase().count_calls()"
    code += "; print([name for name in sys.modules if name.startswith(('opentelemetry', 'prometheus'))])"
    done = python(code)
    assert (done.stdout, done.stderr) == ("[]\n", "")
