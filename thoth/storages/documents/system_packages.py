"""Packages of the operating system as image analyses of all years list them: RPM, and Debian's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from ..exceptions import SchemaError, shown
from .base import Interned
from .environments import Number, text_of

F = TypeVar("F", bound=Interned)

# Name, epoch, version, release and architecture; yum of CentOS 7 wrote the epoch first, dnf writes it at the version.
_RPM_IDENTIFIER = re.compile(
    r"(?:(?P<first_epoch>\d+):)?(?P<name>.+)-(?:(?P<epoch>\d+):)?(?P<version>[^-:]+)-(?P<release>[^-]+?)"
    r"(?:\.(?P<arch>[^-.]+))?"
)


class RPM(msgspec.Struct, frozen=True):
    """An RPM package with what it requires."""

    name: str
    version: str
    release: str | None = None
    epoch: Number = None
    arch: str | None = None
    src: bool | None = None
    package_identifier: str | None = None
    dependencies: list[str] | None = None


class Relation(msgspec.Struct, frozen=True):
    """A Debian package that another one depends on, or replaces."""

    name: str
    version: str | None = None


class Deb(msgspec.Struct, frozen=True, rename="kebab"):
    """A Debian package with its relations to others."""

    name: str
    version: str
    arch: str | None = None
    epoch: Number = None
    depends: list[Relation] | None = None
    pre_depends: list[Relation] | None = None
    replaces: list[Relation] | None = None


class RPMFact(Interned, frozen=True, kw_only=True):
    """An RPM package; the fields are the columns of its table."""

    package_name: str
    package_version: str
    release: str | None
    epoch: str | None
    arch: str | None
    src: bool
    package_identifier: str
    rpm_requirements: list[str]
    """Distinct, sorted."""


class RelationFact(msgspec.Struct, frozen=True):
    """A package that a Debian package has a relation to; without a range, to any version of it."""

    name: str
    version_range: str | None


class DebFact(Interned, frozen=True, kw_only=True):
    """A Debian package; the fields are the columns of its table."""

    package_name: str
    package_version: str
    epoch: str | None
    arch: str | None
    depends: list[RelationFact]
    """Distinct, sorted, as the other relations."""
    pre_depends: list[RelationFact]
    replaces: list[RelationFact]


def rpm_facts(
    with_dependencies: list[RPM] | dict[str, list[str] | None] | None, identifiers: list[str] | None
) -> list[RPMFact]:
    """Return the RPM packages, each once.

    Args:
        with_dependencies: ``result.rpm-dependencies``.
        identifiers: ``result.rpm``, which counts where dependencies were not asked for.

    Raises:
        SchemaError: a package has no name or version; the message holds the path to it.

    """
    return _distinct(_rpm_facts(with_dependencies, identifiers))


def deb_facts(with_relations: list[Deb] | None, installed: list[Deb] | None) -> list[DebFact]:
    """Return the Debian packages, each once.

    Args:
        with_relations: ``result.deb-dependencies``.
        installed: ``result.deb``, which counts where relations were not asked for.

    Raises:
        SchemaError: a package or a relation has no name; the message holds the path to it.

    """
    return _distinct(_deb_facts(with_relations, installed))


def _rpm_facts(
    with_dependencies: list[RPM] | dict[str, list[str] | None] | None, identifiers: list[str] | None
) -> Iterator[RPMFact]:
    if isinstance(with_dependencies, dict):
        for identifier, requirements in with_dependencies.items():
            yield _rpm_by_identifier(identifier, requirements or (), "$.result.rpm-dependencies")
    elif with_dependencies:
        for number, rpm in enumerate(with_dependencies):
            _check_named(rpm, f"$.result.rpm-dependencies[{number}]")
            yield RPMFact(
                package_name=rpm.name,
                package_version=rpm.version,
                release=rpm.release or None,
                epoch=text_of(rpm.epoch),
                arch=rpm.arch or None,
                src=bool(rpm.src),
                package_identifier=rpm.package_identifier or rpm.name,
                rpm_requirements=sorted(set(rpm.dependencies or ())),
            )
    else:
        for number, identifier in enumerate(identifiers or ()):
            yield _rpm_by_identifier(identifier, (), f"$.result.rpm[{number}]")


def _rpm_by_identifier(identifier: str, requirements: Iterable[str], path: str) -> RPMFact:
    match = _RPM_IDENTIFIER.fullmatch(identifier)
    if match is None:
        raise SchemaError(f"{path}: not the identifier of an RPM package: {shown(identifier)}")
    arch = None if match["arch"] == "(none)" else match["arch"]  # keys of the package manager have none
    return RPMFact(
        package_name=match["name"],
        package_version=match["version"],
        release=match["release"],
        epoch=match["epoch"] or match["first_epoch"],
        arch=arch,
        src=arch == "src",
        package_identifier=identifier,
        rpm_requirements=sorted(set(requirements)),
    )


def _deb_facts(with_relations: list[Deb] | None, installed: list[Deb] | None) -> Iterator[DebFact]:
    entries, path = with_relations, "$.result.deb-dependencies"
    if not entries:
        entries, path = installed, "$.result.deb"
    for number, deb in enumerate(entries or ()):
        _check_named(deb, f"{path}[{number}]")
        yield DebFact(
            package_name=deb.name,
            package_version=deb.version,
            epoch=text_of(deb.epoch),
            arch=deb.arch or None,
            depends=_relations(deb.depends, f"{path}[{number}].depends"),
            pre_depends=_relations(deb.pre_depends, f"{path}[{number}].pre-depends"),
            replaces=_relations(deb.replaces, f"{path}[{number}].replaces"),
        )


def _check_named(package: RPM | Deb, path: str) -> None:
    for field in ("name", "version"):
        if not getattr(package, field):
            raise SchemaError(f"{path}.{field}: empty")


def _relations(relations: list[Relation] | None, path: str) -> list[RelationFact]:
    for number, relation in enumerate(relations or ()):
        if not relation.name:
            raise SchemaError(f"{path}[{number}].name: empty")
    found = {(relation.name, relation.version or "") for relation in relations or ()}
    return [RelationFact(name, version or None) for name, version in sorted(found)]


def _distinct(facts: Iterable[F]) -> list[F]:
    return list({fact.digest(): fact for fact in facts}.values())
