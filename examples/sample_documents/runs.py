"""What a solver finds out about a release: requirements, whether their markers hold, the versions they admit."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from .environments import Solver, utc
from .package_metadata import INDEX_URL, Release

_EXTRA = re.compile(r"""extra\s*==\s*(?P<quote>["'])(?P<name>.*?)(?P=quote)""")
# What the solver puts in the place of a condition on an extra, so that the rest of a marker can be evaluated.
_ALWAYS = 'python_version >= "0.0"'
_QUOTED = re.compile(r'"[^"]*"')
_OPERATORS = {"and", "or", "in", "not"}
# Since this day thoth-solver asks for a version by ``===``.
_ARBITRARY_EQUALITY = utc("2020-01-02")
SEED = "thoth-storages sample documents 1"


def draw(*what: str) -> int:
    """Return a large number that depends on the seed and on what it is for, on nothing else."""
    return int(hashlib.sha256("\n".join((SEED, *what)).encode()).hexdigest(), 16)


@dataclass(frozen=True)
class Dependency:
    """A declared requirement of a release, evaluated in an environment and resolved on indexes.

    ``held`` says whether the marker held, null when it could not be evaluated (``error`` says why).
    """

    name: str
    specifier: str | None
    extras: list[str]
    extra: list[str]
    marker: str | None
    evaluated: str | None
    held: bool | None
    error: str | None
    resolved: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Entry:
    """A release that was solved on an index. ``requested``: how the request wrote the version, if otherwise."""

    release: Release
    index_url: str
    dependencies: list[Dependency]
    requested: str | None = None


@dataclass(frozen=True)
class Failure:
    """A release that could not be installed, or not be inspected once it was."""

    package_name: str
    package_version: str
    index_url: str
    kind: str = "command_error"
    reason: str = ""
    return_code: int = 1
    is_provided_package: bool = True
    is_provided: bool = True


@dataclass(frozen=True)
class Unresolved:
    """A requirement without any version on the index."""

    package_name: str
    version_spec: str
    index_url: str = INDEX_URL
    is_provided_package: bool = True


@dataclass(frozen=True)
class Run:
    """One run of a solver: what was asked for, when, and everything that came of it."""

    solver: Solver
    started: datetime
    requirements: list[str]
    tree: list[Entry] = field(default_factory=list)
    errors: list[Failure] = field(default_factory=list)
    unresolved: list[Unresolved] = field(default_factory=list)
    unparsed: list[tuple[str, str]] = field(default_factory=list)
    index_urls: tuple[str, ...] = (INDEX_URL,)
    transitive: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this run from all others."""
        return (self.solver.name, self.started.isoformat(), *self.requirements, *self.index_urls)


class Index:
    """A package index as of a day: the releases of the snapshot that were on it by then."""

    def __init__(self, url: str, releases: Iterable[Release], day: date) -> None:
        """Take the releases that were on the index by the day."""
        self.url = url
        self._versions: dict[str, list[str]] = defaultdict(list)
        for release in releases:
            if date.fromisoformat(release.chosen[0]) <= day:
                self._versions[canonicalize_name(release.name)].append(release.version)

    def versions(self, name: str, specifier: SpecifierSet) -> list[str]:
        """Return the versions of a package that a specifier admits, sorted as text, as the solver does."""
        return sorted(v for v in self._versions[canonicalize_name(name)] if specifier.contains(v, prereleases=True))


def evaluate(marker: Marker | None, variables: dict[str, str]) -> dict[str, Any]:
    """Evaluate a marker as the solver does: a condition on an extra is told apart and taken to hold.

    Returns:
        The fields ``extra``, ``marker``, ``evaluated``, ``held``, ``error`` of a :class:`Dependency`.

    """
    if marker is None:
        return {"extra": [], "marker": None, "evaluated": None, "held": True, "error": None}
    # Newer releases of packaging write the name of an extra normalised, older ones as it was declared.
    text = _EXTRA.sub(lambda found: f'extra == "{canonicalize_name(found["name"])}"', str(marker))
    evaluated = _EXTRA.sub(_ALWAYS, text)
    answer = {"extra": [found["name"] for found in _EXTRA.finditer(text)], "marker": text, "evaluated": evaluated}
    unknown = sorted(set(re.findall(r"[a-z_]+", _QUOTED.sub("", evaluated))) - _OPERATORS - set(variables))
    if unknown:
        return {**answer, "held": None, "error": f"{unknown[0]!r} does not exist in evaluation environment."}
    return {**answer, "held": Marker(evaluated).evaluate(variables), "error": None}


def dependencies(release: Release, solver: Solver, indexes: Iterable[Index]) -> list[Dependency]:
    """Return every declared requirement of a release, evaluated and resolved."""
    found = []
    for text in release.requires_dist:
        requirement = Requirement(text)
        found.append(
            Dependency(
                name=requirement.name,
                specifier=",".join(sorted(str(s) for s in requirement.specifier)) or None,
                extras=sorted(requirement.extras),
                resolved=[(index.url, index.versions(requirement.name, requirement.specifier)) for index in indexes],
                **evaluate(requirement.marker, solver.markers()),
            )
        )
    return found


def installs(release: Release, solver: Solver) -> bool:
    """Tell whether a release takes the solver's Python (``Requires-Python``)."""
    return SpecifierSet(release.requires_python or "").contains(solver.python, prereleases=True)


def solve(
    release: Release,
    solver: Solver,
    started: datetime,
    indexes: list[Index],
    requested: str | None = None,
) -> Run:
    """Run a solver on one release.

    Args:
        release: what to solve.
        solver: where.
        started: when.
        indexes: where versions are looked for; the release is taken from each.
        requested: the version as the request writes it, when not as the release does.

    """
    pin = "===" if started >= _ARBITRARY_EQUALITY else "=="
    request = [f"{release.name}{pin}{requested or release.version}"]
    urls = tuple(index.url for index in indexes)
    if not installs(release, solver):
        reason = f"{release.name} {release.version} requires a different Python: {solver.python} not in "
        failures = [
            Failure(release.name, release.version, url, reason=f"{reason}{release.requires_python!r}") for url in urls
        ]
        return Run(solver, started, request, errors=failures, index_urls=urls)
    found = dependencies(release, solver, indexes)
    return Run(solver, started, request, [Entry(release, url, found, requested) for url in urls], index_urls=urls)
