"""Many writers of documents of every kind, as real processes that are killed, that hold on, that remove and replace."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest

from tests.dump import Dump, logical_dump
from tests.factories import Json, shuffled, sync
from tests.faults.everything import Documents, documents_of_every_kind, missing, write
from tests.faults.servers import ask
from tests.processes import becomes_true, collected, forked
from tests.torture import new_seed, tell
from thoth.storages import GraphDatabase
from thoth.storages.documents.solver import read_solver_document
from thoth.storages.exceptions import NotFoundError
from thoth.storages.graph.ingest.solver import sync_solver_results
from thoth.storages.graph.ingest.writers import exclude_writers

Quiet = Callable[[Documents], Dump]


# What runs in processes of their own ------------------------------------------------------------------------------


def write_all(documents: Documents, seed: int) -> None:
    with GraphDatabase() as graph:
        write(graph, shuffled(documents, seed))


def replace_all(documents: Documents, seed: int) -> None:
    with GraphDatabase() as graph:
        write(graph, shuffled(documents, seed), force=True)


def remove_and_write_all(documents: Documents, seed: int) -> None:
    """Remove each solver document, wherever other writers are with it, and write all documents again."""
    with GraphDatabase() as graph:
        for kind, document in shuffled(documents, seed):
            if kind == "solver":
                with suppress(NotFoundError):
                    graph.delete_solver_result(document["metadata"]["document_id"])
            write(graph, [(kind, document)])


# ------------------------------------------------------------------------------------------------------------------


def killed_and_restarted(
    jobs: list[Callable[[int], None]], at_random: random.Random, kills: int, longest: float
) -> int:
    """Run jobs at once, each in a process that is killed so many times after a random time, and started again.

    Each start is given a seed of its own. An error in a process is raised here.

    Returns:
        How many processes were killed; one that ended before is not.

    """
    killed = 0
    writers = [(job, forked(partial(job, at_random.randrange(2**32)))) for job in jobs]
    for _ in range(kills):
        for number, (job, (pid, reader)) in enumerate(writers):
            time.sleep(at_random.uniform(0, longest / len(jobs)))
            os.kill(pid, signal.SIGKILL)  # one that has ended waits to be asked how
            _, status = os.waitpid(pid, 0)
            if os.WIFSIGNALED(status):
                killed += 1
                os.close(reader)
            else:
                assert os.waitstatus_to_exitcode(status) == 0
                with os.fdopen(reader, "rb") as pipe:
                    assert b"Traceback" not in (told := pipe.read()), told
            writers[number] = (job, forked(partial(job, at_random.randrange(2**32))))
    for _, child in writers:
        collected(child)
    return killed


def settled(graph: GraphDatabase) -> Dump:
    """Return what is in, once the server noticed that killed processes are gone."""
    with graph.session() as session:
        exclude_writers(session)
    return logical_dump(graph)


@contextmanager
def counted_deadlocks() -> Iterator[list[int]]:
    """Count deadlocks: they are tried again, and would go unnoticed."""
    count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    (before,) = ask(count)
    found: list[int] = []
    yield found
    (after,) = ask(count)
    found.append(after[0] - before[0])


def check_killed_writers(
    graph: GraphDatabase,
    documents: Documents,
    expected: Dump,
    *,
    jobs: list[Callable[[Documents, int], None]],
    kills: int,
    longest: float,
    seed: int,
) -> None:
    started = time.monotonic()
    with counted_deadlocks() as deadlocks:
        killed = killed_and_restarted(
            [partial(job, documents) for job in jobs], random.Random(seed), kills=kills, longest=longest
        )
        dump = settled(graph)
    tell(
        seed,
        documents=len(documents),
        writers=len(jobs),
        kills=killed,
        deadlocks=deadlocks[0],
        seconds=round(time.monotonic() - started),
    )
    assert killed > 0
    assert missing(graph, documents) == {}
    assert dump == expected
    assert deadlocks == [0]


class TestKilledWriters:
    def test_every_document_is_in_once(self, graph: GraphDatabase, everything: Documents, quiet_dump: Dump) -> None:
        check_killed_writers(
            graph, everything, quiet_dump, jobs=[write_all] * 4, kills=3, longest=0.3, seed=random.randrange(2**32)
        )

    @pytest.mark.torture
    def test_eight_writers_of_five_hundred(
        self, graph: GraphDatabase, sample_documents: list[Json], quiet: Quiet
    ) -> None:
        seed = new_seed()
        documents = documents_of_every_kind(sample_documents, 500, seed)
        expected = quiet(documents)
        check_killed_writers(graph, documents, expected, jobs=[write_all] * 8, kills=15, longest=3.0, seed=seed)

    @pytest.mark.torture
    def test_who_remove_and_replace(self, graph: GraphDatabase, sample_documents: list[Json], quiet: Quiet) -> None:
        seed = new_seed()
        documents = documents_of_every_kind(sample_documents, 140, seed)
        expected = quiet(documents)
        jobs: list[Callable[[Documents, int], None]] = [write_all, replace_all, remove_and_write_all] * 2
        check_killed_writers(graph, documents, expected, jobs=jobs, kills=10, longest=3.0, seed=seed)


def test_removals_and_replacements_beside_writers(
    graph: GraphDatabase, everything: Documents, quiet_dump: Dump
) -> None:
    jobs: list[Callable[[Documents, int], None]] = [write_all, replace_all, remove_and_write_all]
    with counted_deadlocks() as deadlocks:
        for child in [forked(partial(job, everything, seed)) for seed, job in enumerate(jobs)]:
            collected(child)
    assert logical_dump(graph) == quiet_dump
    assert deadlocks == [0]


class TestTransactionThatIsHeldOpen:
    """It delays those who write the same rows, and removals; however it ends, they go on."""

    @pytest.fixture
    def documents(self, everything: Documents) -> list[Json]:
        return [document for kind, document in everything if kind == "solver"]

    def hold(self, documents: list[Json], ready: int) -> None:
        """Write documents, and never commit."""
        with GraphDatabase() as graph, graph.session() as session:
            sync_solver_results(session, [read_solver_document(document) for document in documents])
            os.write(ready, b".")
            time.sleep(600)

    @pytest.mark.parametrize("end", ["commit", "rollback", "kill"])
    def test_others_wait_and_go_on(self, graph: GraphDatabase, quiet: Quiet, documents: list[Json], end: str) -> None:
        removed, *others = documents
        expected = quiet([("solver", document) for document in others])
        sync(graph, [removed])
        with ThreadPoolExecutor(5) as threads:
            with self.holding(graph, others[:2], end):
                calls: list[Future[Any]] = []
                calls += [threads.submit(graph.sync_solver_result, document) for document in others[::-1]]
                calls.append(threads.submit(graph.sync_solver_result, others[0], force=True))
                calls.append(threads.submit(graph.delete_solver_result, removed["metadata"]["document_id"]))
                blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                assert becomes_true(lambda: ask(blocked)[0][0] >= 2)
                time.sleep(0.2)
                assert not calls[-1].done()
            for call in calls:
                call.result(timeout=60)
        assert settled(graph) == expected

    @contextmanager
    def holding(self, graph: GraphDatabase, documents: list[Json], end: str) -> Iterator[None]:
        if end == "kill":
            reader, ready = os.pipe()
            pid, result = forked(partial(self.hold, documents, ready))
            os.close(ready)
            assert os.read(reader, 1) == b"."
            yield
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(result)
            os.close(reader)
            return
        with GraphDatabase() as other, other.session() as session:
            sync_solver_results(session, [read_solver_document(document) for document in documents])
            yield
            if end == "rollback":
                session.rollback()


def test_schema_that_eight_processes_make_at_once_on_an_empty_server(
    heads: list[str], breakable: GraphDatabase
) -> None:
    assert heads == [breakable.get_script_alembic_version_head()] * 8
    assert breakable.is_schema_up2date()
    (tables,) = ask("SELECT count(*) FROM alembic_version")
    assert tables == (1,)
