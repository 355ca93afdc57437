"""What is added to a graph cache file beside the packed part: plain rows, each with a checksum of what it says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from ..exceptions import CacheFileError
from ..identifiers import Environment, PackageTuple
from .cache_checks import checksum, require

_TABLES = ("depends_on", "python_package_version", "python_package_version_entity")

_ENVIRONMENT = "os_name = ? AND os_version = ? AND python_version = ?"
_ENTITY = "package_name = ? AND package_version = ?"
_VERSION = f"""
    SELECT version.id, dependencies_checksum, checksum
    FROM python_package_version_entity AS entity JOIN python_package_version AS version
        ON version.entity_id = entity.id
    WHERE {_ENTITY} AND index_url = ? AND {_ENVIRONMENT}
"""
_DEPENDENCIES = """
    SELECT package_name, package_version
    FROM depends_on JOIN python_package_version_entity AS entity ON entity.id = depends_on.entity_id
    WHERE depends_on.version_id = ? ORDER BY package_name, package_version
"""
_INDEX_URLS = f"""
    SELECT version.index_url, dependencies_checksum, checksum
    FROM python_package_version_entity AS entity JOIN python_package_version AS version
        ON version.entity_id = entity.id
    WHERE {_ENTITY} AND {_ENVIRONMENT} ORDER BY index_url
"""
_LISTING = f"""
    SELECT checksum
    FROM record_listing JOIN python_package_version_entity AS entity ON entity.id = record_listing.entity_id
    WHERE {_ENTITY} AND {_ENVIRONMENT}
"""
_ALL_VERSIONS = """
    SELECT entity.package_name, entity.package_version, index_url, os_name, os_version, python_version,
           dependencies_checksum, version.checksum, dependency.package_name, dependency.package_version
    FROM python_package_version_entity AS entity
    JOIN python_package_version AS version ON version.entity_id = entity.id
    LEFT JOIN depends_on ON depends_on.version_id = version.id
    LEFT JOIN python_package_version_entity AS dependency ON dependency.id = depends_on.entity_id
    ORDER BY 1, 2, 3, 4, 5, 6, 9, 10
"""
_ALL_LISTINGS = """
    SELECT entity.package_name, entity.package_version, listing.os_name, listing.os_version, listing.python_version,
           listing.checksum, version.index_url
    FROM record_listing AS listing JOIN python_package_version_entity AS entity ON entity.id = listing.entity_id
    LEFT JOIN python_package_version AS version ON version.entity_id = entity.id
        AND version.os_name = listing.os_name AND version.os_version = listing.os_version
        AND version.python_version = listing.python_version
    ORDER BY 1, 2, 3, 4, 5, 7
