"""The packed part of a graph cache file, written as the rows of the database come.

What is kept of them are places of releases and runs of version sets. Blobs and dependents wait in temporary tables of
SQLite until all are known, as a dependent may come after what it depends on.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from typing import Any

from ..exceptions import CacheFileError
from ..normalize import version_sort_key
from .cache_checks import ContentDigest, SmallTables, body_checksum, checksum
from .cache_file import make_schema
from .cache_format import (
    BYTE_ORDER,
    FIRST_INDEX,
    OtherRun,
    PackedRecord,
    PackedVersions,
    Run,
    pack,
    pack_ids,
    runs_of,
    united,
)
from .cache_releases import ReleasePlaces

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how far it is and how far it goes."""

ENVIRONMENT, INDEX, STORED, ASKED, PACKAGE, SET, NODE = range(7)
"""What a row of the database is about; the rows come in this order, packages and nodes by name of the package."""

_TEMPORARY = (
    "CREATE TEMPORARY TABLE body (package_id, environment_id, body, PRIMARY KEY (package_id, environment_id)) "
    "WITHOUT ROWID",
    "CREATE TEMPORARY TABLE dependent (package_id, environment_id, dependent, "
    "PRIMARY KEY (package_id, environment_id, dependent)) WITHOUT ROWID",
)


