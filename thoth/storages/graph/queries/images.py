"""Container images: environments, their analyses, and what was found in them.

An environment is analysed again when its image was built anew. What is asked of an environment is answered by its
latest analysis; what is asked of images is answered for each analysis, as each may be of another image.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, text

from ...documents.analysis import read_analysis_document
from ...exceptions import NotFoundError
from ...normalize import normalize_python_package_name, normalize_python_package_version
from ..filters import page_parameters
from ..sessions import ReadSession
from .artifacts import LATEST_PACKAGE_ANALYSIS, package_analysis_parameters, without_package_analysis

_RUNTIME, _BUILDTIME = "RUNTIME", "BUILDTIME"

_IS_OF_KIND = """
    environment.environment_type = :environment_type
    AND (CAST(:is_external AS boolean) IS NULL OR environment.is_external = :is_external)
"""
_ENVIRONMENTS = text(
    f"""
    SELECT DISTINCT environment.environment_name FROM software_environment AS environment
    WHERE environment.environment_name IS NOT NULL AND {_IS_OF_KIND}
    ORDER BY environment.environment_name
    OFFSET :start_offset LIMIT :count
    """
)
# One row without an analysis, when the environment is known and the page is empty.
_ANALYSES = text(
    f"""
    WITH named AS (
        SELECT id FROM software_environment AS environment
        WHERE environment.environment_name = :environment_name AND {_IS_OF_KIND}
    )
    SELECT page.datetime, page.document_id, page.package_extract_name, page.package_extract_version
    FROM (SELECT WHERE EXISTS (SELECT FROM named)) AS known LEFT JOIN (
        SELECT datetime, document_id, package_extract_name, package_extract_version
        FROM package_extract_run WHERE software_environment_id IN (SELECT id FROM named)
        ORDER BY datetime DESC, document_id DESC
        OFFSET :start_offset LIMIT :count
    ) AS page ON true
    ORDER BY page.datetime DESC, page.document_id DESC
    """
)
_ANALYSIS = text(
    """
    SELECT datetime, document_id, package_extract_name, package_extract_version
    FROM package_extract_run WHERE document_id = :document_id
    """
)
_COUNT = text("SELECT count(*) FROM package_extract_run")
_DOCUMENTS = text("SELECT document_id FROM package_extract_run WHERE document_id = ANY(:document_ids)")

_LATEST_ANALYSIS = """
    SELECT run.id FROM package_extract_run AS run
    JOIN software_environment AS environment ON environment.id = run.software_environment_id
    WHERE environment.environment_name = :environment_name
    ORDER BY run.datetime DESC, run.document_id DESC
    LIMIT 1
"""
_OFFERED = """
    SELECT symbol.symbol FROM detected_symbol AS detected
    JOIN versioned_symbol AS symbol ON symbol.id = detected.versioned_symbol_id
    WHERE detected.package_extract_run_id = (SELECT id FROM image)
"""
_REQUIRED = """
    SELECT symbol.symbol FROM requires_symbol AS required
    JOIN versioned_symbol AS symbol ON symbol.id = required.versioned_symbol_id
    WHERE required.package_analyzer_run_id = (SELECT id FROM package)
"""
_IMAGE_SYMBOLS = text(
    f"""
    WITH image AS MATERIALIZED ({_LATEST_ANALYSIS})
    SELECT ARRAY(SELECT DISTINCT symbol FROM ({_OFFERED}) AS offered ORDER BY symbol) FROM image
    """
)
_MISSING_SYMBOLS = text(
    f"""
    WITH image AS MATERIALIZED ({_LATEST_ANALYSIS}), package AS MATERIALIZED ({LATEST_PACKAGE_ANALYSIS})
    SELECT (SELECT id FROM image), (SELECT id FROM package),
           ARRAY(SELECT symbol FROM ({_REQUIRED} EXCEPT {_OFFERED}) AS missing ORDER BY symbol)
    """
)

_SELECT_IMAGES = """
    SELECT environment.environment_name, run.layers[cardinality(run.layers)] AS image_digest, run.document_id
    FROM package_extract_run AS run
    JOIN software_environment AS environment ON environment.id = run.software_environment_id
