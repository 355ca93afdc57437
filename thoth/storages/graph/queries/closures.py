"""Transitive dependencies and dependents: walks over sets of versions, one recursive statement each.

A walk goes from set to set and not from edge to edge: the same sets recur by the thousand, and each is gone through
once. https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-RECURSIVE
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from sqlalchemy import text

from ...identifiers import Environment, PackageTuple
from ..closure import Closure, ClosureBuilder, Edge
from ..filters import COUNTS, IN_ENVIRONMENT, environment_parameters, requirement_parameters
from ..sessions import ReadSession
from .wanted import WANTED, Wanted

# The kinds of rows that come back.
_NODE, _SET, _RELEASES, _INDEX = range(4)
WALK = f"""
    WITH RECURSIVE environment AS MATERIALIZED (
        SELECT id FROM solved_software_environment WHERE {{environment}}
    ), root AS MATERIALIZED (
        SELECT stored.id, stored.solver_run_id, stored.solved_software_environment_id, stored.python_release_id,
               stored.python_package_index_id
        {{root}}
    ), walk(solved_software_environment_id, version_set_id) AS (
        SELECT root.solved_software_environment_id, depends_on.version_set_id
        FROM root JOIN depends_on ON depends_on.python_package_version_id = root.id
            AND depends_on.solver_run_id = root.solver_run_id AND {COUNTS}
        UNION
        SELECT walk.solved_software_environment_id, depends_on.version_set_id
        FROM walk
        JOIN version_set ON version_set.id = walk.version_set_id
        CROSS JOIN LATERAL unnest(version_set.python_release_ids) AS member(python_release_id)
        JOIN python_package_version AS stored ON stored.python_release_id = member.python_release_id
            AND stored.solved_software_environment_id = walk.solved_software_environment_id
            AND stored.python_package_index_id IS NOT NULL
        JOIN depends_on ON depends_on.python_package_version_id = stored.id
            AND depends_on.solver_run_id = stored.solver_run_id AND {COUNTS}
    ), walked_set AS MATERIALIZED (
        SELECT id, python_release_ids FROM version_set WHERE id IN (SELECT version_set_id FROM walk)
    ), member AS MATERIALIZED (
        SELECT DISTINCT walk.solved_software_environment_id, released.python_release_id
        FROM walk JOIN walked_set ON walked_set.id = walk.version_set_id
        CROSS JOIN LATERAL unnest(walked_set.python_release_ids) AS released(python_release_id)
    ), node AS MATERIALIZED (
        SELECT id, solver_run_id, solved_software_environment_id, python_release_id, python_package_index_id FROM root
        UNION
        SELECT stored.id, stored.solver_run_id, stored.solved_software_environment_id, stored.python_release_id,
               stored.python_package_index_id
        FROM member JOIN python_package_version AS stored ON stored.python_release_id = member.python_release_id
            AND stored.solved_software_environment_id = member.solved_software_environment_id
            AND stored.python_package_index_id IS NOT NULL
    )
    """
"""The walk, for other statements to begin with.

