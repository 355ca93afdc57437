"""Where releases are in a graph cache file that is being written: some ten bytes each, as there may be millions."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from ..exceptions import CacheFileError
from .cache_format import MAX_VERSIONS


class ReleasePlaces:
    """Packages and positions of releases by their ids in the database, and in which environments they were asked about.

    That is told first; then packages come in the order of their ids in the file.
    """

    def __init__(self) -> None:
        """Know none."""
        self._packages = array("I")
        self._positions = array("H")
        self._releases = array("I")
        """Ids of releases, in the order of packages and positions."""
        self._starts = array("I", [0])
        """For each package, the number of its first release, and the end."""
        self._asked: dict[int, bytearray] = {}

    def __len__(self) -> int:
        """Return how many releases have a place."""
        return len(self._releases)

    @property
    def packages(self) -> range:
        """The ids of the packages."""
        return range(1, len(self._starts))

    def ask(self, environment: int, releases: Iterable[int]) -> None:
        """Note that the database was asked about releases in an environment."""
        asked = self._asked.setdefault(environment, bytearray())
        listed = list(releases)
        asked.extend(bytes(max(0, max(listed, default=-1) + 1 - len(asked))))
        for release in listed:
            asked[release] = 1

    def add_package(self, name: str, releases: Sequence[int]) -> int:
        """Give places to the releases of a package, in the order of its versions; return the id of the package.

        Raises:
            CacheFileError: there are too many versions.

        """
        if len(releases) > MAX_VERSIONS:
            raise CacheFileError(f"{name} has {len(releases)} versions, a cache file can hold {MAX_VERSIONS}")
        package_id = len(self._starts)
        more = max(releases, default=-1) + 1 - len(self._packages)
        if more > 0:
            self._packages.frombytes(bytes(more * self._packages.itemsize))
            self._positions.frombytes(bytes(more * self._positions.itemsize))
        for position, release in enumerate(releases):
            self._packages[release], self._positions[release] = package_id, position
        self._releases.extend(releases)
        self._starts.append(len(self._releases))
        return package_id

    def count(self, package_id: int) -> int:
        """Return how many versions a package has."""
        return self._starts[package_id] - self._starts[package_id - 1]

    def environments_of(self, releases: Iterable[int]) -> list[int]:
        """Return the environments in which the database was asked about one of some releases, sorted."""
        listed = list(releases)
        return [
            environment
            for environment, asked in sorted(self._asked.items())
            if any(release < len(asked) and asked[release] for release in listed)
        ]

    def asked(self, package_id: int, environment: int) -> set[int]:
        """Return the positions of the versions of a package that the database was asked about in an environment."""
        asked = self._asked.get(environment, b"")
        releases = self._releases[self._starts[package_id - 1] : self._starts[package_id]]
        return {position for position, release in enumerate(releases) if release < len(asked) and asked[release]}

    def place(self, release: int) -> tuple[int, int]:
        """Return package and position of a release."""
        return self._packages[release], self._positions[release]
