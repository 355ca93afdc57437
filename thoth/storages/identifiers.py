"""What identifies an environment and a package version; both normalise themselves, so that nothing else has to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from .normalize import (
    normalize_os_name,
    normalize_os_version,
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
)

PackageTuple: TypeAlias = tuple[str, str, str | None]
"""Name, version and index URL; without an index URL, a dependency that was not solved."""

_LONGEST_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Environment:
    """An operating system and a Python; a part that is None stands for any."""

    os_name: str | None = None
    os_version: str | None = None
    python_version: str | None = None

    def __post_init__(self) -> None:
        """Normalise the parts."""
        if self.os_version is not None:
            object.__setattr__(self, "os_version", normalize_os_version(self.os_name, self.os_version))
        if self.os_name is not None:
            object.__setattr__(self, "os_name", normalize_os_name(self.os_name))

    @property
    def is_open(self) -> bool:
        """Whether more than one environment may match."""
        return self.os_name is None or self.os_version is None or self.python_version is None

    def matches(self, other: Environment) -> bool:
        """Tell whether another environment, all of whose parts are given, is one of those that this one names."""
        return (
            self.os_name in (None, other.os_name)
            and self.os_version in (None, other.os_version)
            and self.python_version in (None, other.python_version)
        )


@lru_cache(maxsize=1024)
def environment_of(os_name: str | None, os_version: str | None, python_version: str | None) -> Environment:
    """Return an environment; the same one each time, as a resolver asks thousands of times about one."""
    return Environment(os_name, os_version, python_version)


def package_tuple(package_name: str, package_version: str, index_url: str | None) -> PackageTuple:
    """Return the normalised tuple of a package version."""
    # Remembered, but for texts that are longer than any that mean something: they would fill the memory.
    length = len(package_name) + len(package_version) + len(index_url or "")
    normalized = _normalized if length > _LONGEST_REMEMBERED else _remembered
    return normalized(package_name, package_version, index_url)


def _normalized(package_name: str, package_version: str, index_url: str | None) -> PackageTuple:
    return (
        normalize_python_package_name(package_name),
        normalize_python_package_version(package_version),
        None if index_url is None else normalize_python_index_url(index_url),
    )


_remembered = lru_cache(maxsize=65536)(_normalized)
