"""Files of releases, and what package-analyzer found inside them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from ...exceptions import NotFoundError
from ...identifiers import package_tuple
from ...normalize import (
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
)
from ..filters import page_parameters
from ..sessions import ReadSession
from .wanted import package_row

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

LATEST_PACKAGE_ANALYSIS = """
    SELECT run.id FROM python_release AS release
    JOIN package_analyzer_run AS run ON run.python_release_id = release.id
    JOIN python_package_index AS index ON index.id = run.python_package_index_id
    WHERE release.package_name = :package_name AND release.package_version = :package_version
        AND index.url = :index_url AND NOT run.package_analyzer_error
    ORDER BY run.datetime DESC, run.document_id DESC
    LIMIT 1
"""
"""SQL for the latest analysis of a release on an index that did not fail."""

_REQUIRED_SYMBOLS = text(
    f"""
    WITH package AS MATERIALIZED ({LATEST_PACKAGE_ANALYSIS})
    SELECT ARRAY(
        SELECT DISTINCT symbol.symbol FROM requires_symbol AS required
        JOIN versioned_symbol AS symbol ON symbol.id = required.versioned_symbol_id
        WHERE required.package_analyzer_run_id = package.id
        ORDER BY symbol.symbol
    )
    FROM package
    """
)
_UNANALYZED = text(
    """
    SELECT release.package_name, release.package_version, index.url
    FROM (
        SELECT python_release_id, python_package_index_id FROM python_package_version
        UNION
        SELECT python_release_id, python_package_index_id FROM python_package_version_entity
        EXCEPT
        SELECT python_release_id, python_package_index_id FROM package_analyzer_run
    ) AS known
    JOIN python_release AS release ON release.id = known.python_release_id
    JOIN python_package_index AS index ON index.id = known.python_package_index_id
    WHERE release.package_version IS NOT NULL
    ORDER BY release.package_name, release.package_version, index.url
    OFFSET :start_offset LIMIT :count
    """
)
_PACKAGE_ANALYSES = text("SELECT document_id FROM package_analyzer_run WHERE document_id = ANY(:document_ids)")


def get_python_package_version_hashes_sha256(
    session: ReadSession, package_name: str, package_version: str, index_url: str | None = None
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
    session: ReadSession, package_name: str, package_version: str
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


def get_python_package_required_symbols(
    session: ReadSession, package_name: str, package_version: str, index_url: str
) -> list[str]:
    """Return the versioned symbols that binaries in the files of a release need, as the latest analysis found them.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.
        index_url: the index that it is on.

    Returns:
        Symbols, for example ``GLIBC_2.17``, distinct, sorted; empty when there is no binary that needs any.

    Raises:
        NotFoundError: it was never analysed, or each time in vain.

    """
    symbols: list[str] | None = session.scalar(
        _REQUIRED_SYMBOLS, package_analysis_parameters(package_name, package_version, index_url)
    )
    if symbols is None:
        raise without_package_analysis(package_name, package_version, index_url)
    return list(symbols)


def retrieve_unanalyzed_python_package_versions(
    session: ReadSession, start_offset: int = 0, count: int = 100
) -> list[dict[str, str]]:
    """Return a page of the releases on an index that solvers or announcements know and nobody analysed.

    Args:
        session: an open session.
        start_offset: how many come before the page.
        count: how many are on the page.

    Returns:
        ``package_name``, ``package_version`` and ``index_url`` of each, in this order as text. One that was analysed
        in vain is left out, so that it is not tried again and again.

    Raises:
        ValueError: a number is negative.

    """
    rows = session.execute(_UNANALYZED, page_parameters(start_offset, count))
    return [{"package_name": name, "package_version": version, "index_url": url} for name, version, url in rows]


def package_analysis_document_ids_in(session: ReadSession, document_ids: Iterable[str]) -> set[str]:
    """Return those of some package analyses that are in the graph, in one statement for all."""
    return set(session.scalars(_PACKAGE_ANALYSES, {"document_ids": list(document_ids)}))


def package_analysis_document_id_exist(session: ReadSession, document_id: str) -> bool:
    """Tell whether a package analysis is in the graph."""
    return bool(package_analysis_document_ids_in(session, [document_id]))


def package_analysis_parameters(package_name: str, package_version: str, index_url: str) -> dict[str, str | None]:
    """Return the parameters of `LATEST_PACKAGE_ANALYSIS`."""
    return package_row(package_tuple(package_name, package_version, index_url))


def without_package_analysis(package_name: str, package_version: str, index_url: str) -> NotFoundError:
    """Return the error that says that a release was never analysed."""
    return NotFoundError(f"{package_name} {package_version} from {index_url} was never analysed, or each time in vain")


def _hashes(
    session: ReadSession, package_name: str, package_version: str, index_url: str | None
) -> list[tuple[str, str]]:
    rows = session.execute(
        _HASHES,
        {
            "package_name": normalize_python_package_name(package_name),
            "package_version": normalize_python_package_version(package_version),
            "index_url": index_url and normalize_python_index_url(index_url),
        },
    )
    return [(url, digest) for url, digest in rows]
