"""Many writers at once, as real processes: a sync job is a pod a document, many run at once, any may be killed."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import empty
from tests.databases import missing_database
from tests.dump import Dump, logical_dump
from tests.factories import (
    SOLVER,
    overlapping_documents,
    read,
    requires,
    shuffled,
    solved,
    solver_document,
    sync,
)
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import DatabaseNotInitialized, NotFoundError
from thoth.storages.graph.ingest.writers import exclude_writers

Json = dict[str, Any]

SPAWN = multiprocessing.get_context("spawn")


# What runs in processes of their own ------------------------------------------------------------------------------


def sync_one_by_one(documents: list[Json]) -> None:
    with GraphDatabase() as graph:
        for document in documents:
            graph.sync_solver_result(document)


def sync_in_groups(documents: list[Json]) -> int:
    facts = read(documents)
    with GraphDatabase() as graph:
        return sum(graph.sync_solver_results(facts[start : start + 10]) for start in range(0, len(facts), 10))


def force_one_by_one(documents: list[Json]) -> None:
    with GraphDatabase() as graph:
        for document in documents:
            graph.sync_solver_result(document, force=True)


def delete_and_sync_again(documents: list[Json]) -> int:
    """Delete each document, wherever another writer is with it, and sync it again; return how many were there."""
    deleted = 0
    with GraphDatabase() as graph:
        for document in documents:
            try:
                graph.delete_solver_result(document["metadata"]["document_id"])
                deleted += 1
            except NotFoundError:
                pass
            graph.sync_solver_result(document)
    return deleted


def register_and_announce(names: list[str]) -> None:
    with GraphDatabase() as graph:
        for name in names:
            graph.register_python_package_index(f"https://{name}.example.com/simple")
            graph.create_python_package_version_entities([(name, None, None), (name, "1.0", None)])


def initialize_schema() -> str:
    graph = GraphDatabase()
    graph.initialize_schema()
    with graph:
        return graph.get_table_alembic_version_head()


# The tests --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """Four processes; each call opens an adapter of its own."""
    with ProcessPoolExecutor(4, mp_context=SPAWN) as pool:
        yield pool


@pytest.fixture(scope="module")
def documents(sample_documents: list[Json]) -> list[Json]:
    """Documents of ten package versions, most of which are in other documents, too."""
    return overlapping_documents(sample_documents, 60)


@pytest.fixture
def expected(graph: GraphDatabase, documents: list[Json]) -> Dump:
    """What one quiet writer writes; the database is empty again."""
    sync(graph, documents)
    dump = logical_dump(graph)
    empty(graph)
    return dump


@pytest.fixture(autouse=True)
def no_deadlock(graph: GraphDatabase) -> Iterator[None]:
    """A deadlock would be tried again and go unnoticed; the server counts them when a writer disconnects."""
    count = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    with graph.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        before = connection.scalar(count)
        yield
        assert connection.scalar(count) == before


def all_results(futures: list[Future[Any]]) -> list[Any]:
    """Return what the processes returned; an error of one of them is raised."""
    return [future.result(timeout=120) for future in futures]


def test_documents_overlap(documents: list[Json]) -> None:
    packages = [(fact.package_name, fact.package_version) for facts in read(documents) for fact in facts.packages]
    assert len(packages) >= 600
    assert len(set(packages)) < 200


@pytest.mark.parametrize("job", [sync_one_by_one, sync_in_groups])
def test_same_documents_in_random_orders(
    graph: GraphDatabase,
    processes: ProcessPoolExecutor,
    documents: list[Json],
    expected: Dump,
    job: Callable[[list[Json]], Any],
) -> None:
    results = all_results([processes.submit(job, shuffled(documents, seed)) for seed in range(4)])
    assert logical_dump(graph) == expected
    if job is sync_in_groups:
        assert sum(results) == len(documents)


def test_opposite_orders(
    graph: GraphDatabase, processes: ProcessPoolExecutor, documents: list[Json], expected: Dump
) -> None:
    """Measured on an earlier release: 45 duplicates in 2,497; of 24 syncs of larger documents 9 to 11 deadlocked."""
    all_results([processes.submit(sync_one_by_one, order) for order in (documents, documents[::-1])])
    assert logical_dump(graph) == expected


def test_different_documents_about_the_same_packages(
    graph: GraphDatabase, processes: ProcessPoolExecutor, documents: list[Json], expected: Dump
) -> None:
    all_results([processes.submit(sync_one_by_one, documents[number::4]) for number in range(4)])
    assert logical_dump(graph) == expected


def test_one_document_by_all_at_once(
    graph: GraphDatabase, processes: ProcessPoolExecutor, documents: list[Json]
) -> None:
    for document in documents[:10]:
        sync(graph, [document])
        expected = logical_dump(graph)
        empty(graph)
        counts = all_results([processes.submit(sync_in_groups, [document]) for _ in range(4)])
        assert sum(counts) == 1
        assert logical_dump(graph) == expected
        empty(graph)


def test_force_and_removal_beside_syncs(
    graph: GraphDatabase, processes: ProcessPoolExecutor, documents: list[Json], expected: Dump
) -> None:
    jobs: list[Callable[[list[Json]], Any]] = [
        sync_one_by_one,
        force_one_by_one,
        delete_and_sync_again,
        delete_and_sync_again,
    ]
    results = all_results([processes.submit(job, shuffled(documents, seed)) for seed, job in enumerate(jobs)])
    assert results[2] + results[3] > 0
    assert logical_dump(graph) == expected


def test_registrations_and_announcements_beside_each_other(
    graph: GraphDatabase, processes: ProcessPoolExecutor
) -> None:
    names = [f"package-{number}" for number in range(50)]
    all_results([processes.submit(register_and_announce, shuffled(names, seed)) for seed in range(4)])
    dump = logical_dump(graph)
    assert len(dump["python_package_index"]) == 50
    assert len(dump["python_package_version_entity"]) == 100


def sync_for_ever(documents: list[Json]) -> None:
    """Sync, and replace, documents until somebody ends it."""
    with GraphDatabase() as graph:
        while True:
            for document in documents:
                graph.sync_solver_result(document, force=True)


def test_killed_at_any_point_a_document_is_in_whole_or_not_at_all(graph: GraphDatabase) -> None:
    """A document states every package version again, so that each run of the loop removes and writes all rows."""
    documents = [
        solver_document(
            f"{SOLVER}-{number:02x}",
            tree=[
                solved(f"package-{other}", f"{number}", [requires(f"dependency-{other}", f"{number}", "1")])
                for other in range(60)
            ],
            datetime=f"2021-07-{number + 1:02}T00:00:00",
        )
        for number in range(6)
    ]
    at_random = random.Random(1)
    for attempt in range(5):
        process = SPAWN.Process(target=sync_for_ever, args=(documents,), daemon=True)
        process.start()
        while not graph.get_solver_documents_count():
            assert process.is_alive()
        time.sleep(at_random.uniform(0, 0.15))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        found = ids_in(graph, documents)
        assert found, attempt
        dump = logical_dump(graph)
        empty(graph)
        sync(graph, [document for document in documents if document["metadata"]["document_id"] in found])
        assert logical_dump(graph) == dump
        empty(graph)


def ids_in(graph: GraphDatabase, documents: list[Json]) -> set[str]:
    """Return the ids of the documents that are in, once nobody writes any more."""
    with graph.session() as session:
        exclude_writers(session)  # waits until the server noticed that the process is gone
    return graph.solver_document_ids_in([document["metadata"]["document_id"] for document in documents])


def test_schema_that_starts_on_six_pods_at_once(graph: GraphDatabase, database_name: str) -> None:
    with missing_database(f"{database_name}_new"):
        with ProcessPoolExecutor(6, mp_context=SPAWN) as pool:
            heads = all_results([pool.submit(initialize_schema) for _ in range(6)])
        assert heads == [graph.get_script_alembic_version_head()] * 6
        with GraphDatabase() as new:
            sync(new, [solver_document(tree=[solved("a")])])
            assert new.is_schema_up2date()
            new.drop_all()
            with pytest.raises(DatabaseNotInitialized):
                new.is_schema_up2date()
            new.initialize_schema()
            assert new.get_solver_documents_count() == 0
