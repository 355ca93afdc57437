"""Solver documents of every year: the shape that is read, and the facts that a document states.

Tools of 2018 wrote resolved versions as plain strings and no index; those before October 2019 ``required_version``
and ``version``; later ones ``specifier``, extras, markers, core metadata, import names and a licence.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from ..config import MAX_DOCUMENT_SIZE
from ..exceptions import SchemaError, shown
from ..identifiers import Environment
from ..normalize import (
    normalize_extra,
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
    parse_python_solver_name,
)
from . import base
from .core_metadata import CoreMetadata, read_core_metadata

_RUN = re.compile(r"(?P<solver_name>.+?)(?:-\d{12})?-[^-]+")  # an identifier; its date is yymmddHHMMSS
_PIN = re.compile(r"\s*+={2,3}+\s*+(?P<version>[^\s,;*=]++)\s*+")


class ResolvedVersions(msgspec.Struct, frozen=True):
    """Versions that a requirement admits, as one index lists them."""

    versions: list[str]
    index: str | None = None


class Dependency(msgspec.Struct, frozen=True):
    """A requirement of a package, and the versions that it resolved to."""

    package_name: str
    resolved_versions: list[ResolvedVersions | str] | None = None
    specifier: str | None = None
    required_version: str | None = None
    extra: list[str | None] | None = None
    marker: str | None = None
    marker_evaluation_result: bool | None = None


class License(msgspec.Struct, frozen=True):
    """A licence as license-solver names it."""

    full_name: str | None = None
    identifier_spdx: str | None = None


class PackageLicense(msgspec.Struct, frozen=True):
    """What license-solver says of a package."""

    license: License | None = None
    license_version: str | None = None
    warning: bool | None = None


class ImportlibMetadata(msgspec.Struct, frozen=True):
    """What ``importlib.metadata`` says of an installed distribution."""

    metadata: dict[str, Any] | None = None


class FileHash(msgspec.Struct, frozen=True):
    """A file of a release, as documents of 2018 list it."""

    hash: str


class FileHashes(msgspec.Struct, frozen=True):
    """Files of a release, as documents of 2018 list them."""

    hashes: list[FileHash] | None = None


class Solved(msgspec.Struct, frozen=True):
    """An entry of ``tree``: a package that was installed."""

    package_name: str
    package_version: str | None = None
    package_version_requested: str | None = None
    index_url: str | None = None
    sha256: list[str] | None = None
    hashes: FileHashes | None = None
    hash_type: str | None = None
    dependencies: list[Dependency] | None = None
    packages: list[str] | None = None
    package_license: PackageLicense | None = None
    importlib_metadata: ImportlibMetadata | None = None


class Failed(msgspec.Struct, frozen=True):
    """An entry of ``errors``: a package that could not be installed or inspected."""

    package_name: str | None = None
    package: str | None = None
    package_version: str | None = None
    version: str | None = None
    index_url: str | None = None
    index: str | None = None
    is_provided_package_version: bool | None = None
    is_provided: bool | None = None


class Unresolved(msgspec.Struct, frozen=True):
    """An entry of ``unresolved``: a requirement that no version fits."""

    package_name: str
    version_spec: str | None = None
    index_url: str | None = None
    index: str | None = None


class Unparsed(msgspec.Struct, frozen=True):
    """An entry of ``unparsed``: a requirement that could not be parsed."""

    requirement: str


class Result(msgspec.Struct, frozen=True):
    """What the solver found."""

    tree: list[Solved] | None = None
    errors: list[Failed] | None = None
    unresolved: list[Unresolved] | None = None
    unparsed: list[Unparsed] | None = None


class SolverDocument(msgspec.Struct, frozen=True):
    """A solver document."""

    metadata: base.Metadata
    result: Result


class Requirement(NamedTuple):
    """A requirement with the versions that it admits, normalised; one for each extra that asks for it."""

    package_name: str
    specifier: str
    marker: str | None
    extra: str | None
    marker_evaluation_result: bool | None
    versions: tuple[str, ...]
    """Distinct, sorted as text."""


@dataclass(slots=True)
class PackageFact:
    """What a document says of a package version; without an index, of a release that no index was named for."""

    package_name: str
    package_version: str
    index_url: str | None
    error: bool = False
    error_unsolvable: bool = False
    error_unparseable: bool = False
    is_provided: bool | None = None
    requirements: tuple[Requirement, ...] = ()
    sha256: frozenset[str] = frozenset()
    core_metadata: CoreMetadata | None = None
    license: tuple[str | None, str | None, str | None] | None = None
    """Name, SPDX identifier and version."""
    license_warning: bool | None = None
    import_packages: tuple[str, ...] = ()

    def unite(self, other: PackageFact) -> None:
        """Take in what the same document says of the same package version in another place.

        That it was installed counts more than that an attempt failed; two of one kind are added up.
        """
        if self.error != other.error:
            if self.error:
                for name in self.__slots__:
                    setattr(self, name, getattr(other, name))
            return
        self.error_unsolvable |= other.error_unsolvable
        self.error_unparseable |= other.error_unparseable
        self.is_provided = other.is_provided if self.is_provided is None else self.is_provided
        self.requirements = _united(self.requirements + other.requirements)
        self.sha256 |= other.sha256
        self.core_metadata = self.core_metadata or other.core_metadata
        self.license = self.license or other.license
        self.license_warning = other.license_warning if self.license_warning is None else self.license_warning
        self.import_packages = tuple(sorted({*self.import_packages, *other.import_packages}))


@dataclass(frozen=True, slots=True)
class SolverFacts:
    """What a solver document states, in one spelling whatever its year."""

    document_id: str
    datetime: dt.datetime
    duration: int | None
    solver_name: str
    solver_version: str | None
    environment: Environment
    """All parts are given."""
    packages: list[PackageFact] = field(default_factory=list)
    """One for each package version, in the order of name, version and index."""


def read_solver_document(document: Mapping[str, Any]) -> SolverFacts:
    """Return what a solver document states.

    Args:
        document: a solver document of any year, as parsed from JSON; it is not changed.

    Returns:
        Its facts, normalised.

    Raises:
        SchemaError: the document does not have the shape of a solver document; the message holds the path to the
            field.

    """
    struct = base.read(document, SolverDocument)
    _check_extras(struct.result.tree or ())
    identifier = base.document_id(struct.metadata)
    match = _RUN.fullmatch(identifier)
    solver_name = match["solver_name"] if match else identifier
    packages: dict[tuple[str, str, str], PackageFact] = {}
    for fact in _facts(struct.result):
        key = (fact.package_name, fact.package_version, fact.index_url or "")
        if key in packages:
            packages[key].unite(fact)
        else:
            packages[key] = fact
    return SolverFacts(
        document_id=identifier,
        datetime=base.document_datetime(struct.metadata),
        duration=base.document_duration(struct.metadata),
        solver_name=solver_name,
        solver_version=struct.metadata.analyzer_version,
        environment=_environment(solver_name, struct.metadata),
        packages=[packages[key] for key in sorted(packages)],
    )


def _check_extras(tree: Iterable[Solved]) -> None:
    """Refuse what is little in the document and more than any document once each extra has its own requirement."""
    most, size = MAX_DOCUMENT_SIZE.read(), 0
    for number, solved in enumerate(tree):
        for position, dependency in enumerate(solved.dependencies or ()):
            if dependency.extra and len(dependency.extra) > 1:
                size += len(dependency.extra) * len(msgspec.json.encode(dependency))
                if size > most:
                    raise SchemaError(
                        f"$.result.tree[{number}].dependencies[{position}].extra: "
                        f"more than {MAX_DOCUMENT_SIZE.name}={most} bytes, with a requirement for each extra"
                    )


def _environment(solver_name: str, metadata: base.Metadata) -> Environment:
    """Return the environment that the solver's name tells, or the container for names of another form."""
    try:
        return Environment(**parse_python_solver_name(solver_name))
    except ValueError:
        distribution, python = metadata.distribution, metadata.python
    if distribution is None or not distribution.id or not distribution.version:
        raise SchemaError(
            f"$.metadata.distribution: absent, and the solver's name does not tell it: {shown(solver_name)}"
        )
    if python is None or python.major is None or python.minor is None:
        raise SchemaError(f"$.metadata.python: absent, and the solver's name does not tell it: {shown(solver_name)}")
    return Environment(distribution.id, distribution.version, f"{python.major}.{python.minor}")


