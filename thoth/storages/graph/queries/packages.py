"""Packages: what is known, records, versions."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from ...identifiers import Environment, PackageTuple, package_tuple
from ...normalize import (
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
    versions_newest_first,
)
from ..filters import IN_ENVIRONMENT, environment_parameters, solver_environment
from ..sessions import ReadSession
from .wanted import WANTED, Wanted, package_row

Record = dict[str, str]
RECORD_KEYS = ("package_name", "package_version", "index_url", "os_name", "os_version", "python_version")

_RECORDS = text(
    f"""
    SELECT index.url, os_name, os_version, python_version
    FROM python_package_version AS stored
    JOIN python_package_index AS index ON index.id = stored.python_package_index_id
        AND (:index_url IS NULL OR index.url = :index_url)
    JOIN solved_software_environment ON solved_software_environment.id = stored.solved_software_environment_id
        AND {IN_ENVIRONMENT}
    WHERE stored.python_release_id = (
        SELECT id FROM python_release WHERE package_name = :package_name AND package_version = :package_version
    )
    ORDER BY 1, 2, 3, 4
    """
)
_RECORDS_MANY = text(
    f"""
    SELECT wanted.n, release.package_name, release.package_version, index.url, os_name, os_version, python_version
    FROM {WANTED}
    JOIN python_release AS release ON release.package_name = wanted.package_name
        AND release.package_version = wanted.package_version
    JOIN python_package_version AS stored ON stored.python_release_id = release.id
    JOIN python_package_index AS index ON index.id = stored.python_package_index_id
        AND (wanted.index_url IS NULL OR index.url = wanted.index_url)
    JOIN solved_software_environment ON solved_software_environment.id = stored.solved_software_environment_id
        AND {IN_ENVIRONMENT}
    ORDER BY 1, 4, 5, 6, 7
    """
)
_PACKAGE_EXISTS = text("SELECT EXISTS (SELECT FROM python_release WHERE package_name = :package_name)")
_RELEASE_EXISTS = text(
    """
    SELECT EXISTS (
        SELECT FROM python_release WHERE package_name = :package_name AND package_version = :package_version
    )
    """
)
_VERSION_EXISTS = text(
    f"""
    SELECT EXISTS (
        SELECT FROM python_release AS release
        JOIN python_package_version AS stored ON stored.python_release_id = release.id
        JOIN solved_software_environment ON solved_software_environment.id = stored.solved_software_environment_id
            AND {IN_ENVIRONMENT}
        LEFT JOIN python_package_index AS index ON index.id = stored.python_package_index_id
        WHERE package_name = :package_name AND package_version = :package_version
            AND (:index_url IS NULL OR index.url = :index_url)
    ) OR (:announced AND EXISTS (
        SELECT FROM python_release AS release
        JOIN python_package_version_entity AS entity ON entity.python_release_id = release.id
        JOIN python_package_index AS index ON index.id = entity.python_package_index_id
        WHERE package_name = :package_name AND package_version = :package_version AND index.url = :index_url
    ))
    """
)
_VERSIONS = text(
    f"""
    SELECT DISTINCT release.package_version, index.url
    FROM python_release AS release
    JOIN python_package_version AS stored ON stored.python_release_id = release.id
    JOIN python_package_index AS index ON index.id = stored.python_package_index_id
        AND (:index_url IS NULL OR index.url = :index_url)
        AND (:index_enabled IS NULL OR index.enabled = :index_enabled)
    JOIN solved_software_environment ON solved_software_environment.id = stored.solved_software_environment_id
        AND {IN_ENVIRONMENT}
    WHERE release.package_name = :package_name
    """
)
_NAMES = text("SELECT DISTINCT package_name FROM python_release")
_NAMES_ON_INDEX = text(
    """
    SELECT release.package_name
    FROM python_package_index AS index
    JOIN python_package_version AS stored ON stored.python_package_index_id = index.id
    JOIN python_release AS release ON release.id = stored.python_release_id
    WHERE index.url = :index_url
    UNION
    SELECT release.package_name
    FROM python_package_index AS index
    JOIN python_package_version_entity AS entity ON entity.python_package_index_id = index.id
    JOIN python_release AS release ON release.id = entity.python_release_id
    WHERE index.url = :index_url
    """
)


def get_python_package_version_records_many(
    session: ReadSession,
    package_tuples: Iterable[tuple[str, str, str | None]],
    *,
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
) -> dict[PackageTuple, list[Record]]:
    """Return the records of package versions, in one statement for all.

    Args:
        session: an open session.
        package_tuples: the package versions; without an index URL, those on all indexes.
        os_name: name of the operating system; None for any.
        os_version: its version; None for any.
        python_version: version of Python; None for any.

    Returns:
        By package tuple, what `get_python_package_version_records` returns.

    """
    wanted = Wanted(package_tuples)
    records: dict[PackageTuple, list[Record]] = {package: [] for package in wanted.packages}
    environment = environment_parameters(Environment(os_name, os_version, python_version))
    for n, *values in session.execute(_RECORDS_MANY, {**wanted.parameters(), **environment}):
        records[wanted.packages[n - 1]].append(dict(zip(RECORD_KEYS, values, strict=True)))
    return records


def get_python_package_version_records(
    session: ReadSession,
    package_name: str,
    package_version: str,
    index_url: str | None,
    *,
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
) -> list[Record]:
    """Return the records of a package version: where some solver document speaks of it.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.
        index_url: the index that it is on; None for any.
        os_name: name of the operating system; None for any.
        os_version: its version; None for any.
        python_version: version of Python; None for any.

    Returns:
        Dictionaries with the keys ``package_name``, ``package_version``, ``index_url``, ``os_name``, ``os_version``
        and ``python_version``, in the order of index and environment; empty when there are none.

    """
    name, version, url = package_tuple(package_name, package_version, index_url)
    rows = session.execute(
        _RECORDS,
        {
            **package_row((name, version, url)),
            **environment_parameters(Environment(os_name, os_version, python_version)),
        },
    )
    return [dict(zip(RECORD_KEYS, (name, version, *values), strict=True)) for values in rows]


def python_package_exists(session: ReadSession, package_name: str) -> bool:
    """Tell whether a package is known: from a solver document, as a dependency, or announced."""
    return bool(session.scalar(_PACKAGE_EXISTS, {"package_name": normalize_python_package_name(package_name)}))


def python_package_version_exists(
    session: ReadSession,
    package_name: str,
    package_version: str,
    index_url: str | None = None,
    solver_name: str | None = None,
) -> bool:
    """Tell whether a package version is known.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.
        index_url: given: it has to be known on that index.
        solver_name: given: a document of that solver's environment has to speak of it.

    Raises:
        ValueError: the name of the solver does not have the form of one.

    """
    parameters = {
        "package_name": normalize_python_package_name(package_name),
        "package_version": normalize_python_package_version(package_version),
    }
    if index_url is None and solver_name is None:
        return bool(session.scalar(_RELEASE_EXISTS, parameters))
    parameters.update(environment_parameters(solver_environment(solver_name)))
    index = {"index_url": index_url and normalize_python_index_url(index_url), "announced": solver_name is None}
    return bool(session.scalar(_VERSION_EXISTS, {**parameters, **index}))


def get_all_versions_python_package(
    session: ReadSession,
    package_name: str,
    index_url: str | None = None,
    *,
    index_enabled: bool | None = None,
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
) -> list[tuple[str, str]]:
    """Return the versions of a package of which solver documents speak.

    Args:
        session: an open session.
        package_name: name of the package.
        index_url: the index that they are on; None for any.
        index_enabled: whether the index has to be enabled, or disabled; None for either.
        os_name: name of the operating system; None for any.
        os_version: its version; None for any.
        python_version: version of Python; None for any.

    Returns:
        Versions with index URLs, distinct, newest version first in the order of PEP 440.

    """
    rows = session.execute(
        _VERSIONS,
        {
            "package_name": normalize_python_package_name(package_name),
            "index_url": index_url and normalize_python_index_url(index_url),
            "index_enabled": index_enabled,
            **environment_parameters(Environment(os_name, os_version, python_version)),
        },
    )
    return versions_newest_first((version, url) for version, url in rows)


def get_python_packages(session: ReadSession) -> set[str]:
    """Return the names of all packages that are known."""
    return set(session.scalars(_NAMES))


def get_python_packages_for_index(session: ReadSession, index_url: str) -> set[str]:
    """Return the names of the packages that are known on an index."""
    return set(session.scalars(_NAMES_ON_INDEX, {"index_url": normalize_python_index_url(index_url)}))
