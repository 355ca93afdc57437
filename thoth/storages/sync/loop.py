"""The one loop: documents are read while those before them are written, by one or several writers.

Documents go in groups, a transaction each; when a group fails, its documents go one by one, so that one bad document
takes none of the others with it. No more is held than the writers have in hand and a group of each kind.
"""

from __future__ import annotations

import logging
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event, current_thread, main_thread
from typing import Any

from ..exceptions import ThothStorageException, brief
from ..graph import GraphDatabase
from ..graph.statistics import take_first_statistics
from .kinds import Kind, kind_of
from .report import Failure, Progress, SyncCounts, SyncInterrupted, SyncReport

_LOGGER = logging.getLogger(__name__)

UNKNOWN = "unknown"
_AHEAD = 2
"""Groups that wait for each writer, so that none waits for a group."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A document that is to be put into the graph, or what became of it before it came to that."""

    document: str
    """Its identifier on the store, or the path of its file."""
    advanced: int
    """How far it takes the run, see `Progress`."""
    line: int | None = None
    kind: Kind | None = None
    """None when the document itself has to tell."""
    is_skipped: bool = False
    """Whether there is nothing to do: it is in already, or not finished yet."""
    parse: Callable[[], Mapping[str, Any]] = dict
    """Returns the document; raises `ThothStorageException`."""

    def failure(self, kind: str, error: ThothStorageException) -> Failure:
        """Return the failure of this document."""
        where = self.document if self.line is None else f"{self.document}:{self.line}"
        return Failure(kind, self.document, str(error).removeprefix(f"{where}: "), self.line)


@dataclass(frozen=True, slots=True)
class _Written:
    """What became of a group."""

    kind: str
    counts: SyncCounts
    failures: Sequence[tuple[Failure, ThothStorageException]] = ()


def run(
    graph: GraphDatabase,
    offers: Generator[Offer, None, None],
    *,
    force: bool = False,
    graceful: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
    on_failure: Callable[[Failure], None] | None = None,
    report: SyncReport | None = None,
) -> SyncReport:
    """Put documents into the graph.

    Args:
        graph: a connected adapter.
        offers: the documents, taken as they are needed.
        force: say anew what is in the graph already.
        graceful: go on when a document fails; it is logged and counted.
        workers: how many groups are written at once, each in a thread and on a connection of its own.
        progress: told how it goes on, in this thread.
        on_failure: told of each document that failed, in this thread.
        report: what came before, which is added to.

    Returns:
        What became of the documents.

    Raises:
        ThothStorageException: a document failed, and ``graceful`` was not asked for; those before it are in.
        SyncInterrupted: the run was interrupted; the documents in flight are in.

    """
    loop = _Loop(graph, force, graceful, workers, progress, on_failure, report or SyncReport())
    with closing(offers), ThreadPoolExecutor(workers, thread_name_prefix="thoth-storages-sync") as pool:
        loop.pool = pool
        with _told_of_interrupts() as interrupted:
            try:
                loop.take(offers, interrupted)
            except BaseException:
                loop.finish(cancel=False)
                raise
            if interrupted.is_set():
                loop.finish(cancel=True)
                raise SyncInterrupted(loop.report)
    if loop.report.total.synced:
        _take_statistics(graph)
    return loop.report


def _take_statistics(graph: GraphDatabase) -> None:
    """Let questions that follow at once be planned by what is there; that all is in does not depend on it."""
    try:
        take_first_statistics(graph)
    except ThothStorageException as error:
        _LOGGER.warning("no statistics were taken of new tables, autovacuum will: %s", error)


