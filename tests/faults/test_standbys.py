"""Reads go to a standby, and an adapter sees what it has written; test_failover.py has it through a promotion."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tests.factories import PYPI, RHEL, requires, solved, solver_document
from tests.faults.servers import Breakable
from tests.processes import becomes_true, in_child
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import ConfigurationError, DatabaseNotInitialized, NotFoundError
from thoth.storages.graph import standbys
from thoth.storages.graph.query_log import counted_statements

A = ("a", "1.0", PYPI)
DOCUMENT = solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])])
NEWER = solver_document("solver-rhel-8-py38-0b", tree=[solved("c", dependencies=[requires("b", "1.0")])])


pytestmark = pytest.mark.xdist_group("standbys")  # copying a server takes longer than all of these


@pytest.fixture(scope="module")
def standby(server: Breakable, heads: list[str], folder: Path) -> Iterator[Breakable]:
    """A hot standby that follows the server, and confirms nothing."""
    copy = server.standby(folder / "follower")
    copy.start()
    yield copy
    copy.server.stop()
    shutil.rmtree(folder / "follower")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try a standby again at once."""
    monkeypatch.setattr(standbys, "_AWAY", 0.0)
    monkeypatch.setattr(standbys, "_BEHIND", 0.0)


@pytest.fixture
def graph_of_both(here: Breakable, standby: Breakable, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphDatabase]:
    """An adapter that writes to the primary, and reads from the standby, which has all that was written."""
    monkeypatch.setenv("KNOWLEDGE_GRAPH_READ_HOST", f"127.0.0.1:{standby.port}")
    with GraphDatabase() as graph:
        graph.sync_solver_result(DOCUMENT)
        assert becomes_true(lambda: port_of_reads(graph) == standby.port)
        yield graph


def port_of_reads(graph: GraphDatabase) -> int:
    """Return the port of the server that a query is sent to."""
    return int(graph._run(lambda connection: connection.scalar(text("SELECT inet_server_port()")), writes=False))


def has(graph: GraphDatabase, name: str) -> bool:
    """Ask the database, whatever is in memory."""
    return name in graph.get_python_packages()


@contextmanager
def lagging(standby: Breakable) -> Iterator[None]:
    """Let a standby get all, and replay nothing."""
    standby.ask("SELECT pg_wal_replay_pause()")
    assert becomes_true(lambda: standby.ask("SELECT pg_get_wal_replay_pause_state()") == [("paused",)])
    try:
        yield
    finally:
        standby.ask("SELECT pg_wal_replay_resume()")


def test_an_adapter_reads_what_it_wrote_and_others_may_be_a_little_stale(
    here: Breakable, standby: Breakable, graph_of_both: GraphDatabase
) -> None:
    with GraphDatabase() as other, lagging(standby):
        graph_of_both.sync_solver_result(NEWER)
        assert port_of_reads(graph_of_both) == here.port
        assert graph_of_both.get_depends_on("c", "1.0", PYPI, **RHEL) == [("b", "1.0")]
        assert port_of_reads(other) == standby.port
        with pytest.raises(NotFoundError):
            other.get_depends_on("c", "1.0", PYPI, **RHEL)
        assert graph_of_both.delete_solver_result("solver-rhel-8-py38-0b") == 1
        assert not has(graph_of_both, "c")
    assert becomes_true(lambda: port_of_reads(graph_of_both) == standby.port)


def test_a_read_costs_nothing_more_once_the_standby_was_asked(standby: Breakable, graph_of_both: GraphDatabase) -> None:
    of_reads = graph_of_both._engines()[1]
    with counted_statements(graph_of_both.engine) as on_primary, counted_statements(of_reads) as on_standby:
        for _ in range(3):
            graph_of_both.get_python_packages()
        assert (len(on_primary), len(on_standby)) == (0, 3)
        graph_of_both.register_python_package_index("https://a.example.com/simple")
        written = len(on_primary)
        assert becomes_true(lambda: port_of_reads(graph_of_both) == standby.port)
        on_standby.clear()
        graph_of_both.get_python_packages()
        assert (on_primary[written].count("pg_current_wal_insert_lsn"), len(on_standby)) == (1, 1)
        assert not [each for each in on_primary[written + 1 :] if "wal" in each]