``environment`` is the condition on the environments, ``root`` the FROM clause that names its beginning.
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
_CLOSURE = text(
    f"""
    {WALK.format(environment=IN_ENVIRONMENT, root=_ROOT)}
    SELECT {_NODE}, node.solved_software_environment_id, node.python_release_id, node.python_package_index_id,
           array_agg(depends_on.version_set_id) FILTER (WHERE depends_on.version_set_id IS NOT NULL),
           CAST(NULL AS text), CAST(NULL AS text[])
    FROM node LEFT JOIN depends_on ON depends_on.python_package_version_id = node.id
        AND depends_on.solver_run_id = node.solver_run_id AND {COUNTS}
    GROUP BY node.id, 2, 3, 4
    UNION ALL
    SELECT {_SET}, id, NULL, NULL, python_release_ids, NULL, NULL FROM walked_set
    UNION ALL
    SELECT {_RELEASES}, NULL, NULL, NULL, array_agg(id), package_name, array_agg(package_version)
    FROM python_release
    WHERE id IN (SELECT python_release_id FROM member UNION SELECT python_release_id FROM root)
    GROUP BY package_name
    UNION ALL
    SELECT {_INDEX}, id, NULL, NULL, NULL, url, NULL FROM python_package_index
    WHERE id IN (SELECT python_package_index_id FROM node)
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
    rows = session.execute(
        _CLOSURE,
        {
            **wanted.parameters(),
            **environment_parameters(Environment(os_name, os_version, python_version)),
            **requirement_parameters(extras, marker_evaluation_result),
        },
    ).all()
    return _assemble(rows, wanted.packages)


def _assemble(rows: Sequence[Any], roots: Sequence[PackageTuple]) -> Closure:
    """Put the rows of the statement together."""
    releases: dict[int, tuple[str, str]] = {}
    indexes: dict[int, str] = {}
    members: dict[int, list[int]] = {}
    nodes: dict[int, list[tuple[int, int, list[int] | None]]] = {}
    for kind, a, b, c, integers, name, versions in rows:
        if kind == _NODE:
            nodes.setdefault(a, []).append((b, c, integers))
        elif kind == _SET:
            members[a] = integers
        elif kind == _RELEASES:
            releases.update(zip(integers, zip(repeat(name), versions), strict=True))
        else:
            indexes[a] = name
    builder = ClosureBuilder()
    for environment, in_environment in nodes.items():
        _assemble_environment(environment, in_environment, releases, indexes, members, builder)
    return builder.build(_root_nodes(roots, nodes, builder))


def _assemble_environment(
    environment: int,
    nodes: Sequence[tuple[int, int, list[int] | None]],
    releases: Mapping[int, tuple[str, str]],
    indexes: Mapping[int, str],
    members: Mapping[int, list[int]],
    builder: ClosureBuilder,
) -> None:
    """Add the nodes of an environment; each is a release, an index and the sets that its requirements admit."""
    # The nodes of a release: one for each index that has it, or the one that says that it was not solved.
    of_release: dict[int, list[int]] = {}
    numbers = []
    for release, index, _ in nodes:
        number = builder.node(environment, (*releases[release], indexes[index]))
        numbers.append(number)
        of_release.setdefault(release, []).append(number)
    used = dict.fromkeys(set_id for _, _, set_ids in nodes for set_id in set_ids or ())
    one_each = len(numbers) == len(of_release)
    unsolved = set().union(*(members[set_id] for set_id in used)).difference(of_release)
    new_nodes = builder.new_nodes(environment, [(*releases[release], None) for release in unsolved])
    of_release.update((release, [node]) for release, node in zip(unsolved, new_nodes, strict=True))
    if one_each:  # as when there is one index: a number a release, and no lists to chain
        the_node = {release: nodes_of_one[0] for release, nodes_of_one in of_release.items()}
        of_sets = {set_id: list(map(the_node.__getitem__, members[set_id])) for set_id in used}
    else:
        of_sets = {set_id: list(chain.from_iterable(map(of_release.__getitem__, members[set_id]))) for set_id in used}
    positions = {set_id: builder.add_set(nodes_of_set) for set_id, nodes_of_set in of_sets.items()}
    for number, (_, _, set_ids) in zip(numbers, nodes, strict=True):
        if set_ids:
            builder.node_sets[number] = [positions[set_id] for set_id in dict.fromkeys(set_ids)]


def _root_nodes(
    roots: Sequence[PackageTuple], environments: Iterable[int], builder: ClosureBuilder
) -> dict[PackageTuple, list[int]]:
    """Return the nodes of the package versions that were asked about."""
    found: dict[PackageTuple, list[int]] = {root: [] for root in roots}
    if all(root[2] is not None for root in roots):
        for root, nodes in found.items():
            nodes.extend(
                builder.nodes[key] for key in ((where, root) for where in environments) if key in builder.nodes
            )
        return found
    for (_, package), node in builder.nodes.items():
        if package[2] is not None:
            for root in (package, (*package[:2], None)):
                if root in found:
                    found[root].append(node)
    return found


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