@contextmanager
def _told_of_interrupts() -> Iterator[Event]:
    """Give an event that Ctrl-C sets, once; again, it interrupts as ever.

    An exception could come between any two steps, and lose a group that a writer has in hand.
    """
    interrupted = Event()
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupted
        return

    def note(*_: object) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class _Loop:
    """The state of a run; everything but `_write` happens in the thread that called."""

    pool: ThreadPoolExecutor

    def __init__(
        self,
        graph: GraphDatabase,
        force: bool,
        graceful: bool,
        workers: int,
        progress: Progress | None,
        on_failure: Callable[[Failure], None] | None,
        report: SyncReport,
    ) -> None:
        self._graph = graph
        self._force = force
        self._graceful = graceful
        self._most = workers * (1 + _AHEAD)
        self._progress = progress
        self._on_failure = on_failure
        self._groups: dict[Kind, list[tuple[Offer, Any]]] = {}
        self._in_flight: deque[tuple[Future[_Written], int]] = deque()
        self.report = report

    def take(self, offers: Iterable[Offer], interrupted: Event) -> None:
        """Go through all documents, or until it is interrupted."""
        for offer in offers:
            if interrupted.is_set():
                return
            if offer.is_skipped:
                self._count(_name(offer.kind), SyncCounts(1, 0, 1, 0), offer.advanced)
            else:
                self._read(offer)
        self._submit_all()
        self._collect(0)

    def _read(self, offer: Offer) -> None:
        """Read a document, and have its group written when that is full."""
        kind = offer.kind
        try:
            document = offer.parse()
            kind = kind or kind_of(document)
            facts = kind.read(document)
        except ThothStorageException as error:
            self._fail([(offer.failure(_name(kind), error), error)])
            self._count(_name(kind), SyncCounts(1, 0, 0, 1), offer.advanced)
            return
        group = self._groups.setdefault(kind, [])
        group.append((offer, facts))
        if len(group) >= kind.group_size:
            self._submit(kind)

    def finish(self, *, cancel: bool) -> None:
        """Bring the documents in flight to an end; those that no writer has begun with are let go, or go in, too."""
        if cancel:
            for future, _ in self._in_flight:
                future.cancel()
        else:
            self._submit_all()
        self._graceful = True  # what ended the run is on its way already
        self._collect(0)

    def _submit_all(self) -> None:
        for kind in list(self._groups):
            self._submit(kind)

    def _submit(self, kind: Kind) -> None:
        group = self._groups.pop(kind)
        self._collect(self._most - 1)
        advanced = sum(offer.advanced for offer, _ in group)
        self._in_flight.append((self.pool.submit(self._write, kind, group), advanced))

    def _collect(self, most: int) -> None:
        """Wait until no more than so many groups are in flight, and count those that are done."""
        while True:
            done = [entry for entry in self._in_flight if entry[0].done()]
            for entry in done:
                self._in_flight.remove(entry)
            for future, advanced in done:
                if not future.cancelled():
                    written = future.result()
                    self._count(written.kind, written.counts, advanced)
                    self._fail(written.failures)
            if len(self._in_flight) <= most:
                return
            wait([future for future, _ in self._in_flight], return_when=FIRST_COMPLETED)

    def _write(self, kind: Kind, group: Sequence[tuple[Offer, Any]]) -> _Written:
        """Put a group into the graph, in a writer's thread."""
        try:
            synced = kind.sync(self._graph, [facts for _, facts in group], self._force)
        except ThothStorageException as error:
            if len(group) == 1:
                failure = group[0][0].failure(kind.name, error)
                return _Written(kind.name, SyncCounts(1, 0, 0, 1), [(failure, error)])
            parts = [self._write(kind, [one]) for one in group]
            return _Written(
                kind.name,
                sum((part.counts for part in parts), start=SyncCounts()),
                [failed for part in parts for failed in part.failures],
            )
        return _Written(kind.name, SyncCounts(len(group), synced, len(group) - synced, 0))

    def _fail(self, failures: Iterable[tuple[Failure, ThothStorageException]]) -> None:
        """Note documents that failed, or end the run with the first of them."""
        for failure, error in failures:
            if self._on_failure is not None:
                self._on_failure(failure)
            if not self._graceful:
                raise type(error)(f"{failure.source}: {failure.reason}") from error
            source = brief(failure.source)
            fields = {"document_id": source, "kind": failure.kind, "reason": failure.reason}
            _LOGGER.error("%s: %s", source, failure.reason, extra=fields)
            self.report.failures.append(failure)

    def _count(self, kind_name: str, counts: SyncCounts, advanced: int) -> None:
        self.report.add(kind_name, counts)
        for observer in self._graph.observers:
            observer.documents_done(kind_name, synced=counts.synced, skipped=counts.skipped, failed=counts.failed)
        if self._progress is not None:
            self._progress(advanced, self.report.total)


def _name(kind: Kind | None) -> str:
    return UNKNOWN if kind is None else kind.name