def test_a_standby_that_is_away_is_tried_again(
    here: Breakable,
    standby: Breakable,
    graph_of_both: GraphDatabase,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    standby.stop()
    with caplog.at_level(logging.WARNING):
        assert has(graph_of_both, "a")
        assert port_of_reads(graph_of_both) == here.port
    assert "no standby can be read" in caplog.text
    monkeypatch.setattr(standbys, "_AWAY", 3600.0)
    assert has(graph_of_both, "a")
    standby.start()
    assert port_of_reads(graph_of_both) == here.port  # not before its time
    with GraphDatabase() as another:
        assert becomes_true(lambda: port_of_reads(another) == standby.port)


def test_a_standby_that_is_not_there_when_an_adapter_connects(here: Breakable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_READ_HOST", "127.0.0.1:1,127.0.0.1:2")
    with GraphDatabase() as graph:
        graph.sync_solver_result(DOCUMENT)
        assert graph.get_depends_on(*A, **RHEL) == [("b", "1.0")]
        assert port_of_reads(graph) == here.port


def test_what_the_standby_stops_is_done_on_the_primary(
    here: Breakable, standby: Breakable, graph_of_both: GraphDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standbys, "_BEHIND", 60.0)
    ports = []

    def read(connection: Connection) -> int:
        ports.append(connection.scalar(text("SELECT inet_server_port()")))
        if len(ports) == 1:  # as it does when rows are removed that a query reads
            connection.execute(text("DO $$ BEGIN RAISE serialization_failure; END $$"))
        return len(ports)

    assert graph_of_both._run(read, writes=False) == 2
    assert ports == [standby.port, here.port]


def test_a_migration_that_has_not_come_through(
    here: Breakable, standby: Breakable, graph_of_both: GraphDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standbys, "_BEHIND", 5.0)  # longer than until the call is run again
    here.ask("ALTER TABLE cve RENAME TO cve_of_old", database="thoth")
    assert becomes_true(lambda: has_table(standby, "cve_of_old"))
    try:
        with lagging(standby):
            here.ask("ALTER TABLE cve_of_old RENAME TO cve", database="thoth")
            assert graph_of_both.get_python_cve_records("a", "1.0") == []
        here.ask("ALTER TABLE cve RENAME TO cve_of_old", database="thoth")
        with pytest.raises(DatabaseNotInitialized, match="cve"):
            graph_of_both.get_python_cve_records_many([A])
    finally:
        here.ask("ALTER TABLE IF EXISTS cve_of_old RENAME TO cve", database="thoth")


def has_table(server: Breakable, name: str) -> bool:
    return server.ask(f"SELECT to_regclass('{name}') IS NOT NULL", database="thoth") == [(True,)]


def test_observers_are_told_of_both(graph_of_both: GraphDatabase) -> None:
    counts = graph_of_both.count_calls()
    graph_of_both.get_python_packages()
    assert counts.stats()["get_python_packages"]["statements"] == 1


def test_a_child_has_connections_of_its_own(standby: Breakable, graph_of_both: GraphDatabase) -> None:
    def backend() -> int:
        return int(graph_of_both._run(lambda each: each.scalar(text("SELECT pg_backend_pid()")), writes=False))

    before = backend()
    assert in_child(backend) != before
    assert backend() == before
    graph_of_both.disconnect()
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'thoth'"
    assert becomes_true(lambda: standby.ask(count) == [(0,)])


def test_each_connection_tries_the_hosts_in_an_order_of_its_own(
    here: Breakable, standby: Breakable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_READ_HOST", f"127.0.0.1:{here.port},127.0.0.1:{standby.port}")
    ports = set()
    for _ in range(40):
        with GraphDatabase() as graph:
            ports.add(port_of_reads(graph))
        if len(ports) == 2:
            break
    assert ports == {here.port, standby.port}


@pytest.mark.parametrize("value", ["a,,b", "a:0", " "])
def test_hosts_that_are_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_GRAPH_READ_HOST", value)
    with pytest.raises(ConfigurationError, match=f"KNOWLEDGE_GRAPH_READ_HOST='{value}'"):
        GraphDatabase().connect()


def test_without_standbys_nothing_is_asked(graph: GraphDatabase) -> None:
    with counted_statements(graph.engine) as statements:
        graph.register_python_package_index(PYPI)
        graph.get_python_packages()
    assert not [statement for statement in statements if "lsn" in statement]
    assert graph._engines() == [graph.engine]
