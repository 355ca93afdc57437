"""Announcement of package versions, solved or not."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ...normalize import (
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
)
from ..models import PythonPackageIndex, PythonPackageVersionEntity, PythonRelease
from ..upsert import encode, ids_for, recordset
from .writers import share_with_writers

EntityRow = tuple[str, str | None, str | None]
"""Name, version and index URL."""

_COLUMNS = ("python_release_id", "python_package_index_id")
_INSERT_ENTITIES = text(
    f"""
    INSERT INTO python_package_version_entity ({", ".join(_COLUMNS)})
    SELECT {", ".join(_COLUMNS)} FROM {recordset(PythonPackageVersionEntity, _COLUMNS)}
    WHERE NOT EXISTS (
        SELECT FROM python_package_version_entity AS stored
        WHERE stored.python_release_id = wanted.python_release_id
            AND stored.python_package_index_id IS NOT DISTINCT FROM wanted.python_package_index_id
    )
    ORDER BY {", ".join(_COLUMNS)}
    ON CONFLICT DO NOTHING
    RETURNING id
    """
)
_NAMES_SEEN = text("SELECT DISTINCT package_name FROM python_release WHERE package_name = ANY(:names)")


def create_python_package_version_entity(
    session: Session,
    package_name: str,
    package_version: str | None = None,
    index_url: str | None = None,
    only_if_package_seen: bool = False,
) -> tuple[PythonPackageVersionEntity, bool] | None:
    """Announce a package version, so that it is known and can be solved.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version; None when only the name is known.
        index_url: the index that has it; one that is not registered is registered, disabled. None when not known.
        only_if_package_seen: only when the name of the package is known already.

    Returns:
        The entity, and whether it existed; None when the name was never seen and has to be.

    """
    created = _create_entities(session, [(package_name, package_version, index_url)], only_if_package_seen)
    if created is None:
        return None
    (release_id, index_id), new = created
    entity = session.scalars(
        select(PythonPackageVersionEntity)
        .where(PythonPackageVersionEntity.python_release_id == release_id)
        .where(PythonPackageVersionEntity.python_package_index_id.is_not_distinct_from(index_id))
    ).one()
    return entity, new == 0


def create_python_package_version_entities(
    session: Session, rows: Iterable[EntityRow], only_if_package_seen: bool = False
) -> int:
    """Announce package versions: the bulk form of `create_python_package_version_entity`.

    Args:
        session: an open session.
        rows: names, versions and index URLs; the last two may be None.
        only_if_package_seen: only those whose name is known already.

    Returns:
        How many were new.

    """
    created = _create_entities(session, rows, only_if_package_seen)
    return 0 if created is None else created[1]


def _create_entities(
    session: Session, rows: Iterable[EntityRow], only_if_package_seen: bool
) -> tuple[tuple[int, int | None], int] | None:
    """Return the ids of release and index of the first row and the number of new rows, or None when none is left."""
    share_with_writers(session)
    wanted = dict.fromkeys(
        (
            normalize_python_package_name(name),
            None if version is None else normalize_python_package_version(version),
            None if url is None else normalize_python_index_url(url),
        )
        for name, version, url in rows
    )
    if only_if_package_seen and wanted:
        names = sorted({name for name, _, _ in wanted})
        seen = set(session.scalars(_NAMES_SEEN, {"names": names}))
        wanted = dict.fromkeys(row for row in wanted if row[0] in seen)
    if not wanted:
        return None
    urls = sorted({url for _, _, url in wanted if url is not None})
    index_ids = dict(zip(urls, ids_for(session, PythonPackageIndex, [{"url": url} for url in urls]), strict=True))
    releases = list(dict.fromkeys((name, version) for name, version, _ in wanted))
    rows_of_releases = [{"package_name": name, "package_version": version} for name, version in releases]
    release_ids = dict(zip(releases, ids_for(session, PythonRelease, rows_of_releases), strict=True))
    keys = [(release_ids[name, version], None if url is None else index_ids[url]) for name, version, url in wanted]
    new = session.execute(
        _INSERT_ENTITIES, {"rows": encode(dict(zip(_COLUMNS, key, strict=True)) for key in keys)}
    ).all()
    return keys[0], len(new)
