"""Solvers: what they solved, what not, and why."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import text

from ...identifiers import Environment, PackageTuple, package_tuple
from .. import collector
from ..filters import (
    IN_ENVIRONMENT,
    environment_parameters,
    page_parameters,
    solver_environment,
)
from ..sessions import ReadSession
from .dependencies import never_solved
from .wanted import IS_ONE_PACKAGE_VERSION, ONE_PACKAGE_VERSION, WANTED, Wanted, package_row

# What the latest document says of each package version; "release" and "solved" are there to be selected from.
_LATEST_RUNS = f"""
    FROM python_package_version AS stored
    JOIN solved ON solved.python_package_version_id = stored.id AND solved.solver_run_id = stored.solver_run_id
    JOIN solved_software_environment ON solved_software_environment.id = stored.solved_software_environment_id
        AND {IN_ENVIRONMENT}
    """
_LATEST = f"{_LATEST_RUNS} JOIN python_release AS release ON release.id = stored.python_release_id"

_HAS_ERROR = text(
    f"""
    SELECT bool_or(solved.error)
    FROM {ONE_PACKAGE_VERSION}
    JOIN solved ON solved.python_package_version_id = stored.id AND solved.solver_run_id = stored.solver_run_id
    WHERE {IS_ONE_PACKAGE_VERSION}
    """
)
_HAS_ERROR_MANY = text(
    f"""
    SELECT wanted.n, bool_or(solved.error)
    FROM {WANTED}
    JOIN python_release AS release ON release.package_name = wanted.package_name
        AND release.package_version = wanted.package_version
    JOIN python_package_index AS index ON index.url = wanted.index_url
    JOIN python_package_version AS stored ON stored.python_release_id = release.id
        AND stored.python_package_index_id = index.id
    JOIN solved ON solved.python_package_version_id = stored.id AND solved.solver_run_id = stored.solver_run_id
    JOIN solved_software_environment ON solved_software_environment.id = stored.solved_software_environment_id
        AND {IN_ENVIRONMENT}
    GROUP BY wanted.n
    """
)

# The environments are found out once, and not joined: so an index gives the releases in order, each once.
_OF_ENVIRONMENTS = f"""
    solved_software_environment_id = ANY(ARRAY(SELECT id FROM solved_software_environment WHERE {IN_ENVIRONMENT}))
    """
_SPOKEN_OF = f"SELECT DISTINCT python_release_id FROM python_package_version WHERE {_OF_ENVIRONMENTS}"

_UNSOLVED = f"""
    FROM python_release AS release
    WHERE release.package_version IS NOT NULL AND NOT EXISTS (
        SELECT FROM python_package_version AS stored
        WHERE stored.python_release_id = release.id AND {_OF_ENVIRONMENTS}
    )
    """
# There may be hundreds of thousands: two columns of JSON take the server less than as many rows.
_UNSOLVED_LISTING = f"""
    SELECT CAST(coalesce(json_agg(package_name), '[]') AS text), CAST(coalesce(json_agg(package_version), '[]') AS text)
    FROM (SELECT release.package_name, release.package_version {_UNSOLVED} {{order}}) AS unsolved
    """
_UNSOLVED_IN_ORDER = text(_UNSOLVED_LISTING.format(order="ORDER BY 1, 2"))
_UNSOLVED_IN_ANY_ORDER = text(_UNSOLVED_LISTING.format(order=""))
_TEXTS = msgspec.json.Decoder(list[str])
# What a document speaks of has a version.
_UNSOLVED_COUNT = text(
    f"""
    SELECT (SELECT count(*) FROM python_release WHERE package_version IS NOT NULL)
        - (SELECT count(*) FROM ({_SPOKEN_OF}) AS release)
    """
)

_SOLVED = f"SELECT DISTINCT release.package_name, release.package_version {_LATEST} WHERE NOT solved.error"
_SOLVED_PAGE = text(f"{_SOLVED} ORDER BY 1, 2 LIMIT :count OFFSET :start_offset")
# Few fail: those of which something succeeded are all but those of which everything failed.
_SOLVED_COUNT = text(
    f"""
    WITH latest AS NOT MATERIALIZED (
        SELECT stored.python_release_id, solved.error
        FROM python_package_version AS stored
        JOIN solved ON solved.python_package_version_id = stored.id AND solved.solver_run_id = stored.solver_run_id
        WHERE {_OF_ENVIRONMENTS}
    )
    SELECT count(*) - (
        SELECT count(DISTINCT failed.python_release_id) FROM latest AS failed
        WHERE failed.error AND NOT EXISTS (
            SELECT FROM latest AS other WHERE other.python_release_id = failed.python_release_id AND NOT other.error
        )
    )
    FROM ({_SPOKEN_OF}) AS release
    """
)

_FAILED = f"SELECT DISTINCT release.package_name, release.package_version {_LATEST} WHERE solved.error"
_UNSOLVABLE = text(f"{_FAILED} AND solved.error_unsolvable ORDER BY 1, 2")
_UNPARSEABLE = text(f"{_FAILED} AND solved.error_unparseable ORDER BY 1, 2")

_COUNT = text(
    """
    SELECT count(*)
    FROM python_package_version AS stored
    JOIN solved ON solved.python_package_version_id = stored.id AND solved.solver_run_id = stored.solver_run_id
    WHERE (:error IS NULL OR solved.error = :error)
        AND (NOT :unsolvable OR solved.error_unsolvable) AND (NOT :unparseable OR solved.error_unparseable)
    """
)
_DOCUMENTS_COUNT = text("SELECT count(*) FROM solver_run")
_ENVIRONMENT_EXISTS = text(f"SELECT EXISTS (SELECT FROM solved_software_environment WHERE {IN_ENVIRONMENT})")


def has_python_solver_error_many(
    session: ReadSession,
    package_tuples: Iterable[tuple[str, str, str]],
    *,
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
) -> dict[PackageTuple, bool]:
    """Tell of package versions whether their latest solver run failed, in one statement for all.

    Args:
        session: an open session.
        package_tuples: the package versions.
        os_name: name of the operating system; None for any.
        os_version: its version; None for any.
        python_version: version of Python; None for any.

    Returns:
        By package tuple, what `has_python_solver_error` returns; package versions never solved are left out.

    """
    wanted = Wanted(package_tuples)
    environment = environment_parameters(Environment(os_name, os_version, python_version))
    rows = session.execute(_HAS_ERROR_MANY, {**wanted.parameters(), **environment})
    return {wanted.packages[n - 1]: error for n, error in rows}


def has_python_solver_error(
    session: ReadSession,
    package_name: str,
    package_version: str,
    index_url: str,
    *,
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
) -> bool:
    """Tell whether the latest solver run of a package version failed; with several environments, in one of them.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.
        index_url: the index that it is on.
        os_name: name of the operating system; None for any.
        os_version: its version; None for any.
        python_version: version of Python; None for any.

    Raises:
        NotFoundError: it was never solved in such an environment.

    """
    environment = Environment(os_name, os_version, python_version)
    error = session.scalar(
        _HAS_ERROR,
        {
            **package_row(package_tuple(package_name, package_version, index_url)),
            **environment_parameters(environment),
        },
    )
    if error is None:
        raise never_solved(package_name, package_version, index_url, environment)
    return bool(error)


def retrieve_unsolved_python_packages(
    session: ReadSession, solver_name: str, randomize: bool = True
) -> list[tuple[str, str]]:
    """Return the package versions that are known, but of which no document of a solver's environment speaks.

    Args:
        session: an open session.
        solver_name: for example ``solver-rhel-8-py38``.
        randomize: in random order, so that what is scheduled from it does not always begin with the same; otherwise
            in the order of name and version.

    Returns:
        Names and versions. Packages that are known without a version are left out.

    Raises:
        ValueError: the name of the solver does not have the form of one.

    """
    statement = _UNSOLVED_IN_ANY_ORDER if randomize else _UNSOLVED_IN_ORDER
    columns = session.execute(statement, environment_parameters(solver_environment(solver_name))).one()
    with collector.paused():
        packages = list(zip(*map(_TEXTS.decode, columns), strict=True))
    if randomize:
        random.shuffle(packages)
    return packages


def retrieve_unsolved_python_packages_count(session: ReadSession, solver_name: str) -> int:
    """Return how many package versions `retrieve_unsolved_python_packages` lists.

    Raises:
        ValueError: the name of the solver does not have the form of one.

    """
    return session.scalar(_UNSOLVED_COUNT, environment_parameters(solver_environment(solver_name))) or 0


def retrieve_solved_python_packages(
    session: ReadSession, count: int = 10, start_offset: int = 0, solver_name: str | None = None
) -> dict[str, list[str]]:
    """Return a page of the package versions whose latest solver run succeeded.

    Args:
        session: an open session.
        count: how many package versions there are on the page.
        start_offset: how many come before it, in the order of name and version as text.
        solver_name: the solver in whose environment they were solved; None for any.

    Returns:
        Versions by name.

    Raises:
        ValueError: the name of the solver does not have the form of one, or a number is negative.

    """
    parameters = {**environment_parameters(solver_environment(solver_name)), **page_parameters(start_offset, count)}
    return _versions_by_name(session.execute(_SOLVED_PAGE, parameters))


def retrieve_solved_python_packages_count(session: ReadSession, solver_name: str | None = None) -> int:
    """Return how many package versions `retrieve_solved_python_packages` pages through.

    Raises:
        ValueError: the name of the solver does not have the form of one.

    """
    return session.scalar(_SOLVED_COUNT, environment_parameters(solver_environment(solver_name))) or 0


def retrieve_unsolvable_python_packages(session: ReadSession, solver_name: str | None = None) -> dict[str, list[str]]:
    """Return the package versions that no index has, as the latest solver run says.

    Args:
        session: an open session.
        solver_name: the solver in whose environment; None for any.

    Returns:
        Sorted versions by name.

    Raises:
        ValueError: the name of the solver does not have the form of one.

    """
    return _versions_by_name(session.execute(_UNSOLVABLE, environment_parameters(solver_environment(solver_name))))


def retrieve_unparseable_python_packages(session: ReadSession, solver_name: str | None = None) -> dict[str, list[str]]:
    """Return the package versions whose requirement could not be parsed, as the latest solver run says.

    Args:
        session: an open session.
        solver_name: the solver in whose environment; None for any.

    Returns:
        Sorted versions by name.

    Raises:
        ValueError: the name of the solver does not have the form of one.

    """
    return _versions_by_name(session.execute(_UNPARSEABLE, environment_parameters(solver_environment(solver_name))))


def retrieve_unsolvable_python_packages_per_run_software_environment(
    session: ReadSession, solver_name: str
) -> dict[str, list[str]]:
    """Return the package versions that no index has for the environment of a solver: sorted versions by name.

    Raises:
        ValueError: the name of the solver does not have the form of one.

    """
    return retrieve_unsolvable_python_packages(session, solver_name)


def get_all_python_packages_count(session: ReadSession, without_error: bool = True) -> int:
    """Return how many package versions there are: a release on an index in an environment counts as one.

    Args:
        session: an open session.
        without_error: only those whose latest solver run succeeded.

    """
    error = False if without_error else None
    return session.scalar(_COUNT, {"error": error, "unsolvable": False, "unparseable": False}) or 0


def get_error_python_packages_count(
    session: ReadSession, *, unsolvable: bool = False, unparseable: bool = False
) -> int:
    """Return how many package versions there are whose latest solver run failed.

    Args:
        session: an open session.
        unsolvable: only those that no index has.
        unparseable: only those whose requirement could not be parsed.

    Raises:
        ValueError: both are asked for; nothing is both.

    """
    if unsolvable and unparseable:
        raise ValueError("unsolvable and unparseable cannot be asked for together")
    return session.scalar(_COUNT, {"error": True, "unsolvable": unsolvable, "unparseable": unparseable}) or 0


def get_solver_documents_count(session: ReadSession) -> int:
    """Return how many solver documents are in the graph."""
    return session.scalar(_DOCUMENTS_COUNT) or 0


def solved_software_environment_exists(
    session: ReadSession, os_name: str | None, os_version: str | None, python_version: str | None
) -> bool:
    """Tell whether a solver ran in an environment.

    Args:
        session: an open session.
        os_name: name of the operating system; None for any.
        os_version: its version; None for any.
        python_version: version of Python; None for any.

    """
    environment = Environment(os_name, os_version, python_version)
    return bool(session.scalar(_ENVIRONMENT_EXISTS, environment_parameters(environment)))


def _versions_by_name(rows: Iterable[Any]) -> dict[str, list[str]]:
    versions: dict[str, list[str]] = {}
    for name, version in rows:
        versions.setdefault(name, []).append(version)
    return versions
