"""Connections: opened late, closed for good, retried when they are lost, and never shared across a fork."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from tests.factories import PYPI, RHEL, requires, solved, solver_document
from tests.processes import becomes_true, in_child, python
from thoth.storages import GraphDatabase
from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.exceptions import (
    ConfigurationError,
    DatabaseNotInitialized,
    NotConnected,
    NotFoundError,
    RetryTransaction,
    SchemaError,
    ThothStorageException,
)
from thoth.storages.graph import sql_base
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.graph.sql_base import database_url

A = ("a", "1.0", PYPI)
DOCUMENT = solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])])
APPLICATION = f"thoth-storages-tests-{os.getpid()}"  # workers share a server


@contextmanager
def session_of_another() -> Iterator[Connection]:
    """Give a connection that is none of the adapter's."""
    url = database_url(KnowledgeGraphConfig())
    engine = create_engine(url, poolclass=NullPool, connect_args={"application_name": f"{APPLICATION}-other"})
    with engine.connect() as connection:
        yield connection


def ask(statement: str, **parameters: Any) -> list[Any]:
    """Return the rows of a statement that another session sends."""
    with session_of_another() as connection:
        rows = connection.execute(text(statement), parameters)
        found = list(rows) if rows.returns_rows else []
        connection.commit()
        return found


@pytest.fixture
def named(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphDatabase]:
    """An adapter whose connections can be told from others."""
    graph.sync_solver_result(DOCUMENT)
    monkeypatch.setenv("PGAPPNAME", APPLICATION)  # libpq reads it whenever it connects
    adapter = GraphDatabase()
    adapter.connect()
    yield adapter
    adapter.disconnect()


def states() -> list[str]:
    """Return the states of the sessions of `named`."""
    rows = ask(
        "SELECT state FROM pg_stat_activity WHERE application_name = :name",
        name=APPLICATION,
    )
    return [state for (state,) in rows]


def terminate_all() -> int:
    """Terminate the sessions of `named`; return how many there were."""
    rows = ask(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = :name",
        name=APPLICATION,
    )
    return len(rows)


def backend(graph: GraphDatabase) -> int:
    """Return the process id of the server's side of a connection."""
    with graph.session() as session:
        return int(session.execute(text("SELECT pg_backend_pid()")).scalar_one())


def refused(monkeypatch: pytest.MonkeyPatch, **variables: object) -> str:
    """Return why an adapter cannot connect, with a password that must not be told."""
    variables.setdefault("PASSWORD", "s3cret-word")
    for name, value in variables.items():
        monkeypatch.setenv(f"KNOWLEDGE_GRAPH_{name}", str(value))
    adapter = GraphDatabase()
    with pytest.raises(NotConnected) as error:
        adapter.connect()
    assert not adapter.is_connected()
    told = f"{error.value} {error.value!r} {adapter!r}"
    assert str(variables["PASSWORD"]) not in told
    return str(error.value)


