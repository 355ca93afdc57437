"""The graph cache: answers exactly what the database answered, or says that it does not know."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from ..config import GraphCacheConfig
from ..exceptions import CacheFileError
from ..identifiers import Environment, PackageTuple, package_tuple
from ..normalize import normalize_extra
from .cache_file import MEMORY, CacheFile, set_aside
from .cache_packed import PackedPart
from .cache_rows import AddedRows
from .closure import Closure

_LOGGER = logging.getLogger(__name__)

Dependency = tuple[str, str]
Record = dict[str, str]

_caches: weakref.WeakSet[GraphCache] = weakref.WeakSet()


class GraphCache:
    """A part of the knowledge graph in a SQLite file, next to the one who asks.

    Every answer is either the one of the database as of the time when it was put here, or None: *miss*. A package
    version that was not solved then may be solved by now, so that it is always a miss.
    """

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
            inserts on it is set aside for a new one, otherwise an empty cache in memory takes its place.

        """
        path = cache or GraphCacheConfig().path or MEMORY
        writable = cls.is_inserts_enabled()
        try:
            return cls(path, writable=writable)
        except CacheFileError as error:
            _LOGGER.warning("the graph cache is not used: %s", error)
        if writable and os.path.isfile(path):
            set_aside(path)
            return cls(path, writable=True)
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
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        with self._lock:
            return not self._packed.environments and self._rows.is_empty()

    def scope(self) -> dict[str, Any]:
        """Return what the packed part is complete for.

        Returns:
            ``created`` (ISO 8601), ``origin`` (where from), ``packages`` (names that were asked for), ``environments``
            (dictionaries) and ``every_environment`` (whether the database had no others); empty without a packed part.

        """
        with self._lock:
            return self._packed.scope()

    def get_depends_on(
        self,
        package_name: str,
        package_version: str,
        index_url: str,
        *,
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
        extras: frozenset[str | None] | None = None,
        marker_evaluation_result: bool | None = None,
    ) -> list[Dependency] | None:
        """Return what a package version depends on directly, or None: miss.

        Args:
            package_name: name of the package.
            package_version: its version.
            index_url: the index that it is on.
            os_name: name of the operating system; None for any.
            os_version: its version; None for any.
            python_version: version of Python; None for any.
            extras: extras whose requirements count, as for `GraphDatabase.get_depends_on`.
            marker_evaluation_result: False for requirements whose marker did not hold.

        Returns:
            Names and versions, as `GraphDatabase.get_depends_on` returns them.

        """
        package = package_tuple(package_name, package_version, index_url)
        environment = Environment(os_name, os_version, python_version)
        extras = normalized_extras(extras)
        with self._lock:
            packed = self._packed.depends_on(package, environment, extras, marker_evaluation_result)
            added = None
            if (
                self._file.has_rows
                and not environment.is_open
                and extras is None
                and marker_evaluation_result is not False
            ):
                added = self._rows.depends_on(package, environment)
            if packed is None or added is None:
                answer = added if packed is None else list(packed)
            else:
                answer = sorted({*packed, *added})
            self._count("get_depends_on", answer)
            return answer

    def get_python_package_version_records(
        self,
        package_name: str,
        package_version: str,
        index_url: str | None,
        *,
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
    ) -> list[Record] | None:
        """Return the records of a package version, or None: miss.

        Args:
            package_name: name of the package.
            package_version: its version.
            index_url: the index that it is on; None for any.
            os_name: name of the operating system; None for any.
            os_version: its version; None for any.
            python_version: version of Python; None for any.

        Returns:
            Dictionaries, as `GraphDatabase.get_python_package_version_records` returns them.

        """
        package = package_tuple(package_name, package_version, index_url)
        environment = Environment(os_name, os_version, python_version)
        with self._lock:
            answer = self._packed.records(package, environment)
            if answer is None and self._file.has_rows and not environment.is_open:
                answer = self._rows.records(package, environment)
            self._count("get_python_package_version_records", answer)
            return answer

    def closure(
        self,
        *package_tuples: tuple[str, str, str | None],
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
        extras: frozenset[str | None] | None = None,
        marker_evaluation_result: bool | None = None,
        as_of_its_date: bool = False,
    ) -> Closure | None:
        """Return everything that package versions depend on, as `GraphDatabase.closure`, or None: miss.

        Args:
            package_tuples: the package versions; without an index URL, those on all indexes.
            os_name: name of the operating system; None for any, and then a miss unless ``as_of_its_date``.
            os_version: its version.
            python_version: version of Python.
            extras: extras whose requirements count.
            marker_evaluation_result: False for requirements whose marker did not hold.
            as_of_its_date: whether the answer is the last one: dependencies that the file knows to be unsolved are,
                and those that it never asked about make it a miss. Otherwise both are given as unsolved, for the
                caller to ask the database about them.

        """
        packages = [package_tuple(*package) for package in package_tuples]
        environment = Environment(os_name, os_version, python_version)
        with self._lock:
            answer = None
            if as_of_its_date or not environment.is_open:
                answer = self._packed.closure(
                    packages, environment, normalized_extras(extras), marker_evaluation_result, as_of_its_date
                )
            self._count("closure", answer)
            return answer

    def add_depends_on(
        self,
        package_name: str,
        package_version: str,
        index_url: str,
        *,
        os_name: str,
        os_version: str,
        python_version: str,
        dependency_name: str | None,
        dependency_version: str | None,
    ) -> None:
        """Add one dependency of a package version in an environment; the caller vouches that, in the end, all are in.

        Args:
            package_name: name of the package.
            package_version: its version.
            index_url: the index that it is on.
            os_name: name of the operating system.
            os_version: its version.
            python_version: version of Python.
            dependency_name: name of the dependency; None, with ``dependency_version``, for "depends on nothing".
            dependency_version: an admissible version of it.

        Raises:
            ValueError: name or version of the dependency is given alone.
            CacheFileError: the file was opened for reading, or cannot be written.

        """
        if (dependency_name is None) != (dependency_version is None):
            raise ValueError(
                f"dependency_name and dependency_version go together: {dependency_name!r}, {dependency_version!r}"
            )
        dependencies = [] if dependency_name is None else [(dependency_name, str(dependency_version))]
        environment = Environment(os_name, os_version, python_version)
        self.add_dependencies(package_tuple(package_name, package_version, index_url), environment, dependencies)

    def add_dependencies(
        self, package: PackageTuple, environment: Environment, dependencies: Iterable[Dependency]
    ) -> None:
        """Add dependencies of a package version, all in one transaction.

        Args:
            package: the package version, normalised, with its index URL.
            environment: the environment, all parts of which are given.
            dependencies: names and versions; none for "depends on nothing".

        Raises:
            CacheFileError: the file was opened for reading, or cannot be written.

        """
        normalised = [package_tuple(name, version, None)[:2] for name, version in dependencies]
        with self._writing() as rows:
            rows.add_dependencies(package, environment, normalised)

    def add_records(self, package: PackageTuple, environment: Environment, records: Sequence[Record]) -> None:
        """Add the records of a name and version, as the database answered when it was asked for all indexes.

        Args:
            package: the package version, normalised; its index URL does not matter.
            environment: the environment, all parts of which are given.
            records: the answer.

        Raises:
            CacheFileError: the file was opened for reading, or cannot be written.

        """
        with self._writing() as rows:
            rows.add_records(package, environment, [record["index_url"] for record in records])

    def added(self) -> Iterator[tuple[PackageTuple, Environment, list[Dependency]]]:
        """Yield what was added beside the packed part: package versions with their dependencies."""
        with self._lock:
            yield from self._rows.all()

    def stats(self) -> dict[str, Any]:
        """Return how much is in the file, and how often it was asked.

        Returns:
            ``table_size`` (packed and added together) and ``sqlite_cache_info`` (hits and misses by method).

        """
        with self._lock:
            packed, added = self._packed.sizes(), self._rows.sizes()
            return {
                "table_size": {name: packed.get(name, 0) + size for name, size in added.items()},
                "sqlite_cache_info": {name: dict(counts) for name, counts in self._counts.items()},
            }

    def clear_in_memory_cache(self) -> None:
        """Forget what was decoded; the file stays as it is."""
        with self._lock:
            self._packed.clear()

    def _open(self, file: CacheFile) -> None:
        self._file = file
        self._packed = PackedPart(file.connection)
        self._rows = AddedRows(file.connection)

    def _count(self, method: str, answer: object) -> None:
        self._counts[method]["misses" if answer is None else "hits"] += 1

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


_COUNTED = ("get_depends_on", "get_python_package_version_records", "closure")
_abandoned: list[sqlite3.Connection] = []  # closing a parent's connection in a child would give up the parent's locks


def normalized_extras(extras: Iterable[str | None] | None) -> frozenset[str | None] | None:
    """Return extras as they are stored; None for the usual question, which is about none."""
    if extras is None:
        return None
    wanted = frozenset(None if extra is None else normalize_extra(extra) for extra in extras)
    return None if wanted == {None} else wanted


def _open_files_in_child() -> None:
    for cache in list(_caches):
        cache._open_in_child()


os.register_at_fork(after_in_child=_open_files_in_child)
