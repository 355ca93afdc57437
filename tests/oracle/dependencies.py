"""Answers about dependencies; names, parameters and results are those of `GraphDatabase`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeAlias, Unpack

from .facts import Environment, Package, Release, normalize_index, normalize_name, normalize_version
from .graph import Env, Extras, Graph, Record, by_name, normalized

Edge: TypeAlias = tuple[Package, Package]


class Dependencies(Graph):
    """Who depends on what."""

    def get_depends_on(
        self,
        package_name: str,
        package_version: str,
        index_url: str | None,
        *,
        extras: Extras = None,
        marker_evaluation_result: bool | None = None,
        **env: Unpack[Env],
    ) -> list[Release]:
        """Return what the package version depends on, sorted; ``LookupError`` when no record matches."""
        dependencies: set[Release] = set()
        for environment, record in self.found_records_in((package_name, package_version, index_url), env):
            dependencies |= self.dependencies(environment, record, extras, marker_evaluation_result)
        return sorted(dependencies)

    def get_python_package_version_records(
        self, package_name: str, package_version: str, index_url: str | None, **env: Unpack[Env]
    ) -> list[dict[str, str]]:
        """Return the records of a package version, sorted by their values."""
        keys = ("package_name", "package_version", "index_url", "os_name", "os_version", "python_version")
        records = self.records_in((package_name, package_version, index_url), env)
        rows = sorted((*record, *environment) for environment, record in records)
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def retrieve_transitive_dependencies_python(
        self,
        package_name: str,
        package_version: str,
        index_url: str | None,
        *,
        extras: Extras = None,
        marker_evaluation_result: bool | None = None,
        **env: Unpack[Env],
    ) -> set[Edge]:
        """Return every edge that is reached from the package version, walking in each environment by itself."""
        edges: set[Edge] = set()
        for environment, root in self.records_in((package_name, package_version, index_url), env):
            seen, todo = {root}, [root]
            while todo:
                record = todo.pop()
                for name, version in self.dependencies(environment, record, extras, marker_evaluation_result):
                    edges.update((record, target) for target in self.targets(environment, (name, version)))
                    for target in self.records.get((environment, (name, version)), []):
                        if target not in seen:
                            seen.add(target)
                            todo.append(target)
        return edges

    def retrieve_transitive_dependencies_python_multi(
        self,
        *package_tuples: Package,
        extras: Extras = None,
        marker_evaluation_result: bool | None = None,
        **env: Unpack[Env],
    ) -> dict[Package, set[Edge]]:
        """Return the same for each root, by the normalised root."""
        return {
            normalized(root): self.retrieve_transitive_dependencies_python(
                *root, extras=extras, marker_evaluation_result=marker_evaluation_result, **env
            )
            for root in package_tuples
        }

    def closure_nodes(
        self,
        *package_tuples: Package,
        extras: Extras = None,
        marker_evaluation_result: bool | None = None,
        **env: Unpack[Env],
    ) -> set[Package]:
        """Return all packages of a closure: the records of the roots, and both sides of every edge."""
        nodes: set[Package] = {record for root in package_tuples for _, record in self.records_in(root, env)}
        for root in package_tuples:
            for edge in self.retrieve_transitive_dependencies_python(
                *root, extras=extras, marker_evaluation_result=marker_evaluation_result, **env
            ):
                nodes.update(edge)
        return nodes

    def retrieve_dependent_packages(
        self, package_name: str, package_version: str | None = None
    ) -> dict[str, list[str]]:
        """Return the package versions that depend on the package (in that version), by name."""
        return by_name(
            (record[0], record[1])
            for environment in self.latest
            for record in self.records_at(environment)
            for release in self.dependencies(environment, record)
            if _is_release(release, package_name, package_version)
        )

    def _transitive_dependents(
        self, package_name: str, package_version: str | None, index_url: str | None, env: Env
    ) -> list[Record]:
        found: set[Record] = set()
        for environment in self.environments(env):
            # An edge leads to a release, and so to each of its records: walk back from release to release.
            dependents: dict[Release, set[Record]] = defaultdict(set)
            for record in self.records_at(environment):
                for release in self.dependencies(environment, record):
                    dependents[release].add(record)

            todo = [release for release in dependents if _is_release(release, package_name, package_version)]
            if index_url is not None:
                target_index = normalize_index(index_url)
                todo = [release for release in todo if (*release, target_index) in self.targets(environment, release)]
            seen = set(todo)
            while todo:
                for name, version, index in dependents.get(todo.pop(), ()):
                    found.add((name, version, index))
                    if (name, version) not in seen:
                        seen.add((name, version))
                        todo.append((name, version))
        return sorted(found)

    def retrieve_transitive_dependents_python(
        self,
        package_name: str,
        package_version: str | None = None,
        index_url: str | None = None,
        *,
        start_offset: int = 0,
        count: int | None = 100,
        **env: Unpack[Env],
    ) -> list[Record]:
        """Return one page (``count=None``: all) of the packages from which the package is reached, sorted.

        Any version when none is given. With an index, a package counts when the record on that index is reached.
        """
        found = self._transitive_dependents(package_name, package_version, index_url, env)
        return found[start_offset:] if count is None else found[start_offset : start_offset + count]

    def retrieve_transitive_dependents_python_count(
        self,
        package_name: str,
        package_version: str | None = None,
        index_url: str | None = None,
        **env: Unpack[Env],
    ) -> int:
        """Return how many there are."""
        return len(self._transitive_dependents(package_name, package_version, index_url, env))

    def get_python_environment_marker(
        self,
        package_name: str,
        package_version: str,
        index_url: str | None,
        *,
        dependency_name: str,
        dependency_version: str,
        **env: Unpack[Env],
    ) -> str | None:
        """Return the first of the sorted markers of the edge; ``LookupError`` when there is no such edge."""
        wanted = (normalize_name(dependency_name), normalize_version(dependency_version))
        markers = [
            requirement.marker
            for environment, record in self.found_records_in((package_name, package_version, index_url), env)
            for requirement in self.latest[environment][record].requirements
            if requirement.name == wanted[0] and wanted[1] in requirement.versions
        ]
        if not markers:
            raise LookupError(f"{package_name} {package_version} does not depend on {wanted} in {dict(env)}")
        return min((marker for marker in markers if marker is not None), default=None)

    def get_python_requirements_many(
        self,
        edges: Iterable[Edge],
        *,
        extras: Extras = None,
        marker_evaluation_result: bool | None = None,
        **env: Unpack[Env],
    ) -> dict[Edge, list[dict[str, str | None]]]:
        """Return the requirements behind each edge, sorted; none when there is no such edge."""
        found: dict[Edge, list[dict[str, str | None]]] = {}
        for edge in edges:
            source, target = map(normalized, edge)
            declared = {
                (requirement.specifier, requirement.marker, requirement.extra)
                for environment, record in self.records_in(source, env)
                for requirement in self.requirements(environment, record, extras, marker_evaluation_result)
                if requirement.name == target[0] and target[1] in requirement.versions and source[2] is not None
            }
            found[source, target] = [
                {"specifier": specifier, "marker": marker, "extra": extra}
                for specifier, marker, extra in sorted(declared, key=lambda one: (one[0], one[1] or "", one[2] or ""))
            ]
        return found

    def shortest_chains(
        self,
        *package_tuples: Package,
        package_name: str,
        package_version: str | None = None,
        extras: Extras = None,
        marker_evaluation_result: bool | None = None,
        **env: Unpack[Env],
    ) -> set[tuple[Package, ...]]:
        """Return the shortest chains from package versions to a package: every walk, a step longer each time."""
        walks: set[tuple[Environment, tuple[Package, ...]]] = {
            (environment, (record,)) for root in package_tuples for environment, record in self.records_in(root, env)
        }
        for _ in range(len(self.known) + 1):
            longer: set[tuple[Environment, tuple[Package, ...]]] = set()
            for environment, walk in walks:
                name, version, index_url = walk[-1]
                if index_url is None:
                    continue
                for release in self.dependencies(
                    environment, (name, version, index_url), extras, marker_evaluation_result
                ):
                    longer.update((environment, (*walk, target)) for target in self.targets(environment, release))
            chains = {walk for _, walk in longer if _is_release(walk[-1][:2], package_name, package_version)}
            if chains:
                return chains
            # Who comes back to where they were is on no shortest chain.
            walks = {(environment, walk) for environment, walk in longer if len(set(walk)) == len(walk)}
        return set()


def _is_release(release: Release, package_name: str, package_version: str | None) -> bool:
    """Return whether it is that release, or that package in any version."""
    name, version = release
    return name == normalize_name(package_name) and (
        package_version is None or version == normalize_version(package_version)
    )
