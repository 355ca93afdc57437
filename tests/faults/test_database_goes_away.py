"""The server restarts, crashes, cuts connections: reads go on, a write is done once or not at all, and says which."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.caches import assert_same_answers
from tests.conftest import empty
from tests.dump import Dump, logical_dump
from tests.factories import PYPI, RHEL, Json, requires, shuffled, solved, solver_document, sync
from tests.faults.everything import Documents, documents_of_every_kind, write
from tests.faults.servers import Breakable, ask, going_on, held
from tests.faults.wire import Wire
from tests.processes import becomes_true
from tests.torture import new_seed, tell
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.documents.solver import read_solver_document
from thoth.storages.exceptions import NotConnected, NotFoundError, OutcomeUnknown
from thoth.storages.graph.cache_builder import build_graph_cache
from thoth.storages.sync import KINDS, sync_local_documents

A = ("a", "1.0", PYPI)
DOCUMENT = solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])])
OTHER = solver_document("solver-rhel-8-py38-0b", tree=[solved("c", dependencies=[requires("b", "1.0", "2.0")])])


def depends_on(graph: GraphDatabase) -> list[tuple[str, str]]:
    return graph.get_depends_on(*A, **RHEL, without_cache=True)


@contextmanager
def waiting_for_table(table: str, call: Callable[[], Any]) -> Iterator[Any]:
    """Let a call wait, in a thread, for a table that another session has locked."""
    with ThreadPoolExecutor(1) as thread:
        with held(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"):
            answer = thread.submit(call)
            assert becomes_true(lambda: ask("SELECT FROM pg_locks WHERE NOT granted"))
            yield answer
        answer.result(timeout=60)


class TestRestart:
    def test_between_two_calls(self, here: Breakable, breakable: GraphDatabase) -> None:
        breakable.sync_solver_result(DOCUMENT)
        here.restart("fast")
        assert depends_on(breakable) == [("b", "1.0")]
        here.restart("immediate")
        breakable.sync_solver_result(OTHER)
        assert breakable.get_solver_documents_count() == 2

    def test_call_while_the_server_is_down(self, here: Breakable, breakable: GraphDatabase) -> None:
        """It failed at once: errors on connecting were not tried again."""
        breakable.sync_solver_result(DOCUMENT)
        here.stop()
        with ThreadPoolExecutor(2) as threads:
            read = threads.submit(depends_on, breakable)
            written = threads.submit(breakable.sync_solver_result, OTHER)
            time.sleep(0.5)
            assert not read.done()
            assert not written.done()
            here.start()
            assert read.result(60) == [("b", "1.0")]
            written.result(60)
        assert breakable.get_solver_documents_count() == 2

    def test_in_the_middle_of_calls(self, here: Breakable, breakable: GraphDatabase) -> None:
        breakable.sync_solver_result(DOCUMENT)
        with (
            ThreadPoolExecutor(1) as thread,
            waiting_for_table("depends_on", lambda: depends_on(breakable)) as read,
        ):
            written = thread.submit(breakable.sync_solver_result, OTHER)
            assert becomes_true(lambda: len(ask("SELECT FROM pg_locks WHERE NOT granted")) == 2)
            here.restart()
        assert read.result() == [("b", "1.0")]
        written.result(60)
        assert breakable.get_solver_documents_count() == 2

    def test_in_the_middle_of_a_cache_build(
        self, here: Breakable, breakable: GraphDatabase, sample_documents: list[Json], tmp_path: Path
    ) -> None:
        sync(breakable, sample_documents[:200])
        quiet, path = tmp_path / "quiet.sqlite3", tmp_path / "cache.sqlite3"
        expected = build_graph_cache(breakable, str(quiet), ["flask"])
        assert expected.edges_written
        with waiting_for_table("version_set", lambda: build_graph_cache(breakable, str(path), ["flask"])) as report:
            here.restart()
        assert report.result().edges_written == expected.edges_written
        assert [file.name for file in tmp_path.iterdir() if file != quiet] == ["cache.sqlite3"]
        with GraphCache(str(path)) as cache, GraphDatabase(cache) as in_front:
            assert_same_answers(in_front, breakable)

    def check_sync(self, server: Breakable, folder: Path, documents: int, restarts: int, seed: int) -> int:
        """Sync files while the server restarts that often, at random times; return how often it did."""
        at_random = random.Random(seed)
        done = 0

        def restart(end: threading.Event) -> None:
            nonlocal done
            if done == restarts or end.wait(at_random.uniform(0, 0.6)):
                end.wait()
            else:
                server.restart(at_random.choice(["fast", "immediate"]))
                done += 1

        with GraphDatabase() as graph, going_on(restart):
            report = sync_local_documents([folder], graph=graph, workers=4)
        assert report.total == (documents, documents, 0, 0)
        return done

    def test_in_the_middle_of_a_sync(
        self, here: Breakable, tmp_path: Path, everything: Documents, quiet_dump: Dump
    ) -> None:
        write_files(tmp_path, everything)
        self.check_sync(here, tmp_path, len(everything), 2, seed=random.randrange(2**32))
        with GraphDatabase() as graph:
            assert logical_dump(graph) == quiet_dump

    @pytest.mark.torture
    def test_many_times_in_the_middle_of_a_sync(
        self,
        here: Breakable,
        tmp_path: Path,
        sample_documents: list[Json],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        seed = new_seed()
        monkeypatch.setenv("KNOWLEDGE_GRAPH_RETRIES", "100")  # whoever restarts that often has to be patient
        documents = documents_of_every_kind(sample_documents, 500, seed)
        write_files(tmp_path, documents)
        done = self.check_sync(here, tmp_path, len(documents), 40, seed)
        tell(seed, documents=len(documents), workers=4, restarts=done)
        with GraphDatabase() as graph:
            dump = logical_dump(graph)
            empty(graph)
            write(graph, documents)
            assert logical_dump(graph) == dump


def one_of_each_kind(documents: Documents) -> Documents:
    """Return a document of each kind."""
    return list({kind: (kind, document) for kind, document in documents}.values())


def write_files(folder: Path, documents: Documents) -> None:
    """Write documents into a folder, a file each."""
    for number, (_, document) in enumerate(documents):
        (folder / f"{number:04}.json").write_text(json.dumps(document))


class TestServerThatStaysAway:
    def test_says_where_and_nothing_secret(
        self, here: Breakable, breakable: GraphDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_RECONNECT_TIMEOUT", "0")
        password = here.server.environment()["KNOWLEDGE_GRAPH_PASSWORD"]
        port = here.port
        here.stop()
        try:
            calls: list[Callable[[], Any]] = [
                lambda: depends_on(breakable),
                lambda: breakable.sync_solver_result(DOCUMENT),
                breakable.get_table_alembic_version_head,
                breakable.connect,
                GraphDatabase().initialize_schema,
            ]
            for call in calls:
                with pytest.raises(NotConnected, match=f"127.0.0.1:{port}/thoth") as error:
                    call()
                assert not isinstance(error.value, OutcomeUnknown)
                assert password not in f"{error.value!r} {error.value.__cause__!r}"
        finally:
            here.start()
        with GraphDatabase() as graph:
            assert graph.get_solver_documents_count() == 0


class TestConnectionThatIsCut:
    """Before each statement of a sync, and before COMMIT: pg_terminate_backend, from another session."""

    def check(self, graph: GraphDatabase, kind: str, document: Json, chosen: Callable[[int], list[int]]) -> int:
        """Write a document with its connection cut at chosen points; return how often that was done."""
        total = self.cut_at(graph, kind, document, -1)
        expected = logical_dump(graph)
        points = chosen(total)
        for point in points:
            empty(graph)
            self.cut_at(graph, kind, document, point)
            assert logical_dump(graph) == expected, point
        empty(graph)
        return len(points)

    def cut_at(self, graph: GraphDatabase, kind: str, document: Json, point: int) -> int:
        """Write a document; cut the connection before a statement, once. Return how many points there are."""
        count = 0

        def cut(connection: Any, *_: Any) -> None:
            nonlocal count
            if count == point:
                pid = connection.connection.dbapi_connection.info.backend_pid
                assert ask("SELECT pg_terminate_backend(:pid, 5000)", pid=pid) == [(True,)]
            count += 1

        facts = KINDS[kind].read(document)
        listened = [(graph.engine, name, cut) for name in ("before_cursor_execute", "commit")]
        for each in listened:
            event.listen(*each)
        try:
            assert KINDS[kind].sync(graph, [facts], False) == 1  # written, and not found
        finally:
            for each in listened:
                event.remove(*each)
        return count

    def test_at_some_points(self, breakable: GraphDatabase, everything: Documents) -> None:
        seed = new_seed()
        at_random = random.Random(seed)
        tell(seed, kinds=len(KINDS))
        for kind, document in one_of_each_kind(everything):
            assert self.check(breakable, kind, document, lambda total: [at_random.randrange(total)]) == 1

    @pytest.mark.torture
    def test_at_every_point(self, breakable: GraphDatabase, everything: Documents) -> None:
        cuts = sum(
            self.check(breakable, kind, document, lambda total: list(range(total)))
            for kind, document in one_of_each_kind(everything)
        )
        tell(0, kinds=len(KINDS), connections_cut=cuts)
        assert cuts > 50


@pytest.fixture
def wire(here: Breakable, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A wire to the server; the environment names its end."""
    with Wire(here.port) as between:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_PORT", str(between.port))
        monkeypatch.setenv("KNOWLEDGE_GRAPH_SSL_DISABLED", "1")
        yield between


