"""One adapter, many processes and threads: forked, started anew, dropped, interrupted; no transaction stays open."""

from __future__ import annotations

import gc
import inspect
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import ROOT
from tests.factories import PYPI, RHEL
from tests.faults.everything import Documents, write
from tests.faults.servers import states
from tests.faults.workers import DOCUMENT, A, backend, serve
from tests.processes import becomes_true, collected, forked
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.exceptions import NotConnected, SchemaError, ThothStorageException

NAME = f"thoth-storages-faults-{os.getpid()}"


@pytest.fixture
def named(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphDatabase]:
    """An adapter whose sessions can be told from others."""
    graph.sync_solver_result(DOCUMENT)
    monkeypatch.setenv("PGAPPNAME", NAME)  # libpq reads it whenever it connects
    with GraphDatabase() as adapter:
        yield adapter


class TestProcesses:
    def test_workers_that_are_forked_from_a_busy_master(self, named: GraphDatabase) -> None:
        """As gunicorn does with ``--preload``; the master goes on meanwhile, in 16 threads."""
        end = threading.Event()

        def go_on(_: int) -> None:
            while not end.is_set():
                assert named.get_depends_on(*A, **RHEL, without_cache=True) == [("b", "1.0")]

        with ThreadPoolExecutor(16) as threads:
            busy = [threads.submit(go_on, number) for number in range(16)]
            try:
                workers = [forked(partial(serve, named, number)) for number in range(1, 5)]
                counts = [collected(worker) for worker in workers]
            finally:
                end.set()
            for each in busy:
                each.result()
        assert max(counts) == named.get_solver_documents_count() == 1 + 4 * 8
        assert set(states(NAME)) == {"idle"}

    def test_worker_of_a_worker(self, named: GraphDatabase) -> None:
        def worker() -> tuple[int, int]:
            return backend(named), collected(forked(partial(backend, named)))

        assert len({backend(named), *collected(forked(worker))}) == 3

    def test_adapter_that_is_connected_in_the_child_alone(self, graph: GraphDatabase) -> None:
        later = GraphDatabase()

        def worker() -> int:
            with later:
                return later.get_solver_documents_count()

        assert collected(forked(worker)) == 0
        assert not later.is_connected()

    @pytest.mark.parametrize("how", ["fork", "spawn", pytest.param("forkserver", marks=pytest.mark.torture)])
    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_multiprocessing(self, named: GraphDatabase, how: str) -> None:
        """The adapter is handed over: inherited by a fork, described to a process that is started anew."""
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(how)) as pool:
            futures = [pool.submit(serve, named, number) for number in (1, 2)]
            counts = [future.result(timeout=120) for future in futures]
        assert max(counts) == named.get_solver_documents_count() == 17

    def test_what_cannot_be_handed_over(self, named: GraphDatabase) -> None:
        with pytest.raises(TypeError, match="graph cache"):
            pickle.dumps(GraphDatabase(GraphCache()))
        assert not pickle.loads(pickle.dumps(GraphDatabase())).is_connected()


class TestExhaustedPool:
    def test_waits_then_names_the_settings(self, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {"SIZE": "2", "OVERFLOW": "1", "TIMEOUT": "1"}.items():
            monkeypatch.setenv(f"KNOWLEDGE_GRAPH_POOL_{name}", value)
        with GraphDatabase() as adapter, ThreadPoolExecutor(32) as threads:
            held = threading.Barrier(4)
            free = threading.Event()

            def hold(_: int) -> None:
                with adapter.session() as session:
                    session.execute(text("SELECT 1"))
                    held.wait(30)
                    free.wait(30)

            holders = [threads.submit(hold, number) for number in range(3)]
            held.wait(30)
            started = time.monotonic()
            with pytest.raises(NotConnected) as error:
                adapter.get_python_packages()
            assert time.monotonic() - started >= 1
            for told in ("POOL_TIMEOUT=1", "POOL_SIZE=2", "POOL_OVERFLOW=1", adapter.place):
                assert told in str(error.value)
            free.set()
            for holder in holders:
                holder.result()
            assert list(threads.map(lambda _: adapter.get_python_packages(), range(64))) == [set()] * 64


class TestDroppedAdapter:
    def test_its_connections_are_closed(self, named: GraphDatabase) -> None:
        named.disconnect()
        adapter = GraphDatabase()
        adapter.connect()
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda graph: graph.get_python_packages(), [adapter] * 20))
        abandoned = adapter.session()
        abandoned.__enter__().execute(text("SELECT 1"))
        assert "idle in transaction" in states(NAME)
        del adapter, abandoned
        gc.collect()
        assert becomes_true(lambda: states(NAME) == [])

    def test_process_that_ends_without_a_word(self, graph: GraphDatabase) -> None:
        script = (
            "from thoth.storages import GraphDatabase\n"
            "graph = GraphDatabase()\ngraph.connect()\nprint(graph.get_python_packages())"
        )
        command = [sys.executable, "-X", "dev", "-W", "error", "-c", script]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PGAPPNAME": NAME}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "set()\n", "")
        assert becomes_true(lambda: states(NAME) == [])


class TestNoTransactionStaysOpen:
    """pg_stat_activity is asked."""

    def test_after_errors(self, named: GraphDatabase) -> None:
        failing: list[Callable[[], Any]] = [
            lambda: named.sync_solver_result({}),
            lambda: named.get_depends_on("absent", "1", PYPI, **RHEL),
            lambda: named.delete_solver_result("absent"),
            lambda: named.register_python_package_index("nul\0"),
            lambda: named._run(lambda session: session.execute(text("SELECT 1/0")), writes=True),
            lambda: named._run(lambda session: session.execute(text("SELECT 1/0")), writes=False),
        ]
        for call in failing:
            with pytest.raises((ThothStorageException, ValueError)):
                call()
            assert set(states(NAME)) <= {"idle"}
        with pytest.raises(SchemaError):
            named.sync_solver_result({"metadata": {}})

    def test_after_a_generator_that_nobody_finished(self, named: GraphDatabase) -> None:
        def rows() -> Iterator[Any]:
            with named.session() as session:
                yield from session.execute(text("SELECT generate_series(1, 100)"))

        given = rows()
        next(given)
        assert "idle in transaction" in states(NAME)
        del given
        assert set(states(NAME)) == {"idle"}

    def test_no_method_gives_a_generator(self) -> None:
        methods = inspect.getmembers(GraphDatabase, inspect.isfunction)
        generators = {name for name, method in methods if inspect.isgeneratorfunction(inspect.unwrap(method))}
        assert generators == {"_alone", "_reading", "_writing", "session", "snapshot"}  # context managers

    # A signal that comes in a callback of the garbage collector cannot be raised from there.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_after_interrupts(self, named: GraphDatabase, everything: Documents) -> None:
        """Ctrl-C at any point, many times: the signal comes while Python runs, or when the database answered."""
        interrupted = 0
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            for number in range(40):
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0.0005 + 0.0007 * number)
                    write(named, everything[number % 7 :: 7], force=number % 2 == 1)
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except KeyboardInterrupt:
                    interrupted += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert interrupted > 20
        gc.collect()
        assert becomes_true(lambda: set(states(NAME)) <= {"idle"})
        # A signal that comes between two steps of SQLAlchemy's pool, one in two hundred, lets it count a connection as
        # given out that is not; there have to be others.
        assert named.engine.pool.checkedout() < 5  # type: ignore[attr-defined]
        write(named, everything)
