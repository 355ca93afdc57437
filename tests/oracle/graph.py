"""What the documents say together: the latest fact about each package version in each environment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias, TypedDict

from .facts import (
    Document,
    Environment,
    Fact,
    Json,
    Package,
    Release,
    Requirement,
    normalize_environment,
    normalize_index,
    normalize_name,
    normalize_version,
    parse_solver_name,
    read_document,
)

Record: TypeAlias = tuple[str, str, str]
"""A package version that is on an index."""
Extras: TypeAlias = frozenset[str | None] | None


class Env(TypedDict, total=False):
    """An environment asked for: what is None or not given may be anything."""

    os_name: str | None
    os_version: str | None
    python_version: str | None


class _Asked(NamedTuple):
    os_name: str | None = None
    os_version: str | None = None
    python_version: str | None = None


class Graph:
    """The graph of some solver documents, and the few steps that answers are made of.

    Args:
        documents: solver documents of any year, in any order; the same id again is the same document.

    """

    def __init__(self, documents: Iterable[Json]) -> None:
        """Read the documents and keep, for each package version in each environment, what was said last."""
        self.documents: dict[str, Document] = {}
        for given in documents:
            document = read_document(given)
            self.documents.setdefault(document.document_id, document)

        self.latest: dict[Environment, dict[Package, Fact]] = {}
        for document in sorted(self.documents.values(), key=lambda one: (one.time, one.document_id)):
            self.latest.setdefault(document.environment, {}).update(document.facts)

        # A record is a package version on an index; an edge leads to all records of a release.
        self.records: dict[tuple[Environment, Release], list[Record]] = defaultdict(list)
        for environment, facts in self.latest.items():
            for name, version, index_url in facts:
                if index_url is not None:
                    self.records[environment, (name, version)].append((name, version, index_url))

        # What any document ever spoke of is known, even if a later one says something else.
        self.known: set[Release] = set()
        for _, (name, version, _), fact in self.said():
            self.known.add((name, version))
            for requirement in fact.requirements:
                self.known.update((requirement.name, found) for found in requirement.versions)

    def said(self) -> Iterator[tuple[Environment, Package, Fact]]:
        """Give everything that any document ever said."""
        for document in self.documents.values():
            for package, fact in document.facts.items():
                yield document.environment, package, fact

    def environments(self, env: Env) -> list[Environment]:
        """Return the environments that fit the one asked for."""
        asked = _Asked(**env)
        # Without the name of the system nothing is known about how its versions are written.
        wanted = normalize_environment(asked.os_name or "", asked.os_version or "", asked.python_version or "")
        return sorted(
            environment
            for environment in self.latest
            if (asked.os_name is None or wanted.os_name == environment.os_name)
            and (asked.os_version is None or wanted.os_version == environment.os_version)
            and (asked.python_version is None or wanted.python_version == environment.python_version)
        )

    def solver_environments(self, solver_name: str | None) -> list[Environment]:
        """Return the environment of a solver if any document ran there; every environment when no solver is named."""
        if solver_name is None:
            return list(self.latest)
        environment = parse_solver_name(solver_name)
        return [environment] if environment in self.latest else []

    def records_at(self, environment: Environment) -> list[Record]:
        """Return all records in an environment."""
        return [(name, version, index) for name, version, index in self.latest[environment] if index is not None]

    def records_in(self, package: Package, env: Env) -> list[tuple[Environment, Record]]:
        """Return the records of a package version, with their environments; from every index when it has none."""
        name, version, index_url = normalized(package)
        return [
            (environment, record)
            for environment in self.environments(env)
            for record in self.records.get((environment, (name, version)), [])
            if index_url is None or record[2] == index_url
        ]

    def found_records_in(self, package: Package, env: Env) -> list[tuple[Environment, Record]]:
        """Return the same; ``LookupError`` when there is none."""
        records = self.records_in(package, env)
        if not records:
            raise LookupError(f"no solver document speaks of {package} in {dict(env)}")
        return records

    def dependencies(
        self, environment: Environment, record: Record, extras: Extras = None, marker_held: bool | None = None
    ) -> set[Release]:
        """Return what a package version depends on: each version of each requirement that passes the filter."""
        return {
            (requirement.name, version)
            for requirement in self.requirements(environment, record, extras, marker_held)
            for version in requirement.versions
        }

    def requirements(
        self, environment: Environment, record: Record, extras: Extras = None, marker_held: bool | None = None
    ) -> list[Requirement]:
        """Return the requirements of a package version that pass the filter."""
        wanted_extras = {None} if extras is None else {extra and normalize_name(extra) for extra in extras}
        wanted_held = marker_held is not False
        return [
            requirement
            for requirement in self.latest[environment][record].requirements
            if requirement.extra in wanted_extras and requirement.held is wanted_held
        ]

    def targets(self, environment: Environment, release: Release) -> Sequence[Package]:
        """Return what an edge to a release leads to: its records in that environment, or itself, unsolved."""
        return self.records.get((environment, release)) or [(*release, None)]


def normalized(package: Package) -> Package:
    """Return a package tuple as it is stored."""
    name, version, index_url = package
    return normalize_name(name), normalize_version(version), None if index_url is None else normalize_index(index_url)


def by_name(releases: Iterable[Release]) -> dict[str, list[str]]:
    """Return the versions of each name, each once, sorted as text."""
    versions: dict[str, list[str]] = {}
    for name, version in sorted(set(releases)):
        versions.setdefault(name, []).append(version)
    return versions
