"""From the database into a graph cache file: packages, closed over what they depend on, in some environments."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ..exceptions import CacheFileError, NotFoundError
from ..identifiers import Environment, PackageTuple
from ..normalize import normalize_python_package_name, version_sort_key
from .cache import GraphCache
from .cache_file import make_schema, put_in_place, set_aside, temporary_path
from .cache_format import BYTE_ORDER, OtherRun, PackedRecord, PackedVersions, Run, pack, runs_of
from .filters import environment_parameters, requirement_parameters
from .postgres import GraphDatabase
from .queries.closures import WALK
from .queries.wanted import WANTED, Wanted

_LOGGER = logging.getLogger(__name__)

_ROOT = f"""
    FROM (
        SELECT id FROM python_release WHERE package_name = ANY(:names)
        UNION
        SELECT release.id FROM {WANTED}
        JOIN python_release AS release ON release.package_name = wanted.package_name
            AND release.package_version = wanted.package_version
    ) AS asked
    JOIN python_package_version AS stored ON stored.python_release_id = asked.id
        AND stored.solved_software_environment_id IN (SELECT id FROM environment)
        AND stored.python_package_index_id IS NOT NULL
    """
Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how far it is and how far it goes."""

_NODE, _SET, _RELEASES, _INDEX, _ENVIRONMENT, _ASKED = range(6)
# The walk follows the requirements that usually count. All requirements of what it comes to are taken along, so that
# questions about extras have an answer, too; only what it comes to was asked about.
_CONTENT = text(
    f"""
    {WALK.format(root=_ROOT)}, requirement AS MATERIALIZED (
        SELECT node.id, depends_on.version_set_id, depends_on.extra,
               coalesce(NOT depends_on.marker_evaluation_result, false) AS marker_failed
        FROM node JOIN depends_on ON depends_on.python_package_version_id = node.id
            AND depends_on.solver_run_id = node.solver_run_id
    ), content_set AS MATERIALIZED (
        SELECT id, python_release_ids FROM version_set WHERE id IN (SELECT version_set_id FROM requirement)
    )
    SELECT {_NODE}, node.solved_software_environment_id, node.python_release_id, node.python_package_index_id,
           array_agg(requirement.version_set_id), array_agg(requirement.extra), array_agg(requirement.marker_failed),
           CAST(NULL AS text)
    FROM node LEFT JOIN requirement ON requirement.id = node.id
    GROUP BY node.id, 2, 3, 4
    UNION ALL
    SELECT {_SET}, id, NULL, NULL, python_release_ids, NULL, NULL, NULL FROM content_set
    UNION ALL
    SELECT {_RELEASES}, NULL, NULL, NULL, array_agg(id), array_agg(package_version), NULL, package_name
    FROM python_release
    WHERE id IN (
        SELECT unnest(python_release_ids) FROM content_set UNION SELECT python_release_id FROM root
    )
    GROUP BY package_name
    UNION ALL
    SELECT {_INDEX}, id, NULL, NULL, NULL, NULL, NULL, url FROM python_package_index
    WHERE id IN (SELECT python_package_index_id FROM node)
    UNION ALL
    SELECT {_ENVIRONMENT}, id, NULL, NULL, NULL, ARRAY[os_name, os_version, python_version], NULL, NULL
    FROM solved_software_environment WHERE id IN (SELECT id FROM environment)
    UNION ALL
    SELECT {_ASKED}, solved_software_environment_id, NULL, NULL, array_agg(python_release_id), NULL, NULL, NULL
    FROM (
        SELECT solved_software_environment_id, python_release_id FROM member
        UNION
        SELECT solved_software_environment_id, python_release_id FROM root
    ) AS asked
    GROUP BY solved_software_environment_id
    """
)


@dataclass
class BuildReport:
    """What a build did; what `thoth-storages graph-cache` prints."""

    cache_file: str
    cache_file_size: int
    """Bytes."""
    packages_written: int
    """Names."""
    package_versions_written: int
    """Package versions on an index in an environment."""
    edges_written: int
    """What a closure has: package versions times the versions that they depend on, without extras."""
    not_solved: int
    """Versions that were come to, and that no document in the environment speaks of; they are asked again."""
    packages_not_found: list[str]
    """Names asked for of which the database knows nothing in these environments."""
    environments: list[dict[str, str]]
    cache_stats: dict[str, Any] = field(default_factory=dict)


