"""Documents into the database."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial

from thoth.storages import GraphDatabase
from thoth.storages.documents.core_metadata import CoreMetadata
from thoth.storages.documents.solver import read_solver_document
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.sync import sync_local_documents

from ..corpus import Json, edges_of, merged
from ..floor import FloorWriter, PreparedDocument, prepared
from ..measure import FLOOR, LIBRARY, RELEASED, REPLAYED, Subject, repeated, timed
from ..recorded import Statement, recorded, replay
from ..registry import Benchmark, group
from ..targets import at_most, faster, statements, under
from ..workspace import Workspace

_GROUP = 100
_LARGE_PACKAGES, _LARGE_EDGES = 300, 6_500


@group("sync")
def one_by_one(workspace: Workspace) -> Iterator[Benchmark]:
    """Documents, a transaction each."""
    documents = workspace.documents[: workspace.options.written]
    library = Subject(LIBRARY, lambda: _sync_each(workspace, documents), rows=1)
    with workspace.fresh(workspace.empty, "bench_counted") as database, workspace.databases.graph(database) as graph:
        replayed = [recorded(graph, partial(graph.sync_solver_result, made)) for made in documents]
    library.statements = sum(map(len, replayed)) / len(documents)
    floor = _floor(workspace, [[prepared(facts)] for facts in workspace.facts[: len(documents)]])
    alone = Subject(REPLAYED, lambda: _replay_each(workspace, replayed), library.statements, 1)
    yield Benchmark(
        "sync",
        f"sync_solver_result, a transaction each, {len(documents)} documents",
        [library, floor, alone],
        [at_most(1.5, FLOOR)],
        "documents",
    )
    if workspace.options.with_released:
        first = documents[: workspace.options.released_documents]
        again = Subject(LIBRARY, lambda: _sync_each(workspace, first), rows=1)
        title = f"sync_solver_result, the first {len(first)} documents of an empty database"
        bare = _floor(workspace, [[prepared(facts)] for facts in workspace.facts[: len(first)]])
        yield Benchmark("sync-first", title, [again, bare, _released(workspace)], [faster(RELEASED, 100)], "documents")


@group("sync-groups")
def in_groups(workspace: Workspace) -> Iterator[Benchmark]:
    """Documents of a file, in groups; and the groups themselves."""
    lines, count = workspace.lines, len(workspace.documents)

    def from_file() -> float:
        with (
            workspace.fresh(workspace.empty, "bench_library") as database,
            workspace.databases.graph(database) as graph,
        ):
            run = timed(lambda: sync_local_documents([lines], graph=graph), count)
            seconds = run()
            assert graph.get_solver_documents_count() == count
            return seconds

    groups = [workspace.facts[start : start + _GROUP] for start in range(0, count, _GROUP)]

    def facts_alone() -> float:
        with (
            workspace.fresh(workspace.empty, "bench_library") as database,
            workspace.databases.graph(database) as graph,
        ):
            return timed(lambda: [graph.sync_solver_results(each) for each in groups], count)()

    subjects = [
        Subject(LIBRARY, from_file, rows=1),
        Subject("sync_solver_results alone", facts_alone, rows=1, note="documents read and checked before"),
        _floor(workspace, [[prepared(facts) for facts in each] for each in groups]),
    ]
    with workspace.fresh(workspace.empty, "bench_counted") as database, workspace.databases.graph(database) as graph:
        with counted_statements(graph.engine) as sent:
            sync_local_documents([lines], graph=graph)
        subjects[0].statements = subjects[1].statements = len(sent) / count
    targets = [at_most(1.5, FLOOR)]
    if workspace.options.with_released:
        subjects.append(_released(workspace, rounds=1))
        targets.append(faster(RELEASED, 500))
    yield Benchmark(
        "sync-groups", "thoth-storages sync, from a file, a hundred a transaction", subjects, targets, "documents"
    )


@group("already-in")
def already_in(workspace: Workspace) -> Iterator[Benchmark]:
    """Documents that are in already."""
    graph, documents = workspace.graph, workspace.documents
    document = documents[len(documents) // 2]
    sent = recorded(graph, lambda: graph.sync_solver_result(document))
    yield Benchmark(
        "already-in",
        "sync_solver_result of a document that is in",
        [
            Subject(LIBRARY, repeated(lambda: graph.sync_solver_result(document), 50), len(sent)),
            Subject(FLOOR, repeated(lambda: replay(workspace.connection, sent), 50), len(sent)),
        ],
        [statements(2), under(0.002)],
    )
    ids = [made["metadata"]["document_id"] for made in documents[:1000]]
    bulk = recorded(graph, lambda: graph.solver_document_ids_in(ids))
    yield Benchmark(
        "already-in-bulk",
        f"solver_document_ids_in of {len(ids)} documents",
        [
            Subject(LIBRARY, repeated(lambda: graph.solver_document_ids_in(ids), 5), len(bulk), len(ids)),
            Subject(FLOOR, repeated(lambda: replay(workspace.connection, bulk), 5), len(bulk), len(ids)),
        ],
        [under(0.05)],
        "documents",
    )


@group("large-document")
def large_document(workspace: Workspace) -> Iterator[Benchmark]:
    """One document about hundreds of package versions."""
    document = merged(workspace.documents, _LARGE_PACKAGES, _LARGE_EDGES, "solver-rhel-8-py38-221201000000-00bench")
    facts = read_solver_document(document)
    edges = edges_of(document)
    with workspace.fresh(workspace.empty, "bench_counted") as database, workspace.databases.graph(database) as graph:
        sent = recorded(graph, lambda: graph.sync_solver_result(document))
    library = Subject(LIBRARY, lambda: _sync_each(workspace, [document]), len(sent), edges)
    floor = _floor(workspace, [[prepared(facts)]])
    floor.rows = edges
    yield Benchmark(
        "large-document",
        f"sync_solver_result of a document of {len(facts.packages)} package versions",
        [library, floor],
        [statements(40), under(0.4)],
        "edges",
    )


def _sync_each(workspace: Workspace, documents: Sequence[Json]) -> float:
    """Put documents into an empty database, a transaction each; return the seconds of one."""
    with workspace.fresh(workspace.empty, "bench_library") as database, workspace.databases.graph(database) as graph:
        return timed(lambda: _sync_all(graph, documents), len(documents))()


def _sync_all(graph: GraphDatabase, documents: Sequence[Json]) -> None:
    for document in documents:
        graph.sync_solver_result(document)


def _replay_each(workspace: Workspace, documents: Sequence[list[Statement]]) -> float:
    """Send the statements of documents by the bare driver, each of which commits what it did."""
    with (
        workspace.fresh(workspace.empty, "bench_replayed") as database,
        closing(workspace.databases.connection(database, autocommit=True)) as connection,
    ):

        def work() -> None:
            for sent in documents:
                replay(connection, sent)

        return timed(work, len(documents))()


def _floor(workspace: Workspace, groups: Sequence[Sequence[PreparedDocument]]) -> Subject:
    """Return the bare driver, writing prepared documents, a transaction a group."""
    count = sum(map(len, groups))

    def run() -> float:
        with (
            workspace.fresh(workspace.empty, "bench_floor") as database,
            closing(workspace.databases.connection(database)) as connection,
        ):
            writer = FloorWriter(connection, CoreMetadata.__struct_fields__)
            started = time.perf_counter()
            for each in groups:
                writer.write(each)
            seconds = (time.perf_counter() - started) / count
        subject.statements = writer.statements / count
        return seconds

    subject = Subject(FLOOR, run, rows=1)
    return subject


_released_seconds: dict[str, tuple[float, float]] = {}


def _released(workspace: Workspace, rounds: int = 2) -> Subject:
    """Return the release, syncing its few documents; a single round takes what was measured before, if it was."""
    count = workspace.options.released_documents
    known = _released_seconds.get(workspace.corpus.name)

    def run() -> float:
        if known is not None and rounds == 1:
            subject.statements = known[1]
            return known[0]
        with (
            workspace.fresh(workspace.released_empty, "bench_released") as database,
            workspace.released_process(database) as process,
        ):
            process.ask("connect")
            answer = process.ask("sync", path=str(workspace.lines), start=0, count=count)
        subject.statements = answer["statements"] / answer["size"]
        seconds: float = answer["seconds"] / answer["size"]
        _released_seconds[workspace.corpus.name] = seconds, subject.statements
        return seconds

    subject = Subject(RELEASED, run, rows=1, rounds=rounds, note=f"its first {count} documents, one by one")
    return subject
