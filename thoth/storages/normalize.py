"""One spelling for each name, version, extra, index, operating system and Python version: pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache, wraps

from packaging.utils import canonicalize_name
from packaging.version import Version

_SOLVER_NAME = re.compile(r"solver-(?P<os_name>.+)-(?P<os_version>[^-]+)-py(?P<major>\d)(?P<minor>\d+)")
_LONGEST_REMEMBERED = 500
_MOVED_INDEXES = {"https://pypi.python.org/simple": "https://pypi.org/simple"}


def _remembered(maxsize: int) -> Callable[[Callable[[str], str]], Callable[[str], str]]:
    """Remember answers, but for texts that are longer than any that mean something: they would fill the memory."""

    def decorate(function: Callable[[str], str]) -> Callable[[str], str]:
        remembering = lru_cache(maxsize)(function)

        @wraps(function)
        def call(text: str) -> str:
            return remembering(text) if len(text) <= _LONGEST_REMEMBERED else function(text)

        return call

    return decorate


@_remembered(65536)
def normalize_python_package_name(name: str) -> str:
    """Return the name of a project as PEP 503 writes it: ``PyYAML`` and ``Py_YAML`` are ``pyyaml``, ``py-yaml``."""
    return str(canonicalize_name(name))


def normalize_extra(extra: str) -> str:
    """Return the name of an extra as PEP 685 writes it: like the name of a project."""
    return normalize_python_package_name(extra)


@_remembered(262144)
def normalize_python_package_version(version: str) -> str:
    """Return a version as PEP 440 writes it (``1.0.0-beta`` is ``1.0.0b0``); one that PEP 440 cannot parse stays."""
    try:
        return str(Version(version))
    except ValueError:  # not InvalidVersion alone: Python reads no number of some thousand digits
        return version


@_remembered(1024)
def normalize_python_index_url(url: str) -> str:
    """Return the URL of a package index without trailing slashes, PyPI's former address as the present one."""
    url = url.strip().rstrip("/")
    return _MOVED_INDEXES.get(url, url)


def normalize_os_name(name: str) -> str:
    """Return the name of an operating system in lower case; images named ``ubi`` are ``rhel``."""
    name = name.strip().lower()
    return "rhel" if name == "ubi" else name


def normalize_os_version(os_name: str | None, os_version: str) -> str:
    """Return the version of an operating system; RHEL keeps its major part, within which it is compatible."""
    os_version = os_version.strip()
    if os_name is not None and normalize_os_name(os_name) == "rhel":
        return os_version.split(".", maxsplit=1)[0]
    return os_version


def parse_python_solver_name(solver_name: str) -> dict[str, str]:
    """Tell the environment from the name of a solver.

    Args:
        solver_name: for example ``solver-rhel-8-py38``; the name of the operating system may hold dashes.

    Returns:
        ``{"os_name": "rhel", "os_version": "8", "python_version": "3.8"}``, normalised. The first digit after
        ``py`` is the major version of Python, the rest the minor one: ``py310`` is ``3.10``.

    Raises:
        ValueError: the name does not have that form.

    """
    match = _SOLVER_NAME.fullmatch(solver_name)
    if match is None:
        raise ValueError(f"not the name of a solver (solver-<os name>-<os version>-py<digits>): {solver_name!r}")
    os_name = normalize_os_name(match["os_name"])
    return {
        "os_name": os_name,
        "os_version": normalize_os_version(os_name, match["os_version"]),
        "python_version": f"{match['major']}.{match['minor']}",
    }


@lru_cache(maxsize=262144)
def version_sort_key(version: str) -> tuple[int, Version | str, str]:
    """Return a key that sorts versions as PEP 440 orders them; those that it cannot parse come first, as text."""
    try:
        return (1, Version(version), version)
    except ValueError:
        return (0, version, version)


def versions_newest_first(versions: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return versions with index URLs, newest version first in the order of PEP 440, those of one by index URL."""
    by_index = sorted(versions, key=lambda row: row[1])
    return sorted(by_index, key=lambda row: version_sort_key(row[0]), reverse=True)
