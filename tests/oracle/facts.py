"""What one solver document says: its id, its time, its environment, and a fact about each package version."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from packaging.version import InvalidVersion, Version

Json: TypeAlias = Mapping[str, Any]
Release: TypeAlias = tuple[str, str]
"""Name and version, normalised."""
Package: TypeAlias = tuple[str, str, str | None]
"""Name, version and index URL, normalised; the index is None when nothing tells it."""


class Environment(NamedTuple):
    """Where a solver ran, normalised."""

    os_name: str
    os_version: str
    python_version: str


class Requirement(NamedTuple):
    """What a package version requires, and the versions of it that a solver found."""

    name: str
    specifier: str
    marker: str | None
    extra: str | None
    held: bool
    versions: frozenset[str]


@dataclass(frozen=True)
class Fact:
    """What a document says about one package version."""

    requirements: frozenset[Requirement] = frozenset()
    sha256: frozenset[str] = frozenset()
    error: bool = False
    unsolvable: bool = False
    unparseable: bool = False

    def united_with(self, other: Fact) -> Fact:
        """Return what two entries of the same kind about the same package version say together."""
        return Fact(
            requirements=self.requirements | other.requirements,
            sha256=self.sha256 | other.sha256,
            error=self.error or other.error,
            unsolvable=self.unsolvable or other.unsolvable,
            unparseable=self.unparseable or other.unparseable,
        )


@dataclass(frozen=True)
class Document:
    """A solver document, read."""

    document_id: str
    time: datetime
    environment: Environment
    facts: dict[Package, Fact]


def read_document(document: Json) -> Document:
    """Read a solver document of any year; the document is not changed."""
    metadata = document["metadata"]
    document_id = metadata.get("document_id") or metadata["hostname"].rsplit("-", 1)[0]
    solver_name = solver_name_of(document_id)
    if is_solver_name(solver_name):
        environment = parse_solver_name(solver_name)
    else:
        distribution, python = metadata["distribution"], metadata["python"]
        python_version = f"{python['major']}.{python['minor']}"
        environment = normalize_environment(distribution["id"], distribution["version"], python_version)
    return Document(document_id, read_time(metadata["datetime"]), environment, read_facts(document["result"]))


def read_time(text: str) -> datetime:
    """Read an ISO 8601 time; one without a zone is UTC."""
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


# Names of solvers ------------------------------------------------------------------------------------------------

_SOLVER_NAME = re.compile(r"solver-(.+)-([^-]+)-py([0-9])([0-9]+)")


def solver_name_of(document_id: str) -> str:
    """Return the id without its last part, and without the date (yymmddHHMMSS) before that."""
    name = document_id.rsplit("-", 1)[0]
    return re.sub(r"-[0-9]{12}$", "", name)


def is_solver_name(solver_name: str) -> bool:
    """Return whether the name tells an environment: ``solver-<os name>-<os version>-py<digits>``."""
    return _SOLVER_NAME.fullmatch(solver_name) is not None


def parse_solver_name(solver_name: str) -> Environment:
    """Return the environment of a solver; ``ValueError`` when the name does not tell it."""
    match = _SOLVER_NAME.fullmatch(solver_name)
    if match is None:
        raise ValueError(f"not the name of a solver: {solver_name!r}")
    os_name, os_version, major, minor = match.groups()
    return normalize_environment(os_name, os_version, f"{major}.{minor}")


# Facts -----------------------------------------------------------------------------------------------------------


def read_facts(result: Json) -> dict[Package, Fact]:
    """Return what the document says about each package version: that it was solved counts more than an error."""
    return {**unite(read_errors(result)), **unite(read_tree(result))}


def unite(facts: Iterator[tuple[Package, Fact]]) -> dict[Package, Fact]:
    """Return one fact for each package version."""
    united: dict[Package, Fact] = {}
    for package, fact in facts:
        united[package] = united[package].united_with(fact) if package in united else fact
    return united


def read_tree(result: Json) -> Iterator[tuple[Package, Fact]]:
    """Give what was solved."""
    for entry in result.get("tree") or []:
        version = entry.get("package_version_requested") or entry["package_version"]
        requirements = frozenset(read_requirements(entry))
        yield package_of(entry, version), Fact(requirements=requirements, sha256=frozenset(read_sha256(entry)))


def read_errors(result: Json) -> Iterator[tuple[Package, Fact]]:
    """Give what failed, what could not be resolved and what could not be parsed."""
    for entry in result.get("errors") or []:
        yield package_of(entry, entry.get("package_version") or entry["version"]), Fact(error=True)
    for entry in result.get("unresolved") or []:
        # Only the pin of one version is about a version: "==1.*", ">=1" and "==1,!=2" are not.
        pin = re.fullmatch(r"={2,3}\s*([^=\s*,;]+)", (entry.get("version_spec") or "").strip())
        if pin:
            yield package_of(entry, pin[1]), Fact(error=True, unsolvable=True)
    for entry in result.get("unparsed") or []:
        # Greedy: the last "===" or "==" splits, and nothing but it is made of "=".
        split = re.fullmatch(r"(.*[^=])={2,3}([^=]+)", entry["requirement"], re.DOTALL)
        if split and split[1].strip() and split[2].strip():
            package = (normalize_name(split[1].strip()), normalize_version(split[2].strip()), None)
            yield package, Fact(error=True, unparseable=True)


def package_of(entry: Json, version: str) -> Package:
    """Return the package version that an entry of any year is about."""
    name = entry.get("package_name") or entry["package"]
    index_url = entry.get("index_url") or entry.get("index")
    return normalize_name(name), normalize_version(version), normalize_index(index_url) if index_url else None


def read_requirements(entry: Json) -> Iterator[Requirement]:
    """Give the requirements of a solved package version, one for each extra that asks for the dependency."""
    for dependency in entry.get("dependencies") or []:
        for extra in dependency.get("extra") or [None]:
            yield Requirement(
                name=normalize_name(dependency["package_name"]),
                specifier=dependency.get("specifier") or dependency.get("required_version") or "*",
                marker=dependency.get("marker") or None,
                extra=normalize_name(extra) if extra else None,
                held=dependency.get("marker_evaluation_result") is not False,  # not evaluated counts as held
                versions=frozenset(read_resolved_versions(dependency)),
            )


def read_resolved_versions(dependency: Json) -> Iterator[str]:
    """Give the versions found on all indexes together; documents of 2018 list them without an index."""
    for resolved in dependency.get("resolved_versions") or []:
        for version in [resolved] if isinstance(resolved, str) else resolved.get("versions") or []:
            yield normalize_version(version)


def read_sha256(entry: Json) -> Iterator[str]:
    """Give the digests of the files of a release; documents of 2018 say which algorithm made them."""
    yield from entry.get("sha256") or []
    if entry.get("hash_type") == "sha256":
        for digest in (entry.get("hashes") or {}).get("hashes") or []:
            yield digest["hash"]


# One spelling for each thing -------------------------------------------------------------------------------------


@cache
def normalize_name(name: str) -> str:
    """Write the name of a project or an extra as PEP 503 does."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def normalize_version(version: str) -> str:
    """Write a version as PEP 440 does, when it can."""
    try:
        return str(Version(version))
    except InvalidVersion:
        return version


@cache
def normalize_index(url: str) -> str:
    """Write the URL of an index without slashes at its end; PyPI moved once."""
    url = url.strip().rstrip("/")
    return "https://pypi.org/simple" if url == "https://pypi.python.org/simple" else url


def normalize_environment(os_name: str, os_version: str, python_version: str) -> Environment:
    """Write an environment in one way: ``ubi`` is ``rhel``, of whose version the major part counts."""
    os_name = os_name.lower()
    os_name = "rhel" if os_name == "ubi" else os_name
    os_version = os_version.split(".", maxsplit=1)[0] if os_name == "rhel" else os_version
    return Environment(os_name, os_version, python_version)
