"""The loop: documents are read while those before them are compared, by one or several threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

from sqlalchemy import Table
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ..config import RETRIES
from ..exceptions import NotConnected, ThothStorageException
from ..graph import GraphDatabase
from ..graph.natural_rows import natural_key
from ..sync.kinds import kind_of
from ..sync.loop import UNKNOWN, Offer
from . import held
from .batch import Batch, verify_batch
from .facts import Key, Row, key_of
from .kinds import READINGS
from .report import DANGLING, GRAPH, UNREADABLE, UNSUPPORTED, UNUSED, Difference, VerifyCounts, VerifyReport

_DOCUMENTS_AT_ONCE = {"solver": 100}
_OTHERS_AT_ONCE = 10

Progress = Callable[[int, VerifyCounts], None]
"""Called with how far it went since the last call (bytes of files, documents of a store), and the counts so far."""


def run(
    graph: GraphDatabase,
    offers: Generator[Offer, None, None],
    *,
    kinds: Collection[str],
    all_of: Collection[str] | None,
    workers: int = 1,
    progress: Progress | None = None,
    on_difference: Callable[[Difference], None] | None = None,
) -> VerifyReport:
    """Compare documents with what a graph holds of them.

    Args:
        graph: a connected adapter.
        offers: the documents, taken as they are needed.
        kinds: names of the kinds that are wanted; documents of others are passed over.
        all_of: names of the kinds of which all documents are offered for certain; those that occur among them count,
            too. None when these are some documents only, and nothing is said of others.
        workers: how many batches are compared at once, each in a thread and on a connection of its own.
        progress: told how it goes on.
        on_difference: told of each difference; they are kept in the report when it is not given.

    """
    loop = _Loop(graph, kinds, workers, progress, on_difference)
    if all_of is not None:
        loop.note_runs()
    with closing(offers), ThreadPoolExecutor(workers, thread_name_prefix="thoth-storages-verify") as pool:
        loop.take(pool, offers)
    if all_of is not None:
        loop.tell_of_runs_without_document({*all_of, *loop.kinds_seen})
        loop.tell_of_the_whole()
    return loop.report


class _Loop:
    """The state of a run; everything but `verify_batch` happens in the thread that called."""

    def __init__(
        self,
        graph: GraphDatabase,
        kinds: Collection[str],
        workers: int,
        progress: Progress | None,
        on_difference: Callable[[Difference], None] | None,
    ) -> None:
        self.report = VerifyReport()
        self.kinds_seen: set[str] = set()
        self._graph = graph
        self._kinds = kinds
        self._workers = workers
        self._progress = progress
        self._on_difference = on_difference
        self._batches: dict[str, Batch] = {}
        self._in_flight: deque[Future[Batch]] = deque()
        self._runs_noted: dict[str, set[Key]] = {}
        self._runs_told: dict[str, set[Key]] = {}
        self._not_read: set[str] = set()
        self._told_of: set[tuple[str, Key]] = set()
        self._shared = held.names_of_shared_tables()

    def note_runs(self) -> None:
        """Note which runs the graph holds before documents are read: those that come in later are no concern."""
        with self._graph.snapshot() as connection:
            for kind in self._kinds:
                self._runs_noted[kind] = set(held.run_keys(connection, READINGS[kind].table))

    def take(self, pool: ThreadPoolExecutor, offers: Generator[Offer, None, None]) -> None:
        """Go through all documents."""
        for offer in offers:
            self._read(pool, offer)
            if self._progress is not None:
                self._progress(offer.advanced, self.report.total)
        for batch in self._batches.values():
            self._submit(pool, batch)
        self._collect(0)

    def tell_of_runs_without_document(self, kinds: Collection[str]) -> None:
        """Tell of the runs of some kinds that no document tells of."""
        for kind in sorted(kinds):
            table = READINGS[kind].table
            for key in sorted(self._runs_noted.get(kind, set()) - self._runs_told.get(kind, set())):
                if key[0] not in self._not_read:
                    named = dict(zip(natural_key(table), key, strict=True))
                    self._tell(Difference(kind, str(key[0]), table.name, UNSUPPORTED, named))

    def tell_of_the_whole(self) -> None:
        """Tell of what no single document is answerable for."""
        with self._graph.snapshot() as connection:
            for table, row, lost in held.dangling(connection):
                self._tell_of_row(table, row, DANGLING, found=lost)
            for table, row in held.unused(connection):
                self._tell_of_row(table, row, UNUSED)

    def _tell_of_row(self, table: Table, row: Row, what: str, found: object = None) -> None:
        named = {name: row[name] for name in natural_key(table)}
        # What a document told of already is not told again.
        if (table.name, key_of(table.name, row)) not in self._told_of:
            self._tell(Difference(GRAPH, "", table.name, what, named, found=found))

    def _read(self, pool: ThreadPoolExecutor, offer: Offer) -> None:
        """Read a document, and have its batch compared when that is full."""
        kind = offer.kind
        try:
            parsed = offer.parse()
            kind = kind or kind_of(parsed)
            if kind.name not in self._kinds:
                return
            document = kind.read(parsed)
        except ThothStorageException as error:
            self._not_read.add(offer.document)
            name = UNKNOWN if kind is None else kind.name
            failure = offer.failure(name, error)
            self._tell(Difference(name, failure.source, "", UNREADABLE, {}, found=failure.reason))
            return
        self.kinds_seen.add(kind.name)
        told = self._runs_told.setdefault(kind.name, set())
        runs = [key for key in READINGS[kind.name].run_keys(document) if key not in told]
        told.update(runs)
        if not runs:  # of two documents with one identifier the first counts
            return
        batch = self._batches.setdefault(kind.name, Batch(kind.name))
        batch.documents.append((document, runs))
        if len(batch.documents) >= _DOCUMENTS_AT_ONCE.get(kind.name, _OTHERS_AT_ONCE):
            self._submit(pool, self._batches.pop(kind.name))

    def _submit(self, pool: ThreadPoolExecutor, batch: Batch) -> None:
        self._collect(self._workers)
        self._in_flight.append(pool.submit(self._compare, batch))

    def _compare(self, batch: Batch) -> Batch:
        """Compare a batch, in a thread of its own; again when the connection was lost."""
        retrying = Retrying(
            stop=stop_after_attempt(RETRIES.read()),
            wait=wait_random_exponential(multiplier=0.05, max=2),
            retry=retry_if_exception_type(NotConnected),
            reraise=True,
        )
        return retrying(verify_batch, self._graph, batch)

    def _collect(self, most: int) -> None:
        """Wait until no more than so many batches are in flight, and count those that are done, in their order."""
        while len(self._in_flight) > most or (self._in_flight and self._in_flight[0].done()):
            batch = self._in_flight.popleft().result()
            self.report.add(batch.kind, batch.counts)
            for difference in batch.differences:
                self._tell_once(difference)

    def _tell_once(self, difference: Difference) -> None:
        """Tell of a difference, unless documents of another batch share the row that differs."""
        row = (difference.table, tuple(difference.key.values()))
        if row not in self._told_of:
            if difference.table in self._shared:
                self._told_of.add(row)
            self._tell(difference)

    def _tell(self, difference: Difference) -> None:
        self.report.add(difference.kind, VerifyCounts.of(difference))
        if self._on_difference is None:
            self.report.differences.append(difference)
        else:
            self._on_difference(difference)