def _facts(result: Result) -> Iterator[PackageFact]:
    for number, solved in enumerate(result.tree or ()):
        yield _solved_fact(solved, f"$.result.tree[{number}]")
    for number, failed in enumerate(result.errors or ()):
        yield _failed_fact(failed, f"$.result.errors[{number}]")
    for number, unresolved in enumerate(result.unresolved or ()):
        pin = _PIN.fullmatch(unresolved.version_spec or "")
        if pin:
            fact = _fact(
                f"$.result.unresolved[{number}]",
                unresolved.package_name,
                pin["version"],
                unresolved.index_url or unresolved.index,
            )
            fact.error = fact.error_unsolvable = True
            yield fact
    for number, unparsed in enumerate(result.unparsed or ()):
        separator = "===" if "===" in unparsed.requirement else "=="
        name, _, version = (part.strip() for part in unparsed.requirement.rpartition(separator))
        if name and version:
            fact = _fact(f"$.result.unparsed[{number}]", name, version, None)
            fact.error = fact.error_unparseable = True
            yield fact


def _fact(path: str, package_name: str | None, package_version: str | None, index_url: str | None) -> PackageFact:
    """Return a fact about a package version, of which nothing is said yet."""
    if not package_name:
        raise SchemaError(f"{path}.package_name: absent or empty")
    if not package_version:
        raise SchemaError(f"{path}.package_version: absent or empty")
    return PackageFact(
        normalize_python_package_name(package_name),
        normalize_python_package_version(package_version),
        normalize_python_index_url(index_url) if index_url else None,
    )


