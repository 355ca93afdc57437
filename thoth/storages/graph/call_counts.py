"""How often methods asked the database, how long that took, and what became of documents: counts of one adapter."""

from __future__ import annotations

import os
import threading
import weakref
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any

from .observation import ObservedCall, ObservedStatement, Observer

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the classes that durations of calls are counted in; a last class holds what took longer."""
NO_METHOD = "-"
"""Stands for the method of statements that no method of the adapter sent."""

_all_counts: weakref.WeakSet[CallCounts] = weakref.WeakSet()


@dataclass(slots=True)
class MethodCounts:
    """Counts of a method."""

    calls: int = 0
    """Those that asked the database; what a cache answered is counted there."""
    errors: dict[str, int] = field(default_factory=dict)
    """Calls that raised, by class of the error."""
    retries: int = 0
    seconds: float = 0.0
    by_seconds: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    """Calls by class of duration, see `SECONDS`."""
    statements: int = 0
    statement_seconds: float = 0.0
    rows: int = 0


@dataclass(slots=True)
class DocumentCounts:
    """Counts of a kind of documents."""

    synced: int = 0
    skipped: int = 0
    failed: int = 0


class CallCounts(Observer):
    """Counts what an adapter does; it can be read while other threads count."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._methods: dict[str, MethodCounts] = {}
        self._documents: dict[str, DocumentCounts] = {}
        self._lock = threading.Lock()
        _all_counts.add(self)

    def call_ended(self, call: ObservedCall) -> None:
        """Count it."""
        seconds = call.seconds or 0.0
        with self._lock:
            counts = self._of(call.method)
            counts.calls += 1
            counts.retries += max(0, (call.attempts or 1) - 1)
            counts.seconds += seconds
            counts.by_seconds[bisect_left(SECONDS, seconds)] += 1
            if call.error is not None:
                name = type(call.error).__name__
                counts.errors[name] = counts.errors.get(name, 0) + 1

    def statement_ended(self, statement: ObservedStatement) -> None:
        """Count it."""
        with self._lock:
            counts = self._of(statement.method or NO_METHOD)
            counts.statements += 1
            counts.statement_seconds += statement.seconds or 0.0
            counts.rows += statement.rows

    def documents_done(self, kind: str, *, synced: int, skipped: int, failed: int) -> None:
        """Count them."""
        with self._lock:
            counts = self._documents.setdefault(kind, DocumentCounts())
            counts.synced += synced
            counts.skipped += skipped
            counts.failed += failed

    def methods(self) -> dict[str, MethodCounts]:
        """Return the counts by method, as they are now."""
        with self._lock:
            return {
                name: MethodCounts(
                    counts.calls,
                    dict(counts.errors),
                    counts.retries,
                    counts.seconds,
                    list(counts.by_seconds),
                    counts.statements,
                    counts.statement_seconds,
                    counts.rows,
                )
                for name, counts in sorted(self._methods.items())
            }

    def documents(self) -> dict[str, DocumentCounts]:
        """Return the counts by kind of document, as they are now."""
        with self._lock:
            return {
                kind: DocumentCounts(counts.synced, counts.skipped, counts.failed)
                for kind, counts in sorted(self._documents.items())
            }

    def stats(self) -> dict[str, dict[str, Any]]:
        """Return by method ``calls``, ``errors``, ``retries``, ``seconds``, ``statements`` and ``rows``."""
        return {
            name: {
                "calls": counts.calls,
                "errors": sum(counts.errors.values()),
                "retries": counts.retries,
                "seconds": round(counts.seconds, 6),
                "statements": counts.statements,
                "rows": counts.rows,
            }
            for name, counts in self.methods().items()
        }

    def _of(self, method: str) -> MethodCounts:
        counts = self._methods.get(method)
        if counts is None:
            counts = self._methods[method] = MethodCounts()
        return counts


def _release_locks() -> None:
    """Give counts in a forked child a lock of their own: a thread that it does not have may hold that of the parent."""
    for counts in list(_all_counts):
        counts._lock = threading.Lock()


os.register_at_fork(after_in_child=_release_locks)
