"""Whether the graph holds what documents say: read again, and compared both ways."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TypeVar

from ..documents.local import find_files
from ..exceptions import ThothStorageException
from ..graph import GraphDatabase
from ..sync.kinds import KINDS, kind_of
from ..sync.loop import Offer
from ..sync.sources import connected_store, kinds_named, local_offers, store_offers, stored_ids
from .loop import Progress, run
from .report import Difference, VerifyCounts, VerifyReport

__all__ = [
    "Difference",
    "Progress",
    "VerifyCounts",
    "VerifyReport",
    "verify_local_documents",
    "verify_stored_documents",
]

P = TypeVar("P")


def verify_local_documents(
    paths: Iterable[str | Path],
    *,
    kinds: Iterable[str] | None = None,
    partial: bool = False,
    sample: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    graph: GraphDatabase | None = None,
    progress: Progress | None = None,
    on_difference: Callable[[Difference], None] | None = None,
) -> VerifyReport:
    """Compare the documents of files and folders with what the graph holds of them.

    They are taken for all documents of the kinds that occur among them, and of those in ``kinds``: a run in the graph
    whose document is not among them is a difference. Of two documents with one identifier the first counts.

    Args:
        paths: files and folders; see `documents.local`.
        kinds: names of kinds, documents of others are passed over; all kinds when not given.
        partial: these are not all documents: runs of others are no difference.
        sample: compare no more than so many documents, drawn by chance; then they are not all documents, either.
        seed: what the sample is drawn with: the same documents and seed give the same sample. By chance, if not given.
        workers: how many batches are compared at once.
        graph: a connected adapter to use; not given: one for this call.
        progress: told how it goes on, in bytes.
        on_difference: told of each difference; they are kept in the report when it is not given.

    Returns:
        What came out. A document that cannot be read is a difference.

    Raises:
        NotFoundError: a path does not exist.
        SchemaError: there is no kind of such a name; the message lists those that there are.

    """
    names = _names(kinds)
    files = find_files(paths)
    lines: dict[Path, set[int | None]] | None = None
    if sample is not None:
        seed = _seed(seed)
        lines = {}
        for file, line in _drawn(_places(files, None if kinds is None else names), sample, seed):
            lines.setdefault(file, set()).add(line)
        files = sorted(lines)
    complete = not partial and sample is None
    with nullcontext(graph) if graph is not None else GraphDatabase() as adapter:
        report = run(
            adapter,
            local_offers(files, lines=lines),
            kinds=names,
            all_of=(() if kinds is None else names) if complete else None,
            workers=workers,
            progress=progress,
            on_difference=on_difference,
        )
    report.seed = None if sample is None else seed
    return report


def verify_stored_documents(
    kinds: Iterable[str] | None = None,
    *,
    sample: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    graph: GraphDatabase | None = None,
    progress: Progress | None = None,
    on_difference: Callable[[Difference], None] | None = None,
) -> VerifyReport:
    """Compare the documents of stores with what the graph holds of them.

    A run in the graph whose document is not on its store is a difference, unless a sample is asked for. Documents that
    are stored or come into the graph while this runs may be seen in the one place and not in the other.

    Args:
        kinds: names of kinds; all when not given.
        sample: compare no more than so many documents, drawn by chance.
        seed: what the sample is drawn with: the same documents and seed give the same sample. By chance, if not given.
        workers: how many batches are compared at once.
        graph: a connected adapter to use; not given: one for this call.
        progress: told how it goes on, in documents.
        on_difference: told of each difference; they are kept in the report when it is not given.

    Returns:
        What came out. A document that cannot be read is a difference.

    Raises:
        ConfigurationError: an environment variable of the store is missing, or cannot be used.
        SchemaError: there is no kind of such a name; the message lists those that there are.

    """
    names = _names(kinds)
    ids: dict[str, list[str] | None] = dict.fromkeys(names)
    if sample is not None:
        seed = _seed(seed)
        stored = [(name, id_) for name in names for id_ in stored_ids(connected_store(KINDS[name]), None)]
        ids = {}
        for name, id_ in _drawn(stored, sample, seed):
            ids.setdefault(name, []).append(id_)  # type: ignore[union-attr]
    with nullcontext(graph) if graph is not None else GraphDatabase() as adapter:

        def offers() -> Generator[Offer, None, None]:
            for name, listed in ids.items():
                yield from store_offers(adapter, KINDS[name], listed, force=True)

        report = run(
            adapter,
            offers(),
            kinds=names,
            all_of=names if sample is None else None,
            workers=workers,
            progress=progress,
            on_difference=on_difference,
        )
    report.seed = None if sample is None else seed
    return report


def _names(kinds: Iterable[str] | None) -> list[str]:
    return list(KINDS) if kinds is None else [kind.name for kind in kinds_named(kinds)]


def _seed(seed: int | None) -> int:
    return random.randrange(2**32) if seed is None else seed


def _drawn(places: Iterable[P], sample: int, seed: int) -> list[P]:
    """Return some of the places, whatever order they are listed in."""
    ordered = sorted(places, key=repr)
    numbers = random.Random(seed).sample(range(len(ordered)), min(sample, len(ordered)))
    return [ordered[number] for number in sorted(numbers)]


def _places(files: Iterable[Path], kinds: Collection[str] | None) -> Generator[tuple[Path, int | None], None, None]:
    """Yield file and line of each document; those of some kinds alone have to be parsed for that."""
    for offer in local_offers(files):
        if kinds is None or _kind_name(offer) in kinds:
            yield Path(offer.document), offer.line


def _kind_name(offer: Offer) -> str | None:
    try:
        return kind_of(offer.parse()).name
    except ThothStorageException:
        return None