@pytest.fixture
def wired(wire: Wire) -> Iterator[GraphDatabase]:
    """An adapter at the end of the wire."""
    with GraphDatabase() as graph:
        yield graph


@pytest.mark.parametrize("fault", ["before commit", "after commit"])
class TestCommitWithoutAnswer:
    """The client cannot tell whether the server got the COMMIT; the caller is told what became of the write."""

    def test_documents_of_every_kind(
        self, wire: Wire, wired: GraphDatabase, breakable: GraphDatabase, everything: Documents, fault: str
    ) -> None:
        documents = one_of_each_kind(everything)
        write(breakable, documents)
        expected = logical_dump(breakable)
        empty(breakable)
        for kind, document in documents:
            wire.fault = fault
            assert KINDS[kind].sync(wired, [KINDS[kind].read(document)], False) == 1
            assert wire.fault is None
            assert KINDS[kind].sync(wired, [KINDS[kind].read(document)], False) == 0
        assert logical_dump(wired) == expected
        assert wire.cuts == len(KINDS)

    def test_statement_that_commits_what_it_did(self, wire: Wire, wired: GraphDatabase, fault: str) -> None:
        for number, document in enumerate((DOCUMENT, OTHER), start=1):
            wire.fault = fault
            wired.sync_solver_result(document)
            assert wire.cuts == wired.get_solver_documents_count() == number

    def test_removal_and_replacement(self, wire: Wire, wired: GraphDatabase, fault: str) -> None:
        sync(wired, [DOCUMENT, OTHER])
        before = logical_dump(wired)
        wire.fault = fault
        assert wired.sync_solver_results([read_solver_document(OTHER)], force=True) == 1
        assert logical_dump(wired) == before
        wire.fault = fault
        assert wired.delete_solver_result(OTHER["metadata"]["document_id"]) == 1
        with pytest.raises(NotFoundError):
            wired.delete_solver_result(OTHER["metadata"]["document_id"])
        assert wired.get_solver_documents_count() == 1

    def test_registrations(self, wire: Wire, wired: GraphDatabase, fault: str) -> None:
        calls: list[tuple[Callable[[], Any], object]] = [
            (lambda: wired.register_python_package_index("https://a.example.com/simple"), True),
            (lambda: wired.create_python_package_version_entities([("x", "1.0", None)]), 1),
        ]
        for call, first in calls:
            wire.fault = fault
            assert call() == first
            assert wire.fault is None
            assert not call()

    def test_nobody_is_left_to_ask(
        self, wire: Wire, wired: GraphDatabase, fault: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_RECONNECT_TIMEOUT", "0")
        sync(wired, [OTHER])
        wire.fault, wire.is_cut = fault, True
        with pytest.raises(OutcomeUnknown, match=f"127.0.0.1:{wire.port}/thoth: .* do it again"):
            wired.sync_solver_result(DOCUMENT)
        wire.is_cut = False
        assert wired.get_solver_documents_count() == (2 if fault == "after commit" else 1)
        wired.sync_solver_result(DOCUMENT)
        assert wired.get_solver_documents_count() == 2

    def test_error_before_the_commit_is_no_doubt(
        self, wire: Wire, wired: GraphDatabase, fault: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_RECONNECT_TIMEOUT", "0")
        wired.engine.dispose()
        wire.is_cut = True
        with pytest.raises(NotConnected) as error:
            wired.sync_solver_result(DOCUMENT)
        assert type(error.value) is NotConnected


@pytest.mark.torture
def test_wire_that_is_cut_anywhere(wire: Wire, sample_documents: list[Json], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each connection ends after a random number of bytes, so in the middle of statements and answers, too."""
    seed = new_seed()
    monkeypatch.setenv("KNOWLEDGE_GRAPH_RETRIES", "100")
    documents = documents_of_every_kind(sample_documents, 200, seed)
    wire.cut_after = (random.Random(seed), 100_000)
    with GraphDatabase() as graph:

        def work(number: int) -> None:
            write(graph, shuffled(documents, seed + number))

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(work, range(8)))
        wire.cut_after = None
        graph.connect()
        dump = logical_dump(graph)
        tell(seed, documents=len(documents), threads=8, connections_cut=wire.cuts)
        assert wire.cuts > 10
        empty(graph)
        write(graph, documents)
        assert logical_dump(graph) == dump
