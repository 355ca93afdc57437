"""KNOWLEDGE_GRAPH_STATEMENT_TIMEOUT and _LOCK_TIMEOUT: one clear error, nothing written, no trace left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from tests.factories import PYPI, RHEL, requires, solved, solver_document
from tests.faults.servers import ask, held
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import ConfigurationError, DatabaseError, DatabaseTimeout, ThothStorageException
from thoth.storages.graph.query_log import counted_statements

A = ("a", "1.0", PYPI)
DOCUMENT = solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])])
OTHER = solver_document("solver-rhel-8-py38-0b", tree=[solved("c", dependencies=[requires("b", "1.0")])])
LOCK = "LOCK TABLE depends_on IN ACCESS EXCLUSIVE MODE"


@pytest.fixture
def limited(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> Callable[..., GraphDatabase]:
    """Return an adapter with limits."""
    graph.sync_solver_result(DOCUMENT)

    def make(**limits: str) -> GraphDatabase:
        for name, value in limits.items():
            monkeypatch.setenv(f"KNOWLEDGE_GRAPH_{name}", value)
        graph.connect()
        return graph

    return make


@pytest.mark.parametrize("name", ["LOCK_TIMEOUT", "STATEMENT_TIMEOUT"])
def test_call_that_waits_for_a_lock(limited: Callable[..., GraphDatabase], name: str) -> None:
    graph = limited(**{name: "0.2"})
    calls: list[Callable[[], Any]] = [
        lambda: graph.get_depends_on(*A, **RHEL, without_cache=True),
        lambda: graph.sync_solver_result(OTHER),
        lambda: graph.delete_solver_result(DOCUMENT["metadata"]["document_id"]),
    ]
    with held(LOCK):
        for call in calls:
            with pytest.raises(DatabaseTimeout, match=rf"^[^:]+:\d+/\w+: .*KNOWLEDGE_GRAPH_{name}=0.2: "):
                call()
    assert graph.solver_document_ids_in(["solver-rhel-8-py38-0a", "solver-rhel-8-py38-0b"]) == {"solver-rhel-8-py38-0a"}
    calls[1]()
    assert calls[0]() == [("b", "1.0")]
    assert graph.get_solver_documents_count() == 2


def test_statement_that_takes_too_long(limited: Callable[..., GraphDatabase]) -> None:
    graph = limited(STATEMENT_TIMEOUT="0.2", LOCK_TIMEOUT="20")
    for writes in (True, False):
        with pytest.raises(DatabaseTimeout, match=r"took too long, see KNOWLEDGE_GRAPH_STATEMENT_TIMEOUT=0\.2: "):
            graph._run(lambda session: session.execute(text("SELECT pg_sleep(20)")), writes=writes)


def test_limits_end_with_the_transaction(limited: Callable[..., GraphDatabase]) -> None:
    """Behind a pooler, the session is somebody else's afterwards."""
    graph = limited(STATEMENT_TIMEOUT="7", LOCK_TIMEOUT="0.0001")
    question = text("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
    for writes in (True, False):
        assert graph._run(lambda session: session.execute(question).one(), writes=writes) == ("7s", "1ms")
    with graph.engine.connect() as connection:
        assert connection.execute(question).one() == ("0", "0")


def test_no_limits_cost_nothing(graph: GraphDatabase) -> None:
    with counted_statements(graph.engine) as statements:
        graph.get_python_packages()
    assert len(statements) == 1


def test_migrations_are_not_limited(limited: Callable[..., GraphDatabase]) -> None:
    graph = limited(STATEMENT_TIMEOUT="0.001", LOCK_TIMEOUT="0.001")
    graph.initialize_schema()
    assert graph.is_schema_up2date()


@pytest.mark.parametrize("value", ["-1", "soon", "nan", "inf", "1e9"])
def test_limit_that_cannot_be_one(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_LOCK_TIMEOUT", value)
    with pytest.raises(ConfigurationError, match=f"KNOWLEDGE_GRAPH_LOCK_TIMEOUT='{value}'"):
        GraphDatabase().connect()


def test_statement_that_an_operator_cancels(graph: GraphDatabase) -> None:
    """It has the code of a timeout."""

    def cancelled(session: Any) -> None:
        session.execute(text("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5)"))

    with pytest.raises(DatabaseError, match="user request") as error:
        graph._run(cancelled, writes=True)
    assert not isinstance(error.value, DatabaseTimeout)


def test_role_that_may_not_write(graph: GraphDatabase, database_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    role = f"reader_of_{database_name}"
    ask(f"DROP ROLE IF EXISTS {role}")
    ask(f"CREATE ROLE {role} LOGIN PASSWORD 'reader'")
    monkeypatch.setenv("KNOWLEDGE_GRAPH_USER", role)
    monkeypatch.setenv("KNOWLEDGE_GRAPH_PASSWORD", "reader")
    with GraphDatabase() as reader, pytest.raises(ThothStorageException, match="permission denied") as error:
        reader.sync_solver_result(DOCUMENT)
    assert type(error.value) is DatabaseError
