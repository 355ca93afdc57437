"""The packed part of a graph cache file: decoded when a package is touched, and looked up from Python."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from itertools import chain, repeat
from typing import Any

import msgspec

from ..exceptions import CacheFileError
from ..identifiers import Environment, PackageTuple
from . import collector
from .cache_checks import SmallTables, require, require_body
from .cache_decoded import DecodedPackage, Dependency, Extras, Question
from .cache_dependents import WalkBack
from .cache_format import BYTE_ORDER, NOT_ASKED, NOT_SOLVED, Packed, Run, nothing_known, unpack_ids
from .cache_walk import Paths, Walk, closure_of
from .closure import Closure

_PACKAGE = """
    SELECT id, package_name, versions, environments, is_complete, package.checksum, body, solved.checksum
    FROM packed_package AS package
    LEFT JOIN packed_solved AS solved ON package_id = id AND environment_id = ?
"""
_BY_NAME = f"{_PACKAGE} WHERE package_name = ?"
_BY_ID = f"{_PACKAGE} WHERE id IN (SELECT value FROM json_each(?))"
_COMPLETE = "SELECT package_name FROM packed_package WHERE is_complete ORDER BY id"
_DEPENDENTS = """
    SELECT package_id, dependents, dependents_checksum FROM packed_solved
    WHERE environment_id = ? AND package_id IN (SELECT value FROM json_each(?))
