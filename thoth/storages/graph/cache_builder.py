"""From the database into a graph cache file: packages, closed over what they depend on, in some environments."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ..config import GRAPH_CACHE_BUILD_ROWS
from ..exceptions import CacheFileError, NotFoundError
from ..files import is_special
from ..identifiers import Environment, PackageTuple
from ..normalize import normalize_python_package_name
from .cache import GraphCache
from .cache_file import identity_of, put_in_place, set_aside, temporary_file
from .cache_rows import Added
from .cache_writer import ASKED, ENVIRONMENT, INDEX, NODE, PACKAGE, SET, STORED, Progress, Writer
from .filters import requirement_parameters
from .postgres import GraphDatabase
from .queries.closures import MEMBER, WALK
from .queries.wanted import WANTED, Wanted

_LOGGER = logging.getLogger(__name__)

_ROOT = f"""
    FROM (
        SELECT id FROM python_release WHERE package_name = ANY(:names)
        UNION
        SELECT release.id FROM {WANTED}
        JOIN python_release AS release ON release.package_name = wanted.package_name
            AND release.package_version = wanted.package_version
    ) AS asked
    JOIN python_package_version AS stored ON stored.python_release_id = asked.id
        AND stored.solved_software_environment_id IN (SELECT id FROM environment)
        AND stored.python_package_index_id IS NOT NULL
    """
_ENVIRONMENTS = text("SELECT id, os_name, os_version, python_version FROM solved_software_environment")
# A statement that is read through a cursor is planned for those who want its first rows soon.
_WANT_ALL = text("SET LOCAL cursor_tuple_fraction = 1")
_WALK = WALK.format(environment="id = ANY(:environment_ids)", root=_ROOT)
# The walk follows the requirements that usually count. All requirements of what it comes to are taken along, so that
# questions about extras have an answer, too; only what it comes to was asked about. Rows come in the order in which
# the file is written.
_CONTENT = text(
    f"""
    {_WALK}, requirement AS MATERIALIZED (
        SELECT node.id, depends_on.version_set_id, depends_on.extra,
               coalesce(NOT depends_on.marker_evaluation_result, false) AS marker_failed
        FROM node JOIN depends_on ON depends_on.python_package_version_id = node.id
            AND depends_on.solver_run_id = node.solver_run_id
    ), content_set AS MATERIALIZED (
        SELECT id, python_release_ids FROM version_set WHERE id IN (SELECT version_set_id FROM requirement)
    ), record AS (
        SELECT {NODE}, node.solved_software_environment_id, node.python_release_id, node.python_package_index_id,
               array_agg(requirement.version_set_id), array_agg(requirement.extra),
               array_agg(requirement.marker_failed), CAST(NULL AS text)
        FROM node JOIN python_release AS release ON release.id = node.python_release_id
        LEFT JOIN requirement ON requirement.id = node.id
        GROUP BY node.id, 2, 3, 4, release.package_name
        ORDER BY release.package_name, 2, 3, 4
    )
    SELECT {ENVIRONMENT}, id, NULL::int, NULL::int, NULL::int[], ARRAY[os_name, os_version, python_version],
           NULL::boolean[], NULL::text
    FROM solved_software_environment
    UNION ALL
    SELECT {INDEX}, id, NULL, NULL, NULL, NULL, NULL, url FROM python_package_index
    WHERE id IN (SELECT python_package_index_id FROM node)
    UNION ALL
    SELECT {STORED}, solved_software_environment_id, count(*)::int, NULL, NULL, NULL, NULL, NULL
    FROM python_package_version
    WHERE solved_software_environment_id IN (SELECT id FROM environment) AND python_package_index_id IS NOT NULL
    GROUP BY solved_software_environment_id
    UNION ALL
    SELECT {ASKED}, solved_software_environment_id, NULL, NULL, array_agg(python_release_id), NULL, NULL, NULL
    FROM (
        {MEMBER}
        UNION
        SELECT solved_software_environment_id, python_release_id FROM root
    ) AS asked
    GROUP BY solved_software_environment_id, python_release_id / 10000
    UNION ALL
    SELECT * FROM (
        SELECT {PACKAGE}, bool_or(solved.id IS NOT NULL)::int, NULL::int, NULL::int,
               array_agg(release.id), array_agg(release.package_version), NULL::boolean[], release.package_name
        FROM (
            SELECT unnest(python_release_ids) AS id FROM content_set UNION SELECT python_release_id FROM root
        ) AS named
        JOIN python_release AS release ON release.id = named.id
        LEFT JOIN (SELECT DISTINCT python_release_id AS id FROM node) AS solved ON solved.id = named.id
        GROUP BY release.package_name
        ORDER BY package_name
    ) AS package
    UNION ALL
    SELECT {SET}, id, NULL, NULL, python_release_ids, NULL, NULL, NULL FROM content_set
    UNION ALL
    SELECT * FROM record
    """
)


@dataclass
class BuildReport:
    """What a build did; what `thoth-storages graph-cache` prints."""

    cache_file: str
    cache_file_size: int
    """Bytes."""
    packages_written: int
    """Names."""
    package_versions_written: int
    """Package versions on an index in an environment."""
    edges_written: int
    """What a closure has: package versions times the versions that they depend on, without extras."""
    not_solved: int
    """Versions that were come to, and that no document in the environment speaks of; they are asked again."""
    packages_not_found: list[str]
    """Names asked for of which the database knows nothing in these environments."""
    environments: list[dict[str, str]]
    cache_stats: dict[str, Any] = field(default_factory=dict)


def build_graph_cache(
    graph: GraphDatabase,
    path: str,
    package_names: Iterable[str],
    *,
    environment: Environment | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Write a cache file as `build_cache` does, again from the start when the database goes away meanwhile.

    Args:
        graph: a connected adapter.
        path: of the file.
        package_names: names of packages, of all of whose versions the file has to know.
        environment: the environments to cover; not given: all.
        progress: called with the name of a step, how far it is and how far it goes.

    Returns:
        What was written.

    Raises:
        CacheFileError: the file cannot be written.
        NotFoundError: the database knows no such environment.
        NotConnected: the database does not come back in time; a file that was there already is as it was.

    """
    names = list(package_names)

    def build(session: Session) -> BuildReport:
        return build_cache(session, path, names, environment=environment, origin=graph.place, progress=progress)

    return graph._run(build, writes=True)


