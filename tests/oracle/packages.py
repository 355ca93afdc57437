"""Answers about packages and solvers; names, parameters and results are those of `GraphDatabase`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from packaging.version import InvalidVersion, Version

from .facts import (
    Fact,
    Release,
    normalize_environment,
    normalize_index,
    normalize_name,
    normalize_version,
    parse_solver_name,
)
from .graph import Env, Graph, by_name, normalized


class Packages(Graph):
    """Which packages there are, and what solvers said about them."""

    def python_package_exists(self, package_name: str) -> bool:
        """Return whether any version of the package is known, also as a dependency only."""
        return normalize_name(package_name) in self.get_python_packages()

    def python_package_version_exists(
        self,
        package_name: str,
        package_version: str,
        index_url: str | None = None,
        solver_name: str | None = None,
    ) -> bool:
        """Return whether the release is known; whether a document spoke of it on that index, by that solver."""
        name, version, wanted_index = normalized((package_name, package_version, index_url))
        if wanted_index is None and solver_name is None:
            return (name, version) in self.known
        environments = self.solver_environments(solver_name)
        return any(
            package[:2] == (name, version)
            and (wanted_index is None or package[2] == wanted_index)
            and environment in environments
            for environment, package, _ in self.said()
        )

    def get_python_packages(self) -> set[str]:
        """Return the names of all known packages."""
        return {name for name, _ in self.known}

    def get_python_packages_for_index(self, index_url: str) -> set[str]:
        """Return the names of the packages with a record on that index."""
        return {name for _, (name, _, index), _ in self.said() if index == normalize_index(index_url)}

    def get_all_versions_python_package(
        self, package_name: str, index_url: str | None = None, *, index_enabled: bool | None = None, **env: Unpack[Env]
    ) -> list[tuple[str, str]]:
        """Return version and index of the records of a package, newest first, then by index.

        PEP 440 orders versions; those that it takes for equal (``1.0``, ``1.0.0``) and those that it cannot parse,
        which are oldest, go as text, greatest first. Indexes seen in documents are registered, but not enabled.
        """
        found = {
            (version, index)
            for environment in self.environments(env)
            for name, version, index in self.latest[environment]
            if name == normalize_name(package_name)
            and index is not None
            and (index_url is None or index == normalize_index(index_url))
            and index_enabled is not True
        }
        by_index = sorted(found, key=lambda one: one[1])
        return sorted(by_index, key=lambda one: _age(one[0]), reverse=True)  # a reversed sort is stable as well

    def get_python_package_index_urls(self, enabled: bool | None = None) -> set[str]:
        """Return the indexes that packages of documents are on."""
        return set() if enabled else {index for _, (_, _, index), _ in self.said() if index is not None}

    def get_python_package_version_hashes_sha256(
        self, package_name: str, package_version: str, index_url: str | None = None
    ) -> list[str]:
        """Return the digests that any document in any environment tells of the release (on that index), sorted."""
        wanted = None if index_url is None else normalize_index(index_url)
        digests = self.get_all_python_package_version_hashes_sha256(package_name, package_version)
        return sorted({digest for index, digest in digests if wanted is None or index == wanted})

    def get_all_python_package_version_hashes_sha256(
        self, package_name: str, package_version: str
    ) -> list[tuple[str, str]]:
        """Return index and digest of all files of a release, sorted; what is on no index has no files."""
        release = (normalize_name(package_name), normalize_version(package_version))
        return sorted(
            {
                (index, digest)
                for _, (name, version, index), fact in self.said()
                if (name, version) == release and index is not None
                for digest in fact.sha256
            }
        )

    # Solvers -----------------------------------------------------------------------------------------------------

    def solver_document_id_exist(self, solver_document_id: str) -> bool:
        """Return whether the document is in."""
        return solver_document_id in self.documents

    def get_solver_documents_count(self) -> int:
        """Return how many documents are in."""
        return len(self.documents)

    def solved_software_environment_exists(self, os_name: str, os_version: str, python_version: str) -> bool:
        """Return whether a document ran in that environment."""
        return normalize_environment(os_name, os_version, python_version) in self.latest

    def has_python_solver_error(
        self, package_name: str, package_version: str, index_url: str | None, **env: Unpack[Env]
    ) -> bool:
        """Return whether the package version failed last, in any of the environments; ``LookupError`` when unknown."""
        records = self.found_records_in((package_name, package_version, index_url), env)
        return any(self.latest[environment][record].error for environment, record in records)

    def retrieve_unsolved_python_packages(self, solver_name: str) -> list[Release]:
        """Return the known releases of which no document speaks in that solver's environment, sorted."""
        environment = parse_solver_name(solver_name)
        return sorted(self.known - {package[:2] for where, package, _ in self.said() if where == environment})

    def retrieve_unsolved_python_packages_count(self, solver_name: str) -> int:
        """Return how many there are."""
        return len(self.retrieve_unsolved_python_packages(solver_name))

    def _latest_releases(self, solver_name: str | None, wanted: Callable[[Fact], bool]) -> list[Release]:
        """Return the releases that the latest fact in an environment (of that solver) is wanted of, sorted."""
        found = {
            package[:2]
            for environment in self.solver_environments(solver_name)
            for package, fact in self.latest[environment].items()
            if wanted(fact)
        }
        return sorted(found)

    def retrieve_solved_python_packages(
        self, count: int | None = 10, start_offset: int = 0, solver_name: str | None = None
    ) -> dict[str, list[str]]:
        """Return one page (``count=None``: all) of the releases that were solved, by name."""
        solved = self._latest_releases(solver_name, lambda fact: not fact.error)
        return by_name(solved[start_offset:] if count is None else solved[start_offset : start_offset + count])

    def retrieve_solved_python_packages_count(self, solver_name: str | None = None) -> int:
        """Return how many releases were solved."""
        return len(self._latest_releases(solver_name, lambda fact: not fact.error))

    def retrieve_unsolvable_python_packages(self, solver_name: str | None = None) -> dict[str, list[str]]:
        """Return the releases that could not be resolved, by name."""
        return by_name(self._latest_releases(solver_name, lambda fact: fact.unsolvable))

    def retrieve_unsolvable_python_packages_per_run_software_environment(
        self, solver_name: str
    ) -> dict[str, list[str]]:
        """Return the releases that this solver could not resolve, by name."""
        return self.retrieve_unsolvable_python_packages(solver_name)

    def retrieve_unparseable_python_packages(self, solver_name: str | None = None) -> dict[str, list[str]]:
        """Return the releases that could not be parsed, by name."""
        return by_name(self._latest_releases(solver_name, lambda fact: fact.unparseable))

    def _latest_facts(self) -> list[Fact]:
        return [fact for facts in self.latest.values() for fact in facts.values()]

    def get_all_python_packages_count(self, without_error: bool = True) -> int:
        """Return how many package versions, each in each environment, were solved (or spoken of at all)."""
        return sum(1 for fact in self._latest_facts() if not (without_error and fact.error))

    def get_error_python_packages_count(self, *, unsolvable: bool = False, unparseable: bool = False) -> int:
        """Return how many failed (for that reason)."""
        if unsolvable and unparseable:
            raise ValueError("unsolvable and unparseable cannot be asked for together")
        return sum(
            1
            for fact in self._latest_facts()
            if fact.error and (fact.unsolvable or not unsolvable) and (fact.unparseable or not unparseable)
        )


def _age(version: str) -> tuple[bool, Version | str, str]:
    """Return a key that sorts versions, oldest first."""
    try:
        return (True, Version(version), version)
    except InvalidVersion:
        return (False, version, version)
