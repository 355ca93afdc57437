"""An open graph cache file, whatever is asked of it: who may use it at once, and what happens when it is damaged."""

from __future__ import annotations

import logging
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, Self, TypeVar

from ..config import GRAPH_CACHE_DECODED_PACKAGES, GraphCacheConfig
from ..exceptions import CacheFileError
from ..forks import awaited_by_forks
from .cache_file import MEMORY, SQLITE_ERRORS, CacheFile, identity_of, set_aside
from .cache_packed import PackedPart
from .cache_rows import AddedRows
from .cache_verify import VerifiedContent, verify_content

_LOGGER = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# What reading may raise: SQLite of its pages, the decoders of what they hold.
_UNREADABLE = (*SQLITE_ERRORS, CacheFileError, ValueError, LookupError)
# These say nothing about what is in the file: https://www.sqlite.org/rescode.html
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}
_COUNTED = (
    "get_depends_on",
    "get_python_package_version_records",
    "closure",
    "get_all_versions_python_package",
    "retrieve_transitive_dependents_python",
    "retrieve_transitive_dependents_python_count",
)

_caches: weakref.WeakSet[OpenCache] = weakref.WeakSet()
_abandoned: list[sqlite3.Connection] = []  # closing a parent's connection in a child would give up the parent's locks


class OpenCache:
    """The part of `GraphCache` that holds the file: usable from threads, and after a fork."""

    def __init__(self, path: str = MEMORY, *, writable: bool = False, verify: bool = False) -> None:
        """Open a cache; `load` is the usual way.

        Args:
            path: of the file, made when missing; ``:memory:`` for one that lasts as long as the object.
            writable: whether something is going to be added.
            verify: whether all of it is read and compared with its digest and checksums, as by `load`.

        Raises:
            CacheFileError: the file cannot be used.
            ConfigurationError: an environment variable cannot be used.

        """
        self._path = path
        self._writable = writable
        self._most_decoded = GRAPH_CACHE_DECODED_PACKAGES.read()
        self._lock = awaited_by_forks()
        self._counts = {name: {"hits": 0, "misses": 0} for name in _COUNTED}
        with self._lock:
            self._open(path, verify=verify)
        _caches.add(self)

    @classmethod
    def load(cls, cache: str | None = None, *, verify: bool = False) -> Self:
        """Open the cache of the environment; a file that cannot be used is named in a warning.

        Args:
            cache: path of the file, or ``:memory:``; not given: ``THOTH_STORAGES_GRAPH_CACHE``, else in memory.
            verify: whether all of it is read and compared with its digest and checksums now, which takes about a
                second for 100 MB; otherwise each part is compared with its checksum when it is first needed.

        Returns:
            The cache. When the file is damaged or of another version it is never read and never deleted: with
            inserts on it is set aside for a new one, otherwise an empty cache in memory takes its place. One that
            turns out to be damaged later is not read any more then, and set aside with inserts on.

        """
        path = cache or GraphCacheConfig().path or MEMORY
        writable = cls.is_inserts_enabled()
        identity = identity_of(path)
        try:
            return cls(path, writable=writable, verify=verify)
        except CacheFileError as error:
            reason = error
        if writable and os.path.isfile(path):
            try:
                whole = cls(path, verify=verify)
                _LOGGER.warning("nothing is added to the graph cache: %s", reason, extra={"cache_file": path})
                return whole
            except CacheFileError as error:
                reason = error
        _LOGGER.warning("the graph cache is not used: %s", reason, extra={"cache_file": path})
        if writable and os.path.isfile(path):
            try:
                set_aside(path, identity)
                return cls(path, writable=True)
            except CacheFileError as error:
                _LOGGER.warning("%s", error, extra={"cache_file": path})
        return cls(MEMORY)

    @staticmethod
    def is_enabled() -> bool:
        """Tell whether the environment lets a cache be used."""
        return not GraphCacheConfig().disabled

    @staticmethod
    def is_inserts_enabled() -> bool:
        """Tell whether the environment lets what the database answers be added to the cache."""
        return not GraphCacheConfig().inserts_disabled

    def verify(self) -> VerifiedContent:
        """Read all of the file, and compare it with its digest and its checksums; it stays as it is.

        Returns:
            How much there is.

        Raises:
            CacheFileError: something is not as it was written; the message says what.

        """
        with self._lock:
            try:
                return verify_content(self._file.connection)
            except sqlite3.ProgrammingError:
                raise
            except _UNREADABLE as error:
                raise CacheFileError(f"{self._path}: {error}") from None

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

    def _open(self, path: str, *, verify: bool = False) -> None:
        while True:
            file = CacheFile(path, writable=self._writable)
            try:
                self._packed = PackedPart(file.connection, self._most_decoded)
                if verify:
                    verify_content(file.connection)
                if file.prepare_writing():
                    break
                file.close()  # a build put a new one in its place meanwhile
            except _UNREADABLE as error:
                file.close()
                raise CacheFileError(f"{path}: cannot be used: {error}") from None
        self._file = file
        self._path = path
        self._rows = AddedRows(file.connection)

    def _answer(self, method: str, ask: Callable[P, T | None], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return an answer, and count it; a file that turns out to be damaged is a miss from then on."""
        with self._lock:
            try:
                answer = ask(*args, **kwargs)
            except sqlite3.ProgrammingError as error:  # it was closed; whoever asks has a database, too
                self._give_up(error)
                answer = None
            except _UNREADABLE as error:
                self._not_read(error)
                answer = None
            self._counts[method]["misses" if answer is None else "hits"] += 1
            return answer

    def _read(self, ask: Callable[[], T]) -> T | None:
        """Return what reading gives; None when the file cannot be read, which is not used any more then."""
        with self._lock:
            try:
                return ask()
            except sqlite3.ProgrammingError:
                raise
            except _UNREADABLE as error:
                self._not_read(error)
                return None

    def _not_read(self, error: Exception) -> None:
        """Give up a file that could not be read; not for a question with what no file can hold."""
        if not isinstance(error, UnicodeEncodeError):
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Use a cache in memory from now on; a file that is damaged is set aside where it may be written."""
        path, identity = self._path, self._file.identity
        _LOGGER.warning("the graph cache is not used any more: %s: %s", path, error, extra={"cache_file": path})
        self._file.close()
        self._open(MEMORY)
        if self._writable and identity is not None and _is_damage(error):
            try:
                set_aside(path, identity)
            except CacheFileError as failure:
                _LOGGER.warning("%s", failure, extra={"cache_file": path})

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
            except (*SQLITE_ERRORS, CacheFileError) as error:
                path = self._path
                if _is_damage(error):
                    self._give_up(error)
                raise CacheFileError(f"{path}: cannot be written: {error}") from None

    def _open_in_child(self) -> None:
        """Open the file anew: SQLite's connections and locks must not be carried across a fork."""
        self._lock = awaited_by_forks()
        if self._path == MEMORY:
            return  # its pages are memory of the process, and were copied
        _abandoned.append(self._file.connection)
        try:
            self._open(self._path)
        except CacheFileError as error:
            _LOGGER.warning("the graph cache is not used: %s", error, extra={"cache_file": self._path})
            self._open(MEMORY)


def _is_damage(error: Exception) -> bool:
    """Tell whether an error is about what is in a file, and not about how it was reached."""
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return False  # the cache was closed, or asked with something that is no text
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF not in _PASSING


def _open_files_in_child() -> None:
    for cache in list(_caches):
        cache._open_in_child()


os.register_at_fork(after_in_child=_open_files_in_child)
