"""What the statement about closures returns, read and put together: pure functions.

It comes in columns, and is put together a column at a time: a step of Python for each release would take as long as all
the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress, count, repeat

import msgspec

from ..identifiers import PackageTuple
from . import collector
from .closure import Closure, packages_of


class Nodes(msgspec.Struct, array_like=True, gc=False):
    """The package versions that were reached in an environment, as columns."""

    releases: list[int]
    indexes: list[int]
    sets: list[tuple[int, ...]]
    """Ids of what their requirements admit."""


class Projects(msgspec.Struct, array_like=True, gc=False):
    """The projects of which something was reached, as columns."""

    names: list[str]
    set_ids: list[list[int]]
    sets: list[list[list[int]]]
    """Sorted ids of the releases in each of the sets."""
    releases: list[list[int]]
    """Sorted ids of all releases of the project, whether they were reached or not."""
    versions: list[list[str]]


class Answer(msgspec.Struct, array_like=True, gc=False):
    """What the statement returns."""

    environments: list[Nodes]
    projects: Projects
    indexes: dict[int, str]


_DECODER = msgspec.json.Decoder(Answer)


def assemble(answer: str, roots: Iterable[PackageTuple]) -> Closure:
    """Return the closure that an answer of the database describes.

    Args:
        answer: JSON of an `Answer`.
        roots: the package versions that were asked about.

    """
    with collector.paused():
        return _assembled(_DECODER.decode(answer), roots)


def _assembled(content: Answer, roots: Iterable[PackageTuple]) -> Closure:
    """Return the closure; what it was made of is gone then, and not in the way of the collector."""
    assembly = _Assembly(content, roots)
    for solved in content.environments:
        assembly.add(solved)
    environments = len(content.environments)
    packages, positions = packages_of(assembly.nodes, environments)
    return Closure(packages, positions, assembly.node_sets, assembly.sets, assembly.roots, environments == 1)


class _Assembly:
    """A closure that is put together, environment by environment."""

    def __init__(self, answer: Answer, roots: Iterable[PackageTuple]) -> None:
        """Take what was answered, and what was asked about."""
        projects = answer.projects
        self._is_one = len(answer.environments) == 1
        self._indexes = answer.indexes
        set_ids = list(chain.from_iterable(projects.set_ids))
        self._members = dict(zip(set_ids, chain.from_iterable(projects.sets), strict=True))
        self._project_of = dict(zip(set_ids, _repeated(projects.names, projects.set_ids), strict=True))
        self._releases = list(chain.from_iterable(projects.releases))
        self._names = list(_repeated(projects.names, projects.releases))
        self._versions = list(chain.from_iterable(projects.versions))
        self.roots: dict[PackageTuple, list[int]] = {root: [] for root in roots}
        root_names = {name for name, _, _ in self.roots}
        self._root_releases = [
            release
            for name, releases in zip(projects.names, projects.releases, strict=True)
            if name in root_names
            for release in releases
        ]
        self.nodes: list[PackageTuple] = []
        self.node_sets: list[Sequence[int]] = []
        self.sets: list[Sequence[int]] = []

    def add(self, solved: Nodes) -> None:
        """Add what was reached in an environment, given what is solved of it."""
        members = self._members
        if not self._is_one:
            used = dict.fromkeys(chain.from_iterable(solved.sets))
            members = {id_: members[id_] for id_ in used}
        releases, names, versions = self._releases, self._names, self._versions
        reached = set(solved.releases).union(*members.values())
        if len(reached) < len(releases):
            chosen = list(map(reached.__contains__, releases))
            releases, names = list(compress(releases, chosen)), list(compress(names, chosen))
            versions = list(compress(versions, chosen))
        first_set = len(self.sets)
        number_of = dict(zip(releases, count(len(self.nodes))))
        position_of = dict(zip(members, count(first_set)))
        url_of = dict(zip(solved.releases, map(self._indexes.__getitem__, solved.indexes), strict=True))
        sets_of = dict(zip(solved.releases, solved.sets, strict=True))
        self.nodes += zip(names, versions, map(url_of.get, releases), strict=True)
        # Both are in order, and most sets are versions that became known one after the other.
        self.sets += [
            range(first, first + size)
            if (size := len(of_set)) and number_of[of_set[-1]] - (first := number_of[of_set[0]]) == size - 1
            else list(map(number_of.__getitem__, of_set))
            for of_set in members.values()
        ]
        # Most versions of a project have the requirements of another one.
        lists = {ids: self._disjoint(ids, position_of) for ids in {(), *solved.sets}}
        self.node_sets += map(lists.__getitem__, map(sets_of.get, releases, repeat(())))
        for release in self._root_releases:
            if release in url_of:
                self._note_root(number_of[release])
        if len(url_of) < len(solved.releases):
            self._add_others(solved, url_of, number_of, lists, first_set)

    def _add_others(
        self,
        solved: Nodes,
        url_of: Mapping[int, str],
        number_of: Mapping[int, int],
        lists: Mapping[tuple[int, ...], Sequence[int]],
        first_set: int,
    ) -> None:
        """Add nodes for the further indexes of releases that are on several, to the sets, too."""
        others: dict[int, list[int]] = {}
        for release, index_id, set_ids in zip(solved.releases, solved.indexes, solved.sets, strict=True):
            url, first = self._indexes[index_id], number_of[release]
            if url != url_of[release]:
                number = len(self.nodes)
                others.setdefault(first, []).append(number)
                self.nodes.append((*self.nodes[first][:2], url))
                self.node_sets.append(lists[set_ids])
                self._note_root(number)
        self.sets[first_set:] = [
            [*nodes, *chain.from_iterable(map(others.get, nodes, repeat(())))] for nodes in self.sets[first_set:]
        ]

    def _disjoint(self, ids: tuple[int, ...], position_of: Mapping[int, int]) -> Sequence[int]:
        """Return positions of sets that share no member, given the ids of sets that may: several of one project."""
        if len(set(map(self._project_of.__getitem__, ids))) == len(ids):
            return list(map(position_of.__getitem__, ids))
        of_project: dict[str, set[int]] = {}
        for id_ in ids:
            of_project.setdefault(self._project_of[id_], set()).add(position_of[id_])
        positions: list[int] = []
        for same in of_project.values():
            if len(same) == 1:
                positions += same
            else:
                positions.append(len(self.sets))
                self.sets.append(sorted(set().union(*map(self.sets.__getitem__, same))))
        return positions

    def _note_root(self, number: int) -> None:
        """Note a node if it is one of those that were asked about, on an index or on any."""
        package = self.nodes[number]
        for root in (package, (*package[:2], None)):
            if root in self.roots:
                self.roots[root].append(number)


def _repeated(names: Iterable[str], columns: Iterable[Sequence[object]]) -> Iterable[str]:
    """Return each name as often as there is something in its column."""
    return chain.from_iterable(map(repeat, names, map(len, columns)))
