"""Questions to `thoth-storages query`, and what the oracle says to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from packaging.version import Version

from tests.factories import PYPI, RHEL
from tests.oracle import Env, Oracle

Json = dict[str, Any]
Rows = list[Json]
Expected = Callable[[Oracle], Rows]

RHEL_8 = ["--os-name", "ubi", "--os-version", "8.5", "--python-version", "3.8"]
CVE: Json = {"record_id": "pyup.io-1", "version_range": "<2", "advisory": '[bold]old[/]\n\x1b[31m and red, "quoted"'}
MANY = 1_000_000


def newest_first(package: Any) -> Any:
    """Key of the order: by name, the newest version first, by index."""
    name, version, *index = package
    release = Version(version)
    return name, [-part for part in (*release.release, 0, 0, 0, 0)[:4]], not release.is_prerelease, str(index)


def depends_on(oracle: Oracle) -> Rows:
    found = oracle.get_depends_on("flask", "1.0.2", None, **RHEL)
    return table("package_name package_version", sorted(found, key=newest_first))


def depends_on_anywhere(oracle: Oracle) -> Rows:
    found = oracle.get_depends_on("requests", "2.27.1", None, extras=frozenset({None, "socks"}))
    return table("package_name package_version", sorted(found, key=newest_first))


def not_held(oracle: Oracle) -> Rows:
    found = oracle.get_depends_on("requests", "2.27.1", PYPI, marker_evaluation_result=False, **RHEL)
    assert found
    return table("package_name package_version", sorted(found, key=newest_first))


def closure(oracle: Oracle) -> Rows:
    env: Env = {"os_name": "rhel", "os_version": "8", "python_version": "3.8"}
    edges = oracle.retrieve_transitive_dependencies_python("jupyterlab", "3.4.8", None, **RHEL)
    distances: dict[Any, int] = dict.fromkeys(
        [record for _, record in oracle.records_in(("jupyterlab", "3.4.8", None), env)],
        0,
    )
    for distance in range(len(edges)):
        for source, target in edges:
            if distances.get(source) == distance:
                distances.setdefault(target, distance + 1)
    rows = sorted(distances, key=lambda package: (distances[package], newest_first(package)))
    assert {package for edge in edges for package in edge} == set(distances)
    return table("package_name package_version index_url distance", [(*row, distances[row]) for row in rows])


def edges(oracle: Oracle) -> Rows:
    found = oracle.retrieve_transitive_dependencies_python("flask", "1.0.2", PYPI, **RHEL)
    rows = [(*a, *b) for a, b in sorted(found, key=lambda edge: tuple(map(newest_first, edge)))]
    columns = "package_name package_version index_url dependency_name dependency_version dependency_index_url"
    return table(columns, rows)


def versions(oracle: Oracle) -> Rows:
    return table("package_version index_url", oracle.get_all_versions_python_package("flask"))


def records(oracle: Oracle) -> Rows:
    found: Rows = oracle.get_python_package_version_records("flask", "1.0.2", None)
    return found


def dependents(oracle: Oracle) -> Rows:
    found = oracle.retrieve_dependent_packages("werkzeug")
    rows = [(name, version) for name, of_name in found.items() for version in of_name]
    return table("package_name package_version", rows)


def transitive_dependents(oracle: Oracle) -> Rows:
    found = oracle.retrieve_transitive_dependents_python("markupsafe", "2.0.1", start_offset=4, count=4, **RHEL)
    return table("package_name package_version index_url", found)


def count(oracle: Oracle) -> Rows:
    return [{"count": oracle.retrieve_transitive_dependents_python_count("markupsafe", "2.0.1", **RHEL)}]


def solver_error(oracle: Oracle) -> Rows:
    failed = oracle.has_python_solver_error("jupyterlab", "3.99.0", PYPI, **RHEL)
    return table("package_name package_version index_url solver_error", [("jupyterlab", "3.99.0", PYPI, failed)])


def hashes(oracle: Oracle) -> Rows:
    found = oracle.get_all_python_package_version_hashes_sha256("flask", "1.0.2")
    assert found
    return table("index_url sha256", found)


def cve(_: Oracle) -> Rows:
    return table("cve_id cve_name version_range advisory", [("pyup.io-1", "CVE-1", "<2", CVE["advisory"])])


def stats(oracle: Oracle) -> Rows:
    counts = {
        "solver_documents": oracle.get_solver_documents_count(),
        "analyzer_documents": 0,
        "package_versions": oracle.get_all_python_packages_count(without_error=False),
        "package_versions_without_error": oracle.get_all_python_packages_count(),
        "package_versions_with_error": oracle.get_error_python_packages_count(),
        "package_versions_unsolvable": oracle.get_error_python_packages_count(unsolvable=True),
        "package_versions_unparseable": oracle.get_error_python_packages_count(unparseable=True),
        "releases_solved": oracle.retrieve_solved_python_packages_count(),
        **dict.fromkeys(("pi_matmul", "pi_conv1d", "pi_conv2d", "pi_pybench"), 0),
        "releases_solved_by_solver": oracle.retrieve_solved_python_packages_count("solver-rhel-8-py38"),
        "releases_not_solved_by_solver": oracle.retrieve_unsolved_python_packages_count("solver-rhel-8-py38"),
    }
    return table("name count", counts.items())


def table(columns: str, rows: Any) -> Rows:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


# What is typed, what the oracle says, and whether a cache file knows it, too.
QUESTIONS: dict[str, tuple[list[str], Expected, bool]] = {
    "depends-on": (["depends-on", "Flask==1.0.2", *RHEL_8], depends_on, True),
    "depends-on, anywhere": (["depends-on", "requests==2.27.1", "--extra", "Socks"], depends_on_anywhere, True),
    "depends-on, not held": (
        ["depends-on", "requests == v2.27.1", *RHEL_8, "--index-url", f"{PYPI}/", "--no-marker-evaluation-result"],
        not_held,
        True,
    ),
    "closure": (["closure", "jupyterlab==3.4.8", *RHEL_8], closure, True),
    "closure, edges": (["closure", "flask==1.0.2", *RHEL_8, "--edges", "--index-url", PYPI], edges, True),
    "versions": (["versions", "FLASK"], versions, True),
    "records": (["records", "flask==1.0.2"], records, True),
    "dependents": (["dependents", "Werkzeug"], dependents, False),
    "dependents, transitive": (
        ["dependents", "MarkupSafe==2.0.1", *RHEL_8, "--transitive", "--page", "2", "--per-page", "4"],
        transitive_dependents,
        False,
    ),
    "dependents, count": (["dependents", "MarkupSafe==2.0.1", *RHEL_8, "--transitive", "--count"], count, False),
    "solver-error": (["solver-error", "jupyterlab==3.99.0", *RHEL_8], solver_error, False),
    "hashes": (["hashes", "flask==1.0.2"], hashes, False),
    "cve": (["cve", "flask==1.0.2"], cve, False),
    "stats": (["stats", "--solver", "solver-rhel-8-py38"], stats, False),
}
questions = pytest.mark.parametrize("question", QUESTIONS)
