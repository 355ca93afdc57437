"""Whether a deployment has what it needs: each check answers with what it found, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import Connection

from ..config import GraphCacheConfig
from ..exceptions import ConfigurationError, DatabaseNotInitialized, ThothStorageException
from ..graph import GraphDatabase
from ..graph.revisions import SchemaState, differences
from .findings import Finding, Status
from .places import check_bucket, check_cache_file, check_settings
from .server import (
    check_connections,
    check_encoding,
    check_extensions,
    check_role,
    check_schema,
    check_server,
)
from .tables import check_bloat, check_missing_indexes, check_unused_indexes

__all__ = ["Finding", "Status", "examine"]

_OF_SERVER = (check_server, check_encoding, check_extensions, check_role, check_connections)
_OF_TABLES = (check_bloat, check_missing_indexes, check_unused_indexes)


def examine() -> Iterator[Finding]:
    """Look at everything that the environment names: settings, database, object store, graph cache file.

    Nothing is written. A check that cannot be made is an error that says why, and the others are made all the same.

    Returns:
        The findings, as they are made.

    """
    yield check_settings()
    yield from _of_database()
    for check in (check_bucket, check_cache_file):
        yield _made(check.__name__, check)


def _of_database() -> Iterator[Finding]:
    try:
        if GraphCacheConfig().offline:
            yield Finding("database", Status.OK, "is not needed: the graph cache answers alone")
            return
        with GraphDatabase() as graph:
            yield from _of_connected(graph)
    except ConfigurationError as error:
        yield Finding("database", Status.ERROR, str(error), "see the table of variables in the README")
    except DatabaseNotInitialized as error:
        yield Finding("database", Status.ERROR, str(error), "thoth-storages schema upgrade")
    except ThothStorageException as error:
        yield Finding("database", Status.ERROR, str(error), "see KNOWLEDGE_GRAPH_HOST and its companions in the README")


def _of_connected(graph: GraphDatabase) -> Iterator[Finding]:
    with graph.snapshot() as connection:
        user = connection.engine.url.username
    yield Finding("database", Status.OK, f"{graph.place} as {user}")
    for check in _OF_SERVER:
        yield _made(check.__name__, _asked(graph, check))
    try:
        status = graph.get_schema_status()
    except ThothStorageException as error:
        yield Finding("schema", Status.ERROR, f"cannot be checked: {error}")
        return
    is_ours = status.state is SchemaState.UP_TO_DATE
    yield check_schema(status, differences(graph.engine) if is_ours else [])
    if is_ours:  # the tables of another revision are not those of the models
        for check in _OF_TABLES:
            yield _made(check.__name__, _asked(graph, check))


def _asked(graph: GraphDatabase, check: Callable[[Connection], Finding]) -> Callable[[], Finding]:
    def ask() -> Finding:
        with graph.snapshot() as connection:
            return check(connection)

    return ask


def _made(name: str, check: Callable[[], Finding]) -> Finding:
    """Make a check, and say so when it cannot be made."""
    try:
        return check()
    except ThothStorageException as error:
        shown = name.removeprefix("check_").replace("_", " ")
        return Finding(shown, Status.ERROR, f"cannot be checked: {error}")
