"""What became of documents: counts by kind, and those that failed, which can be tried again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..documents.base import convert, parse
from ..exceptions import SchemaError, brief


class SyncCounts(NamedTuple):
    """How many documents were processed, and what became of them."""

    processed: int = 0
    synced: int = 0
    skipped: int = 0
    """In already, or not finished yet."""
    failed: int = 0

    def __add__(self, other: object) -> SyncCounts:
        """Add up."""
        if not isinstance(other, SyncCounts):
            return NotImplemented
        return SyncCounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A document that failed."""

    kind: str
    """Name of its kind; ``unknown`` when it could not be told."""
    document: str
    """Its identifier on the store, or the path of its file."""
    reason: str
    line: int | None = None
    """Number of the line, in a file that holds several documents."""

    @property
    def source(self) -> str:
        """Where the document is, for messages."""
        return self.document if self.line is None else f"{self.document}:{self.line}"


@dataclass
class SyncReport:
    """What became of documents, by kind."""

    counts: dict[str, SyncCounts] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def add(self, kind: str, counts: SyncCounts) -> None:
        """Count documents of a kind."""
        self.counts[kind] = self.counts.get(kind, SyncCounts()) + counts

    @property
    def total(self) -> SyncCounts:
        """The counts of all kinds together."""
        return sum(self.counts.values(), start=SyncCounts())

    def _repr_html_(self) -> str:
        """Tell the counts by kind, and what failed, as a notebook shows it."""
        counts = _table(("kind", *SyncCounts._fields), [(kind, *each) for kind, each in sorted(self.counts.items())])
        if not self.failures:
            return counts
        failures = _table(("document", "reason"), [(brief(each.source), each.reason) for each in self.failures])
        return f"{counts}<details><summary>{len(self.failures)} failed</summary>{failures}</details>"


def _table(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    def cells(tag: str, values: Iterable[object]) -> str:
        return "".join(f"<{tag}>{escape(str(value))}</{tag}>" for value in values)

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', header)}</tr></thead><tbody>{body}</tbody></table>"


class SyncInterrupted(KeyboardInterrupt):
    """The run was interrupted; the documents in flight were finished, and are in the report."""

    def __init__(self, report: SyncReport) -> None:
        """Take along what became of the documents until then."""
        super().__init__("interrupted")
        self.report = report


Progress = Callable[[int, SyncCounts], None]
"""Called with how far it went since the last call (bytes of files, documents of a store), and the counts so far."""


def failure_writer(path: Path) -> Callable[[Failure], None]:
    """Return a function that appends a failure to a file, a JSON object a line; the file is made anew."""
    path.write_bytes(b"")

    def write(failure: Failure) -> None:
        with open(path, "ab") as file:
            # Not by msgspec: the name of a file that is not UTF-8 holds lone surrogates.
            file.write(json.dumps(msgspec.structs.asdict(failure)).encode() + b"\n")

    return write


def read_failures(path: Path) -> Iterator[Failure]:
    """Yield the failures of a file that `failure_writer` wrote.

    Raises:
        SchemaError: the file cannot be read, or a line is not a failure; the message names both.

    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise SchemaError(f"{path}: cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, start=1):
        try:
            yield convert(parse(line, "$"), Failure, "$")
        except SchemaError as error:
            raise SchemaError(f"{path}:{number}: not a document that failed: {error}") from None
