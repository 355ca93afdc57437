"""Software stacks as documents hold them: the content of a ``Pipfile`` and of a ``Pipfile.lock``.

Form: https://github.com/pypa/pipfile
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from ..exceptions import SchemaError
from ..normalize import (
    normalize_extra,
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
)
from .base import Interned, convert


class Source(msgspec.Struct, frozen=True):
    """An index of packages, by the name that the other entries call it by."""

    url: str
    name: str | None = None


class Requires(msgspec.Struct, frozen=True):
    """The Python that a project is for."""

    python_version: str | None = None
    python_full_version: str | None = None


class Pipfile(msgspec.Struct, frozen=True, rename="kebab"):
    """The content of a ``Pipfile``."""

    packages: dict[str, str | dict[str, Any] | None] | None = None
    dev_packages: dict[str, str | dict[str, Any] | None] | None = None
    source: list[Source] | None = None
    requires: Requires | None = None


class LockMeta(msgspec.Struct, frozen=True):
    """``_meta`` of a ``Pipfile.lock``."""

    sources: list[Source] | None = None


class LockedEntry(msgspec.Struct, frozen=True):
    """A package of a ``Pipfile.lock``."""

    version: str | None = None
    index: str | None = None
    hashes: list[str] | None = None
    extras: list[str] | None = None
    markers: str | None = None


class PipfileLock(msgspec.Struct, frozen=True):
    """The content of a ``Pipfile.lock``."""

    default: dict[str, LockedEntry] | None = None
    develop: dict[str, LockedEntry] | None = None
    meta: LockMeta | None = msgspec.field(name="_meta", default=None)


class RequirementFact(msgspec.Struct, frozen=True, order=True):
    """A direct requirement of a project, normalised."""

    package_name: str
    specifier: str
    extras: list[str]
    marker: str
    """Empty when there is none, so that requirements can be sorted."""
    develop: bool
    index_url: str
    """Empty when none is named."""
    other_fields: str
    """A JSON object."""


class RequirementsFact(Interned, frozen=True):
    """The direct requirements of a project, sorted."""

    requirements: list[RequirementFact]
    python_version: str | None
    index_urls: list[str]


class LockedPackageFact(msgspec.Struct, frozen=True, order=True):
    """A locked package, normalised."""

    package_name: str
    package_version: str
    """Empty when none is named, as for packages from a repository."""
    index_url: str
    """Empty when it cannot be told."""
    develop: bool
    extras: list[str]
    marker: str
    """Empty when there is none."""
    hashes: list[str]


class LockFact(Interned, frozen=True):
    """The packages that requirements were locked to, sorted."""

    packages: list[LockedPackageFact]


class StackFact(NamedTuple):
    """A software stack; a part that the document does not hold is None."""

    software_stack_type: str
    requirements: RequirementsFact | None
    lock: LockFact | None


def read_stack(
    software_stack_type: str, requirements: object, requirements_locked: object, path: str
) -> StackFact | None:
    """Return a software stack, or None when the document holds neither requirements nor a lock.

    Args:
        software_stack_type: ``USER``, ``ADVISED`` or ``INSPECTION``.
        requirements: the content of a ``Pipfile``, or null.
        requirements_locked: the content of a ``Pipfile.lock``, or null.
        path: where in the document ``requirements`` and ``requirements_locked`` are, for the error.

    Raises:
        SchemaError: a field has another type than it should; the message holds the path to it.

    """
    pipfile = read_requirements(requirements, f"{path}.requirements")
    lock = _read_lock(requirements_locked, f"{path}.requirements_locked")
    return None if pipfile is None and lock is None else StackFact(software_stack_type, pipfile, lock)


def read_requirements(value: object, path: str) -> RequirementsFact | None:
    """Return the requirements of a ``Pipfile``, or None when the document holds none.

    Args:
        value: the content of a ``Pipfile``, or null.
        path: where in the document it is, for the error.

    Raises:
        SchemaError: a field has another type than it should; the message holds the path to it.

    """
    if value is None:
        return None
    pipfile = convert(value, Pipfile, path)
    urls = _urls_by_name(pipfile.source)
    requirements = [
        *_requirements(pipfile.packages, urls, False, f"{path}.packages"),
        *_requirements(pipfile.dev_packages, urls, True, f"{path}.dev-packages"),
    ]
    requires = pipfile.requires or Requires()
    return RequirementsFact(
        requirements=sorted(requirements),
        python_version=requires.python_version or requires.python_full_version or None,
        index_urls=list(dict.fromkeys(normalize_python_index_url(source.url) for source in pipfile.source or ())),
    )


def _requirements(
    packages: Mapping[str, str | dict[str, Any] | None] | None, urls: Mapping[str, str], develop: bool, path: str
) -> Iterator[RequirementFact]:
    for name, value in (packages or {}).items():
        if not name:
            raise SchemaError(f"{path}: a package without a name")
        fields = dict(value) if isinstance(value, Mapping) else {"version": value}
        specifier = _text(fields.pop("version", None), f"{path}.{name}.version")
        marker = _text(fields.pop("markers", None), f"{path}.{name}.markers")
        index = _text(fields.pop("index", None), f"{path}.{name}.index")
        extras = fields.pop("extras", None) or []
        if not isinstance(extras, list) or not all(isinstance(extra, str) for extra in extras):
            raise SchemaError(f"{path}.{name}.extras: expected a list of text, got {extras!r}")
        yield RequirementFact(
            package_name=normalize_python_package_name(name),
            specifier=specifier or "*",
            extras=sorted(map(normalize_extra, extras)),
            marker=marker,
            develop=develop,
            index_url=_index_url(index, urls),
            other_fields=msgspec.json.encode(fields, order="deterministic").decode(),
        )


def _read_lock(value: object, path: str) -> LockFact | None:
    if value is None:
        return None
    lock = convert(value, PipfileLock, path)
    urls = _urls_by_name(lock.meta.sources if lock.meta else None)
    if len(set(urls.values())) == 1:
        urls[""] = next(iter(urls.values()))  # a package that names no index comes from the only one
    packages = [
        *_locked(lock.default, urls, False, f"{path}.default"),
        *_locked(lock.develop, urls, True, f"{path}.develop"),
    ]
    return LockFact(packages=sorted(packages))


def _locked(
    entries: Mapping[str, LockedEntry] | None, urls: Mapping[str, str], develop: bool, path: str
) -> Iterator[LockedPackageFact]:
    for name, entry in (entries or {}).items():
        if not name:
            raise SchemaError(f"{path}: a package without a name")
        version = (entry.version or "").lstrip("= ").strip()
        yield LockedPackageFact(
            package_name=normalize_python_package_name(name),
            package_version=normalize_python_package_version(version) if version else "",
            index_url=_index_url(entry.index or "", urls),
            develop=develop,
            extras=sorted(map(normalize_extra, entry.extras or ())),
            marker=entry.markers or "",
            hashes=sorted(set(entry.hashes or ())),
        )


def _urls_by_name(sources: list[Source] | None) -> dict[str, str]:
    return {source.name or source.url: normalize_python_index_url(source.url) for source in sources or ()}


def _index_url(name: str, urls: Mapping[str, str]) -> str:
    if "://" in name:
        return normalize_python_index_url(name)
    return urls.get(name, "")


def _text(value: object, path: str) -> str:
    if value is not None and not isinstance(value, str):
        raise SchemaError(f"{path}: expected text, got {value!r}")
    return value or ""
