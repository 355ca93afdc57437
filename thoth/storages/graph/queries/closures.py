"""Transitive dependencies and dependents: walks over sets of versions, one recursive statement each.

A walk goes by sets and not by edges, as the same sets recur by the thousand.
https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-RECURSIVE
"""

from __future__ import annotations

from sqlalchemy import text

from ...identifiers import Environment, PackageTuple
from ..closure import Closure, Edge
from ..closure_answer import assemble
from ..filters import COUNTS, IN_ENVIRONMENT, environment_parameters, requirement_parameters
from ..sessions import ReadSession
from .wanted import WANTED, Wanted

MEMBER = f"""
            SELECT needed.solved_software_environment_id, unnest(version_set.python_release_ids) AS python_release_id
            FROM (
                SELECT DISTINCT node.solved_software_environment_id, depends_on.version_set_id
                FROM node JOIN depends_on ON depends_on.python_package_version_id = node.id
                    AND depends_on.solver_run_id = node.solver_run_id AND {COUNTS}
            ) AS needed
            JOIN version_set ON version_set.id = needed.version_set_id
"""
"""The releases that the requirements of ``node`` admit; one that several sets have comes several times.

Each set is taken apart once. It is done in the SELECT list: what a function in FROM returns is stored before it is
read, for each set by itself.
"""

WALK = f"""
    WITH RECURSIVE environment AS MATERIALIZED (
        SELECT id FROM solved_software_environment WHERE {{environment}}
    ), root AS MATERIALIZED (
        SELECT stored.id, stored.solver_run_id, stored.solved_software_environment_id, stored.python_release_id,
               stored.python_package_index_id
        {{root}}
    ), node(id, solver_run_id, solved_software_environment_id, python_release_id, python_package_index_id) AS (
        SELECT * FROM root
        UNION
        SELECT stored.id, stored.solver_run_id, stored.solved_software_environment_id, stored.python_release_id,
               stored.python_package_index_id
        FROM ({MEMBER}) AS member
        JOIN python_package_version AS stored ON stored.python_release_id = member.python_release_id
            AND stored.solved_software_environment_id = member.solved_software_environment_id
            AND stored.python_package_index_id IS NOT NULL
    )
    """
"""The walk, for other statements to begin with: ``node`` has the package versions that are reached.

``environment`` is the condition on the environments, ``root`` the FROM clause that names its beginning. Each package
version is gone on from once.
"""

_ROOT = f"""
    FROM {WANTED}
    JOIN python_release AS release ON release.package_name = wanted.package_name
        AND release.package_version = wanted.package_version
    JOIN python_package_version AS stored ON stored.python_release_id = release.id
        AND stored.solved_software_environment_id IN (SELECT id FROM environment)
    JOIN python_package_index AS index ON index.id = stored.python_package_index_id
        AND (wanted.index_url IS NULL OR wanted.index_url = index.url)
    """
# Numbers as JSON are read several times as fast as arrays of the driver, and make no rows that are thrown away. Of a
# project all releases are returned: they are next to each other in the index, and most of them are reached. Most sets
# are runs, whose releases have ids without a gap: the first and their number are a third of the answer less.
_CLOSURE = text(
    f"""
    {WALK.format(environment=IN_ENVIRONMENT, root=_ROOT)}, known AS MATERIALIZED (
        SELECT solved_software_environment_id, python_release_id, python_package_index_id, ARRAY(
            SELECT version_set_id FROM depends_on
            WHERE depends_on.python_package_version_id = node.id AND depends_on.solver_run_id = node.solver_run_id
                AND {COUNTS}
        ) AS version_set_ids
        FROM node
    )
    SELECT CAST(json_build_array(
        (SELECT coalesce(json_agg(json_build_array(release_ids, index_ids, version_set_ids)), '[]') FROM (
            SELECT json_agg(python_release_id), json_agg(python_package_index_id), json_agg(version_set_ids)
            FROM known GROUP BY solved_software_environment_id
        ) AS environment(release_ids, index_ids, version_set_ids)),
        (SELECT json_build_array(
            coalesce(json_agg(package_name), '[]'), coalesce(json_agg(run_ids), '[]'),
            coalesce(json_agg(run_release_ids), '[]'), coalesce(json_agg(run_sizes), '[]'),
            coalesce(json_agg(set_ids), '[]'), coalesce(json_agg(sets), '[]'),
            coalesce(json_agg(release_ids), '[]'), coalesce(json_agg(versions), '[]'))
         FROM (
            SELECT package_name,
                   coalesce(json_agg(id) FILTER (WHERE is_run), '[]'),
                   coalesce(json_agg(python_release_ids[1]) FILTER (WHERE is_run), '[]'),
                   coalesce(json_agg(cardinality(python_release_ids)) FILTER (WHERE is_run), '[]'),
                   coalesce(json_agg(id) FILTER (WHERE NOT is_run), '[]'),
                   coalesce(json_agg(python_release_ids) FILTER (WHERE NOT is_run), '[]')
            FROM (
                SELECT package_name, id, python_release_ids, cardinality(python_release_ids) > 0 AND
                    python_release_ids[cardinality(python_release_ids)] - python_release_ids[1]
                    = cardinality(python_release_ids) - 1
                FROM version_set
                WHERE id IN (SELECT unnest(version_set_ids) FROM known)
                UNION ALL
                SELECT package_name, NULL, NULL, NULL FROM python_release
                WHERE id IN (SELECT python_release_id FROM root)
            ) AS reached(package_name, id, python_release_ids, is_run)
            GROUP BY package_name
         ) AS project(package_name, run_ids, run_release_ids, run_sizes, set_ids, sets)
         CROSS JOIN LATERAL (
            SELECT coalesce(json_agg(id), '[]'), coalesce(json_agg(package_version), '[]') FROM (
                SELECT id, package_version FROM python_release
                WHERE python_release.package_name = project.package_name AND package_version IS NOT NULL
                ORDER BY id
            ) AS release
         ) AS released(release_ids, versions)),
        (SELECT coalesce(json_object_agg(id, url), '{{}}') FROM python_package_index
         WHERE id IN (SELECT python_package_index_id FROM node))
    ) AS text)
    """
)


