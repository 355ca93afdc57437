"""Sets of versions: interned by content, together with the releases that they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...documents.solver import Requirement
from ..models import VersionSet
from .lookup import Ids, Named

Release = tuple[str, str]


def version_set_digest(package_name: str, versions: Iterable[str]) -> bytes:
    """Return what identifies a set of versions of a project: the same in every database.

    Args:
        package_name: normalised.
        versions: normalised, sorted, distinct. Neither holds a NUL character.

    """
    return hashlib.sha256("".join(f"{part}\0" for part in (package_name, *versions)).encode()).digest()


class VersionSets:
    """The sets of versions that some requirements admit.

    Which are in is asked first, as the releases of those need not be looked up; then come the releases of the others,
    and then those sets.
    """

    def __init__(self, requirements: Iterable[Sequence[Requirement]]) -> None:
        """Collect the sets."""
        self._digests: dict[tuple[str, tuple[str, ...]], bytes] = {}
        self._ids: Ids = {}
        for of_one_package in requirements:
            for requirement in of_one_package:
                content = (requirement.package_name, requirement.versions)
                if content not in self._digests:
                    self._digests[content] = version_set_digest(*content)

    def digests(self) -> Named:
        """Return what is asked first; `learn` takes the answer."""
        rows = ({"digest": digest} for digest in self._digests.values())
        return Named(VersionSet, rows, insert=False)

    def releases(self) -> Iterator[Release]:
        """Yield names and versions in the sets that are missing; they may repeat."""
        for (name, versions), _ in self._missing():
            for version in versions:
                yield name, version

    def new(self, release_ids: Mapping[Hashable, int]) -> Named:
        """Return the sets that are missing; `learn` takes the answer.

        Args:
            release_ids: ids of what `releases` yields, by name and version.

        """
        return Named(VersionSet, self._rows(release_ids))

    def learn(self, ids: Ids) -> None:
        """Take ids by digest."""
        self._ids.update(ids)

    def id_of(self, requirement: Requirement) -> int:
        """Return the id of the set that a requirement admits, which was learnt."""
        return self._ids[self._digests[requirement.package_name, requirement.versions]]

    def _missing(self) -> Iterator[tuple[tuple[str, tuple[str, ...]], bytes]]:
        for content, digest in self._digests.items():
            if digest not in self._ids:
                yield content, digest

    def _rows(self, release_ids: Mapping[Hashable, int]) -> Iterator[dict[str, Any]]:
        for (name, versions), digest in self._missing():
            yield {
                "package_name": name,
                "digest": digest,
                "python_release_ids": sorted(release_ids[name, version] for version in versions),
            }
