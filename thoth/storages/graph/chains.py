"""Why a package is pulled in: the shortest chains of dependencies from what a closure is about to a package (pure)."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeAlias

from ..identifiers import PackageTuple
from ..normalize import normalize_python_package_name, normalize_python_package_version, version_sort_key
from .closure import Closure

Chain: TypeAlias = tuple[PackageTuple, ...]
"""Package versions, each of which depends directly on the next one."""


def distances(closure: Closure) -> list[int]:
    """Return for each package version of a closure how many dependencies lead at least to it from any root.

    Args:
        closure: the closure; everything in it is reached from its roots.

    Returns:
        Numbers, in the order of `Closure.packages`: 0 for the roots, 1 for what they depend on directly, and so on.

    """
    found = [-1] * len(closure.packages)
    for distance, level in enumerate(_levels(closure)):
        for node in level:
            package = closure.node_packages[node]
            if found[package] < 0:
                found[package] = distance
    return found


def shortest_chains(
    closure: Closure, package_name: str, package_version: str | None = None, *, limit: int | None = None
) -> list[Chain]:
    """Return the shortest chains of dependencies from the roots of a closure to a package.

    A chain stays in one environment: what one package depends on in one is not continued in another. All shortest
    chains count, with each version that the requirements on the way admit; a chain that several environments have is
    one. A root that is the package itself is reached when something depends on it, and not by itself.

    They are found by going through the closure level by level, each set of versions once, up to the first level with
    the package in it, and back along the dependencies that led there. From what is left, chains are taken in the order
    of their costs, by a queue of their beginnings. A step costs nothing to the newest version of each project that it
    may lead to, 1 to the next one or to the same on another index, and so on: ways through different projects come
    before those through older versions.

    Args:
        closure: what the roots depend on.
        package_name: name of the package.
        package_version: its version; None for any.
        limit: return no more chains than these; None for all, of which there may be very many.

    Returns:
        The chains, each from a root to the package; of the same costs, in the order of their packages: names in the
        order of text, versions in that of PEP 440 with the newest first. The index URL of a package at the end that
        was not solved is None. Empty when the package is not reached. Fewer are the beginning of more.

    """
    name = normalize_python_package_name(package_name)
    version = None if package_version is None else normalize_python_package_version(package_version)
    is_target = [name == package[0] and version in (None, package[1]) for package in closure.packages]
    levels = _levels_to(closure, lambda node: is_target[closure.node_packages[node]])
    return [] if levels is None else list(islice(_chains(closure, levels), limit))


def _root_nodes(closure: Closure) -> set[int]:
    return {node for nodes in closure.roots.values() for node in nodes}


def _levels(closure: Closure) -> Iterator[set[int]]:
    """Yield the nodes of each distance from the roots."""
    level = {node for nodes in closure.roots.values() for node in nodes}
    reached = set(level)
    seen_sets: set[int] = set()
    while level:
        yield level
        positions = _sets_of(closure, level) - seen_sets
        seen_sets |= positions
        level = {node for position in positions for node in closure.sets[position]} - reached
        reached |= level


def _levels_to(closure: Closure, is_target: Callable[[int], bool]) -> list[set[int]] | None:
    """Return, of each distance from the roots, the nodes on shortest ways to a target; None when there is no way."""
    levels: list[set[int]] = []
    targets: set[int] = set()
    for level in _levels(closure):
        levels.append(level)
        # Not those of the next level: a root may be a target, and is a level already.
        targets = {node for node in _members(closure, level) if is_target(node)}
        if targets:
            break
    else:
        return None
    kept = [targets]
    for level in reversed(levels):
        leading = {position for position in _sets_of(closure, level) if not kept[-1].isdisjoint(closure.sets[position])}
        kept.append({node for node in level if not leading.isdisjoint(closure.node_sets[node])})
    return kept[::-1]


def _sets_of(closure: Closure, nodes: Iterable[int]) -> set[int]:
    return {position for node in nodes for position in closure.node_sets[node]}


def _members(closure: Closure, nodes: Iterable[int]) -> set[int]:
    """Return the nodes that some nodes depend on."""
    return {node for position in _sets_of(closure, nodes) for node in closure.sets[position]}


def _chains(closure: Closure, levels: Sequence[set[int]]) -> Iterator[Chain]:
    """Yield chains that take a node of each level: by costs, and those of the same costs in order."""
    packages = newest_first(closure.packages[closure.node_packages[node]] for level in levels for node in level)
    order = {package: number for number, package in enumerate(packages)}
    number_of = [order.get(package, -1) for package in closure.packages]
    # Beginnings of chains: costs, numbers of the packages, and the nodes of the last one, one for each environment.
    # What is taken out is never larger than what is put in, so that the first whole chain is the next one.
    waiting: list[tuple[int, tuple[int, ...], set[int]]] = []

    def put(costs: int, beginning: tuple[int, ...], following: Iterable[int]) -> None:
        nodes: dict[int, set[int]] = {}
        for node in following:
            nodes.setdefault(number_of[closure.node_packages[node]], set()).add(node)
        age_of: Counter[str] = Counter()
        for number in sorted(nodes):
            name = packages[number][0]
            heapq.heappush(waiting, (costs + age_of[name], (*beginning, number), nodes[number]))
            age_of[name] += 1

    put(0, (), levels[0])
    while waiting:
        costs, beginning, nodes = heapq.heappop(waiting)
        if len(beginning) == len(levels):
            yield tuple(packages[number] for number in beginning)
        else:
            put(costs, beginning, _members(closure, nodes) & levels[len(beginning)])


def newest_first(packages: Iterable[PackageTuple]) -> list[PackageTuple]:
    """Return package versions, each once: by name, the newest version first, by index URL."""
    by_index = sorted(set(packages), key=lambda package: package[2] or "")
    by_version = sorted(by_index, key=lambda package: version_sort_key(package[1]), reverse=True)
    return sorted(by_version, key=lambda package: package[0])


def requirements_text(package_name: str, requirements: Iterable[Mapping[str, str | None]]) -> str:
    """Return requirements on a package as PEP 508 writes them, joined by "or".

    Args:
        package_name: what is required.
        requirements: dictionaries with the keys ``specifier``, ``marker`` and ``extra``.

    Returns:
        For example ``markupsafe>=2.0``, or ``pysocks!=1.5.7,>=1.5.6; extra == "socks"``; empty without requirements.

    """
    return " or ".join(_requirement_text(package_name, **requirement) for requirement in requirements)


def _requirement_text(package_name: str, specifier: str | None, marker: str | None, extra: str | None) -> str:
    if extra is not None and "extra" not in (marker or ""):
        asked = f'extra == "{extra}"'
        marker = asked if marker is None else f"({marker}) and {asked}"
    text = package_name + ("" if specifier in (None, "*") else str(specifier))
    return text if marker is None else f"{text}; {marker}"
