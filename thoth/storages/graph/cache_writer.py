"""The packed part of a graph cache file, written from what the database says."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ..identifiers import Environment, PackageTuple
from ..normalize import version_sort_key
from .cache_checks import ContentDigest, SmallTables, body_checksum, checksum
from .cache_file import make_schema
from .cache_format import BYTE_ORDER, FIRST_INDEX, OtherRun, PackedRecord, PackedVersions, Run, pack, pack_ids, runs_of

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how far it is and how far it goes."""

NODE, SET, RELEASES, INDEX, ENVIRONMENT, ASKED, STORED = range(7)
"""What a row of the statement is about."""


@dataclass
class Content:
    """What the database says, as it comes."""

    environments: dict[int, list[str]] = field(default_factory=dict)
    indexes: dict[int, str] = field(default_factory=dict)
    versions: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """By name, versions with their ids."""
    sets: dict[int, list[int]] = field(default_factory=dict)
    nodes: list[tuple[int, int, int, list[tuple[int, str | None, bool]]]] = field(default_factory=list)
    """Environment, release, index, and the requirements: set, extra, whether the marker failed."""
    asked: dict[int, set[int]] = field(default_factory=dict)
    """By environment, ids of releases."""
    stored: dict[int, int] = field(default_factory=dict)
    """By environment, how many package versions the database has in it."""
    found_names: set[str] = field(default_factory=set)

    def read(self, rows: Iterable[Any], environments: list[Environment]) -> None:
        """Take in the rows of the statement; environments that nobody asked about are left out."""
        for kind, a, b, c, integers, texts, flags, name in rows:
            if kind == NODE:
                requirements = zip(integers, texts, flags, strict=True) if integers[0] is not None else ()
                self.nodes.append((a, b, c, list(requirements)))
            elif kind == SET:
                self.sets[a] = integers
            elif kind == RELEASES:
                self.versions[name] = list(zip(texts, integers, strict=True))
            elif kind == INDEX:
                self.indexes[a] = name
            elif kind == ENVIRONMENT:
                if any(environment.matches(Environment(*texts)) for environment in environments):
                    self.environments[a] = texts
            elif kind == STORED:
                self.stored[a] = b
            else:
                self.asked[a] = set(integers)
        self.nodes = [node for node in self.nodes if node[0] in self.environments]
        self.release_name = {
            id_: (name, version) for name, versions in self.versions.items() for version, id_ in versions
        }
        self.found_names = {self.release_name[release][0] for _, release, _, _ in self.nodes}
        self._known = {
            (*self.release_name[release], self.indexes[index], *self.environments[environment])
            for environment, release, index, _ in self.nodes
        }

    def complete_environments(self) -> list[int]:
        """Return the environments of which all package versions are here: whoever depends on something, too."""
        found = Counter(environment for environment, _, _, _ in self.nodes)
        return [id_ for id_ in sorted(self.environments) if found[id_] == self.stored.get(id_, 0)]

    def knows(self, package: PackageTuple, environment: Environment) -> bool:
        """Tell whether there is a record of a package version."""
        where = (environment.os_name, environment.os_version, environment.python_version)
        return (*package, *where) in self._known