"""

Added = tuple[PackageTuple, Environment, list[tuple[str, str]]]
_Key = tuple[Any, ...]


class AddedRows:
    """The plain rows of a cache file; the caller holds the lock, and the transaction of a write.

    What a checksum does not fit raises `CacheFileError`: on reading, and before anything is added to it.
    """

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
        return self._version((*package, *_values(environment)))[1]

    def records(self, package: PackageTuple, environment: Environment) -> list[dict[str, str]] | None:
        """Return the records of a package version, or None when they are not known."""
        name, version, index_url = package
        urls = self._index_urls(name, version, _values(environment))
        if index_url is not None:
            urls = [url for url in urls if url == index_url]
        elif not self._is_listed(name, version, _values(environment), urls):
            return None  # other indexes were not asked
        return [_record(name, version, url, environment) for url in urls] or None

    def add_dependencies(
        self, package: PackageTuple, environment: Environment, dependencies: Sequence[tuple[str, str]]
    ) -> None:
        """Add dependencies of a package version."""
        name, version, url = package
        values = _values(environment)
        is_new, known = self._version((*package, *values))
        if is_new:
            urls = self._index_urls(name, version, values)
            if self._is_listed(name, version, values, urls):
                self._put_listing(name, version, values, {*urls, url})
        # The checksum is of what is meant, and not of what is read back: that may be damaged by then.
        meant = sorted({*(known or ()), *dependencies})
        version_id = self._put_version((*package, *values), _dependencies_checksum((*package, *values), meant))
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
        values = _values(environment)
        known = self._index_urls(name, version, values)
        self._is_listed(name, version, values, known)
        new = sorted({*index_urls} - {*known})
        for url in new:  # a local file: no round trip
            self._put_version((name, version, url, *values), None)
        self._put_listing(name, version, values, {*known, *new})

    def all(self) -> Iterator[Added]:
        """Yield the package versions whose dependencies are known, with them."""
        for (*key, stored, own), group in groupby(self._connection.execute(_ALL_VERSIONS), key=lambda row: row[:8]):
            _check_version(tuple(key), stored, own)
            if stored is not None:
                dependencies = [row[8:] for row in group if row[8:] != (None, None)]
                _check_dependencies(tuple(key), stored, dependencies)
                name, version, url, *values = key
                yield (name, version, url), Environment(*values), dependencies

    def verify(self) -> int:
        """Check all rows; return the number of package versions whose dependencies are known."""
        known = sum(1 for _ in self.all())
        rows = self._connection.execute(_ALL_LISTINGS)
        for (name, version, *values, stored), group in groupby(rows, key=lambda row: row[:6]):
            urls = [row[6] for row in group if row[6] is not None]
            _check_listing((name, version, *values), urls, stored)
        return known

    def _version(self, key: _Key) -> tuple[bool, list[tuple[str, str]] | None]:
        """Return whether there is no such package version, and what it depends on if that is known."""
        row = self._connection.execute(_VERSION, key).fetchone()
        if row is None:
            return True, None
        id_, stored, own = row
        _check_version(key, stored, own)
        if stored is None:
            return False, None
        dependencies = list(self._connection.execute(_DEPENDENCIES, (id_,)))
        _check_dependencies(key, stored, dependencies)
        return False, dependencies

    def _index_urls(self, name: str, version: str, values: _Key) -> list[str]:
        urls = []
        for url, stored, own in self._connection.execute(_INDEX_URLS, (name, version, *values)):
            _check_version((name, version, url, *values), stored, own)
            urls.append(url)
        return urls

    def _is_listed(self, name: str, version: str, values: _Key, urls: list[str]) -> bool:
        """Tell whether all indexes were asked for a name and version, of which these are known."""
        row = self._connection.execute(_LISTING, (name, version, *values)).fetchone()
        if row is not None:
            _check_listing((name, version, *values), urls, row[0])
        return row is not None

    def _put_listing(self, name: str, version: str, values: _Key, urls: Iterable[str | None]) -> None:
        self._connection.execute(
            f"INSERT OR REPLACE INTO record_listing SELECT id, ?, ?, ?, ? FROM python_package_version_entity "
            f"WHERE {_ENTITY}",
            (*values, _listing_checksum((name, version, *values), urls), name, version),
        )

    def _put_version(self, key: _Key, dependencies_checksum: int | None) -> int:
        name, version, url, *values = key
        self._connection.execute(
            "INSERT OR IGNORE INTO python_package_version_entity (package_name, package_version) VALUES (?, ?)",
            (name, version),
        )
        row = self._connection.execute(
            f"""
            INSERT INTO python_package_version
                (entity_id, index_url, os_name, os_version, python_version, dependencies_checksum, checksum)
            SELECT id, ?, ?, ?, ?, ?, ? FROM python_package_version_entity WHERE {_ENTITY}
            ON CONFLICT DO UPDATE
                SET dependencies_checksum = excluded.dependencies_checksum, checksum = excluded.checksum
            RETURNING id
            """,
            (url, *values, dependencies_checksum, checksum(*key, dependencies_checksum), name, version),
        ).fetchone()
        if row is None:
            raise CacheFileError(f"damaged: {name!r} {version!r} was added, and cannot be found")
        return int(row[0])


def _check_version(key: _Key, dependencies_checksum: Any, own: Any) -> None:
    require(f"the added package version {key!r}", own, (*key, dependencies_checksum))


def _check_dependencies(key: _Key, stored: Any, dependencies: list[tuple[str, str]]) -> None:
    if _dependencies_checksum(key, dependencies) != stored:
        raise CacheFileError(f"damaged: the checksum of what {key!r} depends on is not that of its content")


def _check_listing(key: _Key, urls: list[str], stored: Any) -> None:
    if _listing_checksum(key, urls) != stored:
        raise CacheFileError(f"damaged: the checksum of the indexes that have {key!r} is not that of its content")


# Sorted, as SQLite gives them.
def _dependencies_checksum(key: _Key, dependencies: list[tuple[str, str]]) -> int:
    return checksum(*key, dependencies)


def _listing_checksum(key: _Key, urls: Iterable[str | None]) -> int:
    return checksum(*key, sorted(urls, key=str))


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