class Writer:
    """Writes the packed part."""

    def __init__(self, names: Collection[str], environments: Collection[int], origin: str) -> None:
        """Say what it is about.

        Args:
            names: names of packages, of all of whose versions the file has to know.
            environments: ids of the environments that it covers.
            origin: where the rows are from, for those who look at the file later.

        """
        self._names = names
        self._covered = environments
        self._origin = origin
        self.environments: dict[int, list[str]] = {}
        """Those of the file."""
        self.found_names: set[str] = set()
        """Of the names, those of which there is a record."""
        self.records = self.edges = self.not_solved = 0
        self._every_environment = True
        self._stored: dict[int, int] = {}
        """By environment, how many records the database has in it."""
        self._written: Counter[int] = Counter()
        """By environment, how many of them are in the file."""
        self._places = ReleasePlaces()
        self._runs: dict[int, Sequence[Run]] = {}
        """By id of the version set."""
        self._plain: dict[tuple[int, ...], Sequence[Run]] = {}
        """By ids of version sets, for the package at hand."""
        self._extras: dict[str | None, int] = {None: 0}
        self._index_ids: dict[int, int] = {}
        self._digest = ContentDigest()

    @property
    def packages(self) -> int:
        """How many names the file has."""
        return len(self._places.packages)

    def write(self, path: str, rows: Iterable[Sequence[Any]], tell: Progress) -> None:
        """Write a new file; it is of no use before this ends, so that nothing is done for its safety until then.

        Args:
            path: of the file.
            rows: of the database: kind, three numbers, numbers, texts, flags, name.
            tell: is told how far it is.

        """
        write = {
            ENVIRONMENT: self._write_environments,
            INDEX: self._write_indexes,
            STORED: self._take_stored,
            ASKED: self._take_asked,
            PACKAGE: self._write_packages,
            SET: self._take_sets,
        }
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            make_schema(connection)
            for statement in _TEMPORARY:
                connection.execute(statement)
            with connection:
                nodes: Iterator[Sequence[Any]] = iter(())
                for kind, of_kind in groupby(rows, key=itemgetter(0)):
                    if kind == NODE:
                        nodes = of_kind
                        break
                    write[kind](connection, of_kind)
                self._pack(connection, nodes, tell)
                self._write_bodies(connection)
                self._write_info(connection)

    def _write_environments(self, connection: sqlite3.Connection, rows: Iterator[Sequence[Any]]) -> None:
        for _, id_, _, _, _, parts, _, _ in rows:
            if id_ in self._covered:
                self.environments[id_] = parts
            else:
                self._every_environment = False
        connection.executemany(
            "INSERT INTO cached_environment VALUES (?, ?, ?, ?)",
            [(id_, *parts) for id_, parts in sorted(self.environments.items())],
        )

    def _write_indexes(self, connection: sqlite3.Connection, rows: Iterator[Sequence[Any]]) -> None:
        urls = sorted((id_, url) for _, id_, *_, url in rows)
        self._index_ids = {id_: number for number, (id_, _) in enumerate(urls, start=FIRST_INDEX)}
        connection.executemany(
            "INSERT INTO cached_index VALUES (?, ?)", [(self._index_ids[id_], url) for id_, url in urls]
        )

    def _take_stored(self, _: sqlite3.Connection, rows: Iterator[Sequence[Any]]) -> None:
        for row in rows:
            self._stored[row[1]] = row[2]

    def _take_asked(self, _: sqlite3.Connection, rows: Iterator[Sequence[Any]]) -> None:
        for row in rows:
            self._places.ask(row[1], row[4])

    def _write_packages(self, connection: sqlite3.Connection, rows: Iterator[Sequence[Any]]) -> None:
        connection.executemany("INSERT INTO packed_package VALUES (?, ?, ?, ?, ?, ?)", map(self._package_row, rows))

    def _package_row(self, row: Sequence[Any]) -> tuple[object, ...]:
        _, has_records, _, _, releases, versions, _, name = row
        ordered = sorted(zip(versions, releases, strict=True), key=lambda item: version_sort_key(item[0]))
        package_id = self._places.add_package(name, [release for _, release in ordered])
        is_complete = bool(has_records) and name in self._names
        if is_complete:
            self.found_names.add(name)
        environments = json.dumps(self._places.environments_of(releases))
        values = (package_id, name, json.dumps([version for version, _ in ordered]), environments, int(is_complete))
        self._digest.add_package(*values)
        return *values, checksum(*values)

    def _take_sets(self, _: sqlite3.Connection, rows: Iterator[Sequence[Any]]) -> None:
        for row in rows:
            places = list(map(self._places.place, row[4]))
            self._runs[row[1]] = runs_of(places[0][0], (position for _, position in places)) if places else ()

    def _pack(self, connection: sqlite3.Connection, nodes: Iterator[Sequence[Any]], tell: Progress) -> None:
        total = self.packages
        records = groupby(nodes, key=lambda row: (self._places.place(row[2])[0], row[1]))
        key, rows = next(records, (None, iter(())))
        for package_id in self._places.packages:
            for environment in sorted(self.environments):
                versions = PackedVersions(self._places.asked(package_id, environment))
                if not versions.asked:
                    continue
                if key == (package_id, environment):
                    for row in rows:
                        _, position = self._places.place(row[2])
                        versions.records.setdefault(position, []).append(self._record(row))
                    key, rows = next(records, (None, iter(())))
                self._keep(connection, package_id, environment, versions)
            self._plain.clear()
            if package_id % 100 == 0:
                tell("packing", package_id, total)
        if key is not None:
            raise CacheFileError(f"records of package {key[0]} in environment {key[1]} came out of order")
        tell("packing", total, total)

    def _record(self, row: Sequence[Any]) -> PackedRecord:
        _, environment, _, index, sets, extras, flags, _ = row
        usual: list[int] = []
        other: list[OtherRun] = []
        if sets[0] is not None:
            for set_id, extra, marker_failed in zip(sets, extras, flags, strict=True):
                if extra is None and not marker_failed:
                    usual.append(set_id)
                else:
                    extra_id = self._extras.setdefault(extra, len(self._extras))
                    other += [OtherRun(run, extra_id, marker_failed) for run in self._runs[set_id]]
        key = tuple(sorted(usual))
        plain = self._plain.get(key)
        if plain is None:
            plain = self._plain[key] = united([run for set_id in key for run in self._runs[set_id]])
        self.records += 1
        self._written[environment] += 1
        self.edges += sum(run.end - run.first for run in plain)
        return PackedRecord(self._index_ids[index], plain, sorted(set(other)))

    def _keep(
        self, connection: sqlite3.Connection, package_id: int, environment: int, versions: PackedVersions
    ) -> None:
        self.not_solved += len(versions.asked - versions.records.keys())
        count = self._places.count(package_id)
        connection.execute("INSERT INTO body VALUES (?, ?, ?)", (package_id, environment, pack(count, versions)))
        named = {run.package_id for records in versions.records.values() for record in records for run in record.plain}
        connection.executemany(
            "INSERT INTO dependent VALUES (?, ?, ?)", [(other, environment, package_id) for other in sorted(named)]
        )

    def _write_bodies(self, connection: sqlite3.Connection) -> None:
        bodies = connection.execute("SELECT package_id, environment_id, body FROM body ORDER BY 1, 2")
        dependents = connection.execute("SELECT package_id, environment_id, dependent FROM dependent ORDER BY 1, 2, 3")
        by_key = groupby(dependents, key=itemgetter(0, 1))
        connection.executemany("INSERT INTO packed_solved VALUES (?, ?, ?, ?, ?, ?)", self._solved_rows(bodies, by_key))

    def _solved_rows(
        self,
        bodies: Iterable[tuple[int, int, bytes]],
        dependents: Iterator[tuple[tuple[int, int], Iterator[tuple[int, int, int]]]],
    ) -> Iterator[tuple[object, ...]]:
        """Yield rows, given both in the same order; whoever has dependents was asked about, and has a body."""
        key, rows = next(dependents, (None, iter(())))
        for package_id, environment, body in bodies:
            place, packed = (package_id, environment), b""
            if key == place:
                packed = pack_ids(dependent for *_, dependent in rows)
                key, rows = next(dependents, (None, iter(())))
            self._digest.add_solved(*place, body, packed)
            yield *place, body, body_checksum(*place, body), packed, body_checksum(*place, packed)
        if key is not None:
            raise CacheFileError(f"package {key[0]} has dependents in environment {key[1]}, and was not asked about")

    def _write_info(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO cached_extra VALUES (?, ?)", [(id_, name) for name, id_ in self._extras.items() if name]
        )
        info = {
            "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "origin": self._origin,
            "every_environment": self._every_environment,
            "complete_environments": [
                id_ for id_ in sorted(self.environments) if self._written[id_] == self._stored.get(id_, 0)
            ],
            "byte_order": BYTE_ORDER,
            "table_size": {
                "depends_on": self.edges,
                "python_package_version": self.records,
                "python_package_version_entity": len(self._places),
            },
            "digest": self._digest.hexdigest(),
        }
        statement = "INSERT INTO cache_info VALUES (?, ?)"
        connection.executemany(statement, [(key, json.dumps(value)) for key, value in info.items()])
        connection.execute(statement, ("checksum", SmallTables.read(connection).checksum))
