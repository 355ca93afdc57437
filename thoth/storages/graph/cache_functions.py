"""SQL functions that ask a graph cache, as what depends on what is packed into blobs that SQL cannot read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from typing import TypedDict

from ..identifiers import Environment, PackageTuple
from .cache import GraphCache

_ALL = 2**31 - 1
Value = str | None
Row = tuple[Value, ...]


def register_functions(connection: sqlite3.Connection, cache: GraphCache) -> None:
    """Let the SQL of a connection ask a cache, by these functions, each with a JSON list as its answer.

    ``depends_on(package_name, package_version, index_url, os_name, os_version, python_version)``
        ``[[name, version], ...]``: what a package version depends on directly.
    ``records(package_name, package_version, index_url, os_name, os_version, python_version)``
        ``[[index URL, os name, os version, Python version], ...]``: where it was solved.
    ``closure(package_name, package_version, index_url, os_name, os_version, python_version)``
        ``[[name, version, dependency name, dependency version], ...]``: all that it depends on.
    ``dependents(package_name, package_version, index_url, os_name, os_version, python_version)``
        ``[[name, version, index URL], ...]``: what could pull it in.

    An argument that is NULL or empty may be anything, where the method of `GraphCache` takes None. The answer is NULL
    when the file does not know.

    Args:
        connection: any; it need not be one to the file.
        cache: the cache; it stays open as long as the connection is used.

    """
    for function in (depends_on, records, closure, dependents):
        connection.create_function(function.__name__, 6, _answering(function, cache))


def depends_on(cache: GraphCache, package: PackageTuple, environment: Environment) -> Iterable[Row] | None:
    """Return name and version of what a package version depends on directly, or None."""
    name, version, index_url = package
    if not (name and version and index_url):
        return None
    return cache.get_depends_on(name, version, index_url, **_parts(environment))


def records(cache: GraphCache, package: PackageTuple, environment: Environment) -> Iterable[Row] | None:
    """Return index URL and environment of the records of a package version, or None."""
    if not (package[0] and package[1]):
        return None
    found = cache.get_python_package_version_records(*package, **_parts(environment))
    names = ("index_url", "os_name", "os_version", "python_version")
    return None if found is None else [tuple(record[name] for name in names) for record in found]


def closure(cache: GraphCache, package: PackageTuple, environment: Environment) -> Iterable[Row] | None:
    """Return name and version of dependents, name and version of dependencies, or None."""
    if not (package[0] and package[1]):
        return None
    found = cache.closure(package, **_parts(environment))
    return None if found is None else sorted({(*edge[0][:2], *edge[1][:2]) for edge in found.tuples()})


def dependents(cache: GraphCache, package: PackageTuple, environment: Environment) -> Iterable[Row] | None:
    """Return name, version and index URL of what could pull a package in, or None."""
    name, version, index_url = package
    if not name:
        return None
    return cache.retrieve_transitive_dependents_python(
        name, version or None, index_url, **_parts(environment), count=_ALL
    )


class _Parts(TypedDict):
    os_name: str | None
    os_version: str | None
    python_version: str | None


def _parts(environment: Environment) -> _Parts:
    return {
        "os_name": environment.os_name,
        "os_version": environment.os_version,
        "python_version": environment.python_version,
    }


def _answering(
    function: Callable[[GraphCache, PackageTuple, Environment], Iterable[Row] | None], cache: GraphCache
) -> Callable[..., str | None]:
    def answer(*arguments: Value) -> str | None:
        name, version, index_url, *environment = (argument or None for argument in arguments)
        found = function(cache, (name or "", version or "", index_url), Environment(*environment))
        return None if found is None else json.dumps(list(found))

    return answer
