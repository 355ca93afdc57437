"""The questions of a resolver: answered from memory, else from the cache file, else by the database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from ..config import GraphCacheConfig
from ..exceptions import CacheFileError, NotConnected, NotFoundError
from ..identifiers import Environment, PackageTuple, package_tuple
from .cache import GraphCache
from .closure import Closure, Edge, merged
from .filters import normalized_extras
from .memory_cache import MISSING
from .queries import closures, dependencies, packages, solvers
from .sessions import ReadSession
from .sql_base import SQLBase

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")

_RecordsKey = tuple[str, str, str | None, str | None, str | None, str | None]
"""Package tuple and environment."""
_DependsOnKey = tuple[str, str, str, str | None, str | None, str | None, frozenset[str | None] | None, bool | None]
"""Package tuple, environment, extras, and whether markers held."""


class CachedReads(SQLBase):
    """The part of the adapter that knows of caches; see `GraphDatabase`."""

    def __init__(self, cache: GraphCache | None = None) -> None:
        """Make an adapter that is not connected."""
        super().__init__()
        self._cache = cache
        self._owns_cache = cache is None
        self._cache_is_open = cache is not None
        self._told_of_inserts = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a process that is started anew have an adapter like this one, unless a cache was handed over to it."""
        if not self._owns_cache:
            raise TypeError(f"{self!r} was given a graph cache, which another process cannot have: name a file instead")
        return super().__reduce__()

    @property
    def cache(self) -> GraphCache | None:
        """The graph cache; opened when it is first needed. None when the environment says so."""
        if not self._cache_is_open:
            self._cache = GraphCache.load() if GraphCache.is_enabled() else None
            self._cache_is_open = True
        return self._cache

    def disconnect(self) -> None:
        """Close all connections, and the graph cache if it was opened here; nothing happens when there are none."""
        super().disconnect()
        self.cache_clear()
        if self._owns_cache and self._cache is not None:
            self._cache.close()
            self._cache, self._cache_is_open = None, False

    def connect(self) -> None:
        """Connect to the database that the environment names; an empty or missing one can be initialised then.

        With ``THOTH_STORAGES_GRAPH_CACHE_OFFLINE=1`` no database is needed, and none is connected to.

        Raises:
            ConfigurationError: an environment variable cannot be used, or the server is older than PostgreSQL 15.
            NotConnected: the server cannot be reached, or refuses the user.

        """
        if GraphCacheConfig().offline:
            _LOGGER.info("offline: the graph cache answers alone")
            return
        super().connect()

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
        without_cache: bool = False,
    ) -> list[tuple[str, str]]:
        """Return what a package version depends on directly: every admissible version of every dependency.

        Args:
            package_name: name of the package.
            package_version: its version.
            index_url: the index that it is on.
            os_name: name of the operating system; None for any.
            os_version: its version; None for any.
            python_version: version of Python; None for any.
            extras: extras whose requirements count, None among them for requirements without an extra; not given:
                those without an extra.
            marker_evaluation_result: False for requirements whose marker did not hold; otherwise those that held.
            without_cache: ask the database, whatever the caches hold.

        Returns:
            Names and versions, distinct, sorted as text; empty when it was solved and depends on nothing.

        Raises:
            NotFoundError: it was never solved in such an environment.

        """
        if extras is not None:
            extras = frozenset(extras)  # any collection will do
        key = (
            package_name,
            package_version,
            index_url,
            os_name,
            os_version,
            python_version,
            extras,
            marker_evaluation_result,
        )
        if not without_cache:
            kept = self._memory["get_depends_on"].get(key)
            if kept is not MISSING:
                return kept  # type: ignore[no-any-return]
        return self._ask_depends_on(key, without_cache)

    def get_python_package_version_records(
        self,
        package_name: str,
        package_version: str,
        index_url: str | None,
        *,
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
        without_cache: bool = False,
    ) -> list[dict[str, str]]:
        """Return the records of a package version: where some solver document speaks of it.

        Args:
            package_name: name of the package.
            package_version: its version.
            index_url: the index that it is on; None for any.
            os_name: name of the operating system; None for any.
            os_version: its version; None for any.
            python_version: version of Python; None for any.
            without_cache: ask the database, whatever the caches hold.

        Returns:
            Dictionaries with the keys ``package_name``, ``package_version``, ``index_url``, ``os_name``,
            ``os_version`` and ``python_version``, in the order of index and environment; empty when there are none.

        """
        key = (package_name, package_version, index_url, os_name, os_version, python_version)
        if not without_cache:
            kept = self._memory["get_python_package_version_records"].get(key)
            if kept is not MISSING:
                return kept  # type: ignore[no-any-return]
        return self._ask_records(key, without_cache)

    def has_python_solver_error(
        self,
        package_name: str,
        package_version: str,
        index_url: str,
        *,
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
    ) -> bool:
        """Tell whether the latest solver run of a package version failed; with several environments, in one of them.

        Args:
            package_name: name of the package.
            package_version: its version.
            index_url: the index that it is on.
            os_name: name of the operating system; None for any.
            os_version: its version; None for any.
            python_version: version of Python; None for any.

        Raises:
            NotFoundError: it was never solved in such an environment.

        """
        key = (package_name, package_version, index_url, os_name, os_version, python_version)
        kept = self._memory["has_python_solver_error"].get(key)
        return self._ask_solver_error(key) if kept is MISSING else bool(kept)

    def closure(
        self,
        *package_tuples: tuple[str, str, str | None],
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
        extras: frozenset[str | None] | None = None,
        marker_evaluation_result: bool | None = None,
        without_cache: bool = False,
    ) -> Closure:
        """Return everything that package versions depend on, directly or not, in one round trip at most.

        What a cache file holds is taken from it; what was not solved when the file was made is asked again.

        Args:
            package_tuples: the package versions; without an index URL, those on all indexes.
            os_name: name of the operating system; None for any. With several environments, each is walked by itself.
            os_version: its version; None for any.
            python_version: version of Python; None for any.
            extras: extras whose requirements count, None among them for requirements without an extra; not given:
                those without an extra.
            marker_evaluation_result: False for requirements whose marker did not hold; otherwise those that held.
            without_cache: ask the database, whatever the caches hold.

        Returns:
            The closure; a package version that was never solved is a root without nodes.

        """
        arguments: dict[str, Any] = {
            "os_name": os_name,
            "os_version": os_version,
            "python_version": python_version,
            "extras": extras,
            "marker_evaluation_result": marker_evaluation_result,
        }
        offline = self._is_offline() and not without_cache
        cache = None if without_cache else self.cache
        answer = None
        if cache is not None and package_tuples:
            answer = cache.closure(*package_tuples, **arguments, as_of_its_date=offline)
        if offline:
            if answer is None:
                raise self._out_of_scope(package_tuples)
            return answer
        if answer is None:
            return self._run(
                lambda session: closures.closure(session, *package_tuples, **arguments), writes=False, method="closure"
            )
        unsolved = answer.unsolved
        if not unsolved:
            return answer
        newer = self._run(
            lambda session: closures.closure(session, *unsolved, **arguments), writes=False, method="closure"
        )
        return merged(answer, newer)

    def retrieve_transitive_dependencies_python(
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
        without_cache: bool = False,
    ) -> list[Edge]:
        """Return every edge that is reached from a package version.

        Args:
            package_name: name of the package.
            package_version: its version.
            index_url: the index that it is on.
            os_name: as for `closure`, like those that follow.
            os_version: version of the operating system; None for any.
            python_version: version of Python; None for any.
            extras: extras whose requirements count.
            marker_evaluation_result: False for requirements whose marker did not hold.
            without_cache: ask the database, whatever the caches hold.

        Returns:
            Pairs of package tuples, each once: the dependent, and what it depends on. The index URL of a dependency
            that was not solved is None. Empty when the package version was never solved.

        """
        return self.closure(
            (package_name, package_version, index_url),
            os_name=os_name,
            os_version=os_version,
            python_version=python_version,
            extras=extras,
            marker_evaluation_result=marker_evaluation_result,
            without_cache=without_cache,
        ).tuples()

    def retrieve_transitive_dependencies_python_multi(
        self,
        *package_tuples: tuple[str, str, str],
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
        extras: frozenset[str | None] | None = None,
        marker_evaluation_result: bool | None = None,
        without_cache: bool = False,
    ) -> dict[PackageTuple, list[Edge]]:
        """Return, for each of several package versions, every edge that is reached from it.

        Args:
            package_tuples: the package versions.
            os_name: as for `closure`, like those that follow.
            os_version: version of the operating system; None for any.
            python_version: version of Python; None for any.
            extras: extras whose requirements count.
            marker_evaluation_result: False for requirements whose marker did not hold.
            without_cache: ask the database, whatever the caches hold.

        Returns:
            Pairs of package tuples by package tuple, normalised; one entry a package version asked about.

        """
        answer = self.closure(
            *package_tuples,
            os_name=os_name,
            os_version=os_version,
            python_version=python_version,
            extras=extras,
            marker_evaluation_result=marker_evaluation_result,
            without_cache=without_cache,
        )
        return {root: answer.tuples_from(root) for root in answer.roots}

    def _ask_depends_on(self, key: _DependsOnKey, without_cache: bool) -> list[tuple[str, str]]:
        """Answer what is not in memory: a function of its own, as variables that are captured in one are slower."""
        (
            package_name,
            package_version,
            index_url,
            os_name,
            os_version,
            python_version,
            extras,
            marker_evaluation_result,
        ) = key
        package = (package_name, package_version, index_url)
        arguments: dict[str, Any] = {
            "os_name": os_name,
            "os_version": os_version,
            "python_version": python_version,
            "extras": extras,
            "marker_evaluation_result": marker_evaluation_result,
        }

        def add(cache: GraphCache, answer: list[tuple[str, str]]) -> None:
            if normalized_extras(extras) is None and marker_evaluation_result is not False:
                environment = Environment(os_name, os_version, python_version)
                cache.add_dependencies(package_tuple(*package), environment, answer)

        return self._layered(
            "get_depends_on",
            key,
            None
            if without_cache
            else lambda cache, last: cache.get_depends_on(*package, **arguments, as_of_its_date=last),
            lambda session: dependencies.get_depends_on(session, *package, **arguments),
            add if None not in (os_name, os_version, python_version) else None,
            keep=lambda answer: True,
        )

    def _ask_records(self, key: _RecordsKey, without_cache: bool) -> list[dict[str, str]]:
        """Answer what is not in memory, likewise."""
        package_name, package_version, index_url, os_name, os_version, python_version = key
        package = (package_name, package_version, index_url)
        arguments: dict[str, Any] = {"os_name": os_name, "os_version": os_version, "python_version": python_version}

        def add(cache: GraphCache, answer: list[dict[str, str]]) -> None:
            environment = Environment(os_name, os_version, python_version)
            if answer:
                cache.add_records(package_tuple(*package), environment, answer)

        return self._layered(
            "get_python_package_version_records",
            key,
            None
            if without_cache
            else lambda cache, last: cache.get_python_package_version_records(
                *package, **arguments, as_of_its_date=last
            ),
            lambda session: packages.get_python_package_version_records(session, *package, **arguments),
            # Only an answer about all indexes says what there is: one about an index says what is on that one.
            add if index_url is None and None not in (os_name, os_version, python_version) else None,
            keep=bool,
        )

    def _ask_solver_error(self, key: tuple[str, str, str, str | None, str | None, str | None]) -> bool:
        """Answer what is not in memory, likewise; a cache file does not tell."""
        package_name, package_version, index_url, os_name, os_version, python_version = key
        environment = {"os_name": os_name, "os_version": os_version, "python_version": python_version}
        answer = self._run(
            lambda session: solvers.has_python_solver_error(
                session, package_name, package_version, index_url, **environment
            ),
            writes=False,
            method="has_python_solver_error",
        )
        self._memory["has_python_solver_error"].put(key, answer)
        return answer

    def _layered(
        self,
        method: str,
        key: Hashable,
        from_cache: Callable[[GraphCache, bool], T | None] | None,
        from_database: Callable[[ReadSession], T],
        add: Callable[[GraphCache, T], None] | None,
        keep: Callable[[T], bool],
    ) -> T:
        """Answer from the cache file, else from the database, and keep the answer for those who ask next."""
        if from_cache is None:
            return self._run(from_database, writes=False, method=method)
        offline = self._is_offline()
        cache = self.cache
        answer = None if cache is None else from_cache(cache, False)
        if answer is None and offline:
            answer = None if cache is None else from_cache(cache, True)
            if answer is None:
                raise self._out_of_scope([key])
        if answer is None:
            answer = self._run(from_database, writes=False, method=method)
            if add is not None and cache is not None and cache.is_writable and GraphCache.is_inserts_enabled():
                try:
                    add(cache, answer)
                except CacheFileError as error:  # a full disk must not take the answer away
                    if not self._told_of_inserts:
                        fields = {"cache_file": cache.path}
                        _LOGGER.warning("answers are not added to the graph cache: %s", error, extra=fields)
                    self._told_of_inserts = True
        if keep(answer):
            self._memory[method].put(key, answer)
        return answer

    def _is_offline(self) -> bool:
        """Tell whether the graph cache answers alone.

        Raises:
            NotConnected: it does not, and `connect` was not called.

        """
        offline = GraphCacheConfig().offline
        if not offline and not self.is_connected():
            raise NotConnected("not connected to the knowledge graph: call connect() first")
        return offline

    def _out_of_scope(self, question: object) -> NotFoundError:
        scope = self.cache.scope() if self.cache is not None else {}
        return NotFoundError(f"offline, and the graph cache does not know {question!r}; it is complete for {scope}")
