"""Files of releases."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from ...normalize import (
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
)

# Every document counts, in whichever environment: a file that an index once had is known.
_HASHES = text(
    """
    SELECT DISTINCT index.url, artifact.artifact_hash_sha256
    FROM python_release AS release
    JOIN python_package_version AS stored ON stored.python_release_id = release.id
    JOIN python_package_index AS index ON index.id = stored.python_package_index_id
        AND (:index_url IS NULL OR index.url = :index_url)
    JOIN has_artifact ON has_artifact.python_package_version_id = stored.id
    JOIN python_artifact AS artifact ON artifact.id = has_artifact.python_artifact_id
    WHERE release.package_name = :package_name AND release.package_version = :package_version
    ORDER BY 1, 2
    """
)


def get_python_package_version_hashes_sha256(
    session: Session, package_name: str, package_version: str, index_url: str | None = None
) -> list[str]:
    """Return the SHA-256 digests of the files of a release.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.
        index_url: the index that has them; None for any.

    Returns:
        Hexadecimal digests, distinct, sorted.

    """
    rows = _hashes(session, package_name, package_version, index_url)
    return sorted({digest for _, digest in rows})


def get_all_python_package_version_hashes_sha256(
    session: Session, package_name: str, package_version: str
) -> list[tuple[str, str]]:
    """Return the SHA-256 digests of the files of a release on each index.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.

    Returns:
        URLs of indexes with hexadecimal digests, distinct, sorted.

    """
    return _hashes(session, package_name, package_version, None)


def _hashes(session: Session, package_name: str, package_version: str, index_url: str | None) -> list[tuple[str, str]]:
    rows = session.execute(
        _HASHES,
        {
            "package_name": normalize_python_package_name(package_name),
            "package_version": normalize_python_package_version(package_version),
            "index_url": index_url and normalize_python_index_url(index_url),
        },
    )
    return [(url, digest) for url, digest in rows]
