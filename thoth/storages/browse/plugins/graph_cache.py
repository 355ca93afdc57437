"""A plugin of Datasette: what the tables of a graph cache file are, and queries of what is packed into it."""

from __future__ import annotations

import sqlite3
from textwrap import dedent
from typing import Any

from datasette import hookimpl

from thoth.storages.exceptions import CacheFileError
from thoth.storages.graph.cache import GraphCache
from thoth.storages.graph.cache_functions import register_functions

_ARGUMENTS = ":package_name, :package_version, :index_url, :os_name, :os_version, :python_version"
_COLUMNS = {
    "depends_on": ("What a package version depends on directly", ("package_name", "package_version")),
    "records": ("Where a package version was solved", ("index_url", "os_name", "os_version", "python_version")),
    "closure": (
        "Everything that a package version depends on",
        ("package_name", "package_version", "dependency_name", "dependency_version"),
    ),
    "dependents": ("What could pull a package in", ("package_name", "package_version", "index_url")),
}
_EMPTY_ARGUMENTS = {
    "depends_on": "Name, version and index are needed; an environment left empty may be any.",
    "records": "Name and version are needed; an index or environment left empty may be any.",
    "closure": "Name and version are needed; an index or environment left empty may be any.",
    "dependents": "The name is needed; what is left empty may be any.",
}
_TABLES = {
    "v_package_version": "Names and versions in the packed part, in the order of PEP 440.",
    "v_package_environment": "The environments in which something is known of a package.",
    "v_added_package_version": "Package versions that were added after the file was built.",
    "v_added_dependency": "What those depend on.",
    "cached_environment": "Environments that the packed part covers.",
    "cached_index": "Package indexes that the packed part names.",
    "cached_extra": "Extras that the packed part names.",
    "cache_info": "When and from where the file was made, and how much is packed.",
}
_HIDDEN = (
    "packed_package",
    "packed_solved",
    "python_package_version",
    "python_package_version_entity",
    "depends_on",
    "record_listing",
)


@hookimpl
def prepare_connection(conn: sqlite3.Connection, database: str | None, datasette: Any) -> None:
    """Give the connection to a cache file the functions of `cache_functions`."""
    path = None if database is None else datasette.get_database(database).path
    if path is None:
        return
    try:
        register_functions(conn, GraphCache(str(path)))
    except CacheFileError:  # another SQLite file beside it, or it was damaged meanwhile
        return


@hookimpl
def canned_queries(database: str) -> dict[str, dict[str, object]]:
    """Return the queries that are offered, as forms."""
    return {
        name: {
            "title": title,
            "description": _EMPTY_ARGUMENTS[name],
            "sql": _query(name, columns),
            "hide_sql": True,
        }
        for name, (title, columns) in _COLUMNS.items()
    }


@hookimpl
def get_metadata(database: str | None) -> dict[str, Any] | None:
    """Return what the tables are."""
    if database is None:
        return None
    tables: dict[str, dict[str, Any]] = {name: {"description": text} for name, text in _TABLES.items()}
    tables.update((name, {"hidden": True}) for name in _HIDDEN)
    return {"databases": {database: {"title": "Graph cache", "tables": tables}}}


def _query(name: str, columns: tuple[str, ...]) -> str:
    listed = ", ".join(f"json_extract(each.value, '$[{number}]') AS {column}" for number, column in enumerate(columns))
    unknown = ", ".join(["'not in this file'", *["NULL"] * (len(columns) - 1)])
    return dedent(
        f"""
        WITH answer(value) AS MATERIALIZED (SELECT {name}({_ARGUMENTS}))
        SELECT {listed}
        FROM answer, json_each(answer.value) AS each
        UNION ALL
        SELECT {unknown} FROM answer WHERE value IS NULL
        """
    ).strip()
