"""Documents into the graph: one loop, and one table that tells for each kind of document how it is done.

Documents go in groups, a transaction each; when a group fails, its documents go one by one, so that one bad document
takes none of the others with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from .documents.base import Metadata
from .documents.local import LocalDocument, find_files, read_documents
from .documents.solver import SolverFacts, read_solver_document
from .exceptions import SchemaError, ThothStorageException
from .graph import GraphDatabase

_LOGGER = logging.getLogger(__name__)

GROUP_SIZE = 100


class SyncCounts(NamedTuple):
    """How many documents were processed, and what became of them."""

    processed: int = 0
    synced: int = 0
    skipped: int = 0
    """In the graph already."""
    failed: int = 0

    def __add__(self, other: object) -> SyncCounts:
        """Add up."""
        if not isinstance(other, SyncCounts):
            return NotImplemented
        return SyncCounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Kind:
    """A kind of document."""

    name: str
    """As the prefix of its identifiers."""
    analyzers: frozenset[str]
    """Names of the tools that write it."""
    read: Callable[[Mapping[str, Any]], Any]
    """From the document to what it states; raises `SchemaError`."""
    sync: Callable[[GraphDatabase, Sequence[Any], bool], int]
    """Puts a group into the graph; returns how many were not in already."""


def _sync_solver_group(graph: GraphDatabase, group: Sequence[SolverFacts], force: bool) -> int:
    return graph.sync_solver_results(group, force=force)


KINDS: tuple[Kind, ...] = (
    Kind("solver", frozenset({"thoth-solver", "thoth_solver"}), read_solver_document, _sync_solver_group),
)


@dataclass
class SyncReport:
    """What became of documents, by kind."""

    counts: dict[str, SyncCounts] = field(default_factory=dict)
    failures: list[tuple[str, str]] = field(default_factory=list)
    """Source and reason."""

    def add(self, kind: str, counts: SyncCounts) -> None:
        """Count documents of a kind."""
        self.counts[kind] = self.counts.get(kind, SyncCounts()) + counts

    @property
    def total(self) -> SyncCounts:
        """The counts of all kinds together."""
        return sum(self.counts.values(), start=SyncCounts())


Progress = Callable[[int, SyncCounts], None]
"""Called with the number of bytes read since the last call, and with the counts so far."""


def kind_of(document: Mapping[str, Any]) -> Kind:
    """Return the kind of a document, as the tool that wrote it and its identifier tell.

    Raises:
        SchemaError: the kind is not known.

    """
    metadata = document.get("metadata")
    fields = metadata if isinstance(metadata, Mapping) else {}
    for kind in KINDS:
        prefix = f"{kind.name}-"
        names = (fields.get(name) for name in Metadata.__struct_fields__[:2])  # document_id, hostname
        if fields.get("analyzer") in kind.analyzers or any(str(name).startswith(prefix) for name in names):
            return kind
    raise SchemaError(f"$.metadata.analyzer: documents of {fields.get('analyzer')!r} are not known")


def sync_local_documents(
    paths: Iterable[str | Path],
    *,
    force: bool = False,
    graceful: bool = False,
    graph: GraphDatabase | None = None,
    progress: Progress | None = None,
) -> SyncReport:
    """Put the documents of files and folders into the graph.

    Args:
        paths: files and folders; see `documents.local`.
        force: say anew what is in the graph already.
        graceful: go on when a document fails; it is logged and counted.
        graph: a connected adapter to use; not given: one for this call.
        progress: told how it goes on.

    Returns:
        What became of the documents.

    Raises:
        ThothStorageException: a document failed, and ``graceful`` was not asked for; those before it are in.

    """
    if graph is None:
        with GraphDatabase() as own:
            return sync_local_documents(paths, force=force, graceful=graceful, graph=own, progress=progress)
    loop = _Loop(graph, force, graceful, progress)
    documents = _documents(find_files(paths), loop)
    while group := list(islice(documents, GROUP_SIZE)):
        loop.sync(group)
    return loop.report


def _documents(files: Iterable[Path], loop: _Loop) -> Iterator[LocalDocument]:
    for file in files:
        try:
            yield from read_documents(file)
        except SchemaError as error:
            loop.failed("unknown", str(file), error)


class _Loop:
    """Goes through documents, group by group."""

    def __init__(self, graph: GraphDatabase, force: bool, graceful: bool, progress: Progress | None) -> None:
        self._graph = graph
        self._force = force
        self._graceful = graceful
        self._progress = progress
        self._file: Path | None = None
        self._offset = 0
        self.report = SyncReport()

    def sync(self, group: Sequence[LocalDocument]) -> None:
        """Read a group of documents, and put it into the graph."""
        facts: dict[Kind, list[tuple[str, Any]]] = {}
        try:
            for document in group:
                kind_name = "unknown"
                try:
                    parsed = document.parse()
                    kind = kind_of(parsed)
                    kind_name = kind.name
                    facts.setdefault(kind, []).append((document.source, kind.read(parsed)))
                except SchemaError as error:
                    self.failed(kind_name, document.source, error)
        finally:
            # Those before one that fails go in, also when it ends the run.
            for kind, read in facts.items():
                self._sync_facts(kind, read)
            self._tell(group)

    def failed(self, kind: str, source: str, error: ThothStorageException) -> None:
        """Count a document that failed, or end the run with it."""
        message = str(error) if str(error).startswith(source) else f"{source}: {error}"
        if not self._graceful:
            raise type(error)(message) from error
        _LOGGER.error("%s", message)
        self.report.failures.append((source, str(error)))
        self.report.add(kind, SyncCounts(processed=1, failed=1))

    def _sync_facts(self, kind: Kind, read: Sequence[tuple[str, Any]]) -> None:
        try:
            synced = kind.sync(self._graph, [facts for _, facts in read], self._force)
        except ThothStorageException as error:
            if len(read) == 1:
                self.failed(kind.name, read[0][0], error)
            else:
                for one in read:
                    self._sync_facts(kind, [one])
            return
        self.report.add(kind.name, SyncCounts(len(read), synced, len(read) - synced))

    def _tell(self, group: Sequence[LocalDocument]) -> None:
        if self._progress is None:
            return
        advanced = 0
        for document in group:
            advanced += document.bytes_read - (self._offset if document.file == self._file else 0)
            self._file, self._offset = document.file, document.bytes_read
        self._progress(advanced, self.report.total)
