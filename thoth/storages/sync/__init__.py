"""Documents into the graph: from files and folders, and from their stores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from ..documents.kinds import ADVISER, ANALYSIS, DEPENDENCY_MONKEY, PACKAGE_ANALYSIS, PROVENANCE_CHECKER, SOLVER
from ..graph import GraphDatabase
from .amun import sync_amun_inspections, sync_inspection_documents
from .arguments import connected_adapter, listed
from .kinds import KINDS, Kind, kind_of
from .loop import Offer, run
from .report import (
    Failure,
    Progress,
    SyncCounts,
    SyncInterrupted,
    SyncReport,
    failure_writer,
    read_failures,
)
from .sources import by_kind, connected_store, kinds_named, local_offers, store_offers, stored_ids

__all__ = [
    "KINDS",
    "Failure",
    "Kind",
    "Progress",
    "SyncCounts",
    "SyncInterrupted",
    "SyncReport",
    "count_stored_documents",
    "failure_writer",
    "kind_of",
    "kinds_named",
    "read_failures",
    "sync_adviser_documents",
    "sync_amun_inspections",
    "sync_analysis_documents",
    "sync_dependency_monkey_documents",
    "sync_documents",
    "sync_inspection_documents",
    "sync_local_documents",
    "sync_package_analysis_documents",
    "sync_provenance_checker_documents",
    "sync_solver_documents",
    "sync_stored_documents",
]


def sync_local_documents(
    paths: Iterable[str | Path],
    *,
    lines: Mapping[Path, Collection[int | None]] | None = None,
    force: bool = False,
    graceful: bool = False,
    workers: int = 1,
    graph: GraphDatabase | None = None,
    progress: Progress | None = None,
    on_failure: Callable[[Failure], None] | None = None,
) -> SyncReport:
    """Put the documents of files and folders into the graph.

    Args:
        paths: files and folders; see `documents.local`.
        lines: of files that hold a document a line, the numbers of those that are wanted alone.
        force: say anew what is in the graph already.
        graceful: go on when a document fails; it is logged and counted.
        workers: how many groups of documents are written at once.
        graph: a connected adapter to use; not given: one for this call.
        progress: told how it goes on, in bytes.
        on_failure: told of each document that failed.

    Returns:
        What became of the documents.

    Raises:
        NotFoundError: a path does not exist.
        ThothStorageException: a document failed, and ``graceful`` was not asked for; those before it are in.
        SyncInterrupted: the run was interrupted; the documents in flight are in.

    """
    with connected_adapter(graph) as adapter:
        return run(
            adapter,
            local_offers(paths, lines=lines),
            force=force,
            graceful=graceful,
            workers=workers,
            progress=progress,
            on_failure=on_failure,
        )


def sync_stored_documents(
    wanted: Mapping[str, Iterable[str] | None] | None = None,
    document_ids: Iterable[str] = (),
    *,
    since: dt.date | None = None,
    force: bool = False,
    graceful: bool = False,
    workers: int = 1,
    graph: GraphDatabase | None = None,
    progress: Progress | None = None,
    on_failure: Callable[[Failure], None] | None = None,
) -> SyncReport:
    """Put the documents of stores into the graph; those that are in already are not fetched.

    Args:
        wanted: identifiers by the name of their kind, None for all that the store has. Neither this nor
            ``document_ids`` given: all documents of all kinds.
        document_ids: identifiers that tell their kind by what they begin with.
        since: leave out the documents before this day (UTC).
        force: say anew what is in the graph already.
        graceful: go on when a document fails; it is logged and counted.
        workers: how many groups of documents are written at once.
        graph: a connected adapter to use; not given: one for this call.
        progress: told how it goes on, in documents.
        on_failure: told of each document that failed.

    Returns:
        What became of the documents, of each kind that was looked for.

    Raises:
        ConfigurationError: an environment variable of the store is missing, or cannot be used.
        ThothStorageException: a document failed, and ``graceful`` was not asked for; those before it are in.
        SyncInterrupted: the run was interrupted; the documents in flight are in.

    """
    found, failing = by_kind(document_ids)
    if wanted is None and not found and not failing:
        wanted = dict.fromkeys(KINDS)
    of_kind = {**found, **(wanted or {})}
    report = SyncReport({name: SyncCounts() for name in of_kind})
    with connected_adapter(graph) as adapter:

        def offers() -> Generator[Offer, None, None]:
            yield from failing
            for name, ids in of_kind.items():
                yield from store_offers(adapter, KINDS[name], ids, force=force, since=since)

        return run(
            adapter,
            offers(),
            force=force,
            graceful=graceful,
            workers=workers,
            progress=progress,
            on_failure=on_failure,
            report=report,
        )


def count_stored_documents(
    wanted: Mapping[str, Iterable[str] | None] | None = None,
    document_ids: Iterable[str] = (),
    *,
    since: dt.date | None = None,
) -> int:
    """Return how many documents `sync_stored_documents` would go through; the stores are listed for that."""
    ids = list(document_ids)
    if wanted is None:
        wanted = {} if ids else dict.fromkeys(KINDS)
    listings = (
        stored_ids(connected_store(KINDS[name]), since) if given is None else given for name, given in wanted.items()
    )
    return len(ids) + sum(1 for listing in listings for _ in listing)


def sync_documents(
    document_ids: Iterable[str] | None = None,
    *,
    force: bool = False,
    graceful: bool = False,
    graph: GraphDatabase | None = None,
    is_local: bool = False,
) -> dict[str, SyncCounts]:
    """Put documents of any kind into the graph.

    Args:
        document_ids: identifiers, which tell the kind by what they begin with; all documents of all stores when not
            given. With ``is_local``, paths of files and folders.
        force: say anew what is in the graph already.
        graceful: go on when a document fails; it is logged and counted.
        graph: a connected adapter to use; not given: one for this call.
        is_local: whether ``document_ids`` are paths.

    Returns:
        Counts by the name of the kind: processed, synced, skipped, failed.

    Raises:
        ValueError: ``is_local`` without paths.
        ThothStorageException: a document failed, and ``graceful`` was not asked for; those before it are in.

    """
    if is_local:
        if document_ids is None:
            raise ValueError("is_local: document_ids has to be given, the paths of files and folders")
        return sync_local_documents(listed(document_ids), force=force, graceful=graceful, graph=graph).counts
    if document_ids is None:
        return sync_stored_documents(force=force, graceful=graceful, graph=graph).counts
    return sync_stored_documents({}, listed(document_ids), force=force, graceful=graceful, graph=graph).counts


class _SyncOfKind(Protocol):
    """What the functions below are called with."""

    def __call__(
        self,
        document_ids: Iterable[str] | None = None,
        force: bool = False,
        graceful: bool = False,
        graph: GraphDatabase | None = None,
    ) -> SyncCounts:
        """Put documents of one kind into the graph."""
        raise NotImplementedError


def _of_kind(name: str, what: str) -> _SyncOfKind:
    def sync(
        document_ids: Iterable[str] | None = None,
        force: bool = False,
        graceful: bool = False,
        graph: GraphDatabase | None = None,
    ) -> SyncCounts:
        ids = None if document_ids is None else listed(document_ids)
        return sync_stored_documents({name: ids}, force=force, graceful=graceful, graph=graph).total

    sync.__name__ = sync.__qualname__ = f"sync_{name}_documents"
    sync.__doc__ = f"""Put {what} into the graph; those that are in already are not fetched.

    Args:
        document_ids: identifiers; all that the store has when not given.
        force: say anew what is in the graph already.
        graceful: go on when a document fails; it is logged and counted.
        graph: a connected adapter to use; not given: one for this call.

    Returns:
        Counts: processed, synced, skipped, failed.

    Raises:
        ThothStorageException: a document failed, and ``graceful`` was not asked for; those before it are in.

    """
    return sync


sync_solver_documents = _of_kind(SOLVER, "results of solvers")
sync_adviser_documents = _of_kind(ADVISER, "results of advisers")
sync_analysis_documents = _of_kind(ANALYSIS, "analyses of images")
sync_package_analysis_documents = _of_kind(PACKAGE_ANALYSIS, "analyses of packages")
sync_provenance_checker_documents = _of_kind(PROVENANCE_CHECKER, "results of provenance checks")
sync_dependency_monkey_documents = _of_kind(DEPENDENCY_MONKEY, "reports of Dependency Monkey")
