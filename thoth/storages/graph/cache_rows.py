"""What is added to a graph cache file beside the packed part: plain rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from ..identifiers import Environment, PackageTuple

_TABLES = ("depends_on", "python_package_version", "python_package_version_entity")

_ENVIRONMENT = "os_name = ? AND os_version = ? AND python_version = ?"
_VERSION_ID = f"""
    SELECT version.id, version.dependencies_known
    FROM python_package_version_entity AS entity JOIN python_package_version AS version
        ON version.entity_id = entity.id
    WHERE package_name = ? AND package_version = ? AND index_url = ? AND {_ENVIRONMENT}
"""
_DEPENDENCIES = """
    SELECT package_name, package_version
    FROM depends_on JOIN python_package_version_entity AS entity ON entity.id = depends_on.entity_id
    WHERE depends_on.version_id = ? ORDER BY package_name, package_version
"""
_INDEX_URLS = f"""
    SELECT version.index_url
    FROM python_package_version_entity AS entity JOIN python_package_version AS version
        ON version.entity_id = entity.id
    WHERE package_name = ? AND package_version = ? AND {_ENVIRONMENT} ORDER BY index_url
"""
_IS_LISTED = f"""
    SELECT EXISTS (
        SELECT 1
        FROM record_listing JOIN python_package_version_entity AS entity ON entity.id = record_listing.entity_id
        WHERE package_name = ? AND package_version = ? AND {_ENVIRONMENT}
    )
"""


class AddedRows:
    """The plain rows of a cache file; the caller holds the lock, and the transaction of a write."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Look at the rows of an open file."""
        self._connection = connection

    def is_empty(self) -> bool:
        """Tell whether there are none."""
        return not self._connection.execute("SELECT EXISTS (SELECT 1 FROM python_package_version)").fetchone()[0]

    def sizes(self) -> dict[str, int]:
        """Return the number of rows by table."""
        return {
            table: self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # one statement a table
            for table in _TABLES
        }

    def depends_on(self, package: PackageTuple, environment: Environment) -> list[tuple[str, str]] | None:
        """Return what a package version depends on, or None when that is not known."""
        row = self._connection.execute(_VERSION_ID, (*package, *_values(environment))).fetchone()
        if row is None or not row[1]:
            return None
        return list(self._connection.execute(_DEPENDENCIES, row[:1]))

    def records(self, package: PackageTuple, environment: Environment) -> list[dict[str, str]] | None:
        """Return the records of a package version, or None when they are not known."""
        name, version, index_url = package
        values = _values(environment)
        urls = [url for (url,) in self._connection.execute(_INDEX_URLS, (name, version, *values))]
        if index_url is not None:
            urls = [url for url in urls if url == index_url]
        elif urls and not self._connection.execute(_IS_LISTED, (name, version, *values)).fetchone()[0]:
            return None  # other indexes were not asked
        return [_record(name, version, url, environment) for url in urls] or None

    def add_dependencies(
        self, package: PackageTuple, environment: Environment, dependencies: Sequence[tuple[str, str]]
    ) -> None:
        """Add dependencies of a package version."""
        version_id = self._version_id(package, environment, dependencies_known=True)
        self._connection.executemany(
            "INSERT OR IGNORE INTO python_package_version_entity (package_name, package_version) VALUES (?, ?)",
            dependencies,
        )
        self._connection.executemany(
            """
            INSERT OR IGNORE INTO depends_on (version_id, entity_id)
            SELECT ?, id FROM python_package_version_entity WHERE package_name = ? AND package_version = ?
            """,
            [(version_id, name, version) for name, version in dependencies],
        )

    def add_records(self, package: PackageTuple, environment: Environment, index_urls: Iterable[str]) -> None:
        """Add the records of a name and version on all indexes."""
        name, version, _ = package
        for url in index_urls:
            self._version_id((name, version, url), environment, dependencies_known=False)
        self._connection.execute(
            """
            INSERT OR IGNORE INTO record_listing (entity_id, os_name, os_version, python_version)
            SELECT id, ?, ?, ? FROM python_package_version_entity WHERE package_name = ? AND package_version = ?
            """,
            (*_values(environment), name, version),
        )

    def all(self) -> Iterator[tuple[PackageTuple, Environment, list[tuple[str, str]]]]:
        """Yield the package versions whose dependencies are known, with them."""
        rows = self._connection.execute(
            """
            SELECT package_name, package_version, index_url, os_name, os_version, python_version, version.id
            FROM python_package_version_entity AS entity JOIN python_package_version AS version
                ON version.entity_id = entity.id
            WHERE dependencies_known ORDER BY 1, 2, 3, 4, 5, 6
            """
        ).fetchall()
        for name, version, url, os_name, os_version, python_version, id_ in rows:
            dependencies = list(self._connection.execute(_DEPENDENCIES, (id_,)))  # a local file: no round trip
            yield (name, version, url), Environment(os_name, os_version, python_version), dependencies

    def _version_id(self, package: PackageTuple, environment: Environment, *, dependencies_known: bool) -> int:
        name, version, url = package
        self._connection.execute(
            "INSERT OR IGNORE INTO python_package_version_entity (package_name, package_version) VALUES (?, ?)",
            (name, version),
        )
        row = self._connection.execute(
            """
            INSERT INTO python_package_version
                (entity_id, index_url, os_name, os_version, python_version, dependencies_known)
            SELECT id, ?, ?, ?, ?, ? FROM python_package_version_entity
            WHERE package_name = ? AND package_version = ?
            ON CONFLICT DO UPDATE SET dependencies_known = dependencies_known OR excluded.dependencies_known
            RETURNING id
            """,
            (url, *_values(environment), dependencies_known, name, version),
        ).fetchone()
        return int(row[0])


def _values(environment: Environment) -> tuple[str | None, str | None, str | None]:
    return environment.os_name, environment.os_version, environment.python_version


def _record(name: str, version: str, index_url: str, environment: Environment) -> dict[str, str]:
    os_name, os_version, python_version = _values(environment)
    return {
        "package_name": name,
        "package_version": version,
        "index_url": index_url,
        "os_name": os_name or "",
        "os_version": os_version or "",
        "python_version": python_version or "",
    }
