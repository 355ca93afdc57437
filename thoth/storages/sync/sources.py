"""Where documents come from: files and folders, and stores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from ..documents.kinds import kind_of_id
from ..documents.local import find_files, read_documents
from ..exceptions import SchemaError, ThothStorageException
from ..graph import GraphDatabase
from ..result_base import DocumentStoreBase
from .kinds import KINDS, Kind
from .loop import Offer

ASKED_AT_ONCE = 1000
"""Identifiers of which one statement asks whether they are in."""


def local_offers(
    paths: Iterable[str | Path], *, lines: Mapping[Path, Collection[int | None]] | None = None
) -> Generator[Offer, None, None]:
    """Yield the documents of files and folders; a file that cannot be read is one that fails.

    Args:
        paths: files and folders, see `documents.local`.
        lines: those lines of some files alone, None for a file that is one document.

    """
    for file in find_files(paths):
        wanted = None if lines is None else lines.get(file)
        offset = 0
        try:
            for document in read_documents(file):
                if wanted is None or document.line in wanted:
                    yield Offer(str(file), document.bytes_read - offset, document.line, parse=document.parse)
                    offset = document.bytes_read
        except SchemaError as error:
            yield Offer(str(file), 0, parse=raising(error))


def store_offers(
    graph: GraphDatabase,
    kind: Kind,
    document_ids: Iterable[str] | None = None,
    *,
    force: bool = False,
    since: dt.date | None = None,
) -> Generator[Offer, None, None]:
    """Yield the documents of a kind that lie on its store, fetched in parallel ahead of whoever takes them.

    Those that are in the graph already are not fetched.

    Args:
        graph: a connected adapter.
        kind: the kind.
        document_ids: identifiers; all that there are when not given.
        force: fetch those, too, that are in.
        since: leave out the documents before this day (UTC).

    """
    store = connected_store(kind)
    listed = iter(stored_ids(store, since) if document_ids is None else dict.fromkeys(document_ids))
    while some := list(islice(listed, ASKED_AT_ONCE)):
        present = set() if force else kind.ids_in(graph, store, some)
        for document_id in some:
            if document_id in present:
                yield Offer(document_id, 1, kind=kind, is_skipped=True)
        yield from _fetched(store, kind, [document_id for document_id in some if document_id not in present])


def connected_store(kind: Kind) -> DocumentStoreBase:
    """Return the store of a kind, as the environment says where it is."""
    store = kind.store()
    store.connect()
    return store


def stored_ids(store: DocumentStoreBase, since: dt.date | None) -> Iterator[str]:
    """Yield the identifiers that a store has, from a day on; all of a kind whose identifiers carry no date."""
    return store.get_document_listing(start_date=since if store.HAS_TIMES else None)


def _fetched(store: DocumentStoreBase, kind: Kind, document_ids: list[str]) -> Generator[Offer, None, None]:
    with closing(store.retrieve_documents(document_ids)) as fetched:
        for document_id, document in fetched:
            if isinstance(document, ThothStorageException):
                yield Offer(document_id, 1, kind=kind, parse=raising(document))
            else:
                yield Offer(document_id, 1, kind=kind, parse=partial(dict, document))


def by_kind(document_ids: Iterable[str]) -> tuple[dict[str, list[str]], list[Offer]]:
    """Return identifiers by the name of their kind, and those that fail because they do not tell it."""
    found: dict[str, list[str]] = {}
    failing = []
    for document_id in document_ids:
        try:
            found.setdefault(kind_of_id(document_id), []).append(document_id)
        except SchemaError as error:
            failing.append(Offer(document_id, 1, parse=raising(error)))
    return found, failing


def kinds_named(names: Iterable[str]) -> list[Kind]:
    """Return kinds by name; a dash stands for an underscore.

    Raises:
        SchemaError: there is no such kind; the message names those that there are.

    """
    found = []
    for name in names:
        kind = KINDS.get(name.replace("-", "_"))
        if kind is None:
            raise SchemaError(f"{name!r}: no kind of document, only {', '.join(KINDS)}")
        found.append(kind)
    return found


def raising(error: ThothStorageException) -> Callable[[], Mapping[str, Any]]:
    """Return what stands for the document of an offer that failed before."""

    def parse() -> Mapping[str, Any]:
        raise error

    return parse