"""
_VERSIONS = msgspec.json.Decoder(list[str])


class PackedPart:
    """The packed part of an open cache file; the caller holds the lock."""

    def __init__(self, connection: sqlite3.Connection, most_decoded: int) -> None:
        """Read what the file is complete for.

        Args:
            connection: to the file.
            most_decoded: how many packages are kept decoded, those of each environment counted.

        Raises:
            CacheFileError: the file is damaged, or was made on a machine of another byte order.

        """
        self._connection = connection
        self._most_decoded = most_decoded
        tables = SmallTables.read(connection)
        if tables.checksum != tables.stored_checksum:
            raise CacheFileError("damaged: the checksum of what the file says of itself is not that of its content")
        self._info = {key: msgspec.json.decode(value) for key, value in tables.info}
        if self._info.get("byte_order", BYTE_ORDER) != BYTE_ORDER:
            raise CacheFileError(f"the file has byte order {self._info['byte_order']}, this machine {BYTE_ORDER}")
        self.environments = {Environment(*values): id_ for id_, *values in tables.environments}
        self._environment_of = {id_: tuple(values) for id_, *values in tables.environments}
        self._matches = {environment: (id_,) for environment, id_ in self.environments.items()}
        self._index_of: dict[int, str | None] = {NOT_ASKED: None, NOT_SOLVED: None, **dict(tables.indexes)}
        self._extra_of: dict[int, str | None] = {0: None, **dict(tables.extras)}
        self._usual = Question(None, None, self._extra_of)
        self._last: tuple[tuple[Any, ...], Closure] | None = None
        """The last question about a closure and its answer: it is big, and often asked again."""
        self._by_name: dict[tuple[int, str], DecodedPackage | None] = {}
        self._by_id: dict[tuple[int, int], DecodedPackage] = {}
        self._usual_paths: dict[int, Paths] = {}
        """By environment."""

    def clear(self) -> None:
        """Forget what was decoded."""
        self._last = None
        self._by_name.clear()
        self._by_id.clear()
        self._usual_paths.clear()

    def scope(self) -> dict[str, Any]:
        """Return what the packed part is complete for; empty when there is none."""
        if not self.environments:
            return {}
        complete = self._info.get("complete_environments", ())
        return {
            "created": self._info["created"],
            "origin": self._info["origin"],
            "packages": [name for (name,) in self._connection.execute(_COMPLETE)],
            "environments": list(map(_parts, self.environments)),
            "every_environment": self._info["every_environment"],
            "complete_environments": [_parts(parts) for parts, id_ in self.environments.items() if id_ in complete],
        }

    def sizes(self) -> dict[str, int]:
        """Return how much is packed, by the names of the tables that hold what is added."""
        sizes: dict[str, int] = self._info.get("table_size", {})
        return sizes

    def question(self, extras: Extras, marker_evaluation_result: bool | None) -> Question:
        """Return what says which requirements count, for this file."""
        if extras is None and marker_evaluation_result is not False:
            return self._usual
        return Question(extras, marker_evaluation_result, self._extra_of)

    def depends_on(
        self,
        package: PackageTuple,
        environment: Environment,
        question: Question,
        as_of_its_date: bool = False,
    ) -> Sequence[Dependency] | None:
        """Return what a package version depends on, sorted, or None: not known in each environment asked about."""
        index_url, index_of = package[2], self._index_of
        answers: list[Sequence[Dependency]] = []
        for environment_id, found, records in self._solved(package, environment, as_of_its_date) or ():
            packed = found.packed
            for record in records:
                if index_of[packed.indexes[record]] != index_url:
                    continue
                (lists,) = question.lists(packed, record, record + 1)
                answer = found.answers.get(lists) if question.is_usual else None
                if answer is None:
                    answer = self._versions(environment_id, question.words(packed, lists))
                    if question.is_usual:
                        found.answers[lists] = answer
                answers.append(answer)
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
        rows: list[tuple[str, ...]] = []
        for environment_id, found, records in where_solved:
            for record in records:
                url = self._index_of[found.packed.indexes[record]]
                if url is not None and (index_url is None or url == index_url):
                    rows.append((url, *self._environment_of[environment_id]))
        if not rows and not as_of_its_date:
            return None
        return [
            {
                "package_name": name,
                "package_version": version,
                "index_url": url,
                "os_name": os_name,
                "os_version": os_version,
                "python_version": python_version,
            }
            for url, os_name, os_version, python_version in sorted(rows)
        ]

    def versions(self, name: str, index_url: str | None, environment: Environment) -> set[tuple[str, str]] | None:
        """Return the versions of a package that have a record, with index URLs.

        None when the file is not complete for all versions of the package in each environment asked about.
        """
        environment_ids = self._matching(environment)
        found: set[tuple[str, str]] = set()
        for environment_id in environment_ids:
            package = self._package(environment_id, name)
            if package is None or not package.is_complete:
                return None
            urls = map(self._index_of.__getitem__, package.packed.indexes)
            known = zip(package.record_versions, urls, strict=True)
            found.update((version, url) for version, url in known if url and index_url in (None, url))
        return found if environment_ids else None

    def closure(
        self,
        packages: Sequence[PackageTuple],
        environment: Environment,
        question: Question,
        as_of_its_date: bool,
    ) -> Closure | None:
        """Return everything that package versions depend on, or None.

        None when one of them is not known, or the walk comes to a version that the database was not asked about.
        """
        asked = (tuple(packages), environment, question, as_of_its_date)
        if self._last is None or self._last[0] != asked:
            closure = self._walk(packages, environment, question, as_of_its_date)
            if closure is None:
                return None
            self._last = (asked, closure)
        return self._last[1]

    def _walk(
        self, packages: Sequence[PackageTuple], environment: Environment, question: Question, as_of_its_date: bool
    ) -> Closure | None:
        environment_ids = self._matching(environment)
        if not environment_ids:
            return None
        for package in packages:
            if self._solved(package, environment, as_of_its_date) is None:
                return None
        with collector.paused():
            closure = self._closure(packages, environment_ids, question)
        if closure is None or not (as_of_its_date or all(closure.roots.values())):
            return None
        return closure

    def _closure(
        self, packages: Sequence[PackageTuple], environment_ids: Iterable[int], question: Question
    ) -> Closure | None:
        walks = []
        for environment_id in environment_ids:
            found = [(package, self._package(environment_id, package[0])) for package in packages]
            roots = [(package, decoded) for package, decoded in found if decoded is not None]
            paths = self._paths(environment_id, question)
            walk = Walk(paths, self._index_of, roots, partial(self._packages, environment_id))
            if not walk.all_were_asked():
                return None
            walks.append(walk)
        return closure_of(walks, packages, is_disjoint=question.is_usual)

    def _paths(self, environment_id: int, question: Question) -> Paths:
        """Return the paths of an environment; those of the usual question are kept."""
        if not question.is_usual:
            return Paths(question)
        if environment_id not in self._usual_paths:
            self._usual_paths[environment_id] = Paths(question)
        return self._usual_paths[environment_id]

    def dependents(
        self, name: str, version: str | None, index_url: str | None, environment: Environment
    ) -> list[PackageTuple] | None:
        """Return the package versions that could pull a package in, sorted.

        None when the file does not have all package versions of each environment asked about.
        """
        environment_ids = self._matching(environment)
        if not environment_ids or not {*environment_ids} <= {*self._info.get("complete_environments", ())}:
            return None
        found: set[PackageTuple] = set()
        for environment_id in environment_ids:
            walk = WalkBack(self._index_of)
            package = self._package(environment_id, name)
            if package is not None:
                walk.start(package, version, index_url)
            while waiting := walk.waiting():
                dependents = self._dependents(environment_id, waiting)
                walk.go_on(dependents, self._packages(environment_id, chain.from_iterable(dependents.values())))
            found.update(walk.dependents())
        return sorted(found)

    def _dependents(self, environment_id: int, ids: Collection[int]) -> dict[int, Sequence[int]]:
        """Return, for each of some packages, ids of those whose lists name it."""
        dependents: dict[int, Sequence[int]] = dict.fromkeys(ids, ())
        for id_, body, stored in self._connection.execute(_DEPENDENTS, (environment_id, json.dumps(list(ids)))):
            dependents[id_] = unpack_ids(require_body(f"the dependents of {id_}", id_, environment_id, body, stored))
        return dependents

    def _solved(
        self, package: PackageTuple, environment: Environment, as_of_its_date: bool
    ) -> list[tuple[int, DecodedPackage, range]] | None:
        """Return where a name and version is solved: environment, package and records.

        None when it is not in an environment asked about. With ``as_of_its_date`` that is an answer, too, provided
        that the database was asked about it.
        """
        name, version, _ = package
        where: list[tuple[int, DecodedPackage, range]] = []
        environment_ids = self._matching(environment)
        for environment_id in environment_ids:
            found = self._package(environment_id, name)
            records = range(0) if found is None else found.solved(version)
            if found is not None and records:
                where.append((environment_id, found, records))
            elif not (as_of_its_date and self._was_asked(found, name, version)):
                return None
        return where if where or (as_of_its_date and environment_ids) else None

    def _was_asked(self, found: DecodedPackage | None, name: str, version: str) -> bool:
        """Tell whether the database was asked about a version, of those asked for all or one that a walk came to."""
        if found is None or found.is_complete:
            return found is not None
        records = found.records_of(version)
        return bool(records) and found.packed.indexes[records.start] != NOT_ASKED

    def _matching(self, environment: Environment) -> tuple[int, ...]:
        """Return the environments of a question: several only when the database has no others."""
        found = self._matches.get(environment)
        if found is not None:
            return found
        if not (environment.is_open and self._info.get("every_environment")):
            return ()
        return tuple(id_ for known, id_ in self.environments.items() if environment.matches(known))

    def _package(self, environment_id: int, name: str) -> DecodedPackage | None:
        key = (environment_id, name)
        found = self._by_name.get(key)
        if found is not None or key in self._by_name:
            return found
        row = self._connection.execute(_BY_NAME, key).fetchone()
        if row is None:
            self._make_room()
            self._by_name[key] = None
            return None
        if row[1] != name:  # SQLite reads the name from the index, and the checksum tells; from the row, this does
            raise CacheFileError(f"damaged: {row[1]!r} is where package {name!r} has to be")
        return self._decode(environment_id, row)

    def _packages(self, environment_id: int, ids: Iterable[int]) -> dict[int, DecodedPackage]:
        """Return packages by id; those that were not touched yet are read in one statement."""
        by_id = self._by_id
        packages = {id_: by_id.get((environment_id, id_)) for id_ in ids}
        missing = [id_ for id_, package in packages.items() if package is None]
        if missing:
            for row in self._connection.execute(_BY_ID, (environment_id, json.dumps(missing))):
                packages[row[0]] = by_id.get((environment_id, row[0])) or self._decode(environment_id, row)
        found = {id_: package for id_, package in packages.items() if package is not None}
        if len(found) < len(packages):
            lost = sorted(packages.keys() - found.keys())
            raise CacheFileError(f"the cache file names packages that it does not hold: {lost}")
        return found

    def _decode(self, environment_id: int, row: Any) -> DecodedPackage:
        id_, name, versions, environments, is_complete, checksum, body, checksum_of_body = row
        require(f"package {name!r}", checksum, (id_, name, versions, environments, is_complete))
        listed = _VERSIONS.decode(versions)
        if body is not None or environment_id in json.loads(environments):
            packed = Packed(require_body(f"the versions of {name!r}", id_, environment_id, body, checksum_of_body))
        else:
            packed = nothing_known(len(listed))
        package = DecodedPackage(id_, name, listed, packed, bool(is_complete))
        self._make_room()
        self._by_id[environment_id, id_] = self._by_name[environment_id, name] = package
        return package

    def _make_room(self) -> None:
        """Forget what was decoded when no more may be kept; whoever is at work with a package has it."""
        # All at once, and not the oldest: a look-up does not have to note what was used. Names that the file does not
        # know count, too, as whoever asks may ask about any number of them.
        if len(self._by_name) >= self._most_decoded:
            self.clear()

    def _versions(self, environment_id: int, words: Iterable[int]) -> tuple[Dependency, ...]:
        """Return the versions that runs are about, sorted."""
        listed = list(map(Run.of, words))
        packages = self._packages(environment_id, {run.package_id for run in listed})
        versions: dict[str, set[str]] = {}
        for package_id, first, end in listed:
            package = packages[package_id]
            versions.setdefault(package.name, set()).update(package.versions[first:end])
        return tuple(pair for name in sorted(versions) for pair in zip(repeat(name), sorted(versions[name])))


def _parts(environment: Environment) -> dict[str, str | None]:
    return {name: getattr(environment, name) for name in ("os_name", "os_version", "python_version")}
