"""Packages of a made-up index: the real ones of the snapshot in ``examples/``, and as many more as are wanted.

The shape is that of a real neighbourhood (the closures of some thirty well-known packages, 327 names): an index lists
up to 60 versions of a package; a release has 2.2 requirements in the mean, none in half of the cases, and 68 at most; a
requirement admits 14 versions in the median, 47 in the ninetieth percentile. What is made up, is drawn from a seed:

* *Versions.* The snapshot has the releases that pip chose at eleven dates. Patch releases after them, and releases
  before them, fill the index.
* *Requirements.* A made-up release takes those of the real release that it follows. A made-up package takes the list
  of a real package as its pattern: as many requirements with the same markers. A third of them go to where the
  pattern's go, so that hubs stay hubs; the others to packages made up before it, in its own neighbourhood of 300, the
  first ones most often. So there are no circles but the real ones, and the closure of a package does not grow with
  the index.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from examples.sample_documents import package_metadata
from examples.sample_documents.environments import RHEL_8
from examples.sample_documents.package_metadata import Release
from examples.sample_documents.runs import evaluate

SNAPSHOT = Path(package_metadata.__file__).resolve().parents[1] / "package-metadata.json.gz"
LARGEST_INDEX = 60
"""Versions of a package, at most."""
NEIGHBOURHOOD = 300
"""Made-up packages that depend on each other and on real ones."""

FIRST = ("jupyterlab", "pandas", "sphinx", "requests", "flask", "boto3", "pytest", "ipykernel", "nbconvert", "notebook")
"""What the first packages are, and what they need."""

_EXTRA = re.compile(r"\bextra\s*==")
_SOLVED = (6, 7, 8)
"""How many of its versions are solved, the newest ones."""
_ADJECTIVES = ("amber", "brisk", "calm", "deep", "eager", "faint", "grand", "hasty", "idle", "jolly", "keen", "lucid")
_NOUNS = ("anchor", "basket", "compass", "drum", "engine", "falcon", "garden", "harbor", "island", "kettle", "meadow")


@dataclass(frozen=True)
class Need:
    """A requirement as it is declared: without an extra, with its marker evaluated."""

    name: str
    """As declared; not always normalised."""
    specifier: str | None
    """None when it is drawn for each release."""
    marker: dict[str, Any]
    """``marker``, ``evaluated``, ``held``, ``error``, ``extra``; see `evaluate`."""

    @property
    def key(self) -> str:
        """Normalised name of what is required."""
        return canonicalize_name(self.name)


@dataclass
class Package:
    """A package on the index."""

    name: str
    versions: list[str]
    """In the order of PEP 440."""
    solved: int
    """How many of the newest are solved."""
    releases: dict[str, Release] = field(default_factory=dict)
    """The real ones, by version."""
    pattern: Release | None = None
    """The real release that a made-up package is like."""
    needs: list[Need] = field(default_factory=list)
    """Requirements of releases that are not real."""

    def solved_versions(self) -> list[str]:
        """Return the versions that are solved, newest last."""
        return self.versions[-self.solved :]

    def release_before(self, version: str) -> Release | None:
        """Return the real release that a version is, or that it follows; the oldest when it follows none."""
        if version in self.releases or not self.releases:
            return self.releases.get(version)
        ordered = sorted(self.releases, key=Version)
        before = [known for known in ordered if Version(known) < Version(version)]
        return self.releases[before[-1] if before else ordered[0]]


class Catalogue:
    """Packages until so many of their versions are solved."""

    def __init__(self, documents: int, seed: int = 0) -> None:
        """Make the packages; the first ones are the same for any number of documents.

        Args:
            documents: how many versions are to be solved.
            seed: what is made up depends on it, and on nothing else.

        """
        self.seed = seed
        self.packages: dict[str, Package] = {}
        self._resolved: dict[tuple[str, str], list[str]] = {}
        releases: dict[str, list[Release]] = {}
        for release in package_metadata.load(SNAPSHOT):
            releases.setdefault(canonicalize_name(release.name), []).append(release)
        self._patterns = [of_one[-1] for of_one in releases.values()]
        self.real = list(releases)
        for name in self._in_order_of_need(releases):
            if self.solved >= documents:
                break
            self._add_real(name, releases.get(name, []))
        number = 0
        while self.solved < documents:
            self._add_made_up(number)
            number += 1
        self._trim(documents)

    @property
    def solved(self) -> int:
        """How many versions are solved."""
        return sum(package.solved for package in self.packages.values()) if self.packages else 0

    def draw(self, *what: object) -> random.Random:
        """Return a source of random numbers for one purpose, so that what is drawn elsewhere does not change it."""
        return random.Random(f"{self.seed}/{'/'.join(map(str, what))}")

    def needs_of(self, package: Package, version: str) -> list[Need]:
        """Return the requirements of a version, all with their specifiers."""
        release = package.release_before(version)
        needs = needs_of(release) if release is not None else package.needs
        if version in package.releases:
            return list(needs)
        # Bounds move with two releases of three, so that neighbours share some of their sets of versions.
        age = (len(package.versions) - package.versions.index(version)) * 2 // 3
        return [
            Need(need.name, self._specifier(package.name, need, number, age), need.marker)
            for number, need in enumerate(needs)
        ]

    def admitted(self, name: str, specifier: str) -> list[str]:
        """Return the versions of a package that a specifier admits, in the order of PEP 440."""
        package = self.packages.get(canonicalize_name(name))
        if package is None:
            return []
        key = (package.name, specifier)
        if key not in self._resolved:
            wanted = SpecifierSet(specifier)
            self._resolved[key] = [version for version in package.versions if _contains(wanted, version)]
        return self._resolved[key]

    def _specifier(self, dependent: str, need: Need, number: int, age: int) -> str:
        """Draw a specifier: mostly a lower bound, of those that admit something."""
        package = self.packages.get(need.key)
        if package is None:
            return need.specifier or ""
        draw = self.draw("specifier", dependent, number, age)
        kind, count = draw.random(), len(package.versions)
        if kind < 0.2:
            return ""
        first = int(count * draw.random() ** 1.5)
        lower = package.versions[first]
        if kind < 0.8:
            return f">={lower}"
        if kind < 0.83:
            return f"=={lower}"
        upper = package.versions[min(count - 1, first + 1 + int((count - first) * draw.random()))]
        return f"<{upper},>={lower}" if upper != lower else f">={lower}"

    def _in_order_of_need(self, releases: dict[str, list[Release]]) -> list[str]:
        """Return the real packages, those that the first ones need before others, so that a few make a whole.

        Some that are needed have no release in the snapshot; theirs are made up.
        """
        needs = {
            name: sorted({need.key for release in of_one for need in needs_of(release)})
            for name, of_one in releases.items()
        }
        ordered: dict[str, None] = {}
        waiting = [name for name in (*FIRST, *releases) if name in releases]
        while waiting:
            name = waiting.pop(0)
            if name not in ordered:
                ordered[name] = None
                waiting = [*needs.get(name, ()), *waiting]
        return list(ordered)

    def _add_real(self, name: str, releases: Sequence[Release]) -> None:
        draw = self.draw("package", name)
        real = {str(Version(release.version)): release for release in releases}
        versions = _index(real or [_first_version(draw)], _size(draw))
        package = Package(releases[0].name if releases else name, versions, draw.choice(_SOLVED), real)
        if not releases:
            package.pattern = self._pattern(draw)
            package.needs = [Need(need.name, None, need.marker) for need in needs_of(package.pattern)]
        self._add(name, package)

    def _add_made_up(self, number: int) -> None:
        name = _made_up_name(number)
        draw = self.draw("package", name)
        pattern = self._pattern(draw)
        start = number - number % NEIGHBOURHOOD
        older = [_made_up_name(other) for other in range(start, number)]
        needs: dict[str, Need] = {}
        for need in needs_of(pattern):
            target = need.name
            if older and draw.random() > 1 / 3:
                target = older[int(len(older) * draw.random() ** 3)]
            needs.setdefault(target, Need(target, None, need.marker))
        versions = _index([_first_version(draw)], _size(draw))
        self._add(name, Package(name, versions, draw.choice(_SOLVED), pattern=pattern, needs=list(needs.values())))

    def _pattern(self, draw: random.Random) -> Release:
        """Draw a real release; those with many requirements are drawn more often, as the snapshot has few of them."""
        chosen = draw.choice(self._patterns)
        if draw.random() < 0.4:
            chosen = max(chosen, draw.choice(self._patterns), key=lambda release: len(needs_of(release)))
        return chosen

    def _add(self, name: str, package: Package) -> None:
        package.solved = min(package.solved, len(package.versions))
        self.packages[name] = package

    def _trim(self, documents: int) -> None:
        """Let the last package have fewer versions that are solved, so that the number is what was asked for."""
        if self.packages:
            last = next(reversed(self.packages.values()))
            last.solved -= self.solved - documents


def _made_up_name(number: int) -> str:
    adjective, noun = _ADJECTIVES[number % len(_ADJECTIVES)], _NOUNS[number // len(_ADJECTIVES) % len(_NOUNS)]
    return f"{adjective}-{noun}-{number}"


def needs_of(release: Release) -> list[Need]:
    """Return the requirements of a real release, those of extras left out."""
    return list(_needs(tuple(release.requires_dist)))


@cache
def _needs(requires_dist: tuple[str, ...]) -> list[Need]:
    needs = []
    for text in requires_dist:
        if _EXTRA.search(text):
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        specifier = ",".join(sorted(str(part) for part in requirement.specifier))
        needs.append(Need(requirement.name, specifier, _evaluated(str(requirement.marker or ""))))
    return needs


@cache
def _evaluated(marker: str) -> dict[str, Any]:
    return evaluate(Marker(marker) if marker else None, RHEL_8.markers())


@cache
def _parsed(version: str) -> Version:
    return Version(version)


def _contains(specifier: SpecifierSet, version: str) -> bool:
    return specifier.contains(_parsed(version), prereleases=True)


def _size(draw: random.Random) -> int:
    """Draw how many versions of a package the index lists."""
    kind = draw.random()
    if kind < 0.2:
        return draw.randint(3, 15)
    return draw.randint(15, 50) if kind < 0.65 else LARGEST_INDEX


def _first_version(draw: random.Random) -> str:
    return f"{draw.choice((0, 0, 1, 1, 2, 3, 4, 5))}.{draw.randint(1, 20)}.0"


def _index(real: Sequence[str] | dict[str, Release], size: int) -> list[str]:
    """Return the versions that the index lists: the given ones, patch releases after them, releases before them."""
    ordered = sorted(real, key=Version)
    versions = set(ordered)
    for patch in range(1, 6):
        for version, following in zip(ordered, [*ordered[1:], None], strict=True):
            major, minor, micro = (*Version(version).release, 0, 0)[:3]
            next_one = f"{major}.{minor}.{micro + patch}"
            if len(versions) < size and (following is None or Version(next_one) < Version(following)):
                versions.add(next_one)
    for version in _older(Version(ordered[0])):
        if len(versions) >= size:
            break
        versions.add(version)
    return sorted(versions, key=Version)


def _older(oldest: Version) -> Iterator[str]:
    """Yield versions before one, the newest first."""
    major, minor = (*oldest.release, 0)[:2]
    while (major, minor) > (0, 1):
        minor -= 1
        if minor < 0:
            major, minor = major - 1, 9
        for micro in (2, 1, 0):
            yield f"{major}.{minor}.{micro}"