class TestConnect:
    def test_closed_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "127.0.0.1:1/" in refused(monkeypatch, HOST="127.0.0.1", PORT=1)

    def test_unknown_host(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "no-such-host.invalid:5432/" in refused(monkeypatch, HOST="no-such-host.invalid", PORT=5432)

    def test_wrong_password(self, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "password authentication failed" in refused(monkeypatch, PASSWORD="wr0ng-word")

    def test_server_that_is_too_old(self, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sql_base, "_REQUIRED_SERVER_VERSION", 990000)
        adapter = GraphDatabase()
        with pytest.raises(ConfigurationError, match=r"PostgreSQL 15 or newer is needed, the server is \d\d$"):
            adapter.connect()
        assert not adapter.is_connected()

    def test_database_that_is_missing(self, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        """`connect()` refused an empty database, which could therefore never be initialised."""
        monkeypatch.setenv("KNOWLEDGE_GRAPH_DATABASE", "no_such_database")
        with GraphDatabase() as adapter:
            for call in (adapter.get_python_packages, adapter.get_table_alembic_version_head):
                with pytest.raises(DatabaseNotInitialized, match="no_such_database"):
                    call()

    def test_first_of_two_hosts_is_dead(self, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        (host, port) = KnowledgeGraphConfig().hosts[0]
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", f"127.0.0.1:1,{host}:{port}")
        with GraphDatabase() as adapter:
            adapter.sync_solver_result(DOCUMENT)
            assert adapter.get_depends_on(*A, **RHEL) == [("b", "1.0")]
            assert f"127.0.0.1:1,{host}:{port}/" in repr(adapter)

    def test_both_hosts_are_dead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "127.0.0.1:1,127.0.0.1:2/" in refused(monkeypatch, HOST="127.0.0.1:1,127.0.0.1:2")

    def test_context_manager_and_again(self, graph: GraphDatabase) -> None:
        adapter = GraphDatabase()
        for _ in range(2):
            with adapter as entered:
                assert entered is adapter
                assert adapter.is_connected()
                assert adapter.get_python_packages() == set()
            assert not adapter.is_connected()
            adapter.disconnect()
        with pytest.raises(NotConnected, match="connect"):
            adapter.get_python_packages()

    def test_connecting_again_leaves_the_former_connections(self, named: GraphDatabase) -> None:
        for _ in range(3):
            named.connect()
            named.get_python_packages()
        assert becomes_true(lambda: len(states()) == 1)


class TestTransactions:
    """One session for the adapter's life: idle in transaction for days, poisoned by one failed statement."""

    def test_none_is_left_open(self, named: GraphDatabase) -> None:
        named.get_depends_on(*A, **RHEL)
        named.closure(A, **RHEL)
        named.get_python_packages()
        assert states() == ["idle"]
        with pytest.raises(NotFoundError):
            named.get_depends_on("absent", "1", PYPI, **RHEL)
        assert states() == ["idle"]
        with pytest.raises(SchemaError):
            named.sync_solver_result({"metadata": {}})
        with pytest.raises(ValueError, match="start_offset"):
            named.retrieve_transitive_dependents_python("b", start_offset=-1)
        with pytest.raises(KeyError), named.session() as session:
            session.execute(text("SELECT 1"))
            raise KeyError
        assert set(states()) == {"idle"}

    def test_failed_statement_does_not_poison_later_ones(self, named: GraphDatabase) -> None:
        for writes in (True, False):
            for _ in range(3):
                with pytest.raises(ThothStorageException, match="zero"):
                    named._run(lambda session: session.execute(text("SELECT 1 / 0")), writes=writes)
                assert named.get_depends_on(*A, **RHEL, without_cache=True) == [("b", "1.0")]
                named.register_python_package_index("https://index.example.com/simple")
        assert set(states()) == {"idle"}

    def test_text_that_the_database_refuses(self, named: GraphDatabase) -> None:
        for call in (
            lambda: named.get_depends_on("nul\0", "1", PYPI, **RHEL),
            lambda: named.python_package_exists("nul\0"),
            lambda: named.create_python_package_version_entity("nul\0", "1"),
        ):
            with pytest.raises((ThothStorageException, ValueError)):
                call()
        assert named.python_package_exists("a")


class TestPool:
    def test_thirty_two_threads(self, named: GraphDatabase) -> None:
        def work(number: int) -> None:
            assert named.get_depends_on(*A, **RHEL, without_cache=True) == [("b", "1.0")]
            named.create_python_package_version_entity("b", f"{number % 5}", PYPI)
            assert named.closure(A, **RHEL).tuples() == [(A, ("b", "1.0", None))]

        with ThreadPoolExecutor(32) as threads:
            list(threads.map(work, range(96)))
        assert len(states()) <= 5 + 10
        assert set(states()) == {"idle"}

    def test_exhausted_pool_waits(self, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_POOL_SIZE", "1")
        monkeypatch.setenv("KNOWLEDGE_GRAPH_POOL_OVERFLOW", "0")
        with GraphDatabase() as adapter, ThreadPoolExecutor(1) as thread:
            with adapter.session() as session:
                session.execute(text("SELECT 1"))
                answer = thread.submit(adapter.get_python_packages)
                time.sleep(0.2)
                assert not answer.done()
            assert answer.result() == set()

    def test_exhausted_pool_is_a_clear_error(self, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_POOL_SIZE", "1")
        monkeypatch.setenv("KNOWLEDGE_GRAPH_POOL_OVERFLOW", "0")
        monkeypatch.setenv("KNOWLEDGE_GRAPH_POOL_TIMEOUT", "1")
        with GraphDatabase() as adapter:
            with adapter.session() as session:
                session.execute(text("SELECT 1"))
                with pytest.raises(NotConnected, match="KNOWLEDGE_GRAPH_POOL_SIZE"):
                    adapter.get_python_packages()
            assert adapter.get_python_packages() == set()


class TestLostConnections:
    def test_between_two_calls(self, named: GraphDatabase) -> None:
        with counted_statements(named.engine):
            for _ in range(3):
                assert named.get_depends_on(*A, **RHEL, without_cache=True) == [("b", "1.0")]
                named.create_python_package_version_entity("b", "2.0", PYPI)
                assert terminate_all() > 0
        assert named.python_package_version_exists("b", "2.0")

    def test_a_session_of_ones_own_after_idling(self, named: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        assert named.get_python_packages()
        assert terminate_all() > 0
        monkeypatch.setattr(sql_base, "_PING_AFTER", 0.0)
        with named.session() as session:
            assert session.scalar(text("SELECT 1")) == 1

    def test_a_connection_that_was_just_used_is_not_asked(
        self, named: GraphDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pings: list[object] = []
        monkeypatch.setattr(named.engine.dialect, "do_ping", pings.append)
        for _ in range(3):
            named.get_python_packages()
        assert pings == []
        monkeypatch.setattr(sql_base, "_PING_AFTER", 0.0)
        named.get_python_packages()
        assert len(pings) == 1

    @contextmanager
    def waiting(self, named: GraphDatabase, table: str, call: Callable[[], Any]) -> Iterator[Any]:
        """Let a call wait for a table that another session has locked."""
        with session_of_another() as other, ThreadPoolExecutor(1) as thread:
            other.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            answer = thread.submit(call)
            assert becomes_true(
                lambda: ask(
                    "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted "
                    "AND application_name = :name",
                    name=APPLICATION,
                )
            )
            yield answer
            other.rollback()

    def test_while_reading(self, named: GraphDatabase) -> None:
        call = lambda: named.get_depends_on(*A, **RHEL, without_cache=True)  # noqa: E731
        with self.waiting(named, "depends_on", call) as answer:
            terminate_all()
            assert not answer.done()
        assert answer.result() == [("b", "1.0")]

    def test_while_writing_is_done_once(self, named: GraphDatabase) -> None:
        document = solver_document("solver-rhel-8-py38-0c", tree=[solved("c", dependencies=[requires("b", "1.0")])])
        with self.waiting(named, "depends_on", lambda: named.sync_solver_result(document)) as answer:
            terminate_all()
        assert answer.result() is None
        assert named.get_solver_documents_count() == 2
        assert ask("SELECT count(*) FROM depends_on") == [(2,)]
        assert named.get_depends_on("c", "1.0", PYPI, **RHEL) == [("b", "1.0")]

    def test_server_that_stays_away(self, named: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_RECONNECT_TIMEOUT", "1")
        named.engine.dispose()
        dead = create_engine("postgresql+psycopg2://user:s3cret-word@127.0.0.1:1/thoth")
        monkeypatch.setattr(named, "_engine", dead)
        with pytest.raises(NotConnected, match="Connection refused") as error:
            named.get_python_packages()
        assert "s3cret-word" not in str(error.value)


class TestDeadlock:
    def lock_in_order(self, session: Any, urls: list[str], met: threading.Barrier, attempts: list[str]) -> None:
        attempts.append(urls[0])
        update = text("UPDATE python_package_index SET verify_ssl = NOT verify_ssl WHERE url = :url")
        session.execute(update, {"url": urls[0]})
        if len(attempts) <= 2:
            met.wait(timeout=30)
        session.execute(update, {"url": urls[1]})

    def test_is_tried_again(self, named: GraphDatabase) -> None:
        """Two transactions that take the same keys in opposite order."""
        urls = ["https://one.example.com/simple", "https://two.example.com/simple"]
        for url in urls:
            named.register_python_package_index(url, verify_ssl=True)
        met, attempts = threading.Barrier(2), list[str]()
        with ThreadPoolExecutor(2) as threads:
            calls = [
                threads.submit(
                    named._run,
                    lambda session, order=order: self.lock_in_order(session, order, met, attempts),
                    writes=True,
                )
                for order in (urls, urls[::-1])
            ]
            for call in calls:
                call.result()
        assert len(attempts) == 3  # one of them twice
        settings = {index["url"]: index["verify_ssl"] for index in named.python_package_index_listing()}
        assert [settings[url] for url in urls] == [True, True]  # changed by both

    def test_retries_are_bounded(self, named: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_RETRIES", "3")
        attempts = []

        def conflict(session: Any) -> None:
            attempts.append(1)
            session.execute(text("DO $$ BEGIN RAISE serialization_failure; END $$"))

        with pytest.raises(RetryTransaction):
            named._run(conflict, writes=True)
        assert 3 <= len(attempts) <= 4
        assert states() == ["idle"]


class TestFork:
    def test_connections_are_not_shared(self, named: GraphDatabase) -> None:
        """Connections shared across `fork`."""
        before = backend(named)

        def child() -> tuple[int, Any, bool]:
            named.create_python_package_version_entity("of-the-child", "1.0", PYPI)
            return backend(named), named.get_depends_on(*A, **RHEL, without_cache=True), named.is_connected()

        children = [in_child(child) for _ in range(3)]
        assert [(answer, connected) for _, answer, connected in children] == [([("b", "1.0")], True)] * 3
        assert len({before, *(pid for pid, _, _ in children)}) == 4
        assert backend(named) == before
        assert named.python_package_exists("of-the-child")

    def test_child_that_disconnects_leaves_the_parent_alone(self, named: GraphDatabase) -> None:
        before = backend(named)
        in_child(named.disconnect)
        assert backend(named) == before

    @pytest.mark.parametrize("call", [GraphDatabase.connect, GraphDatabase.initialize_schema])
    def test_waits_for_threads_that_connect(
        self, call: Callable[[GraphDatabase], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """libpq and OpenSSL hold locks meanwhile, which a child that connects would wait for for ever."""
        refused_at = list[float]()

        def connect() -> None:
            with pytest.raises(NotConnected):
                call(GraphDatabase())

        def refuse() -> None:
            refused_at.append(time.monotonic())
            connection.close()
            server.close()

        with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as threads:
            monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "127.0.0.1")
            monkeypatch.setenv("KNOWLEDGE_GRAPH_PORT", str(server.getsockname()[1]))
            connecting = threads.submit(connect)
            connection, _ = server.accept()
            threading.Timer(0.3, refuse).start()
            assert in_child(time.monotonic) > refused_at[0]
            connecting.result()

    def test_inside_of_a_session(self, named: GraphDatabase) -> None:
        with named.session() as session:
            before = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
            assert in_child(lambda: backend(named)) != before
            assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() == before


class TestEnd:
    def test_disconnect_closes_all(self, named: GraphDatabase) -> None:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: named.get_depends_on(*A, **RHEL, without_cache=True), range(40)))
        assert states()
        named.disconnect()
        assert becomes_true(lambda: states() == [])

    def test_dropped_adapter_leaves_no_connection(self, named: GraphDatabase) -> None:
        named.disconnect()
        adapter = GraphDatabase()
        adapter.connect()
        adapter.get_depends_on(*A, **RHEL)
        assert len(states()) == 1
        del adapter
        gc.collect()
        assert becomes_true(lambda: states() == [])


def test_making_an_adapter_opens_nothing() -> None:
    """Constructing `GraphDatabase()` opened files."""
    script = """
import os, sys
from thoth.storages import GraphDatabase

watched = {"open", "socket", "sqlite3", "os", "subprocess", "shutil", "tempfile"}
seen = []
sys.addaudithook(lambda event, arguments: seen.append(event) if event.partition(".")[0] in watched else None)
adapter = GraphDatabase()
repr(adapter), adapter.is_connected(), adapter.disconnect(), adapter.cache_clear()
opened = list(seen)
open(os.devnull).close()
print(opened, seen)
"""
    finished = python(
        script, THOTH_STORAGES_GRAPH_CACHE="/no/such/folder/cache", KNOWLEDGE_GRAPH_HOST="no-such-host.invalid"
    )
    assert (finished.stdout, finished.stderr) == ("[] ['open']\n", "")