def _failed_fact(failed: Failed, path: str) -> PackageFact:
    fact = _fact(
        path,
        failed.package_name or failed.package,
        failed.package_version or failed.version,
        failed.index_url or failed.index,
    )
    fact.error = True
    provided = failed.is_provided_package_version
    fact.is_provided = failed.is_provided if provided is None else provided
    return fact


def _solved_fact(solved: Solved, path: str) -> PackageFact:
    version = solved.package_version_requested or solved.package_version
    fact = _fact(path, solved.package_name, version, solved.index_url)
    fact.requirements = _united(
        requirement
        for number, dependency in enumerate(solved.dependencies or ())
        for requirement in _requirements(dependency, f"{path}.dependencies[{number}]")
    )
    of_2018 = solved.hashes.hashes if solved.hashes and solved.hash_type == "sha256" else None
    digests = [*(solved.sha256 or ()), *(file.hash for file in of_2018 or ())]
    fact.sha256 = frozenset(digest.lower().removeprefix("sha256:") for digest in digests if digest)
    fact.import_packages = tuple(sorted(set(solved.packages or ())))
    if solved.package_license is not None:
        licence = solved.package_license.license or License()
        fact.license = (licence.full_name, licence.identifier_spdx, solved.package_license.license_version)
        fact.license_warning = solved.package_license.warning
    if solved.importlib_metadata is not None and solved.importlib_metadata.metadata is not None:
        fact.core_metadata = read_core_metadata(
            solved.importlib_metadata.metadata, f"{path}.importlib_metadata.metadata"
        )
    return fact


def _requirements(dependency: Dependency, path: str) -> Iterator[Requirement]:
    if not dependency.package_name:
        raise SchemaError(f"{path}.package_name: empty")
    versions: set[str] = set()
    for resolved in dependency.resolved_versions or ():
        versions.update((resolved,) if isinstance(resolved, str) else resolved.versions)
    normalised = tuple(sorted({normalize_python_package_version(version) for version in versions}))
    for extra in dict.fromkeys(dependency.extra or [None]):
        yield Requirement(
            normalize_python_package_name(dependency.package_name),
            dependency.specifier or dependency.required_version or "*",
            dependency.marker or None,
            normalize_extra(extra) if extra else None,
            dependency.marker_evaluation_result,
            normalised,
        )


def _united(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Return the requirements in a total order; those that differ in their versions alone are one."""
    versions: dict[tuple[object, ...], set[str]] = {}
    for requirement in requirements:
        versions.setdefault(requirement[:-1], set()).update(requirement.versions)
    ordered = sorted(versions, key=lambda key: [(part is not None, str(part)) for part in key])
    return tuple(Requirement._make((*key, tuple(sorted(versions[key])))) for key in ordered)
