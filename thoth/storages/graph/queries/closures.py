"""Transitive dependencies and dependents: walks over sets of versions, one recursive statement each.

A walk goes from set to set and not from edge to edge: the same sets recur by the thousand, and each is gone through
once. https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-RECURSIVE
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress, count, repeat

import msgspec
from sqlalchemy import text

from ...identifiers import Environment, PackageTuple
from ..closure import Closure, Edge, packages_of
from ..filters import COUNTS, IN_ENVIRONMENT, environment_parameters, requirement_parameters
from ..sessions import ReadSession
from .wanted import WANTED, Wanted

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
# Numbers as JSON are read several times as fast as arrays of the driver, and make no rows that are thrown away.
_CLOSURE = text(
    f"""
    {WALK.format(environment=IN_ENVIRONMENT, root=_ROOT)}
    SELECT CAST(json_build_array(
        (SELECT coalesce(json_agg(json_build_array(release_ids, index_ids, version_set_ids)), '[]') FROM (
            SELECT json_agg(python_release_id), json_agg(python_package_index_id), json_agg(version_set_ids)
            FROM (
                SELECT node.*,
                       array_agg(depends_on.version_set_id) FILTER (WHERE depends_on.version_set_id IS NOT NULL)
                FROM node LEFT JOIN depends_on ON depends_on.python_package_version_id = node.id
                    AND depends_on.solver_run_id = node.solver_run_id AND {COUNTS}
                GROUP BY node.id, node.solver_run_id, node.solved_software_environment_id, node.python_release_id,
                         node.python_package_index_id
            ) AS known(id, solver_run_id, environment_id, python_release_id, python_package_index_id, version_set_ids)
            GROUP BY environment_id
        ) AS environment(release_ids, index_ids, version_set_ids)),
        (SELECT json_build_array(coalesce(json_agg(id), '[]'), coalesce(json_agg(python_release_ids), '[]'))
         FROM walked_set),
        (SELECT coalesce(json_agg(json_build_array(package_name, ids, versions)), '[]') FROM (
            SELECT package_name, json_agg(id), json_agg(package_version) FROM python_release
            WHERE id IN (SELECT python_release_id FROM member UNION SELECT python_release_id FROM root)
            GROUP BY package_name
        ) AS released(package_name, ids, versions)),
        (SELECT coalesce(json_object_agg(id, url), '{{}}') FROM python_package_index
         WHERE id IN (SELECT python_package_index_id FROM node))
    ) AS text)
    """
)


class _Nodes(msgspec.Struct, array_like=True, gc=False):
    """The package versions that are solved in an environment, as parallel lists."""

    releases: list[int]
    indexes: list[int]
    set_ids: list[tuple[int, ...] | None]
    """What their requirements admit; None without requirements."""


class _Answer(msgspec.Struct, array_like=True, gc=False):
    """What the statement returns."""

    environments: list[_Nodes]
    sets: tuple[list[int], list[list[int]]]
    """Ids, and the releases in each."""
    releases: list[tuple[str, list[int], list[str]]]
    """Of each project: its name, ids and versions."""
    indexes: dict[int, str]


_DECODER = msgspec.json.Decoder(_Answer)


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
    return _assemble(_DECODER.decode(answer), wanted.packages)


def _assemble(answer: _Answer, roots: Iterable[PackageTuple]) -> Closure:
    """Put what the statement returned together."""
    ids: list[int] = []
    packages: list[PackageTuple] = []
    for name, ids_of_project, versions in answer.releases:
        ids += ids_of_project
        packages.extend(zip(repeat(name), versions, repeat(None)))
    sets = dict(zip(*answer.sets, strict=True))
    assembly = _Assembly(answer.indexes, roots)
    if len(answer.environments) == 1:  # whatever there is was reached in it
        assembly.add(answer.environments[0], ids, packages, sets)
        return assembly.closure(1)
    for solved in answer.environments:
        used = {id_: sets[id_] for id_ in chain.from_iterable(filter(None, solved.set_ids))}
        is_reached = list(map(set(solved.releases).union(*used.values()).__contains__, ids))
        assembly.add(solved, list(compress(ids, is_reached)), compress(packages, is_reached), used)
    return assembly.closure(len(answer.environments))


class _Assembly:
    """A closure that is put together, environment by environment."""

    def __init__(self, indexes: Mapping[int, str], roots: Iterable[PackageTuple]) -> None:
        """Take URLs of indexes by id, and what was asked about."""
        self._indexes = indexes
        self._roots: dict[PackageTuple, list[int]] = {root: [] for root in roots}
        self._nodes: list[PackageTuple] = []
        self._node_sets: list[Sequence[int]] = []
        self._sets: list[Sequence[int]] = []

    def add(
        self, solved: _Nodes, ids: list[int], packages: Iterable[PackageTuple], sets: Mapping[int, list[int]]
    ) -> None:
        """Add what was reached in an environment.

        Args:
            solved: the package versions that are solved.
            ids: the releases that were reached.
            packages: the same, as package tuples that are not solved.
            sets: releases by the ids of their sets.

        """
        nodes, node_sets, indexes = self._nodes, self._node_sets, self._indexes
        first = len(nodes)
        number_of = dict(zip(ids, count(first)))
        nodes += packages
        node_sets += repeat((), len(ids))
        position_of = dict(zip(sets, count(len(self._sets))))
        # Most versions of a project have the requirements of another one. Several may admit the same, by markers.
        lists = {ids: [position_of[id_] for id_ in dict.fromkeys(ids)] for ids in set(solved.set_ids) if ids}
        root_names = {name for name, _, _ in self._roots}
        on_others: dict[int, list[int]] = {}
        for release, index, set_ids in zip(solved.releases, solved.indexes, solved.set_ids, strict=True):
            number = number_of[release]
            name, version, url = nodes[number]
            if url is not None:
                number = len(nodes)
                on_others.setdefault(release, []).append(number)
                nodes.append(nodes[-1])
                node_sets.append(())
            nodes[number] = (name, version, indexes[index])
            if set_ids:
                node_sets[number] = lists[set_ids]
            if name in root_names:
                self._note_root(number)
        for releases in sets.values():
            self._sets.append(_nodes_of(releases, number_of, ids, first, on_others))

    def closure(self, environments: int) -> Closure:
        """Return the closure of that many environments."""
        packages, positions = packages_of(self._nodes, environments)
        return Closure(packages, positions, self._node_sets, self._sets, self._roots)

    def _note_root(self, number: int) -> None:
        """Note a node if it is one of those that were asked about, on an index or on any."""
        package = self._nodes[number]
        for root in (package, (*package[:2], None)):
            if root in self._roots:
                self._roots[root].append(number)


def _nodes_of(
    releases: list[int],
    number_of: Mapping[int, int],
    ids: list[int],
    first: int,
    on_others: Mapping[int, list[int]],
) -> Sequence[int]:
    """Return the nodes of releases, given the first of each, and those on other indexes.

    Args:
        releases: a set of them.
        number_of: their nodes; on the first index, if a release is on several.
        ids: the releases of nodes, in the order of their numbers.
        first: the first number.
        on_others: the nodes of releases on further indexes.

    """
    if not releases:
        return ()
    start, end = number_of[releases[0]], number_of[releases[-1]] + 1
    nodes: Sequence[int] = range(start, end)
    # Most sets are versions that became known one after the other.
    if len(nodes) != len(releases) or ids[start - first : end - first] != releases:
        nodes = list(map(number_of.__getitem__, releases))
    if on_others:
        nodes = [*nodes, *chain.from_iterable(map(on_others.get, releases, repeat(())))]
    return nodes


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
