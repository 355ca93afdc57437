"""Answers kept in memory, in front of the cache file and the database: immutable, bounded, for a limited time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any, Final

from ..config import MemoryCacheConfig

MISSING: Final = object()
"""In place of an answer: there is none."""


class Answers:
    """Answers of one method.

    Reads take no lock: a dict holds up under threads, and the worst that a race can do is to ask once more.
    """

    __slots__ = ("_answers", "_seconds", "_size", "hits", "misses")

    def __init__(self, config: MemoryCacheConfig) -> None:
        """Know none."""
        self._size = config.size if config.seconds else 0
        self._seconds = config.seconds
        self._answers: dict[Hashable, tuple[float, Callable[[Any], Any] | None, Any]] = {}
        self.hits = 0
        self.misses = 0

    def get(self, key: Hashable) -> Any:
        """Return the answer, or `MISSING`."""
        try:
            expiry, thaw, frozen = self._answers[key]
        except KeyError:
            self.misses += 1
            return MISSING
        if expiry < monotonic():
            self._answers.pop(key, None)
            self.misses += 1
            return MISSING
        self.hits += 1
        return frozen if thaw is None else thaw(frozen)

    def put(self, key: Hashable, answer: Any) -> None:
        """Keep an answer; the oldest goes when there are too many."""
        if self._size == 0:
            return
        answers = self._answers
        while len(answers) >= self._size:
            answers.pop(next(iter(answers)), None)
        answers[key] = (monotonic() + self._seconds, *_freeze(answer))

    def clear(self) -> None:
        """Forget all answers; the counts of hits and misses stay."""
        self._answers.clear()

    def stats(self) -> dict[str, int]:
        """Return hits, misses and size."""
        return {"hits": self.hits, "misses": self.misses, "size": len(self._answers)}


class MemoryCache(dict[str, Answers]):
    """Answers of one adapter, by method; each caller gets an answer of its own to change."""

    def __init__(self, config: MemoryCacheConfig) -> None:
        """Make an empty cache."""
        super().__init__()
        self._config = config

    def __missing__(self, method: str) -> Answers:
        """Return answers of a method that was not called yet."""
        return self.setdefault(method, Answers(self._config))

    def clear(self) -> None:
        """Forget all answers; the counts of hits and misses stay."""
        for answers in list(self.values()):
            answers.clear()

    def stats(self) -> dict[str, dict[str, int]]:
        """Return hits, misses and size by method."""
        return {method: answers.stats() for method, answers in sorted(self.items())}


def _freeze(answer: Any) -> tuple[Callable[[Any], Any] | None, Any]:
    """Return an answer in a form that nobody else has or can change, and how to make a new one of it."""
    if not isinstance(answer, list):
        return None, answer
    if answer and isinstance(answer[0], dict):
        return _copied, tuple(map(dict, answer))
    return list, tuple(answer)


def _copied(kept: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    return [item.copy() for item in kept]