class Writer:
    """Writes the packed part."""

    def __init__(self, content: Content, names: list[str], origin: str, every_environment: bool) -> None:
        """Take what is to be written, and what it is complete for."""
        self._content = content
        self._names = names
        self._origin = origin
        self._every_environment = every_environment
        self._positions: dict[int, tuple[int, int]] = {}
        """By id of release, the id of the package and the position of the version."""
        self._packages: list[tuple[int, str, list[str]]] = []
        self._runs: dict[int, list[Run]] = {}
        self._extras: dict[str | None, int] = {None: 0}
        self._index_ids: dict[int, int] = {}
        self._digest = ContentDigest()
        self.records = self.edges = self.not_solved = 0

    def write(self, path: str, tell: Progress) -> None:
        """Write a new file; it is of no use before this ends, so that nothing is done for its safety until then."""
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            make_schema(connection)
            with connection:
                self._write_names(connection)
                self._write_bodies(connection, tell)
                self._write_info(connection)

    def _write_names(self, connection: sqlite3.Connection) -> None:
        content = self._content
        connection.executemany(
            "INSERT INTO cached_environment VALUES (?, ?, ?, ?)",
            [(id_, *parts) for id_, parts in sorted(content.environments.items())],
        )
        self._index_ids = {index: number for number, index in enumerate(sorted(content.indexes), start=FIRST_INDEX)}
        connection.executemany(
            "INSERT INTO cached_index VALUES (?, ?)",
            [(number, content.indexes[index]) for index, number in self._index_ids.items()],
        )
        for package_id, name in enumerate(sorted(content.versions), start=1):
            ordered = sorted(content.versions[name], key=lambda item: version_sort_key(item[0]))
            self._positions.update((id_, (package_id, number)) for number, (_, id_) in enumerate(ordered))
            self._packages.append((package_id, name, [version for version, _ in ordered]))

    def _write_info(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO cached_extra VALUES (?, ?)", [(id_, name) for name, id_ in self._extras.items() if name]
        )
        info = {
            "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "origin": self._origin,
            "every_environment": self._every_environment,
            "complete_environments": self._content.complete_environments(),
            "byte_order": BYTE_ORDER,
            "table_size": {
                "depends_on": self.edges,
                "python_package_version": self.records,
                "python_package_version_entity": len(self._positions),
            },
            "digest": self._digest.hexdigest(),
        }
        statement = "INSERT INTO cache_info VALUES (?, ?)"
        connection.executemany(statement, [(key, json.dumps(value)) for key, value in info.items()])
        connection.execute(statement, ("checksum", SmallTables.read(connection).checksum))

    def _write_bodies(self, connection: sqlite3.Connection, tell: Progress) -> None:
        packed = self._packed(tell)
        dependents = _dependents(packed)
        environments_of: dict[int, list[int]] = {}
        for package_id, environment in sorted(packed):
            environments_of.setdefault(package_id, []).append(environment)
        complete = self._content.found_names.intersection(self._names)
        rows = [
            (
                package_id,
                name,
                json.dumps(versions),
                json.dumps(environments_of.get(package_id, [])),
                int(name in complete),
            )
            for package_id, name, versions in self._packages
        ]
        for row in rows:
            self._digest.add_package(*row)
        connection.executemany(
            "INSERT INTO packed_package VALUES (?, ?, ?, ?, ?, ?)", [(*row, checksum(*row)) for row in rows]
        )
        count_of = {package_id: len(versions) for package_id, _, versions in self._packages}
        connection.executemany(
            "INSERT INTO packed_solved VALUES (?, ?, ?, ?, ?, ?)",
            (
                self._solved_row(*key, pack(count_of[key[0]], versions), pack_ids(dependents[key]))
                for key, versions in sorted(packed.items())
            ),
        )

    def _solved_row(self, package_id: int, environment: int, body: bytes, dependents: bytes) -> tuple[object, ...]:
        self._digest.add_solved(package_id, environment, body, dependents)
        place = (package_id, environment)
        return *place, body, body_checksum(*place, body), dependents, body_checksum(*place, dependents)

    def _packed(self, tell: Progress) -> dict[tuple[int, int], PackedVersions]:
        packed: dict[tuple[int, int], PackedVersions] = {}
        total = len(self._content.nodes)
        for number, (environment, release, index, requirements) in enumerate(self._content.nodes):
            package_id, position = self._positions[release]
            versions = packed.setdefault((package_id, environment), PackedVersions())
            versions.records.setdefault(position, []).append(self._record(index, requirements))
            if number % 1000 == 0:
                tell("packing", number, total)
        tell("packing", total, total)
        for environment in self._content.environments:
            for release in self._content.asked.get(environment, ()):
                package_id, position = self._positions[release]
                versions = packed.setdefault((package_id, environment), PackedVersions())
                versions.asked.add(position)
                self.not_solved += position not in versions.records
        return packed

    def _record(self, index: int, requirements: list[tuple[int, str | None, bool]]) -> PackedRecord:
        usual: set[tuple[int, int]] = set()
        other: list[OtherRun] = []
        for set_id, extra, marker_failed in requirements:
            if extra is None and not marker_failed:
                usual.update(self._positions[release] for release in self._content.sets[set_id])
            else:
                extra_id = self._extras.setdefault(extra, len(self._extras))
                other += [OtherRun(run, extra_id, marker_failed) for run in self._runs_of_set(set_id)]
        self.records += 1
        self.edges += len(usual)
        by_package: dict[int, list[int]] = {}
        for package_id, position in usual:
            by_package.setdefault(package_id, []).append(position)
        plain = [run for package_id in sorted(by_package) for run in runs_of(package_id, by_package[package_id])]
        return PackedRecord(self._index_ids[index], plain, sorted(set(other)))

    def _runs_of_set(self, set_id: int) -> list[Run]:
        runs = self._runs.get(set_id)
        if runs is None:
            places = [self._positions[release] for release in self._content.sets[set_id]]
            positions = [position for _, position in places]
            runs = self._runs[set_id] = runs_of(places[0][0], positions) if places else []
        return runs


def _dependents(packed: dict[tuple[int, int], PackedVersions]) -> dict[tuple[int, int], set[int]]:
    """Return, by package and environment, ids of the packages whose plain lists name it; each has an entry."""
    dependents: dict[tuple[int, int], set[int]] = {key: set() for key in packed}
    for (package_id, environment), versions in packed.items():
        for record in chain.from_iterable(versions.records.values()):
            for named in {run.package_id for run in record.plain}:
                # The walk of the build came to it, so that the database was asked about it.
                dependents[named, environment].add(package_id)
    return dependents