def build_cache(
    session: Session,
    path: str,
    package_names: Iterable[str],
    *,
    environment: Environment | None = None,
    origin: str = "",
    progress: Progress | None = None,
) -> BuildReport:
    """Write a cache file that is complete for some packages and everything that they depend on.

    A file that is there already grows: its packages and environments are kept, and brought up to date; what was added
    to it as plain rows is packed when the database knows it, and carried over when not. The new file is written
    beside, and renamed when it is whole.

    Args:
        session: an open session of the database.
        path: of the file.
        package_names: names of packages, of all of whose versions the file has to know.
        environment: the environments to cover; not given: all.
        origin: where the database is, for those who look at the file later.
        progress: called with the name of a step, how far it is and how far it goes.

    Returns:
        What was written.

    Raises:
        CacheFileError: the file cannot be written.
        NotFoundError: the database knows no such environment.

    """
    if is_special(path):
        raise CacheFileError(f"{path}: cannot be written: not a regular file")
    previous = _Previous.read(path)
    names = sorted({normalize_python_package_name(name) for name in package_names} | previous.names)
    tell = progress or (lambda step, done, total: None)
    tell("asking the database", 0, 1)
    wanted = [environment or Environment(), *previous.environments]
    environments = {
        id_
        for id_, *parts in session.execute(_ENVIRONMENTS)
        if any(each.matches(Environment(*parts)) for each in wanted)
    }
    if not environments:
        raise NotFoundError(f"no solver document speaks of {_describe(environment or Environment())}")
    writer = Writer(set(names), environments, origin)
    try:
        with temporary_file(path) as temporary:
            writer.write(temporary, _rows(session, names, environments, previous.added, tell), tell)
            _carry_over(temporary, previous.added)
            put_in_place(temporary, path)
    except (sqlite3.Error, OSError) as error:
        raise CacheFileError(f"{path}: cannot be written: {error}") from None
    with GraphCache(path) as cache:
        stats = cache.stats()
    return BuildReport(
        cache_file=path,
        cache_file_size=os.path.getsize(path),
        packages_written=writer.packages,
        package_versions_written=writer.records,
        edges_written=writer.edges,
        not_solved=writer.not_solved,
        packages_not_found=[name for name in names if name not in writer.found_names],
        environments=[dict(zip(_PARTS, parts, strict=True)) for _, parts in sorted(writer.environments.items())],
        cache_stats=stats,
    )


_PARTS = ("os_name", "os_version", "python_version")


@dataclass
class _Previous:
    """What a file that is there already covers, and what was added to it."""

    names: set[str] = field(default_factory=set)
    environments: list[Environment] = field(default_factory=list)
    added: list[Added] = field(default_factory=list)

    @classmethod
    def read(cls, path: str) -> _Previous:
        """Read a file; one that cannot be used is set aside."""
        if not os.path.lexists(path):
            return cls()
        identity = identity_of(path)
        try:
            with GraphCache(path) as cache:
                scope = cache.scope()
                environments = [Environment(**parts) for parts in scope.get("environments", ())]
                return cls(set(scope.get("packages", ())), environments, list(cache.added()))
        except CacheFileError as error:
            if os.path.isdir(path):
                raise
            _LOGGER.warning("a new graph cache is made: %s", error, extra={"cache_file": path})
            set_aside(path, identity)
            return cls()


def _rows(
    session: Session, names: list[str], environments: Collection[int], added: Iterable[Added], tell: Progress
) -> Iterator[Sequence[Any]]:
    """Ask the database, in one statement, about packages and about what was added to the file before."""
    parameters = {
        "names": names,
        "environment_ids": sorted(environments),
        **Wanted(package for package, _, _ in added).parameters(),
        **requirement_parameters(None, None),
    }
    session.execute(_WANT_ALL)
    rows = session.execute(_CONTENT, parameters, execution_options={"yield_per": GRAPH_CACHE_BUILD_ROWS.read()})
    for number, row in enumerate(rows):
        if number == 0:  # the walk is over
            tell("asking the database", 1, 1)
        yield row


def _carry_over(path: str, added: Iterable[Added]) -> None:
    """Add to a new file what was added to the one before, and is not in it."""
    with GraphCache(path) as cache:
        left = [item for item in added if not _is_known(cache, *item[:2])]
    if left:
        with GraphCache(path, writable=True) as cache:
            for package, where, dependencies in left:
                cache.add_dependencies(package, where, dependencies)


def _is_known(cache: GraphCache, package: PackageTuple, where: Environment) -> bool:
    name, version, index_url = package
    found = cache.get_depends_on(
        name,
        version,
        index_url or "",
        os_name=where.os_name,
        os_version=where.os_version,
        python_version=where.python_version,
    )
    return found is not None


def _describe(environment: Environment) -> str:
    return " ".join(f"{name}={getattr(environment, name) or 'any'}" for name in _PARTS)
