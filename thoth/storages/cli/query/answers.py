"""The questions: each function asks a source, and returns a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

from ...exceptions import NotFoundError
from ...graph.chains import distances, newest_first, requirements_text, shortest_chains
from ...graph.chains_image import write_chains_image
from ...graph.closure import Closure
from ...graph.closure_image import write_closure_image
from .arguments import Package, Question
from .sources import CacheFileSource, DatabaseSource, Source


@dataclass(frozen=True)
class Requirements:
    """Requirements on a package, as people read them and as programs do."""

    text: str
    declared: list[dict[str, str | None]]


Value: TypeAlias = str | int | None | Requirements


@dataclass(frozen=True)
class Answer:
    """A table, in an order that the same question always gives."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]
    more: str | None = None
    """How to come to further rows, when there are any."""
    has_sections: bool = False
    """Whether rows with the same first value belong together."""


def depends_on(source: Source, question: Question, package: Package) -> Answer:
    """Return what a package version depends on directly, on all indexes that have it unless one is named."""
    urls = dict.fromkeys(record["index_url"] for record in source.records(package, question))
    found = source.depends_on(package, urls, question)
    rows = [(name, version) for name, version, _ in newest_first((*dependency, None) for dependency in found)]
    return Answer(("package_name", "package_version"), rows)


def records(source: Source, question: Question, package: Package) -> Answer:
    """Return where some solver document speaks of a package version."""
    columns = ("package_name", "package_version", "index_url", "os_name", "os_version", "python_version")
    found = source.records(package, question)
    return Answer(columns, [tuple(record[column] for column in columns) for record in found])


def versions(source: Source, question: Question, package: Package) -> Answer:
    """Return the versions of a package of which solver documents speak, newest first."""
    found = source.versions(Package(package.name, None), question)
    rows = [(version, url) for version, url in found if package.version in (None, version)]
    return Answer(("package_version", "index_url"), rows)


def closure(
    source: Source, question: Question, packages: Sequence[Package], *, edges: bool, graph: Path | None
) -> Answer:
    """Return everything that package versions depend on: packages, nearest first, or edges; and draw it."""
    found = source.closure(packages, question)
    if graph is not None:
        write_closure_image(graph, found)
    return _edges(found) if edges else _reached(found)


def _reached(found: Closure) -> Answer:
    distance_of = dict(zip(found.packages, distances(found), strict=True))
    rows = sorted(newest_first(found.packages), key=lambda package: distance_of[package])
    columns = ("package_name", "package_version", "index_url", "distance")
    return Answer(columns, [(*package, distance_of[package]) for package in rows])


def _edges(found: Closure) -> Answer:
    order = {package: number for number, package in enumerate(newest_first(found.packages))}
    columns = ("package_name", "package_version", "index_url")
    return Answer(
        (*columns, *(f"dependency_{column.removeprefix('package_')}" for column in columns)),
        [(*a, *b) for a, b in sorted(found.tuples(), key=lambda edge: (order[edge[0]], order[edge[1]]))],
    )


def why(
    source: Source, question: Question, root: Package, target: Package, *, limit: int, graph: Path | None
) -> Answer:
    """Return the shortest chains from a package version to a package, a row a step; and draw them."""
    found = shortest_chains(source.closure([root], question), target.name, target.version, limit=limit + 1)
    if not found:
        raise NotFoundError(f"{source.place}: {root} does not depend on {target}, directly or not")
    chains = found[:limit]
    requirements = source.requirements((pair for chain in chains for pair in pairwise(chain)), question)
    if graph is not None:
        write_chains_image(graph, chains, requirements, f"Why {root} pulls {target} in")
    rows: list[tuple[Value, ...]] = []
    for number, chain in enumerate(chains, start=1):
        rows.append((number, 0, *chain[0], None))
        for step, edge in enumerate(pairwise(chain), start=1):
            declared = requirements.get(edge)
            text = declared and Requirements(requirements_text(edge[1][0], declared), declared)
            rows.append((number, step, *edge[1], text or None))
    columns = ("chain", "step", "package_name", "package_version", "index_url", "required_as")
    return Answer(columns, rows, f"--limit {2 * limit}" if len(found) > limit else None, has_sections=True)


