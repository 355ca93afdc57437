"""A standby takes over: KNOWLEDGE_GRAPH_HOST names primary and standby, and an adapter finds who takes writes."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.conftest import empty
from tests.dump import logical_dump
from tests.factories import PYPI, RHEL, requires, shuffled, solved, solver_document
from tests.faults.everything import Documents, missing, write
from tests.faults.servers import Breakable, going_on
from tests.processes import becomes_true
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import DatabaseError, NotConnected

A = ("a", "1.0", PYPI)
DOCUMENT = solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])])


@pytest.fixture
def standby(here: Breakable, folder: Path) -> Iterator[Breakable]:
    """A hot standby that follows the server; it confirms what the server confirms."""
    copy = here.standby(folder / "standby")
    copy.start()
    here.ask("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    assert becomes_true(lambda: here.ask("SELECT sync_state FROM pg_stat_replication") == [("sync",)])
    yield copy
    copy.server.stop()
    shutil.rmtree(folder / "standby")
    here.start()  # nothing happens when it runs
    here.ask("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")


@pytest.fixture
def both(here: Breakable, standby: Breakable, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphDatabase]:
    """An adapter that is told of both, the standby first."""
    monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", f"127.0.0.1:{standby.port},127.0.0.1:{here.port}")
    with GraphDatabase() as graph:
        yield graph


def port_of(graph: GraphDatabase) -> int:
    """Return the port of the server that the adapter talks to."""
    with graph.session() as session:
        return int(session.execute(text("SELECT inet_server_port()")).scalar_one())


def test_standby_takes_over_while_many_write(
    here: Breakable, standby: Breakable, both: GraphDatabase, everything: Documents
) -> None:
    both.sync_solver_result(DOCUMENT)
    assert port_of(both) == here.port
    in_by_now = threading.Event()
    counts = {"rounds": 0, "reads": 0}

    def write_all(_: threading.Event) -> None:
        for each in shuffled(everything, counts["rounds"]):
            write(both, [each])
            in_by_now.set()
        counts["rounds"] += 1

    def read(_: threading.Event) -> None:
        assert both.get_depends_on(*A, **RHEL, without_cache=True) == [("b", "1.0")]
        counts["reads"] += 1

    with going_on(write_all), going_on(write_all), going_on(read):
        assert in_by_now.wait(60)
        here.stop()
        before = dict(counts)
        standby.promote()
        assert becomes_true(lambda: counts["rounds"] >= before["rounds"] + 2 and counts["reads"] > before["reads"])
    assert port_of(both) == standby.port
    assert missing(both, everything) == {}
    dump = logical_dump(both)
    empty(both)
    write(both, [*everything, ("solver", DOCUMENT)])
    assert logical_dump(both) == dump


def check_standby_alone(standby: Breakable) -> None:
    """A standby that is named alone is read, and refuses writes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KNOWLEDGE_GRAPH_HOST", f"127.0.0.1:{standby.port}")
        with GraphDatabase() as reader:
            assert becomes_true(lambda: len(reader.get_python_package_index_urls()) == 1)
            with pytest.raises(DatabaseError, match=f"127.0.0.1:{standby.port}/thoth: .*read-only"):
                reader.register_python_package_index("https://b.example.com/simple")
        patch.setenv("KNOWLEDGE_GRAPH_HOST", f"127.0.0.1:{standby.port},127.0.0.1:1")
        with pytest.raises(NotConnected, match=f"127.0.0.1:{standby.port},127.0.0.1:1/thoth"):
            GraphDatabase().connect()


def test_primary_that_steps_down_without_closing_connections(
    here: Breakable, standby: Breakable, both: GraphDatabase
) -> None:
    """Connections in the pool lead to a server that takes no writes any more."""
    both.register_python_package_index("https://a.example.com/simple")
    check_standby_alone(standby)
    assert port_of(both) == here.port
    here.ask("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
    standby.promote()
    here.ask("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    assert becomes_true(lambda: here.ask("SHOW default_transaction_read_only") == [("on",)])
    both.sync_solver_result(DOCUMENT)
    assert port_of(both) == standby.port
    assert both.get_solver_documents_count() == 1
    assert here.ask("SELECT count(*) FROM solver_run", database="thoth") == [(0,)]


def test_an_adapter_that_reads_from_the_standby_sees_what_it_wrote(
    here: Breakable, standby: Breakable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thread writes, and has to find what it wrote, before, while and after the standby takes over."""
    monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", f"127.0.0.1:{here.port},127.0.0.1:{standby.port}")
    monkeypatch.setenv("KNOWLEDGE_GRAPH_READ_HOST", f"127.0.0.1:{standby.port}")
    done: list[str] = []
    begun = threading.Event()
    with GraphDatabase() as graph:

        def write_and_read(_: threading.Event) -> None:
            name = f"package-{threading.get_ident()}-{len(done)}"
            graph.create_python_package_version_entity(name, "1.0", PYPI)
            assert name in graph.get_python_packages()
            done.append(name)
            begun.set()

        with going_on(write_and_read), going_on(write_and_read):
            assert begun.wait(60)
            here.stop()
            before = len(done)
            standby.promote()
            assert becomes_true(lambda: len(done) > before + 20)
        assert set(done) <= graph.get_python_packages()
        assert port_of(graph) == standby.port
