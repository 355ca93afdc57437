"""Direct dependencies, dependents and markers."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from ...exceptions import NotFoundError
from ...identifiers import Environment, PackageTuple, package_tuple
from ...normalize import (
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
)
from ..filters import COUNTS, IN_ENVIRONMENT, environment_parameters, page_parameters, requirement_parameters
from ..sessions import ReadSession
from .wanted import IS_ONE_PACKAGE_VERSION, ONE_PACKAGE_VERSION, WANTED, WANTED_ARE_STORED, Wanted, package_row

_REQUIREMENTS = f"""
    LEFT JOIN depends_on ON depends_on.python_package_version_id = stored.id
        AND depends_on.solver_run_id = stored.solver_run_id AND {COUNTS}
    LEFT JOIN version_set ON version_set.id = depends_on.version_set_id
    LEFT JOIN LATERAL unnest(version_set.python_release_ids) AS member(id) ON true
    LEFT JOIN python_release AS dependency ON dependency.id = member.id
    """
# Look-ups as subqueries, and not as joins: there is less to plan, which takes longer than to look up.
_DEPENDS_ON = text(
    f"""
    SELECT DISTINCT dependency.package_name, dependency.package_version
    FROM {ONE_PACKAGE_VERSION} {_REQUIREMENTS}
    WHERE {IS_ONE_PACKAGE_VERSION}
    """
)
_DEPENDS_ON_MANY = text(
    f"""
    SELECT DISTINCT wanted.n, dependency.package_name, dependency.package_version
    FROM {WANTED}
    {WANTED_ARE_STORED}
    {_REQUIREMENTS}
    """
)

# The package version that a requirement is of, if what the requirement says still holds. The planner takes few of them
# to match both columns, though almost all do, and would read the table whole for each set: "OFFSET 0" has it look up
# each by its key.
_DEPENDENT = """CROSS JOIN LATERAL (
        SELECT * FROM python_package_version AS known
        WHERE known.id = depends_on.python_package_version_id AND known.solver_run_id = depends_on.solver_run_id
            AND known.python_package_index_id IS NOT NULL
        OFFSET 0
    ) AS stored
    """
# A version set is found by the version that it holds, or by its name when any version will do.
_DEPENDENTS = text(
    f"""
    SELECT release.package_name, array_agg(DISTINCT release.package_version ORDER BY release.package_version)
    FROM depends_on {_DEPENDENT}
    JOIN python_release AS release ON release.id = stored.python_release_id
    WHERE {COUNTS} AND depends_on.version_set_id = ANY(ARRAY(
        SELECT id FROM version_set
        WHERE version_set.package_name = :package_name AND version_set.python_release_ids <> '{{}}'
            AND (:package_version IS NULL OR version_set.python_release_ids && ARRAY(
                SELECT id FROM python_release
                WHERE package_name = :package_name AND package_version = :package_version
            ))
    ))
    GROUP BY release.package_name
    ORDER BY release.package_name
    """
)

# The planner takes one set in two hundred to hold a release, and would read tables whole: as an array, the sets are few
# to it. "OFFSET 0" keeps it from beginning with all requirements.
_DIRECT_DEPENDENTS = f"""
        CROSS JOIN LATERAL (
            SELECT stored.*
            FROM depends_on {_DEPENDENT}
            WHERE stored.solved_software_environment_id = {{of}}.solved_software_environment_id
            AND {COUNTS} AND depends_on.version_set_id = ANY(ARRAY(
                SELECT id FROM version_set WHERE python_release_ids @> ARRAY[{{of}}.python_release_id]
            ))
            OFFSET 0
        ) AS stored
    """
_DEPENDENT_COLUMNS = (
    "stored.id, stored.solved_software_environment_id, stored.python_release_id, stored.python_package_index_id"
)
_TRANSITIVE_DEPENDENTS = f"""
    WITH RECURSIVE environment AS MATERIALIZED (
        SELECT id FROM solved_software_environment WHERE {IN_ENVIRONMENT}
    ), target AS MATERIALIZED (
        SELECT release.id AS python_release_id, environment.id AS solved_software_environment_id
        FROM python_release AS release CROSS JOIN environment
        WHERE release.package_name = :package_name
            AND (:package_version IS NULL OR release.package_version = :package_version)
            AND (:index_url IS NULL OR EXISTS (
                SELECT FROM python_package_version AS stored
                JOIN python_package_index AS index ON index.id = stored.python_package_index_id
                WHERE stored.python_release_id = release.id AND index.url = :index_url
                    AND stored.solved_software_environment_id = environment.id
            ))
    ), dependent(id, solved_software_environment_id, python_release_id, python_package_index_id) AS (
        SELECT {_DEPENDENT_COLUMNS} FROM target {_DIRECT_DEPENDENTS.format(of="target")}
        UNION
        SELECT {_DEPENDENT_COLUMNS} FROM dependent {_DIRECT_DEPENDENTS.format(of="dependent")}
    ), package AS (
        SELECT DISTINCT release.package_name, release.package_version, index.url
        FROM dependent
        CROSS JOIN LATERAL (SELECT * FROM python_release WHERE id = dependent.python_release_id OFFSET 0) AS release
        JOIN python_package_index AS index ON index.id = dependent.python_package_index_id
    )
    """
_TRANSITIVE_DEPENDENTS_PAGE = text(
    f"{_TRANSITIVE_DEPENDENTS} SELECT package_name, package_version, url FROM package ORDER BY 1, 2, 3 "
    "LIMIT :count OFFSET :start_offset"
)
_TRANSITIVE_DEPENDENTS_COUNT = text(f"{_TRANSITIVE_DEPENDENTS} SELECT count(*) FROM package")

_MARKERS = text(
    f"""
    SELECT depends_on.marker
    FROM {WANTED}
    {WANTED_ARE_STORED}
    JOIN depends_on ON depends_on.python_package_version_id = stored.id
        AND depends_on.solver_run_id = stored.solver_run_id
    JOIN version_set ON version_set.id = depends_on.version_set_id
        AND version_set.package_name = :dependency_name
    JOIN python_release AS dependency ON dependency.package_name = :dependency_name
        AND dependency.package_version = :dependency_version
        AND dependency.id = ANY(version_set.python_release_ids)
    ORDER BY depends_on.marker NULLS LAST
    LIMIT 1
    """
)


def get_depends_on_many(
    session: ReadSession,
    package_tuples: Iterable[tuple[str, str, str]],
    *,
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
    extras: frozenset[str | None] | None = None,
    marker_evaluation_result: bool | None = None,
) -> dict[PackageTuple, list[tuple[str, str]]]:
    """Return what package versions depend on directly, in one statement for all.

    Args:
        session: an open session.
        package_tuples: the package versions.
        os_name: name of the operating system; None for any.
        os_version: its version; None for any.
        python_version: version of Python; None for any.
        extras: extras whose requirements count, None among them for requirements without an extra; not given: those
            without an extra.
        marker_evaluation_result: False for requirements whose marker did not hold; otherwise those that held.

    Returns:
        By package tuple, what `get_depends_on` returns; package versions that were never solved are left out.

    """
    wanted = Wanted(package_tuples)
    found: dict[int, list[tuple[str, str]]] = {}
    rows = session.execute(
        _DEPENDS_ON_MANY,
        {
            **wanted.parameters(),
            **environment_parameters(Environment(os_name, os_version, python_version)),
            **requirement_parameters(extras, marker_evaluation_result),
        },
    )
    for n, name, version in rows:
        dependencies = found.setdefault(n, [])
        if name is not None:
            dependencies.append((name, version))
    return {wanted.packages[n - 1]: sorted(dependencies) for n, dependencies in sorted(found.items())}


def get_depends_on(
    session: ReadSession,
    package_name: str,
    package_version: str,
    index_url: str,
    *,
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
    extras: frozenset[str | None] | None = None,
    marker_evaluation_result: bool | None = None,
) -> list[tuple[str, str]]:
    """Return what a package version depends on directly: every admissible version of every dependency.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.
        index_url: the index that it is on.
        os_name: name of the operating system; None for any.
        os_version: its version; None for any.
        python_version: version of Python; None for any.
        extras: extras whose requirements count, None among them for requirements without an extra; not given: those
            without an extra.
        marker_evaluation_result: False for requirements whose marker did not hold; otherwise those that held.

    Returns:
        Names and versions, distinct, sorted as text; empty when it was solved and depends on nothing.

    Raises:
        NotFoundError: it was never solved in such an environment.

    """
    environment = Environment(os_name, os_version, python_version)
    rows = session.execute(
        _DEPENDS_ON,
        {
            **package_row(package_tuple(package_name, package_version, index_url)),
            **environment_parameters(environment),
            **requirement_parameters(extras, marker_evaluation_result),
        },
    ).all()
    if not rows:
        raise never_solved(package_name, package_version, index_url, environment)
    return sorted((name, version) for name, version in rows if name is not None)


def never_solved(
    package_name: str, package_version: str, index_url: str | None, environment: Environment
) -> NotFoundError:
    """Return the error that says that a package version was never solved."""
    place = " ".join(
        part or "any" for part in (environment.os_name, environment.os_version, environment.python_version)
    )
    return NotFoundError(f"{package_name} {package_version} from {index_url} was never solved in environment {place}")


def retrieve_dependent_packages(
    session: ReadSession, package_name: str, package_version: str | None = None
) -> dict[str, list[str]]:
    """Return the packages that depend directly on a package, in any environment.

    Args:
        session: an open session.
        package_name: name of the package that is depended on.
        package_version: its version; not given: any.

    Returns:
        Sorted versions by name. A package version is in it when `get_depends_on` has the package in its answer.

    """
    rows = session.execute(
        _DEPENDENTS,
        {
            "package_name": normalize_python_package_name(package_name),
            "package_version": package_version and normalize_python_package_version(package_version),
            **requirement_parameters(None, None),
        },
    )
    return {name: list(versions) for name, versions in rows}


def retrieve_transitive_dependents_python(
    session: ReadSession,
    package_name: str,
    package_version: str | None = None,
    index_url: str | None = None,
    *,
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
    start_offset: int = 0,
    count: int = 100,
) -> list[PackageTuple]:
    """Return a page of the package versions that could pull a package in, directly or not.

    Args:
        session: an open session.
        package_name: name of the package that is depended on; it need not be solved itself.
        package_version: its version; not given: any.
        index_url: the index that it is on; not given: any.
        os_name: name of the operating system; None for any. With several environments, each is walked by itself.
        os_version: its version; None for any.
        python_version: version of Python; None for any.
        start_offset: how many package versions come before the page.
        count: how many there are on the page.

    Returns:
        Package tuples, sorted.

    """
    parameters = _dependents_parameters(package_name, package_version, index_url)
    parameters.update(environment_parameters(Environment(os_name, os_version, python_version)))
    rows = session.execute(_TRANSITIVE_DEPENDENTS_PAGE, {**parameters, **page_parameters(start_offset, count)})
    return [(name, version, url) for name, version, url in rows]


def retrieve_transitive_dependents_python_count(
    session: ReadSession,
    package_name: str,
    package_version: str | None = None,
    index_url: str | None = None,
    *,
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
) -> int:
    """Return how many package versions could pull a package in, directly or not.

    Args:
        session: an open session.
        package_name: name of the package that is depended on; it need not be solved itself.
        package_version: its version; not given: any.
        index_url: the index that it is on; not given: any.
        os_name: name of the operating system; None for any. With several environments, each is walked by itself.
        os_version: its version; None for any.
        python_version: version of Python; None for any.

    Returns:
        The number of package versions that `retrieve_transitive_dependents_python` pages through.

    """
    parameters = _dependents_parameters(package_name, package_version, index_url)
    parameters.update(environment_parameters(Environment(os_name, os_version, python_version)))
    return session.scalar(_TRANSITIVE_DEPENDENTS_COUNT, parameters) or 0


def _dependents_parameters(package_name: str, package_version: str | None, index_url: str | None) -> dict[str, object]:
    return {
        "package_name": normalize_python_package_name(package_name),
        "package_version": package_version and normalize_python_package_version(package_version),
        "index_url": index_url and normalize_python_index_url(index_url),
        **requirement_parameters(None, None),
    }


def get_python_environment_marker(
    session: ReadSession,
    package_name: str,
    package_version: str,
    index_url: str,
    *,
    dependency_name: str,
    dependency_version: str,
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
) -> str | None:
    """Return the environment marker under which a package version requires a dependency.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.
        index_url: the index that it is on.
        dependency_name: name of the dependency.
        dependency_version: a version of it that a requirement admits.
        os_name: name of the operating system; None for any.
        os_version: its version; None for any.
        python_version: version of Python; None for any.

    Returns:
        The marker, whether it held or not and for whichever extra; the first in the order of text when there are
        several; None when the dependency is required without one.

    Raises:
        NotFoundError: the package version does not require that version of the dependency there.

    """
    rows = session.execute(
        _MARKERS,
        {
            **Wanted([(package_name, package_version, index_url)]).parameters(),
            **environment_parameters(Environment(os_name, os_version, python_version)),
            "dependency_name": normalize_python_package_name(dependency_name),
            "dependency_version": normalize_python_package_version(dependency_version),
        },
    ).all()
    if not rows:
        raise NotFoundError(
            f"{package_name} {package_version} from {index_url} requires no {dependency_name} {dependency_version}"
        )
    marker: str | None = rows[0][0]
    return marker