"""
_ORDER_IMAGES = "ORDER BY environment.environment_name, run.datetime DESC, run.document_id DESC"
_IMAGES_WITH_PYTHON_PACKAGE = text(
    f"""
    {_SELECT_IMAGES}
    WHERE run.id IN (
        SELECT identified.package_extract_run_id FROM python_release AS release
        JOIN identified_python_package AS identified ON identified.python_release_id = release.id
        WHERE release.package_name = :package_name
            AND (CAST(:package_version AS text) IS NULL OR release.package_version = :package_version)
    )
    {_ORDER_IMAGES}
    """
)
_IMAGES_WITH_RPM_PACKAGE = text(
    f"""
    {_SELECT_IMAGES}
    WHERE run.id IN (
        SELECT found.package_extract_run_id FROM rpm_package_version AS rpm
        JOIN found_rpm AS found ON found.rpm_package_version_id = rpm.id
        WHERE rpm.package_name = :package_name
            AND (CAST(:package_version AS text) IS NULL OR rpm.package_version = :package_version)
    )
    {_ORDER_IMAGES}
    """
)


def run_software_environment_listing(
    session: ReadSession, start_offset: int = 0, count: int = 100, is_user_run: bool = False
) -> list[str]:
    """Return a page of the names of environments that software runs in: images, and what users said of theirs.

    Args:
        session: an open session.
        start_offset: how many come before the page.
        count: how many are on the page.
        is_user_run: those of users, instead of those that Thoth offers.

    Returns:
        Names, distinct, sorted.

    Raises:
        ValueError: a number is negative.

    """
    return _environments(session, _RUNTIME, is_user_run, start_offset, count)


def build_software_environment_listing(session: ReadSession, start_offset: int = 0, count: int = 100) -> list[str]:
    """Return a page of the names of environments that software is built in.

    Args:
        session: an open session.
        start_offset: how many come before the page.
        count: how many are on the page.

    Returns:
        Names, distinct, sorted.

    Raises:
        ValueError: a number is negative.

    """
    return _environments(session, _BUILDTIME, None, start_offset, count)


def run_software_environment_analyses_listing(
    session: ReadSession,
    run_software_environment_name: str,
    start_offset: int = 0,
    count: int = 100,
    convert_datetime: bool = True,
    is_user_run: bool = False,
) -> list[dict[str, Any]]:
    """Return a page of the analyses of an environment that software runs in, newest first.

    Args:
        session: an open session.
        run_software_environment_name: name of the environment; that of an image is its reference as it was pulled.
        start_offset: how many come before the page.
        count: how many are on the page.
        convert_datetime: times as ISO 8601 text.
        is_user_run: an environment of a user, instead of one that Thoth offers.

    Returns:
        ``analysis_datetime``, ``analysis_document_id``, ``package_extract_name`` and ``package_extract_version`` of
        each.

    Raises:
        NotFoundError: nobody spoke of such an environment.
        ValueError: a number is negative.

    """
    kind = (_RUNTIME, is_user_run)
    return _analyses(session, run_software_environment_name, *kind, start_offset, count, convert_datetime)


def build_software_environment_analyses_listing(
    session: ReadSession,
    build_software_environment_name: str,
    start_offset: int = 0,
    count: int = 100,
    convert_datetime: bool = True,
) -> list[dict[str, Any]]:
    """Return a page of the analyses of an environment that software is built in, newest first.

    Args:
        session: an open session.
        build_software_environment_name: name of the environment; that of an image is its reference as it was pulled.
        start_offset: how many come before the page.
        count: how many are on the page.
        convert_datetime: times as ISO 8601 text.

    Returns:
        ``analysis_datetime``, ``analysis_document_id``, ``package_extract_name`` and ``package_extract_version`` of
        each.

    Raises:
        NotFoundError: nobody spoke of such an environment.
        ValueError: a number is negative.

    """
    return _analyses(session, build_software_environment_name, _BUILDTIME, None, start_offset, count, convert_datetime)


def get_analysis_metadata(session: ReadSession, document_id: str) -> dict[str, Any]:
    """Return when an image was analysed, and with what.

    Args:
        session: an open session.
        document_id: identifier of the image analysis.

    Returns:
        ``analysis_datetime`` as ISO 8601 text, ``analysis_document_id``, ``package_extract_name`` and
        ``package_extract_version``.

    Raises:
        NotFoundError: the document is not in the graph.

    """
    row = session.execute(_ANALYSIS, {"document_id": document_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"no image analysis is in the graph under {document_id!r}")
    return _analysis(row, convert_datetime=True)


def get_analyzer_documents_count(session: ReadSession) -> int:
    """Return how many image analyses are in the graph."""
    return session.scalar(_COUNT) or 0


def get_analyzed_image_symbols(session: ReadSession, software_environment_name: str) -> list[str]:
    """Return the versioned symbols that the libraries in an image offer, as its latest analysis found them.

    Args:
        session: an open session.
        software_environment_name: the reference of the image as it was pulled.

    Returns:
        Symbols, for example ``GLIBC_2.17``, distinct, sorted.

    Raises:
        NotFoundError: no such image was analysed.

    """
    symbols: list[str] | None = session.scalar(_IMAGE_SYMBOLS, {"environment_name": software_environment_name})
    if symbols is None:
        raise _never_analysed(software_environment_name)
    return list(symbols)


def get_missing_symbols(
    session: ReadSession, package_name: str, package_version: str, index_url: str, software_environment_name: str
) -> list[str]:
    """Return the versioned symbols that binaries of a release need, and that no library in an image offers.

    Symbols are compared, and not the libraries that they are of: an artifact names these as they are linked, an image
    by their paths.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.
        index_url: the index that it is on.
        software_environment_name: the reference of the image as it was pulled.

    Returns:
        Symbols, for example ``GLIBC_2.17``, distinct, sorted; of the latest analyses of release and image.

    Raises:
        NotFoundError: no such image was analysed, or not that release on that index.

    """
    parameters = package_analysis_parameters(package_name, package_version, index_url)
    image_id, package_id, symbols = session.execute(
        _MISSING_SYMBOLS, {**parameters, "environment_name": software_environment_name}
    ).one()
    if image_id is None:
        raise _never_analysed(software_environment_name)
    if package_id is None:
        raise without_package_analysis(package_name, package_version, index_url)
    return list(symbols)


def get_images_with_python_package(
    session: ReadSession, package_name: str, package_version: str | None = None
) -> list[dict[str, Any]]:
    """Return the images that a Python package is installed in.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version; None for any.

    Returns:
        ``environment_name``, ``image_digest`` (that of the last layer, or None when the document lists no layers) and
        ``analysis_document_id`` of each analysis that found it, by name, newest first.

    """
    version = None if package_version is None else normalize_python_package_version(package_version)
    parameters = {"package_name": normalize_python_package_name(package_name), "package_version": version}
    return _images(session.execute(_IMAGES_WITH_PYTHON_PACKAGE, parameters))


def get_images_with_rpm_package(
    session: ReadSession, package_name: str, package_version: str | None = None
) -> list[dict[str, Any]]:
    """Return the images that an RPM package is installed in.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version, without epoch and release; None for any.

    Returns:
        ``environment_name``, ``image_digest`` (that of the last layer, or None when the document lists no layers) and
        ``analysis_document_id`` of each analysis that found it, by name, newest first.

    """
    parameters = {"package_name": package_name, "package_version": package_version}
    return _images(session.execute(_IMAGES_WITH_RPM_PACKAGE, parameters))


def analysis_document_ids_in(session: ReadSession, document_ids: Iterable[str]) -> set[str]:
    """Return those of some image analyses that are in the graph, in one statement for all."""
    return set(session.scalars(_DOCUMENTS, {"document_ids": list(document_ids)}))


def analysis_document_id_exist(session: ReadSession, document_id: str) -> bool:
    """Tell whether an image analysis is in the graph."""
    return bool(analysis_document_ids_in(session, [document_id]))


def analysis_records_exist(session: ReadSession, document: Mapping[str, Any]) -> bool:
    """Tell whether what an image analysis says is in the graph.

    Raises:
        SchemaError: the document does not have the shape of an image analysis.

    """
    return analysis_document_id_exist(session, read_analysis_document(document).document_id)


def _environments(
    session: ReadSession, environment_type: str, is_external: bool | None, start_offset: int, count: int
) -> list[str]:
    parameters = {
        "environment_type": environment_type,
        "is_external": is_external,
        **page_parameters(start_offset, count),
    }
    return list(session.scalars(_ENVIRONMENTS, parameters))


def _analyses(
    session: ReadSession,
    environment_name: str,
    environment_type: str,
    is_external: bool | None,
    start_offset: int,
    count: int,
    convert_datetime: bool,
) -> list[dict[str, Any]]:
    parameters = {
        "environment_name": environment_name,
        "environment_type": environment_type,
        "is_external": is_external,
        **page_parameters(start_offset, count),
    }
    rows = session.execute(_ANALYSES, parameters).all()
    if not rows:
        raise NotFoundError(f"no such environment is known: {environment_name!r}")
    return [_analysis(row, convert_datetime) for row in rows if row.document_id is not None]


def _analysis(row: Row[Any], convert_datetime: bool) -> dict[str, Any]:
    moment = row.datetime.astimezone(dt.UTC)
    return {
        "analysis_datetime": moment.isoformat() if convert_datetime else moment,
        "analysis_document_id": row.document_id,
        "package_extract_name": row.package_extract_name,
        "package_extract_version": row.package_extract_version,
    }


def _images(rows: Iterable[Row[Any]]) -> list[dict[str, Any]]:
    return [
        {
            "environment_name": row.environment_name,
            "image_digest": row.image_digest,
            "analysis_document_id": row.document_id,
        }
        for row in rows
    ]


def _never_analysed(environment_name: str) -> NotFoundError:
    return NotFoundError(f"no image was analysed under {environment_name!r}")
