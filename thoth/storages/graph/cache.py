"""The graph cache: answers exactly what the database answered, or says that it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..identifiers import Environment, PackageTuple, environment_of, package_tuple
from ..normalize import (
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
    versions_newest_first,
)
from .cache_additions import CacheAdditions, Dependency, Record
from .closure import Closure
from .filters import normalized_extras, page_parameters


class GraphCache(CacheAdditions):
    """A part of the knowledge graph in a SQLite file, next to the one who asks.

    Every answer is either the one of the database as of the time when it was put here, or None: *miss*. A package
    version that was not solved then may be solved by now, so that it is always a miss.
    """

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        with self._lock:
            empty = self._read(lambda: not self._packed.environments and self._rows.is_empty())
            return True if empty is None else empty

    def scope(self) -> dict[str, Any]:
        """Return what the packed part is complete for.

        Returns:
            ``created`` (ISO 8601), ``origin`` (where from), ``packages`` (names that were asked for), ``environments``
            (dictionaries), ``every_environment`` (whether the database had no others) and ``complete_environments``
            (those of which all package versions are in the file); empty without a packed part.

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
        as_of_its_date: bool = False,
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
            as_of_its_date: whether the answer is the last one: what the file knows to be unsolved is so.

        Returns:
            Names and versions, as `GraphDatabase.get_depends_on` returns them.

        """
        return self._answer(
            "get_depends_on",
            self._depends_on,
            package_tuple(package_name, package_version, index_url),
            environment_of(os_name, os_version, python_version),
            normalized_extras(extras),
            marker_evaluation_result,
            as_of_its_date,
        )

    def _depends_on(
        self,
        package: PackageTuple,
        environment: Environment,
        extras: frozenset[str | None] | None,
        marker_evaluation_result: bool | None,
        as_of_its_date: bool,
    ) -> list[Dependency] | None:
        question = self._packed.question(extras, marker_evaluation_result)
        packed = self._packed.depends_on(package, environment, question, as_of_its_date)
        added = None
        if self._file.has_rows and question.is_usual and not environment.is_open:
            added = self._rows.depends_on(package, environment)
        if packed is None or added is None:
            return added if packed is None else list(packed)
        return sorted({*packed, *added})

    def get_python_package_version_records(
        self,
        package_name: str,
        package_version: str,
        index_url: str | None,
        *,
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
        as_of_its_date: bool = False,
    ) -> list[Record] | None:
        """Return the records of a package version, or None: miss.

        Args:
            package_name: name of the package.
            package_version: its version.
            index_url: the index that it is on; None for any.
            os_name: name of the operating system; None for any.
            os_version: its version; None for any.
            python_version: version of Python; None for any.
            as_of_its_date: whether the answer is the last one: what the file knows to be unsolved is so.

        Returns:
            Dictionaries, as `GraphDatabase.get_python_package_version_records` returns them.

        """
        return self._answer(
            "get_python_package_version_records",
            self._records_of,
            package_tuple(package_name, package_version, index_url),
            environment_of(os_name, os_version, python_version),
            as_of_its_date,
        )

    def _records_of(self, package: PackageTuple, environment: Environment, as_of_its_date: bool) -> list[Record] | None:
        answer = self._packed.records(package, environment, as_of_its_date)
        if not answer and self._file.has_rows and not environment.is_open:
            answer = self._rows.records(package, environment) or answer
        return answer

    def get_all_versions_python_package(
        self,
        package_name: str,
        index_url: str | None = None,
        *,
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
    ) -> list[tuple[str, str]] | None:
        """Return the versions of a package as of the time when the file was built, or None: miss.

        Only a package that the file was built for, and not one that others depend on, is there in all versions.

        Args:
            package_name: name of the package.
            index_url: the index that they are on; None for any.
            os_name: name of the operating system; None for any.
            os_version: its version; None for any.
            python_version: version of Python; None for any.

        Returns:
            Versions with index URLs, as `GraphDatabase.get_all_versions_python_package` returns them.

        """
        found = self._answer(
            "get_all_versions_python_package",
            self._packed_versions,
            normalize_python_package_name(package_name),
            None if index_url is None else normalize_python_index_url(index_url),
            environment_of(os_name, os_version, python_version),
        )
        return None if found is None else versions_newest_first(found)

    def _packed_versions(
        self, name: str, index_url: str | None, environment: Environment
    ) -> set[tuple[str, str]] | None:
        return self._packed.versions(name, index_url, environment)

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
    ) -> list[PackageTuple] | None:
        """Return a page of the package versions that could pull a package in, as of the file's date, or None: miss.

        Only of an environment of which all package versions are in the file; `scope` has those.

        Args:
            package_name: name of the package that is depended on; it need not be solved itself.
            package_version: its version; None for any.
            index_url: the index that it is on; None for any.
            os_name: name of the operating system; None for any.
            os_version: its version; None for any.
            python_version: version of Python; None for any.
            start_offset: how many package versions come before the page.
            count: how many there are on the page.

        Returns:
            Package tuples, as `GraphDatabase.retrieve_transitive_dependents_python` returns them.

        Raises:
            ValueError: ``start_offset`` or ``count`` is negative.

        """
        page = page_parameters(start_offset, count)
        found = self._answer(
            "retrieve_transitive_dependents_python",
            self._dependents,
            (package_name, package_version, index_url),
            environment_of(os_name, os_version, python_version),
        )
        return None if found is None else found[page["start_offset"] :][: page["count"]]

    def retrieve_transitive_dependents_python_count(
        self,
        package_name: str,
        package_version: str | None = None,
        index_url: str | None = None,
        *,
        os_name: str | None = None,
        os_version: str | None = None,
        python_version: str | None = None,
    ) -> int | None:
        """Return how many package versions could pull a package in, as of the file's date, or None: miss.

        Args:
            package_name: as for `retrieve_transitive_dependents_python`, like those that follow.
            package_version: its version; None for any.
            index_url: the index that it is on; None for any.
            os_name: name of the operating system; None for any.
            os_version: its version; None for any.
            python_version: version of Python; None for any.

        """
        found = self._answer(
            "retrieve_transitive_dependents_python_count",
            self._dependents,
            (package_name, package_version, index_url),
            environment_of(os_name, os_version, python_version),
        )
        return None if found is None else len(found)

    def _dependents(
        self, package: tuple[str, str | None, str | None], environment: Environment
    ) -> list[PackageTuple] | None:
        name, version, index_url = package
        return self._packed.dependents(
            normalize_python_package_name(name),
            version and normalize_python_package_version(version),
            index_url and normalize_python_index_url(index_url),
            environment,
        )

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
            os_name: name of the operating system; None for any: a miss unless ``as_of_its_date``, and unless the file
                is complete for every environment.
            os_version: its version.
            python_version: version of Python.
            extras: extras whose requirements count.
            marker_evaluation_result: False for requirements whose marker did not hold.
            as_of_its_date: whether the answer is the last one: dependencies that the file knows to be unsolved are.
                Otherwise they are given as unsolved, too, and may be solved by now: the caller asks the database about
                them. Dependencies that the database was not asked about make it a miss in any case.

        """
        return self._answer(
            "closure",
            self._closure,
            [package_tuple(*package) for package in package_tuples],
            environment_of(os_name, os_version, python_version),
            normalized_extras(extras),
            marker_evaluation_result,
            as_of_its_date,
        )

    def _closure(
        self,
        packages: Sequence[PackageTuple],
        environment: Environment,
        extras: frozenset[str | None] | None,
        marker_evaluation_result: bool | None,
        as_of_its_date: bool,
    ) -> Closure | None:
        if environment.is_open and not as_of_its_date:
            return None
        question = self._packed.question(extras, marker_evaluation_result)
        return self._packed.closure(packages, environment, question, as_of_its_date)

    def stats(self) -> dict[str, Any]:
        """Return how much is in the file, and how often it was asked.

        Returns:
            ``table_size`` (packed and added together) and ``sqlite_cache_info`` (hits and misses by method).

        """
        with self._lock:
            # Of a file that turns out to be damaged, those of what takes its place.
            added = self._read(self._rows.sizes) or self._rows.sizes()
            packed = self._packed.sizes()
            return {
                "table_size": {name: packed.get(name, 0) + size for name, size in added.items()},
                "sqlite_cache_info": {name: dict(counts) for name, counts in self._counts.items()},
            }

    def clear_in_memory_cache(self) -> None:
        """Forget what was decoded; the file stays as it is."""
        with self._lock:
            self._packed.clear()
