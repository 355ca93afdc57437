"""What observers are told: of calls that ask the database and of their statements; of nothing when there are none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from tests.factories import PYPI, RHEL, requires, solved, solver_document
from tests.processes import in_child
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import DatabaseTimeout, NotFoundError, RetryTransaction
from thoth.storages.graph.observation import ObservedCall, ObservedStatement, Observer

A = ("a", "1.0", PYPI)


@dataclass(eq=False)
class Recorder(Observer):
    """Notes what it is told, in order."""

    told: list[tuple[str, Any]] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)

    def call_began(self, call: ObservedCall) -> None:
        assert call.seconds is None
        self.told.append(("call began", call.method))

    def call_ended(self, call: ObservedCall) -> None:
        assert call.seconds is not None
        assert call.seconds > 0
        self.told.append(("call ended", (call.method, call.attempts)))
        self.errors.append(None if call.error is None else type(call.error).__name__)

    def statement_began(self, statement: ObservedStatement) -> None:
        assert statement.seconds is None
        self.told.append(("statement began", statement.method))

    def statement_ended(self, statement: ObservedStatement) -> None:
        assert statement.seconds is not None
        assert statement.seconds > 0
        self.told.append(("statement ended", (statement.method, statement.rows, statement.sqlstate)))


@pytest.fixture
def recorder(graph: GraphDatabase) -> Recorder:
    graph.sync_solver_result(solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])]))
    recorder = Recorder()
    graph.add_observer(recorder)
    return recorder


def test_nobody_listens_to_an_adapter_without_observers(graph: GraphDatabase) -> None:
    dispatch: Any = graph.engine.dispatch
    for name in ("before_cursor_execute", "after_cursor_execute"):
        assert len(getattr(dispatch, name)) == 0
    assert graph._observation is None
    assert graph.observers == ()


def test_a_call_and_its_statements(graph: GraphDatabase, recorder: Recorder) -> None:
    graph.get_depends_on(*A, **RHEL)
    assert recorder.told == [
        ("call began", "get_depends_on"),
        ("statement began", "get_depends_on"),
        ("statement ended", ("get_depends_on", 1, None)),
        ("call ended", ("get_depends_on", 1)),
    ]


def test_what_memory_answers_is_not_told(graph: GraphDatabase, recorder: Recorder) -> None:
    for _ in range(3):
        graph.get_depends_on(*A, **RHEL)
        graph.python_package_exists("a")
    assert [what for what in recorder.told if what[0] == "call began"] == [
        ("call began", "get_depends_on"),
        ("call began", "python_package_exists"),
    ]


@pytest.mark.parametrize("method", ["closure", "get_depends_on_many"])
def test_every_way_of_asking_has_a_name(graph: GraphDatabase, recorder: Recorder, method: str) -> None:
    if method == "closure":
        graph.retrieve_transitive_dependencies_python(*A, **RHEL)
    else:
        graph.get_depends_on_many([A], **RHEL)
    assert recorder.told[0] == ("call began", method)


def test_an_error(graph: GraphDatabase, recorder: Recorder) -> None:
    with pytest.raises(NotFoundError):
        graph.get_depends_on("no-such", "1.0", PYPI, **RHEL)
    assert recorder.errors == ["NotFoundError"]


def test_retries(graph: GraphDatabase, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_RETRIES", "2")
    with pytest.raises(RetryTransaction):
        graph._run(
            lambda session: session.execute(text("DO $$ BEGIN RAISE serialization_failure; END $$")),
            writes=True,
            method="conflicting",
        )
    (ended,) = (what for name, what in recorder.told if name == "call ended")
    assert ended[0] == "conflicting"
    assert ended[1] >= 2
    failed = [what for name, what in recorder.told if name == "statement ended"]
    assert failed == [("conflicting", 0, "40001")] * ended[1]
    assert recorder.errors == ["RetryTransaction"]


def test_a_statement_that_takes_too_long_has_a_duration(monkeypatch: pytest.MonkeyPatch, graph: GraphDatabase) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_STATEMENT_TIMEOUT", "0.05")
    with GraphDatabase() as adapter:
        counts = adapter.count_calls()
        with pytest.raises(DatabaseTimeout):
            adapter._run(lambda session: session.execute(text("SELECT pg_sleep(20)")), writes=False, method="sleep")
        found = counts.methods()["sleep"]
    assert found.errors == {"DatabaseTimeout": 1}
    assert 0.05 <= found.statement_seconds <= found.seconds < 20
    assert found.statements == 2  # the limit is set first


def test_statements_outside_of_a_call_have_no_method(graph: GraphDatabase, recorder: Recorder) -> None:
    with graph.session() as session:
        session.execute(text("SELECT 1"))
    with graph.snapshot() as connection:
        connection.execute(text("SELECT 1"))
    assert recorder.told == [("statement began", None), ("statement ended", (None, 1, None))] * 2


def test_observers_stay_when_the_adapter_connects_anew(recorder: Recorder, graph: GraphDatabase) -> None:
    graph.disconnect()
    graph.connect()
    graph.get_python_packages()
    assert len(recorder.told) == 4


def test_observers_before_connecting(graph: GraphDatabase) -> None:
    adapter, recorders = GraphDatabase(), [Recorder(), Recorder()]
    for recorder in recorders:
        adapter.add_observer(recorder)
    with adapter:
        adapter.get_python_packages()
    assert [len(recorder.told) for recorder in recorders] == [4, 4]


def test_counts_of_threads_and_of_children_add_up(graph: GraphDatabase) -> None:
    counts = graph.count_calls()
    assert graph.count_calls() is counts

    def ask(_: int) -> None:
        graph.get_python_packages()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(ask, range(200)))
    found = counts.methods()["get_python_packages"]
    assert (found.calls, found.statements, sum(found.by_seconds)) == (200, 200, 200)

    def child() -> int:
        ask(0)
        return counts.methods()["get_python_packages"].calls

    with counts._lock:  # as a thread of the parent may hold it
        assert in_child(child) == 201
    assert counts.methods()["get_python_packages"].calls == 200
    assert graph.stats()["calls"]["get_python_packages"]["calls"] == 200
