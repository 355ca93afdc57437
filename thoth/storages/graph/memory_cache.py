"""Answers kept in memory, in front of the cache file and the database: immutable, bounded, for a limited time."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any

from ..config import MemoryCacheConfig


class MemoryCache:
    """Answers of one adapter, by method and arguments; each caller gets an answer of its own to change.

    Reads take no lock: a dict holds up under threads, and the worst that a race can do is to ask once more.
    """

    def __init__(self, config: MemoryCacheConfig) -> None:
        """Make an empty cache."""
        self._size = config.size
        self._seconds = config.seconds
        self._answers: dict[str, dict[Hashable, tuple[float, Callable[[Any], Any] | None, Any]]] = {}
        self._hits: dict[str, int] = {}
        self._misses: dict[str, int] = {}

    def get(self, method: str, key: Hashable) -> tuple[bool, Any]:
        """Return whether there is an answer, and the answer."""
        try:
            expiry, thaw, frozen = self._answers[method][key]
        except KeyError:
            self._misses[method] = self._misses.get(method, 0) + 1
            return False, None
        if expiry < time.monotonic():
            self._answers[method].pop(key, None)
            self._misses[method] = self._misses.get(method, 0) + 1
            return False, None
        self._hits[method] = self._hits.get(method, 0) + 1
        return True, thaw(frozen) if thaw is not None else frozen

    def put(self, method: str, key: Hashable, answer: Any) -> None:
        """Keep an answer; the oldest goes when there are too many."""
        if self._size == 0 or self._seconds == 0:
            return
        answers = self._answers.setdefault(method, {})
        while len(answers) >= self._size:
            answers.pop(next(iter(answers)), None)
        answers[key] = (time.monotonic() + self._seconds, *_freeze(answer))

    def clear(self) -> None:
        """Forget all answers; the counts of hits and misses stay."""
        self._answers.clear()

    def stats(self) -> dict[str, dict[str, int]]:
        """Return hits, misses and size by method."""
        return {
            method: {
                "hits": self._hits.get(method, 0),
                "misses": self._misses.get(method, 0),
                "size": len(self._answers.get(method, ())),
            }
            for method in sorted({*self._hits, *self._misses, *self._answers})
        }


def _freeze(answer: Any) -> tuple[Callable[[Any], Any] | None, Any]:
    """Return an answer in a form that nobody can change, and how to make a new one of it."""
    if not isinstance(answer, list):
        return None, answer
    if answer and isinstance(answer[0], dict):
        return _thaw_dicts, tuple(tuple(item.items()) for item in answer)
    return list, tuple(answer)


def _thaw_dicts(frozen: tuple[tuple[tuple[str, Any], ...], ...]) -> list[dict[str, Any]]:
    return [dict(items) for items in frozen]
