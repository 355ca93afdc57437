"""What is added to an open graph cache file beside its packed part, while a resolver runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..exceptions import CacheFileError
from ..identifiers import Environment, PackageTuple, package_tuple
from .cache_base import OpenCache
from .cache_file import SQLITE_ERRORS

Dependency = tuple[str, str]
Record = dict[str, str]


class CacheAdditions(OpenCache):
    """The part of `GraphCache` that writes."""

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
        """Yield what was added beside the packed part: package versions with their dependencies.

        Raises:
            CacheFileError: the file is damaged.

        """
        with self._lock:
            try:
                yield from self._rows.all()
            except (*SQLITE_ERRORS, CacheFileError) as error:
                raise CacheFileError(f"{self._path}: cannot be read: {error}") from None
