"""An open graph cache file, whatever is asked of it: who may use it at once, and what happens when it is damaged."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self, TypeVar

from ..config import GraphCacheConfig
from ..exceptions import CacheFileError
from .cache_file import MEMORY, CacheFile, set_aside
from .cache_packed import PackedPart
from .cache_rows import AddedRows

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")

# What reading may raise: SQLite of its pages, the decoders of what they hold.
_DAMAGED = (sqlite3.Error, CacheFileError, ValueError, LookupError)
_COUNTED = (
    "get_depends_on",
    "get_python_package_version_records",
    "closure",
    "get_all_versions_python_package",
)

_caches: weakref.WeakSet[OpenCache] = weakref.WeakSet()
_abandoned: list[sqlite3.Connection] = []  # closing a parent's connection in a child would give up the parent's locks


class OpenCache:
    """The part of `GraphCache` that holds the file: usable from threads, and after a fork."""

    def __init__(self, path: str = MEMORY, *, writable: bool = False) -> None:
        """Open a cache; `load` is the usual way.

        Args:
            path: of the file, made when missing; ``:memory:`` for one that lasts as long as the object.
            writable: whether something is going to be added.

        Raises:
            CacheFileError: the file cannot be used.

        """
        self._path = path
        self._writable = writable
        self._lock = threading.RLock()
        self._counts = {name: {"hits": 0, "misses": 0} for name in _COUNTED}
        self._open(CacheFile(path, writable=writable))
        _caches.add(self)

    @classmethod
    def load(cls, cache: str | None = None) -> Self:
        """Open the cache of the environment; a file that cannot be used is named in a warning.

        Args:
            cache: path of the file, or ``:memory:``; not given: ``THOTH_STORAGES_GRAPH_CACHE``, else in memory.

        Returns:
            The cache. When the file is damaged or of another version it is never read and never deleted: with
            inserts on it is set aside for a new one, otherwise an empty cache in memory takes its place. One that
            turns out to be damaged later is not read any more then.

        """
        path = cache or GraphCacheConfig().path or MEMORY
        writable = cls.is_inserts_enabled()
        try:
            return cls(path, writable=writable)
        except CacheFileError as error:
            reason = error
        if writable and os.path.isfile(path):
            try:
                whole = cls(path)
                _LOGGER.warning("nothing is added to the graph cache: %s", reason)
                return whole
            except CacheFileError as error:
                reason = error
        _LOGGER.warning("the graph cache is not used: %s", reason)
        if writable and os.path.isfile(path):
            try:
                set_aside(path)
                return cls(path, writable=True)
            except CacheFileError as error:
                _LOGGER.warning("%s", error)
        return cls(MEMORY)

    @staticmethod
    def is_enabled() -> bool:
        """Tell whether the environment lets a cache be used."""
        return not GraphCacheConfig().disabled

    @staticmethod
    def is_inserts_enabled() -> bool:
        """Tell whether the environment lets what the database answers be added to the cache."""
        return not GraphCacheConfig().inserts_disabled

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            _caches.discard(self)  # a child must not open it again
            self._file.close()

    def __enter__(self) -> Self:
        """Return the cache."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def __repr__(self) -> str:
        """Tell which file it is."""
        return f"<{type(self).__name__} {self._path}>"

    @property
    def path(self) -> str:
        """Path of the file, or ``:memory:``."""
        return self._path

    @property
    def is_writable(self) -> bool:
        """Whether something can be added."""
        return self._file.writable

    def _open(self, file: CacheFile) -> None:
        try:
            self._packed = PackedPart(file.connection)
            file.prepare_writing()
        except _DAMAGED as error:
            file.close()
            raise CacheFileError(f"{file.path}: cannot be used: {error}") from None
        self._file = file
        self._rows = AddedRows(file.connection)

    def _answer(self, method: str, ask: Callable[[], T | None]) -> T | None:
        """Return an answer, and count it; a file that turns out to be damaged is a miss from then on."""
        with self._lock:
            try:
                answer = ask()
            except _DAMAGED as error:
                answer = None
                _LOGGER.warning("the graph cache is not used any more: %s: %s", self._path, error)
                self._file.close()
                self._path = MEMORY
                self._open(CacheFile(MEMORY, writable=self._writable))
            self._counts[method]["misses" if answer is None else "hits"] += 1
            return answer

    @contextmanager
    def _writing(self) -> Iterator[AddedRows]:
        """Hold one transaction that adds rows."""
        if not self._file.writable:
            raise CacheFileError(
                f"{self._path}: opened for reading; THOTH_STORAGES_GRAPH_CACHE_INSERTS_DISABLED=0 lets it be written"
            )
        with self._lock:
            connection = self._file.connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._rows
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()
            except sqlite3.Error as error:
                raise CacheFileError(f"{self._path}: cannot be written: {error}") from None

    def _open_in_child(self) -> None:
        """Open the file anew: SQLite's connections and locks must not be carried across a fork."""
        self._lock = threading.RLock()
        if self._path == MEMORY:
            return  # its pages are memory of the process, and were copied
        _abandoned.append(self._file.connection)
        try:
            self._open(CacheFile(self._path, writable=self._writable))
        except CacheFileError as error:
            _LOGGER.warning("the graph cache is not used: %s", error)
            self._path = MEMORY
            self._open(CacheFile(MEMORY, writable=self._writable))


def _open_files_in_child() -> None:
    for cache in list(_caches):
        cache._open_in_child()


os.register_at_fork(after_in_child=_open_files_in_child)