def build_graph_cache(
    graph: GraphDatabase,
    path: str,
    package_names: Iterable[str],
    *,
    environment: Environment | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Write a cache file as `build_cache` does, again from the start when the database goes away meanwhile.

    Args:
        graph: a connected adapter.
        path: of the file.
        package_names: names of packages, of all of whose versions the file has to know.
        environment: the environments to cover; not given: all.
        progress: called with the name of a step, how far it is and how far it goes.

    Returns:
        What was written.

    Raises:
        CacheFileError: the file cannot be written.
        NotFoundError: the database knows no such environment.
        NotConnected: the database does not come back in time; a file that was there already is as it was.

    """
    names = list(package_names)

    def build(session: Session) -> BuildReport:
        return build_cache(session, path, names, environment=environment, origin=graph.place, progress=progress)

    return graph._run(build, writes=True)


def build_cache(
    session: Session,
    path: str,
    package_names: Iterable[str],
    *,
    environment: Environment | None = None,
    origin: str = "",
    progress: Progress | None = None,
) -> BuildReport:
    """Write a cache file that is complete for some packages and everything that they depend on.

    A file that is there already grows: its packages and environments are kept, and brought up to date; what was added
    to it as plain rows is packed when the database knows it, and carried over when not. The new file is written
    beside, and renamed when it is whole.

    Args:
        session: an open session of the database.
        path: of the file.
        package_names: names of packages, of all of whose versions the file has to know.
        environment: the environments to cover; not given: all.
        origin: where the database is, for those who look at the file later.
        progress: called with the name of a step, how far it is and how far it goes.

    Returns:
        What was written.

    Raises:
        CacheFileError: the file cannot be written.
        NotFoundError: the database knows no such environment.

    """
    previous = _Previous.read(path)
    names = sorted({normalize_python_package_name(name) for name in package_names} | previous.names)
    tell = progress or (lambda step, done, total: None)
    tell("asking the database", 0, 1)
    content = _read_content(session, names, [environment or Environment(), *previous.environments], previous.added)
    tell("asking the database", 1, 1)
    if not content.environments:
        raise NotFoundError(f"no solver document speaks of {_describe(environment or Environment())}")
    every_environment = _count_of_environments(session) == len(content.environments)
    writer = _Writer(content, names, origin, every_environment)
    temporary = temporary_path(path)
    try:
        writer.write(temporary, tell)
        carried_over = [item for item in previous.added if not content.knows(*item[:2])]
        if carried_over:
            with GraphCache(temporary, writable=True) as cache:
                for package, where, dependencies in carried_over:
                    cache.add_dependencies(package, where, dependencies)
        put_in_place(temporary, path)
    except (sqlite3.Error, OSError) as error:
        raise CacheFileError(f"{path}: cannot be written: {error}") from None
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(temporary + suffix).unlink(missing_ok=True)
    with GraphCache(path) as cache:
        stats = cache.stats()
    return BuildReport(
        cache_file=path,
        cache_file_size=os.path.getsize(path),
        packages_written=len(content.versions),
        package_versions_written=writer.records,
        edges_written=writer.edges,
        not_solved=writer.not_solved,
        packages_not_found=[name for name in names if name not in content.found_names],
        environments=[dict(zip(_PARTS, parts, strict=True)) for _, parts in sorted(content.environments.items())],
        cache_stats=stats,
    )


_PARTS = ("os_name", "os_version", "python_version")


_Added = tuple[PackageTuple, Environment, list[tuple[str, str]]]


@dataclass
class _Previous:
    """What a file that is there already covers, and what was added to it."""

    names: set[str] = field(default_factory=set)
    environments: list[Environment] = field(default_factory=list)
    added: list[_Added] = field(default_factory=list)

    @classmethod
    def read(cls, path: str) -> _Previous:
        """Read a file; one that cannot be used is set aside."""
        if not os.path.lexists(path):
            return cls()
        try:
            with GraphCache(path) as cache:
                scope = cache.scope()
                environments = [Environment(**parts) for parts in scope.get("environments", ())]
                return cls(set(scope.get("packages", ())), environments, list(cache.added()))
        except CacheFileError as error:
            if os.path.isdir(path):
                raise
            _LOGGER.warning("a new graph cache is made: %s", error)
            set_aside(path)
            return cls()


@dataclass
class _Content:
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
    found_names: set[str] = field(default_factory=set)

    def read(self, rows: Iterable[Any], environments: list[Environment]) -> None:
        """Take in the rows of the statement; environments that nobody asked about are left out."""
        for kind, a, b, c, integers, texts, flags, name in rows:
            if kind == _NODE:
                requirements = zip(integers, texts, flags, strict=True) if integers[0] is not None else ()
                self.nodes.append((a, b, c, list(requirements)))
            elif kind == _SET:
                self.sets[a] = integers
            elif kind == _RELEASES:
                self.versions[name] = list(zip(texts, integers, strict=True))
            elif kind == _INDEX:
                self.indexes[a] = name
            elif kind == _ENVIRONMENT:
                if any(environment.matches(Environment(*texts)) for environment in environments):
                    self.environments[a] = texts
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

    def knows(self, package: PackageTuple, environment: Environment) -> bool:
        """Tell whether there is a record of a package version."""
        where = (environment.os_name, environment.os_version, environment.python_version)
        return (*package, *where) in self._known


class _Writer:
    """Writes the packed part."""

    def __init__(self, content: _Content, names: list[str], origin: str, every_environment: bool) -> None:
        self._content = content
        self._names = names
        self._origin = origin
        self._every_environment = every_environment
        self._positions: dict[int, tuple[int, int]] = {}
        """By id of release, the id of the package and the position of the version."""
        self._runs: dict[int, list[Run]] = {}
        self._extras: dict[str | None, int] = {None: 0}
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
        connection.executemany("INSERT INTO cached_index VALUES (?, ?)", sorted(content.indexes.items()))
        rows = []
        for package_id, name in enumerate(sorted(content.versions), start=1):
            ordered = sorted(content.versions[name], key=lambda item: version_sort_key(item[0]))
            self._positions.update((id_, (package_id, number)) for number, (_, id_) in enumerate(ordered))
            rows.append((package_id, name, json.dumps([version for version, _ in ordered])))
        connection.executemany("INSERT INTO packed_package VALUES (?, ?, ?)", rows)

    def _write_info(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO cached_extra VALUES (?, ?)", [(id_, name) for name, id_ in self._extras.items() if name]
        )
        info = {
            "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "origin": self._origin,
            "packages": [name for name in self._names if name in self._content.found_names],
            "every_environment": self._every_environment,
            "byte_order": BYTE_ORDER,
            "table_size": {
                "depends_on": self.edges,
                "python_package_version": self.records,
                "python_package_version_entity": len(self._positions),
            },
        }
        connection.executemany(
            "INSERT INTO cache_info VALUES (?, ?)", [(key, json.dumps(value)) for key, value in info.items()]
        )

    def _write_bodies(self, connection: sqlite3.Connection, tell: Progress) -> None:
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
        counts: dict[int, int] = {}
        for package_id, position in self._positions.values():
            counts[package_id] = max(counts.get(package_id, 0), position + 1)
        connection.executemany(
            "INSERT INTO packed_solved VALUES (?, ?, ?)",
            (
                (package_id, environment, pack(counts[package_id], versions))
                for (package_id, environment), versions in sorted(packed.items())
            ),
        )

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
        return PackedRecord(index, plain, sorted(set(other)))

    def _runs_of_set(self, set_id: int) -> list[Run]:
        runs = self._runs.get(set_id)
        if runs is None:
            places = [self._positions[release] for release in self._content.sets[set_id]]
            positions = [position for _, position in places]
            runs = self._runs[set_id] = runs_of(places[0][0], positions) if places else []
        return runs


def _read_content(
    session: Session, names: list[str], environments: list[Environment], added: Iterable[_Added]
) -> _Content:
    """Ask the database, in one statement, about packages and about what was added to the file before."""
    parameters = {
        "names": names,
        **Wanted(package for package, _, _ in added).parameters(),
        **environment_parameters(_covering(environments)),
        **requirement_parameters(None, None),
    }
    content = _Content()
    content.read(session.execute(_CONTENT, parameters), environments)
    return content


def _covering(environments: list[Environment]) -> Environment:
    """Return an environment that matches all that are given: a part on which they differ is open."""

    def common(name: str) -> str | None:
        values = {getattr(environment, name) for environment in environments}
        return values.pop() if len(values) == 1 else None

    # The version alone means nothing when the names differ, but as a filter it is right.
    return Environment(*(common(name) for name in _PARTS))


def _count_of_environments(session: Session) -> int:
    return session.scalar(text("SELECT count(*) FROM solved_software_environment")) or 0


def _describe(environment: Environment) -> str:
    return " ".join(f"{name}={getattr(environment, name) or 'any'}" for name in _PARTS)
