"""Sets of versions: interned by content, together with the releases that they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ...documents.solver import Requirement
from ..known_ids import known_ids
from ..models import PythonRelease, VersionSet
from ..upsert import encode, ids_for, recordset
from .lookup import known_or_new_ids

_PRESENT = text(
    f"""
    SELECT n, stored.id
    FROM {recordset(VersionSet, ("digest",))} JOIN version_set AS stored ON stored.digest = wanted.digest
    """
)


def version_set_digest(package_name: str, versions: Iterable[str]) -> bytes:
    """Return what identifies a set of versions of a project: the same in every database.

    Args:
        package_name: normalised.
        versions: normalised, sorted, distinct. Neither holds a NUL character.

    """
    return hashlib.sha256("".join(f"{part}\0" for part in (package_name, *versions)).encode()).digest()


class VersionSets:
    """The sets of versions that some requirements admit."""

    def __init__(self, session: Session, requirements: Iterable[Sequence[Requirement]]) -> None:
        """Collect the sets; nothing is read or written yet."""
        self._session = session
        self._digests: dict[tuple[str, tuple[str, ...]], bytes] = {}
        self._ids: dict[bytes, int] = {}
        for of_one_package in requirements:
            for requirement in of_one_package:
                content = (requirement.package_name, requirement.versions)
                if content not in self._digests:
                    self._digests[content] = version_set_digest(*content)

    def id_of(self, requirement: Requirement) -> int:
        """Return the id of the set that a requirement admits, after `resolve`."""
        return self._ids[self._digests[requirement.package_name, requirement.versions]]

    def resolve(self, releases: Iterable[tuple[str, str]]) -> dict[Any, int]:
        """Insert the sets that are missing, with their releases and those given: three statements at most.

        Args:
            releases: names and versions that are needed beside those in the sets.

        Returns:
            Ids of releases by name and version: those given, and those of the sets that were missing.

        """
        missing = self._missing()
        wanted = dict.fromkeys(releases)
        wanted.update(dict.fromkeys((name, version) for name, versions in missing for version in versions))
        release_ids = known_or_new_ids(
            self._session,
            PythonRelease,
            ({"package_name": name, "package_version": version} for name, version in wanted),
        )
        if missing:
            rows = [
                {
                    "package_name": name,
                    "digest": digest,
                    "python_release_ids": sorted(release_ids[name, version] for version in versions),
                }
                for (name, versions), digest in missing.items()
            ]
            self._learn(list(missing.values()), ids_for(self._session, VersionSet, rows))
        return release_ids

    def _missing(self) -> dict[tuple[str, tuple[str, ...]], bytes]:
        """Return the sets that are not in the database; ids of the others are learnt."""
        known = known_ids(self._session)
        unknown: dict[tuple[str, tuple[str, ...]], bytes] = {}
        for content, digest in self._digests.items():
            id_ = known.get(VersionSet.__tablename__, digest)
            if id_ is None:
                unknown[content] = digest
            else:
                self._ids[digest] = id_
        if not unknown:
            return {}
        digests = list(unknown.values())
        rows = encode({"digest": digest} for digest in digests)
        present = {digests[n - 1]: id_ for n, id_ in self._session.execute(_PRESENT, {"rows": rows})}
        self._learn(list(present), list(present.values()))
        return {content: digest for content, digest in unknown.items() if digest not in present}

    def _learn(self, digests: Sequence[bytes], ids: Sequence[int]) -> None:
        self._ids.update(zip(digests, ids, strict=True))
        known_ids(self._session).learn(VersionSet.__tablename__, digests, ids)
