"""The packed part of a graph cache file: decoded when a package is touched, and walked from Python."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from ..exceptions import CacheFileError
from ..identifiers import Environment, PackageTuple
from .cache_checks import SmallTables, require, require_body
from .cache_format import BYTE_ORDER, Packed, Run
from .closure import Closure, ClosureBuilder

Dependency = tuple[str, str]
Extras = frozenset[str | None] | None

_PACKAGE = """
    SELECT id, package_name, versions, environments, package.checksum, body, solved.checksum
    FROM packed_package AS package
    LEFT JOIN packed_solved AS solved ON package_id = id AND environment_id = ?
"""
_BY_NAME = f"{_PACKAGE} WHERE package_name = ?"
_BY_ID = f"{_PACKAGE} WHERE id = ?"


class _Package:
    """A package in an environment, decoded."""

    __slots__ = ("answers", "packed", "positions", "versions")

    def __init__(self, name: str, versions: str, body: bytes | None) -> None:
        self.versions: list[Dependency] = [(name, version) for version in json.loads(versions)]
        self.positions = {version: position for position, (_, version) in enumerate(self.versions)}
        self.packed = None if body is None else Packed(body)
        self.answers: dict[int, tuple[Dependency, ...]] = {}
        """Sorted answers to the usual question, by number of the plain list."""

    def solved_at(self, version: str) -> int | None:
        """Return the position of a version that has a record, or None."""
        position = self.positions.get(version)
        if position is None or self.packed is None or not self.packed.is_solved(position):
            return None
        return position


class PackedPart:
    """The packed part of an open cache file; the caller holds the lock."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Read what the file is complete for.

        Raises:
            CacheFileError: the file is damaged, or was made on a machine of another byte order.

        """
        self._connection = connection
        stored = connection.execute("SELECT value FROM cache_info WHERE key = 'checksum'").fetchone()
        tables = SmallTables.read(connection)
        if tables.checksum != (None if stored is None else stored[0]):
            raise CacheFileError("damaged: the checksum of what the file says of itself is not that of its content")
        self._info = {key: json.loads(value) for key, value in tables.info}
        if self._info.get("byte_order", BYTE_ORDER) != BYTE_ORDER:
            raise CacheFileError(f"the file has byte order {self._info['byte_order']}, this machine {BYTE_ORDER}")
        self.environments = {Environment(*values): id_ for id_, *values in tables.environments}
        self._environment_of = {id_: environment for environment, id_ in self.environments.items()}
        self._index_of = dict(tables.indexes)
        self._extra_of: dict[int, str | None] = {0: None, **dict(tables.extras)}
        self._by_name: dict[tuple[int, str], _Package | None] = {}
        self._by_id: dict[tuple[int, int], _Package] = {}

    def clear(self) -> None:
        """Forget what was decoded."""
        self._by_name.clear()
        self._by_id.clear()

    def scope(self) -> dict[str, Any]:
        """Return what the packed part is complete for; empty when there is none."""
        if not self.environments:
            return {}
        names = ("os_name", "os_version", "python_version")
        return {
            "created": self._info["created"],
            "origin": self._info["origin"],
            "packages": self._info["packages"],
            "environments": [{name: getattr(environment, name) for name in names} for environment in self.environments],
            "every_environment": self._info["every_environment"],
        }

    def sizes(self) -> dict[str, int]:
        """Return how much is packed, by the names of the tables that hold what is added."""
        sizes: dict[str, int] = self._info.get("table_size", {})
        return sizes

    def depends_on(
        self,
        package: PackageTuple,
        environment: Environment,
        extras: Extras,
        marker_evaluation_result: bool | None,
        as_of_its_date: bool = False,
    ) -> Sequence[Dependency] | None:
        """Return what a package version depends on, sorted, or None: not known in each environment asked about."""
        index_url = package[2]
        usual = extras is None and marker_evaluation_result is not False
        answers: list[Sequence[Dependency]] = []
        for environment_id, found, packed, position in self._solved(package, environment, as_of_its_date) or ():
            for index_id, plain, other in packed.records(position):
                if self._index_of[index_id] != index_url:
                    continue
                if usual:
                    answer = found.answers.get(plain)
                    if answer is None:
                        answer = found.answers[plain] = self._versions(environment_id, packed.plain(plain))
                    answers.append(answer)
                else:
                    runs = self._runs(packed, plain, other, extras, marker_evaluation_result)
                    answers.append(self._versions(environment_id, runs))
                break
            else:
                if not as_of_its_date:
                    return None
        if len(answers) < 2:
            return answers[0] if answers else None
        return sorted({dependency for answer in answers for dependency in answer})

    def records(
        self, package: PackageTuple, environment: Environment, as_of_its_date: bool = False
    ) -> list[dict[str, str]] | None:
        """Return the records of a package version, or None: not known in each environment asked about."""
        name, version, index_url = package
        where_solved = self._solved(package, environment, as_of_its_date)
        if where_solved is None:
            return None
        rows: list[tuple[str, Environment]] = []
        for environment_id, _, packed, position in where_solved:
            urls = [self._index_of[index_id] for index_id, _, _ in packed.records(position)]
            rows.extend((url, self._environment_of[environment_id]) for url in urls if index_url in (None, url))
        found = [
            {
                "package_name": name,
                "package_version": version,
                "index_url": url,
                "os_name": where.os_name or "",
                "os_version": where.os_version or "",
                "python_version": where.python_version or "",
            }
            for url, where in sorted(
                rows, key=lambda row: (row[0], row[1].os_name, row[1].os_version, row[1].python_version)
            )
        ]
        return found if found or as_of_its_date else None

    def versions(self, name: str, index_url: str | None, environment: Environment) -> set[tuple[str, str]] | None:
        """Return the versions of a package that have a record, with index URLs.

        None when the file is not complete for all versions of the package in each environment asked about.
        """
        environment_ids = self._matching(environment)
        if not environment_ids or name not in self._info.get("packages", ()):
            return None
        found: set[tuple[str, str]] = set()
        for environment_id in environment_ids:
            package = self._package(environment_id, name)
            if package is None or package.packed is None:
                continue
            for position, (_, version) in enumerate(package.versions):
                urls = {self._index_of[index_id] for index_id, _, _ in package.packed.records(position)}
                found.update((version, url) for url in urls if index_url in (None, url))
        return found

    def closure(
        self,
        packages: Sequence[PackageTuple],
        environment: Environment,
        extras: Extras,
        marker_evaluation_result: bool | None,
        as_of_its_date: bool,
    ) -> Closure | None:
        """Return everything that package versions depend on, or None: one of them is not known.

        With ``as_of_its_date``, it is also None when the walk comes to a version that was not asked about.
        """
        builder = ClosureBuilder()
        roots: dict[PackageTuple, list[int]] = {package: [] for package in packages}
        environment_ids = self._matching(environment)
        if not environment_ids:
            return None
        for package in packages:
            if self._solved(package, environment, as_of_its_date) is None:
                return None
        for environment_id in environment_ids:
            walk = _Walk(self, environment_id, builder, extras, marker_evaluation_result)
            for package in packages:
                roots[package] += walk.start(package)
            if not walk.finish() and as_of_its_date:
                return None
        return builder.build(roots) if as_of_its_date or all(roots.values()) else None

    def _solved(
        self, package: PackageTuple, environment: Environment, as_of_its_date: bool
    ) -> list[tuple[int, _Package, Packed, int]] | None:
        """Return where a name and version is solved: environment, package and position.

        None when it is not in an environment asked about. With ``as_of_its_date`` that is an answer, too, provided
        that the database was asked about it.
        """
        name, version, _ = package
        where: list[tuple[int, _Package, Packed, int]] = []
        for environment_id in self._matching(environment):
            found = self._package(environment_id, name)
            position = None if found is None else found.solved_at(version)
            if found is not None and found.packed is not None and position is not None:
                where.append((environment_id, found, found.packed, position))
            elif not (as_of_its_date and self._was_asked(found, name, version)):
                return None
        return where if where or (as_of_its_date and self._matching(environment)) else None

    def _was_asked(self, found: _Package | None, name: str, version: str) -> bool:
        """Tell whether the database was asked about a version, of those asked for all or one that a walk came to."""
        if name in self._info.get("packages", ()):
            return True
        position = None if found is None else found.positions.get(version)
        return (
            found is not None and found.packed is not None and position is not None and found.packed.is_asked(position)
        )

    def _matching(self, environment: Environment) -> list[int]:
        """Return the environments of a question: several only when the database has no others."""
        if not environment.is_open:
            id_ = self.environments.get(environment)
            return [] if id_ is None else [id_]
        if not self._info.get("every_environment"):
            return []
        return [id_ for known, id_ in self.environments.items() if environment.matches(known)]

    def _package(self, environment_id: int, name: str) -> _Package | None:
        try:
            return self._by_name[environment_id, name]
        except KeyError:
            row = self._connection.execute(_BY_NAME, (environment_id, name)).fetchone()
            if row is None:
                if name in self._info.get("packages", ()):
                    raise CacheFileError(f"damaged: package {name!r} is missing") from None
                self._by_name[environment_id, name] = None
                return None
            if row[1] != name:
                raise CacheFileError(f"damaged: {row[1]!r} is where package {name!r} has to be") from None
            return self._decode(environment_id, row)

    def _package_of_run(self, environment_id: int, package_id: int) -> _Package:
        package = self._by_id.get((environment_id, package_id))
        if package is None:
            row = self._connection.execute(_BY_ID, (environment_id, package_id)).fetchone()
            if row is None:
                raise CacheFileError(f"the cache file names a package that it does not hold: {package_id}")
            package = self._decode(environment_id, row)
        return package

    def _decode(self, environment_id: int, row: Any) -> _Package:
        id_, name, versions, environments, checksum, body, checksum_of_body = row
        require(f"package {name!r}", checksum, (id_, name, versions, environments))
        if body is not None or environment_id in json.loads(environments):
            body = require_body(name, id_, environment_id, body, checksum_of_body)
        package = _Package(name, versions, body)
        self._by_id[environment_id, id_] = self._by_name[environment_id, name] = package
        return package

    def _versions(self, environment_id: int, runs: Iterator[Run]) -> tuple[Dependency, ...]:
        found: list[Dependency] = []
        for package_id, first, end in runs:
            found += self._package_of_run(environment_id, package_id).versions[first:end]
        return tuple(sorted(set(found)))

    def _runs(
        self, packed: Packed, plain: int, other: int, extras: Extras, marker_evaluation_result: bool | None
    ) -> Iterator[Run]:
        """Yield the runs that count for a question."""
        wanted = frozenset((None,)) if extras is None else extras
        failed = marker_evaluation_result is False
        if None in wanted and not failed:
            yield from packed.plain(plain)
        for run, extra_id, marker_failed in packed.other(other):
            if marker_failed == failed and self._extra_of[extra_id] in wanted:
                yield run


class _Walk:
    """A walk over what package versions depend on, in one environment."""

    def __init__(
        self,
        part: PackedPart,
        environment_id: int,
        builder: ClosureBuilder,
        extras: Extras,
        marker_evaluation_result: bool | None,
    ) -> None:
        self._part = part
        self._environment_id = environment_id
        self._builder = builder
        self._question = (extras, marker_evaluation_result)
        self._sets: dict[Run, int] = {}
        self._of_list: dict[tuple[str, int, int], list[int]] = {}
        self._waiting: list[Run] = []
        self._visited: dict[Dependency, list[int]] = {}
        self._all_asked = True

    def start(self, package: PackageTuple) -> list[int]:
        """Visit a package version that is asked about; return its nodes."""
        name, version, index_url = package
        found = self._part._package(self._environment_id, name)
        position = None if found is None else found.solved_at(version)
        if found is None or position is None:
            return []
        if index_url is None:
            return self._visit(found, position)
        # On other indexes it is a package version of its own, which may be reached, and may be not.
        return [
            self._node(found, position, *record)
            for record in (() if found.packed is None else found.packed.records(position))
            if self._part._index_of[record[0]] == index_url
        ]

    def finish(self) -> bool:
        """Visit everything that is reached; tell whether the database was asked about all of it."""
        builder = self._builder
        while self._waiting:
            run = self._waiting.pop()
            package = self._part._package_of_run(self._environment_id, run.package_id)
            nodes = builder.sets[self._sets[run]]
            assert isinstance(nodes, list)
            for position in range(run.first, run.end):
                nodes += self._visit(package, position)
        return self._all_asked

    def _visit(self, package: _Package, position: int) -> list[int]:
        """Return the nodes of a version; its requirements are put on the list of what is to be visited."""
        release = package.versions[position]
        nodes = self._visited.get(release)
        if nodes is not None:
            return nodes
        packed = package.packed
        nodes = self._visited[release] = []
        if packed is not None and packed.is_solved(position):
            nodes += [self._node(package, position, *record) for record in packed.records(position)]
        else:
            self._all_asked &= packed is not None and packed.is_asked(position)
            nodes.append(self._builder.node(self._environment_id, (*release, None)))
        return nodes

    def _node(self, package: _Package, position: int, index_id: int, plain: int, other: int) -> int:
        release = package.versions[position]
        node = self._builder.node(self._environment_id, (*release, self._part._index_of[index_id]))
        assert package.packed is not None
        self._builder.node_sets[node] = self._sets_of(release[0], package.packed, plain, other)
        return node

    def _sets_of(self, name: str, packed: Packed, plain: int, other: int) -> list[int]:
        key = (name, plain, other)
        found = self._of_list.get(key)
        if found is None:
            runs = dict.fromkeys(self._part._runs(packed, plain, other, *self._question))
            found = self._of_list[key] = [self._set_of(run) for run in runs]
        return found

    def _set_of(self, run: Run) -> int:
        position = self._sets.get(run)
        if position is None:
            position = self._sets[run] = self._builder.add_set([])
            self._waiting.append(run)
        return position