def closure(
    session: ReadSession,
    *package_tuples: tuple[str, str, str | None],
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
    extras: frozenset[str | None] | None = None,
    marker_evaluation_result: bool | None = None,
) -> Closure:
    """Return everything that package versions depend on, directly or not, in one round trip.

    Args:
        session: an open session.
        package_tuples: the package versions; without an index URL, those on all indexes.
        os_name: name of the operating system; None for any. With several environments, each is walked by itself.
        os_version: its version; None for any.
        python_version: version of Python; None for any.
        extras: extras whose requirements count, None among them for requirements without an extra; not given: those
            without an extra.
        marker_evaluation_result: False for requirements whose marker did not hold; otherwise those that held.

    Returns:
        The closure; a package version that was never solved is a root without nodes.

    """
    wanted = Wanted(package_tuples)
    answer = session.scalar(
        _CLOSURE,
        {
            **wanted.parameters(),
            **environment_parameters(Environment(os_name, os_version, python_version)),
            **requirement_parameters(extras, marker_evaluation_result),
        },
    )
    return assemble(answer, wanted.packages)


def retrieve_transitive_dependencies_python(
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
) -> list[Edge]:
    """Return every edge that is reached from a package version, in one round trip.

    Args:
        session: an open session.
        package_name: name of the package.
        package_version: its version.
        index_url: the index that it is on.
        os_name: name of the operating system; None for any. With several environments, each is walked by itself.
        os_version: its version; None for any.
        python_version: version of Python; None for any.
        extras: extras whose requirements count, None among them for requirements without an extra; not given: those
            without an extra.
        marker_evaluation_result: False for requirements whose marker did not hold; otherwise those that held.

    Returns:
        Pairs of package tuples, each once: the dependent, and what it depends on. The index URL of a dependency that
        was not solved is None. Empty when the package version was never solved.

    """
    return closure(
        session,
        (package_name, package_version, index_url),
        os_name=os_name,
        os_version=os_version,
        python_version=python_version,
        extras=extras,
        marker_evaluation_result=marker_evaluation_result,
    ).tuples()


def retrieve_transitive_dependencies_python_multi(
    session: ReadSession,
    *package_tuples: tuple[str, str, str],
    os_name: str | None = None,
    os_version: str | None = None,
    python_version: str | None = None,
    extras: frozenset[str | None] | None = None,
    marker_evaluation_result: bool | None = None,
) -> dict[PackageTuple, list[Edge]]:
    """Return, for each of several package versions, every edge that is reached from it, in one round trip for all.

    Args:
        session: an open session.
        package_tuples: the package versions.
        os_name: as for `retrieve_transitive_dependencies_python`, like those that follow.
        os_version: version of the operating system; None for any.
        python_version: version of Python; None for any.
        extras: extras whose requirements count.
        marker_evaluation_result: False for requirements whose marker did not hold.

    Returns:
        Pairs of package tuples by package tuple, normalised; one entry a package version asked about.

    """
    answer = closure(
        session,
        *package_tuples,
        os_name=os_name,
        os_version=os_version,
        python_version=python_version,
        extras=extras,
        marker_evaluation_result=marker_evaluation_result,
    )
    return {root: answer.tuples_from(root) for root in answer.roots}
