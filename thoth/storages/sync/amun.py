"""Inspections from Amun: each is asked for once it is finished, goes into the graph, and then on the store."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from ..base import check_key
from ..ceph import Document, in_parallel
from ..documents.inspection import InspectionFacts, read_inspection_document
from ..documents.kinds import INSPECTION
from ..exceptions import NotConnected, SchemaError, ThothStorageException
from ..graph import GraphDatabase
from ..inspections import InspectionResultsStore
from ..result_schema import INSPECTION_SCHEMA
from .arguments import connected_adapter, listed
from .kinds import KINDS, Kind
from .loop import Offer, run
from .report import Failure, Progress, SyncCounts, SyncReport
from .sources import ASKED_AT_ONCE, raising

if TYPE_CHECKING:
    from ..amun import AmunClient

_LOGGER = logging.getLogger(__name__)

_Halves: TypeAlias = tuple[bool, bool]
"""Whether an inspection is to go into the graph, and whether on the store."""
_Found: TypeAlias = tuple[str, _Halves, Document | ThothStorageException | None]
"""Identifier, what is to be done, and what Amun said: None when there is nothing to do, or not yet."""


def sync_inspection_documents(
    amun_api_url: str,
    document_ids: Iterable[str] | None = None,
    *,
    force_sync: bool = False,
    graceful: bool = False,
    only_graph_sync: bool = False,
    only_ceph_sync: bool = False,
    graph: GraphDatabase | None = None,
) -> SyncCounts:
    """Put inspections that Amun ran into the graph, then on the store.

    What was done is not done again: of an inspection that is in the graph and on the store, Amun is not asked; one that
    is in one of them goes to the other. One that still is built, or runs, is skipped.

    Args:
        amun_api_url: address of the API, see `sync_amun_inspections`.
        document_ids: identifiers; when not given, the inspections that Dependency Monkey asked for and that are not in
            the graph, which one statement tells. With ``force_sync`` or ``only_ceph_sync``, all that it asked for.
        force_sync: ask Amun anew about what is there already, and say it anew.
        graceful: go on when an inspection fails; it is logged and counted.
        only_graph_sync: into the graph alone; no store is needed.
        only_ceph_sync: on the store alone; with ``document_ids``, no graph is needed.
        graph: a connected adapter to use; not given: one for this call.

    Returns:
        Counts: processed, synced, skipped, failed.

    Raises:
        ValueError: both ``only_graph_sync`` and ``only_ceph_sync``.
        ConfigurationError: the address is none, or an environment variable is missing, or cannot be used.
        NotConnected: Amun, the store or the database cannot be reached.
        ThothStorageException: an inspection failed, and ``graceful`` was not asked for; those before it are in.

    """
    return sync_amun_inspections(
        amun_api_url,
        document_ids,
        force=force_sync,
        graceful=graceful,
        only_graph=only_graph_sync,
        only_ceph=only_ceph_sync,
        graph=graph,
    ).total


def sync_amun_inspections(
    amun_api_url: str,
    document_ids: Iterable[str] | None = None,
    *,
    force: bool = False,
    graceful: bool = False,
    workers: int = 1,
    only_graph: bool = False,
    only_ceph: bool = False,
    graph: GraphDatabase | None = None,
    progress: Progress | None = None,
    on_failure: Callable[[Failure], None] | None = None,
) -> SyncReport:
    """Put inspections that Amun ran into the graph, then on the store; see `sync_inspection_documents`.

    Args:
        amun_api_url: address of the API, with what comes before ``/inspection/<id>`` or ``/inspect/<id>``, for example
            ``https://amun.example.com/api/v1``; user and password in it are those of basic authentication.
        document_ids: identifiers; not given: see `sync_inspection_documents`.
        force: say anew what is there already.
        graceful: go on when an inspection fails; it is logged and counted.
        workers: how many inspections are written at once; they are asked for ahead of that, several at once.
        only_graph: into the graph alone.
        only_ceph: on the store alone.
        graph: a connected adapter to use; not given: one for this call.
        progress: told how it goes on, in inspections.
        on_failure: told of each inspection that failed.

    Returns:
        What became of the inspections.

    Raises:
        ValueError: both ``only_graph`` and ``only_ceph``.
        ConfigurationError: the address is none, or an environment variable is missing, or cannot be used.
        NotConnected: Amun, the store or the database cannot be reached.
        ThothStorageException: an inspection failed, and ``graceful`` was not asked for; those before it are in.
        SyncInterrupted: the run was interrupted; the inspections in flight are in.

    """
    # Takes a twentieth of a second, which those who sync nothing from Amun need not wait for.
    from ..amun import AmunClient

    if only_graph and only_ceph:
        raise ValueError("only_graph_sync, only_ceph_sync: each leaves out what the other one does")
    ids = None if document_ids is None else listed(document_ids)
    store = None if only_graph else InspectionResultsStore()
    needs_graph = ids is None or not only_ceph
    with (
        closing(AmunClient(amun_api_url)) as client,
        connected_adapter(graph) if needs_graph else nullcontext(graph or GraphDatabase()) as adapter,
    ):
        if store is not None:
            store.connect()
        if ids is None:
            ids = adapter.requested_inspection_ids(only_missing=not (force or only_ceph))
        return run(
            adapter,
            _offers(client, None if only_ceph else adapter, store, ids, force),
            force=force,
            graceful=graceful,
            workers=workers,
            progress=progress,
            on_failure=on_failure,
            report=SyncReport({INSPECTION: SyncCounts()}),
        )


def _offers(
    client: AmunClient,
    graph: GraphDatabase | None,
    store: InspectionResultsStore | None,
    document_ids: Iterable[str],
    force: bool,
) -> Generator[Offer, None, None]:
    """Yield inspections, asked for in parallel ahead of whoever takes them.

    Raises:
        NotConnected: Amun was not reached at all, which is no fault of one inspection.

    """
    from ..amun import AT_ONCE

    kinds = {halves: _kind(store, *halves) for halves in ((True, True), (True, False), (False, True))}
    rest = iter(dict.fromkeys(document_ids))
    while some := list(islice(rest, ASKED_AT_ONCE)):
        nameable = [document_id for document_id in some if _not_a_name(document_id) is None]
        present = set() if force or graph is None else graph.inspection_document_ids_in(nameable)

        def look(document_id: str, present: set[str] = present) -> _Found:
            to_graph = graph is not None and document_id not in present
            return _look(client, None if force else store, document_id, (to_graph, store is not None))

        with closing(in_parallel(look, some, AT_ONCE)) as found:
            for document_id, halves, document in found:
                if document is None:
                    yield Offer(document_id, 1, kind=KINDS[INSPECTION], is_skipped=True)
                elif isinstance(document, ThothStorageException):
                    if isinstance(document, NotConnected) and not client.answered:
                        raise document
                    yield Offer(document_id, 1, kind=kinds.get(halves, KINDS[INSPECTION]), parse=raising(document))
                else:
                    yield Offer(document_id, 1, kind=kinds[halves], parse=partial(dict, document))


def _look(client: AmunClient, store: InspectionResultsStore | None, document_id: str, halves: _Halves) -> _Found:
    """Return what is to be done with an inspection, and what Amun says about it; in one of several threads.

    Args:
        client: of Amun.
        store: where it may be already; None: it has to be asked for anyway.
        document_id: of the inspection.
        halves: what is to be done when it is not on the store.

    """
    to_graph, to_store = halves
    try:
        if error := _not_a_name(document_id):
            raise error
        to_store = to_store and not (store is not None and store.document_exists(document_id))
        document = inspection_document(client, document_id) if to_graph or to_store else None
    except ThothStorageException as failure:
        return document_id, (to_graph, to_store), failure
    return document_id, (to_graph, to_store), document


def _not_a_name(document_id: str) -> SchemaError | None:
    """Return what is wrong with an identifier that neither Amun nor the graph nor a store can have."""
    try:
        check_key(document_id)
    except ValueError as error:
        return SchemaError(str(error))
    return None


def inspection_document(client: AmunClient, inspection_id: str) -> Document | None:
    """Put the document of an inspection together.

    Args:
        client: of Amun.
        inspection_id: identifier of the inspection.

    Returns:
        The document; None when it still is built, or runs. One whose build or script failed is finished.

    Raises:
        NotFoundError: Amun knows no such inspection, or has not kept a part of it.
        SchemaError: an answer does not have the shape that it should; the message names URL and field.
        NotConnected: Amun cannot be reached.
        AmunError: it refuses, or fails.

    """
    status, said = client.status(inspection_id)
    if not status.may_be_finished:
        return _not_finished(inspection_id)
    specification, created = client.specification(inspection_id)
    if not status.is_ended and not status.is_scheduled and specification.get("script"):
        return _not_finished(inspection_id)
    log: Document = {"job_log": None}
    if status.job is not None and any(container.is_terminated for container in status.job.containers):
        found = client.job_logs(inspection_id) if status.job.is_batch else client.job_log(inspection_id)
        if found is None:
            return _not_finished(inspection_id)
        log = found
    return {
        "inspection_id": inspection_id,
        "created": created,
        "specification": specification,
        "status": said,
        "build_log": client.build_log(inspection_id),
        **log,
    }


def _not_finished(inspection_id: str) -> Document | None:
    _LOGGER.info("%s: not finished yet", inspection_id, extra={"document_id": inspection_id, "kind": INSPECTION})
    return None


def _kind(store: InspectionResultsStore | None, to_graph: bool, to_store: bool) -> Kind:
    """Return how inspections are read and written: into the graph, then on the store, or one of both."""

    def read(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], InspectionFacts]:
        return INSPECTION_SCHEMA(document), read_inspection_document(document)

    def sync(graph: GraphDatabase, group: Sequence[tuple[Mapping[str, Any], InspectionFacts]], force: bool) -> int:
        synced = 0
        for document, facts in group:
            is_new = to_graph and graph.sync_inspection_facts(facts, force=force)
            if to_store and store is not None:
                store.store_document(document)
                is_new = True
            synced += is_new
        return synced

    return replace(KINDS[INSPECTION], read=read, sync=sync)
