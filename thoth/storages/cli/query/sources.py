"""Who answers: the database, or a graph cache file alone. What is not there is an error that says what is missing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ...config import GRAPH_CACHE, GRAPH_CACHE_OFFLINE, KnowledgeGraphConfig
from ...exceptions import CacheFileError, ConfigurationError, NotFoundError
from ...graph import GraphCache, GraphDatabase
from ...graph.closure import Closure, Edge
from ...identifiers import PackageTuple
from .arguments import Package, Question

_MOST_NAMED = 3


class Source(Protocol):
    """What both can be asked. What is not known there is a `NotFoundError`, and never an answer that is shorter."""

    @property
    def place(self) -> str:
        """Name of what is asked."""

    def records(self, package: Package, question: Question) -> list[dict[str, str]]:
        """Return the records of a package version: at least one."""

    def depends_on(self, package: Package, index_urls: Iterable[str], question: Question) -> set[tuple[str, str]]:
        """Return what a package version on these indexes depends on directly."""

    def versions(self, package: Package, question: Question) -> list[tuple[str, str]]:
        """Return versions of a package with index URLs, newest first: at least one."""

    def closure(self, packages: Sequence[Package], question: Question) -> Closure:
        """Return everything that package versions depend on; each of them was solved."""

    def requirements(self, edges: Iterable[Edge], question: Question) -> dict[Edge, list[dict[str, str | None]]]:
        """Return the requirements behind edges; none where they are not known."""

    def database(self, what: str) -> GraphDatabase:
        """Return the database, which alone holds what is asked for."""


@contextmanager
def opened(cache: Path | None) -> Iterator[Source]:
    """Open the cache file that is given, or that answers alone by the environment; without one, the database.

    Raises:
        CacheFileError: the file cannot be used.
        NotConnected: the database cannot be reached.

    """
    if cache is None and GRAPH_CACHE_OFFLINE.read():
        path = GRAPH_CACHE.read()
        if path is None:
            raise ConfigurationError(f"{GRAPH_CACHE_OFFLINE.name}=1: give --cache, or set {GRAPH_CACHE.name}")
        cache = Path(path)
    if cache is None:
        with GraphDatabase() as graph:
            yield DatabaseSource(graph)
    elif not cache.is_file():  # opening would make one
        raise CacheFileError(f"{cache}: {'not a file' if os.path.lexists(cache) else 'no such file'}")
    else:
        with GraphCache(str(cache)) as file:
            yield CacheFileSource(file)


class DatabaseSource:
    """The database, and no cache in front of it."""

    def __init__(self, graph: GraphDatabase) -> None:
        """Ask a connected adapter."""
        self._graph = graph
        self.place = KnowledgeGraphConfig().place

    def records(self, package: Package, question: Question) -> list[dict[str, str]]:
        """Return the records of a package version."""
        found = self._graph.get_python_package_version_records(
            *package_tuple(package, question), **question.env(), without_cache=True
        )
        if not found:
            raise self.not_there(package, question)
        return found

    def depends_on(self, package: Package, index_urls: Iterable[str], question: Question) -> set[tuple[str, str]]:
        """Return what a package version depends on, on several indexes in one statement."""
        wanted = [(package.name, str(package.version), url) for url in index_urls]
        found = self._graph.get_depends_on_many(wanted, **question.requirements())
        return {dependency for of_one in found.values() for dependency in of_one}

    def versions(self, package: Package, question: Question) -> list[tuple[str, str]]:
        """Return the versions of a package."""
        found = self._graph.get_all_versions_python_package(package.name, question.index_url, **question.env())
        if not found:
            raise self.not_there(package, question)
        return found

    def closure(self, packages: Sequence[Package], question: Question) -> Closure:
        """Return the closure of package versions."""
        wanted = [package_tuple(package, question) for package in packages]
        found = self._graph.closure(*wanted, **question.requirements(), without_cache=True)
        for package in packages:
            if not found.roots[package_tuple(package, question)]:
                raise self.not_there(package, question)
        return found

    def requirements(self, edges: Iterable[Edge], question: Question) -> dict[Edge, list[dict[str, str | None]]]:
        """Return the requirements behind edges."""
        return self._graph.get_python_requirements_many(edges, **question.requirements())

    def database(self, what: str) -> GraphDatabase:
        """Return the adapter."""
        return self._graph

    def not_there(self, package: Package, question: Question) -> NotFoundError:
        """Return the error that says which part of a question is not known."""
        self.must_be_known(package, question)
        return NotFoundError(f"{_described(package, question)} was never solved in {_place(question)}")

    def must_be_known(self, package: Package, question: Question) -> None:
        """Make sure of what an empty answer is about.

        Raises:
            NotFoundError: no document speaks of the package, or of the environment.

        """
        if not self._graph.python_package_exists(package.name):
            raise NotFoundError(f"{self.place}: package {package.name} is not known")
        if package.version is not None and not self._graph.python_package_version_exists(package.name, package.version):
            raise NotFoundError(f"{self.place}: {package.name} is known, but not version {package.version}")
        if any(question.env().values()) and not self._graph.solved_software_environment_exists(**question.env()):
            raise NotFoundError(f"{self.place}: no solver ran in {_place(question)}")


class CacheFileSource:
    """A graph cache file, which answers alone."""

    def __init__(self, cache: GraphCache) -> None:
        """Ask an open file."""
        self.cache = cache
        self.place = cache.path

    def records(self, package: Package, question: Question) -> list[dict[str, str]]:
        """Return the records of a package version."""
        found = self.cache.get_python_package_version_records(
            *package_tuple(package, question), **question.env(), as_of_its_date=True
        )
        if found is None:
            raise self._out_of_scope(str(package), question)
        if not found:
            raise self._not_solved(package, question)
        return found

    def depends_on(self, package: Package, index_urls: Iterable[str], question: Question) -> set[tuple[str, str]]:
        """Return what a package version depends on."""
        found: set[tuple[str, str]] = set()
        for url in index_urls:
            answer = self.cache.get_depends_on(
                package.name, str(package.version), url, **question.requirements(), as_of_its_date=True
            )
            if answer is None:
                raise self._out_of_scope(f"what {package} depends on", question)
            found.update(answer)
        return found

    def versions(self, package: Package, question: Question) -> list[tuple[str, str]]:
        """Return the versions of a package."""
        found = self.cache.get_all_versions_python_package(package.name, question.index_url, **question.env())
        if found is None:
            raise self._out_of_scope(f"all versions of {package.name}", question)
        if not found:
            raise self._not_solved(package, question)
        return found

    def closure(self, packages: Sequence[Package], question: Question) -> Closure:
        """Return the closure of package versions."""
        wanted = [package_tuple(package, question) for package in packages]
        found = self.cache.closure(*wanted, **question.requirements(), as_of_its_date=True)
        if found is None:
            names = ", ".join(map(str, packages))
            raise self._out_of_scope(f"everything that {names} depends on", question)
        for package in packages:
            if not found.roots[package_tuple(package, question)]:
                raise self._not_solved(package, question)
        return found

    def requirements(self, edges: Iterable[Edge], question: Question) -> dict[Edge, list[dict[str, str | None]]]:
        """Return nothing: the file has what requirements admit, and not how they were written."""
        return {}

    def database(self, what: str) -> GraphDatabase:
        """Refuse.

        Raises:
            NotFoundError: always.

        """
        raise NotFoundError(f"{self.place}: a graph cache file holds no {what}: ask the database, without --cache")

    def _not_solved(self, package: Package, question: Question) -> NotFoundError:
        asked = _described(package, question)
        return NotFoundError(f"{self.place}: {asked} was not solved in {_place(question)} when the file was made")

    def _out_of_scope(self, what: str, question: Question) -> NotFoundError:
        scope = self.cache.scope()
        if not scope:
            return NotFoundError(f"{self.place}: not complete for {what}: nothing was built into it")
        places = [" ".join(environment.values()) for environment in scope["environments"]]
        return NotFoundError(
            f"{self.place}: not complete for {what} in {_place(question)}, but for {_some(scope['packages'])} "
            f"in {_some(places)}, as of {scope['created']}"
        )


def package_tuple(package: Package, question: Question) -> PackageTuple:
    """Return a package version as methods take it."""
    return (package.name, str(package.version), question.index_url)


def _described(package: Package, question: Question) -> str:
    return str(package) if question.index_url is None else f"{package} from {question.index_url}"


def _place(question: Question) -> str:
    parts = question.env().values()
    return f"environment {' '.join(part or 'any' for part in parts)}" if any(parts) else "any environment"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
