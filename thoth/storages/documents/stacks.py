"""Software stacks as documents hold them: the content of a ``Pipfile`` and of a ``Pipfile.lock``.

Form: https://github.com/pypa/pipfile
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

import msgspec

from ..exceptions import SchemaError
from ..normalize import (
    normalize_extra,
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
)
from .base import Interned, convert

F = TypeVar("F", "RequirementFact", "LockedPackageFact")

# Nothing is given back ("+" after a quantifier): long runs of blanks would be divided in all ways between the two.
_PIN = re.compile(r"\s*+=*+\s*+(?P<version>[^\s=<>~,;*]++)\s*+")


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

    packages: dict[str, Any] | None = None
    dev_packages: dict[str, Any] | None = None
    source: list[Source] | None = None
    requires: Requires | None = None


class Entry(msgspec.Struct, frozen=True):
    """A package of a ``Pipfile``."""

    version: str | None = None
    index: str | None = None
    extras: list[str] | None = None
    markers: str | None = None


class LockMeta(msgspec.Struct, frozen=True):
    """``_meta`` of a ``Pipfile.lock``."""

    sources: list[Source] | None = None


class LockedEntry(Entry, frozen=True):
    """A package of a ``Pipfile.lock``."""

    hashes: list[str] | None = None


class PipfileLock(msgspec.Struct, frozen=True):
    """The content of a ``Pipfile.lock``."""

    default: dict[str, Any] | None = None
    develop: dict[str, Any] | None = None
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
    """In the order of the file."""
    other_fields: str = "{}"
    """A JSON object: sections such as ``pipenv``, which says whether pre-releases are allowed."""


class LockedPackageFact(msgspec.Struct, frozen=True, order=True):
    """A locked package, normalised."""

    package_name: str
    package_version: str
    """Empty when it is not pinned, as for packages from a repository."""
    index_url: str
    """Empty when it cannot be told."""
    develop: bool
    extras: list[str]
    marker: str
    """Empty when there is none."""
    hashes: list[str]
    other_fields: str = "{}"
    """A JSON object, which tells for example the repository and its revision."""


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
    urls = _urls_by_name(pipfile.source, f"{path}.source")
    requires = pipfile.requires or Requires()
    return RequirementsFact(
        requirements=_distinct(
            [
                *_requirements(pipfile.packages, urls, False, f"{path}.packages"),
                *_requirements(pipfile.dev_packages, urls, True, f"{path}.dev-packages"),
            ]
        ),
        python_version=requires.python_version or requires.python_full_version or None,
        index_urls=list(dict.fromkeys(urls.values())),
        other_fields=_other_fields(value, Pipfile),
    )


def pinned_version(specifier: str | None) -> str | None:
    """Return the version that a specifier such as ``==1.0.2`` pins, normalised, or None when it does not pin one."""
    match = _PIN.fullmatch(specifier or "")
    return normalize_python_package_version(match["version"]) if match else None


def _requirements(
    packages: Mapping[str, Any] | None, urls: Mapping[str, str], develop: bool, path: str
) -> Iterator[RequirementFact]:
    for name, value in (packages or {}).items():
        if value is not None and not isinstance(value, (str, Mapping)):
            raise SchemaError(f"{path}.{name}: expected text or an object, got {type(value).__name__}")
        fields = value if isinstance(value, Mapping) else {"version": value}
        entry = convert(fields, Entry, f"{path}.{name}")
        index_url = _index_url(entry.index or "", urls)
        yield RequirementFact(
            package_name=_package_name(name, path),
            specifier=(entry.version or "").strip() or "*",
            extras=_extras(entry),
            marker=entry.markers or "",
            develop=develop,
            index_url=index_url,
            other_fields=_other_fields(fields, Entry, index=None if index_url else entry.index),
        )


def _read_lock(value: object, path: str) -> LockFact | None:
    if value is None:
        return None
    lock = convert(value, PipfileLock, path)
    urls = _urls_by_name(lock.meta.sources if lock.meta else None, f"{path}._meta.sources")
    packages = [
        *_locked(lock.default, urls, False, f"{path}.default"),
        *_locked(lock.develop, urls, True, f"{path}.develop"),
    ]
    return LockFact(packages=_distinct(packages))


def _locked(
    entries: Mapping[str, Any] | None, urls: Mapping[str, str], develop: bool, path: str
) -> Iterator[LockedPackageFact]:
    sources = set(urls.values())
    only_url = next(iter(sources)) if len(sources) == 1 else ""
    for name, value in (entries or {}).items():
        fields = {} if value is None else value
        entry = convert(fields, LockedEntry, f"{path}.{name}")
        version = pinned_version(entry.version)
        index_url = _index_url(entry.index or "", urls)
        unread = {
            "index": None if index_url else entry.index,
            "version": None if version else entry.version,
        }
        if version and not entry.index:
            index_url = only_url
        yield LockedPackageFact(
            package_name=_package_name(name, path),
            package_version=version or "",
            index_url=index_url,
            develop=develop,
            extras=_extras(entry),
            marker=entry.markers or "",
            hashes=sorted({digest.lower() for digest in entry.hashes or () if digest}),
            other_fields=_other_fields(fields, LockedEntry, **unread),
        )


def _distinct(facts: Iterable[F]) -> list[F]:
    """Return facts in order, each once: two spellings of one name say it once."""
    return [fact for fact, _ in groupby(sorted(facts))]


def _package_name(name: str, path: str) -> str:
    if not name.strip():
        raise SchemaError(f"{path}: a package without a name")
    return normalize_python_package_name(name.strip())


def _extras(entry: Entry) -> list[str]:
    return sorted({normalize_extra(extra) for extra in entry.extras or () if extra})


def _other_fields(fields: object, kind: type[msgspec.Struct], **unread: str | None) -> str:
    """Return as JSON what an object says beside the fields of a struct, and those fields that could not be read."""
    others = {**fields, **unread} if isinstance(fields, Mapping) else unread
    known = set(kind.__struct_encode_fields__) - {*unread}
    said = {name: value for name, value in others.items() if name not in known and value not in (None, "")}
    return msgspec.json.encode(said, order="deterministic").decode()


def _urls_by_name(sources: list[Source] | None, path: str) -> dict[str, str]:
    urls = {}
    for number, source in enumerate(sources or ()):
        url = normalize_python_index_url(source.url)
        if not url:
            raise SchemaError(f"{path}[{number}].url: empty")
        urls[source.name or source.url] = url
    return urls


def _index_url(name: str, urls: Mapping[str, str]) -> str:
    if "://" in name:
        return normalize_python_index_url(name)
    return urls.get(name, "")
