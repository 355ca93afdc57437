"""Who could pull a package in: asked of the database, and of the cache file where it answers alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..identifiers import PackageTuple
from .cache import GraphCache
from .cached_reads import CachedReads
from .queries import dependencies
from .sessions import ReadSession

T = TypeVar("T")


class CachedDependents(CachedReads):
    """The part of the adapter that asks for dependents; see `GraphDatabase`.

    Whatever is solved may be a new dependent, so that no file knows for long: it answers as of its date alone.
    """

    def retrieve_transitive_dependents_python(
        self,
        package_name: str,
        package_version: str | None = None,
        index_url: str | None = None,
        *,
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
        start_offset: int = 0,
        count: int = 100,
    ) -> list[PackageTuple]:
        """Return a page of the package versions that could pull a package in, directly or not.

        Args:
            package_name: name of the package that is depended on; it need not be solved itself.
            package_version: its version; not given: any.
            index_url: the index that it is on; not given: any.
            os_name: name of the operating system; None for any. With several environments, each is walked by itself.
            os_version: its version; None for any.
            python_version: version of Python; None for any.
            start_offset: how many package versions come before the page.
            count: how many there are on the page.

        Returns:
            Package tuples, sorted.

        Raises:
            NotFoundError: offline, and the cache file does not have all packages of such an environment.

        """
        package = (package_name, package_version, index_url)
        question: dict[str, Any] = {
            "os_name": os_name,
            "os_version": os_version,
            "python_version": python_version,
            "start_offset": start_offset,
            "count": count,
        }
        return self._dependents(
            "retrieve_transitive_dependents_python",
            package,
            lambda cache: cache.retrieve_transitive_dependents_python(*package, **question),
            lambda session: dependencies.retrieve_transitive_dependents_python(session, *package, **question),
        )

    def retrieve_transitive_dependents_python_count(
        self,
        package_name: str,
        package_version: str | None = None,
        index_url: str | None = None,
        *,
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
    ) -> int:
        """Return how many package versions could pull a package in, directly or not.

        Args:
            package_name: name of the package that is depended on; it need not be solved itself.
            package_version: its version; not given: any.
            index_url: the index that it is on; not given: any.
            os_name: name of the operating system; None for any.
            os_version: its version; None for any.
            python_version: version of Python; None for any.

        Returns:
            The number of package versions that `retrieve_transitive_dependents_python` pages through.

        Raises:
            NotFoundError: offline, and the cache file does not have all packages of such an environment.

        """
        package = (package_name, package_version, index_url)
        question: dict[str, Any] = {"os_name": os_name, "os_version": os_version, "python_version": python_version}
        return self._dependents(
            "retrieve_transitive_dependents_python_count",
            package,
            lambda cache: cache.retrieve_transitive_dependents_python_count(*package, **question),
            lambda session: dependencies.retrieve_transitive_dependents_python_count(session, *package, **question),
        )

    def _dependents(
        self,
        method: str,
        package: tuple[str, str | None, str | None],
        from_cache: Callable[[GraphCache], T | None],
        from_database: Callable[[ReadSession], T],
    ) -> T:
        if not self._is_offline():
            return self._run(from_database, writes=False, method=method)
        answer = None if self.cache is None else from_cache(self.cache)
        if answer is None:
            raise self._out_of_scope(package)
        return answer