def dependents(
    source: Source,
    question: Question,
    package: Package,
    *,
    transitive: bool,
    count: bool,
    page: int,
    per_page: int,
) -> Answer:
    """Return the package versions that depend on a package, directly or not: a page of them, or how many they are."""
    if not transitive and (question.index_url is not None or any(question.env().values())):
        raise ValueError("--index-url, --os-name, --os-version and --python-version go with --transitive")
    graph = source.database("dependents")
    arguments = (package.name, package.version, question.index_url)
    columns = ("package_name", "package_version", *(["index_url"] if transitive else []))
    start = (page - 1) * per_page
    rows: Sequence[tuple[Value, ...]]
    number: int
    if not transitive:
        by_name = graph.retrieve_dependent_packages(package.name, package.version)
        everything = [(name, version) for name, found in by_name.items() for version in found]
        number, rows = len(everything), everything[start : start + per_page + 1]
    elif count:
        number, rows = graph.retrieve_transitive_dependents_python_count(*arguments, **question.env()), ()
    else:
        rows = graph.retrieve_transitive_dependents_python(
            *arguments, **question.env(), start_offset=start, count=per_page + 1
        )
        number = start + len(rows)
    if not number:
        _must_be_known(source, package, question)
    if count:
        return Answer(("count",), [(number,)])
    return Answer(columns, rows[:per_page], f"--page {page + 1}" if len(rows) > per_page else None)


def solver_error(source: Source, question: Question, package: Package) -> Answer:
    """Return for each index that has a package version whether the latest run of a solver failed."""
    graph = source.database("errors of solvers")
    urls = dict.fromkeys(record["index_url"] for record in source.records(package, question))
    wanted = [(package.name, str(package.version), url) for url in urls]
    found = graph.has_python_solver_error_many(wanted, **question.env())
    rows = [(name, version, url, failed) for (name, version, url), failed in found.items()]
    return Answer(("package_name", "package_version", "index_url", "solver_error"), rows)


def cve(source: Source, question: Question, package: Package) -> Answer:
    """Return the known vulnerabilities of a release."""
    columns = ("cve_id", "cve_name", "version_range", "advisory")
    found = source.database("vulnerabilities").get_python_cve_records(package.name, str(package.version))
    if not found:
        _must_be_known(source, package, question)
    return Answer(columns, [tuple(record[column] for column in columns) for record in found])


def hashes(source: Source, question: Question, package: Package) -> Answer:
    """Return the SHA-256 digests of the files of a release."""
    graph = source.database("digests of files")
    found = graph.get_all_python_package_version_hashes_sha256(package.name, str(package.version))
    rows = [(url, digest) for url, digest in found if question.index_url in (None, url)]
    if not rows:
        _must_be_known(source, package, question)
    return Answer(("index_url", "sha256"), rows)


def stats(source: Source, question: Question, *, solver: str | None) -> Answer:
    """Return how much there is."""
    counts: dict[str, Any]
    if isinstance(source, CacheFileSource):
        if solver is not None:
            raise ValueError("--solver goes without --cache")
        scope = source.cache.scope()
        counts = {
            "packages_complete": len(scope.get("packages", ())),
            "environments_complete": len(scope.get("environments", ())),
            **source.cache.stats()["table_size"],
        }
    else:
        graph = source.database("")
        counts = {
            "solver_documents": graph.get_solver_documents_count(),
            "analyzer_documents": graph.get_analyzer_documents_count(),
            "package_versions": graph.get_all_python_packages_count(without_error=False),
            "package_versions_without_error": graph.get_all_python_packages_count(),
            "package_versions_with_error": graph.get_error_python_packages_count(),
            "package_versions_unsolvable": graph.get_error_python_packages_count(unsolvable=True),
            "package_versions_unparseable": graph.get_error_python_packages_count(unparseable=True),
            "releases_solved": graph.retrieve_solved_python_packages_count(),
            **graph.get_number_of_pi_records(),
            **{f"pi_records_of_{framework}": number for framework, number in graph.get_all_pi_count().items()},
        }
        if solver is not None:
            counts["releases_solved_by_solver"] = graph.retrieve_solved_python_packages_count(solver)
            counts["releases_not_solved_by_solver"] = graph.retrieve_unsolved_python_packages_count(solver)
    return Answer(("name", "count"), list(counts.items()))


def _must_be_known(source: Source, package: Package, question: Question) -> None:
    """Make sure that an empty answer is one, and not about a package that nobody knows."""
    if isinstance(source, DatabaseSource):
        source.must_be_known(package, question)
