"""What came out of a comparison of a graph with documents: counts by kind, and the differences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

MISSING = "missing"
UNSUPPORTED = "unsupported"
DIFFERS = "differs"
DANGLING = "dangling"
UNUSED = "unused"
UNREADABLE = "unreadable"

GRAPH = "graph"
"""In the place of a kind: what no document of one kind is answerable for."""


class Difference(msgspec.Struct, frozen=True):
    """A place where the graph does not hold what documents say."""

    kind: str
    """Name of the kind of the document, or ``graph``."""
    document_id: str
    """The document that tells the fact, or that told it as the graph says; empty when none is named."""
    table: str
    what: str
    """``missing``: told, not held. ``unsupported``: held, not told. ``differs``: columns hold something else.
    ``dangling``: an array holds an id that leads nowhere. ``unused``: nothing refers to the row. ``unreadable``: the
    document cannot be read."""
    key: dict[str, Any]
    """The natural key, by name of column."""
    expected: Any = None
    found: Any = None

    def __str__(self) -> str:
        """Return the difference as one line, its parts separated by tabs; ``-`` stands for nothing."""
        key, expected, found = (_as_text(part) for part in (self.key or None, self.expected, self.found))
        return "\t".join((self.document_id or "-", self.table or "-", self.what, key, expected, found))


class VerifyCounts(NamedTuple):
    """How much was compared, and how many differences there are."""

    documents: int = 0
    """That were read and are in the graph."""
    facts: int = 0
    """Rows that the documents tell."""
    missing: int = 0
    unsupported: int = 0
    differing: int = 0
    """Rows that differ, with those that hold a dangling id."""
    unreadable: int = 0
    """Documents that cannot be read."""

    def __add__(self, other: object) -> VerifyCounts:
        """Add up."""
        if not isinstance(other, VerifyCounts):
            return NotImplemented
        return VerifyCounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @classmethod
    def of(cls, difference: Difference) -> VerifyCounts:
        """Return the count of one difference."""
        match difference.what:
            case "missing":
                return cls(missing=1)
            case "unsupported" | "unused":
                return cls(unsupported=1)
            case "unreadable":
                return cls(unreadable=1)
        return cls(differing=1)


@dataclass
class VerifyReport:
    """What came out of a comparison."""

    counts: dict[str, VerifyCounts] = field(default_factory=dict)
    """By the name of the kind; ``graph`` for what no document of one kind is answerable for."""
    differences: list[Difference] = field(default_factory=list)
    """Empty when whoever asked for the comparison took them one by one."""
    seed: int | None = None
    """What a sample was drawn with; None when all documents were compared."""

    def add(self, kind: str, counts: VerifyCounts) -> None:
        """Count for a kind."""
        self.counts[kind] = self.counts.get(kind, VerifyCounts()) + counts

    @property
    def total(self) -> VerifyCounts:
        """The counts of all kinds together."""
        return sum(self.counts.values(), start=VerifyCounts())

    @property
    def is_clean(self) -> bool:
        """Whether there is no difference."""
        total = self.total
        return not (total.missing or total.unsupported or total.differing or total.unreadable)


def _as_text(value: Any) -> str:
    if value is None:
        return "-"
    return msgspec.json.encode(value).decode()
