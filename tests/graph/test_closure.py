"""`Closure`: edges, tuples and parts of it are what a naive walk over package tuples finds."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import PYPI, requires, solved, solver_document
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import NotFoundError
from thoth.storages.graph.closure import Closure, ClosureBuilder, merged

Package: TypeAlias = tuple[str, str, str | None]
Edge: TypeAlias = tuple[Package, Package]

INDEXES = (PYPI, "https://index.example.com/simple")
Sets: TypeAlias = tuple[tuple[int, ...], ...]


class World:
    """Releases by number, in one environment: on which indexes each is solved, and the sets that it requires."""

    def __init__(self, indexes: Mapping[int, Collection[str]], requirements: Mapping[tuple[int, str], Sets]) -> None:
        self.indexes = indexes
        self.requirements = requirements

    def targets(self, release: int) -> list[Package]:
        """Return what an edge to a release leads to."""
        return [package_of(release, index) for index in self.indexes.get(release, ())] or [package_of(release)]

    def edges(self, roots: Iterable[Package]) -> set[Edge]:
        """Return all edges that are reached, slowly."""
        edges: set[Edge] = set()
        seen: set[Package] = set()
        waiting = [root for root in roots if root in self.targets(int(root[1])) and root[2] is not None]
        while waiting:
            package = waiting.pop()
            if package in seen or package[2] is None:
                continue
            seen.add(package)
            for members in self.requirements.get((int(package[1]), package[2]), ()):
                for member in members:
                    edges.update((package, target) for target in self.targets(member))
                    waiting += self.targets(member)
        return edges

    def closure(self, roots: Iterable[Package], *, environment: int = 0, builder: ClosureBuilder) -> None:
        """Add what the edges of this world are to a closure."""
        reached = {package for edge in self.edges(roots) for package in edge}
        reached |= {root for root in roots if root in self.targets(int(root[1])) and root[2] is not None}
        sets: dict[tuple[int, ...], int] = {}
        for package in sorted(reached, key=str):
            node = builder.node(environment, package)
            positions = []
            for members in self.requirements.get((int(package[1]), package[2] or ""), ()):
                if members not in sets:
                    targets = [builder.node(environment, each) for member in members for each in self.targets(member)]
                    sets[members] = builder.add_set(targets)
                positions.append(sets[members])
            builder.node_sets[node] = positions if package[2] is not None else ()


def package_of(release: int, index: str | None = None) -> Package:
    return ("package", str(release), index)


def closure_of(worlds: Iterable[World], roots: Collection[Package]) -> Closure:
    builder = ClosureBuilder()
    for environment, world in enumerate(worlds):
        world.closure(roots, environment=environment, builder=builder)
    nodes = {
        root: [number for (_, package), number in builder.nodes.items() if package == root and root[2] is not None]
        for root in roots
    }
    return builder.build(nodes)


RELEASES = range(6)
_sets = st.lists(st.lists(st.sampled_from(RELEASES), max_size=4, unique=True).map(tuple), max_size=3).map(tuple)
worlds = st.builds(
    World,
    st.dictionaries(st.sampled_from(RELEASES), st.sampled_from([INDEXES[:1], INDEXES[1:], INDEXES]), max_size=6),
    st.dictionaries(st.tuples(st.sampled_from(RELEASES), st.sampled_from(INDEXES)), _sets, max_size=8),
)
root_lists = st.lists(
    st.builds(package_of, st.sampled_from(RELEASES), st.sampled_from(INDEXES)), min_size=1, max_size=3, unique=True
)


@given(st.lists(worlds, min_size=1, max_size=3), root_lists)
def test_against_a_naive_walk(drawn: list[World], roots: list[Package]) -> None:
    """With several environments, each is walked by itself: what is reached in one is not continued in another."""
    closure = closure_of(drawn, roots)
    expected = {edge for world in drawn for edge in world.edges(roots)}
    tuples = closure.tuples()
    assert set(tuples) == expected
    assert len(tuples) == len(closure) == len(expected)  # overlapping sets: each edge once
    sources, destinations = closure.edges()
    assert sources.typecode == destinations.typecode == "i"
    pairs = [(closure.packages[a], closure.packages[b]) for a, b in zip(sources, destinations, strict=True)]
    assert pairs == tuples
    assert len(closure.packages) == len(set(closure.packages))
    assert closure.unsolved == [package for package in closure.packages if package[2] is None]
    for package in closure.packages:
        found = closure.dependencies_of(package)
        assert len(found) == len(set(found))
        assert set(found) == {target for source, target in expected if source == package}
    for root in roots:
        from_root = closure.tuples_from(root)
        assert len(from_root) == len(set(from_root))
        assert set(from_root) == {edge for world in drawn for edge in world.edges([root])}


def test_what_is_required_in_several_environments_is_put_together() -> None:
    root, *targets = package_of(0, PYPI), package_of(1), package_of(2)
    drawn = [World({0: INDEXES[:1]}, {(0, PYPI): ((release,),)}) for release in (1, 2)]
    closure = closure_of(drawn, [root])
    assert closure.dependencies_of(root) == targets
    assert closure.tuples() == [(root, target) for target in targets]


@given(worlds, worlds, root_lists)
def test_merged_with_what_was_solved_meanwhile(known: World, solved_later: World, roots: list[Package]) -> None:
    """What was unsolved is as the newer one says; what was known keeps its requirements."""
    now = World(
        {**solved_later.indexes, **known.indexes},
        {**solved_later.requirements, **known.requirements}
        | {
            (release, index): known.requirements.get((release, index), ())
            for release, indexes in known.indexes.items()
            for index in indexes
        },
    )
    cached = closure_of([known], roots)
    unsolved = cached.unsolved
    newer_roots = {package: [each for each in now.targets(int(package[1])) if each[2]] for package in unsolved}
    newer = closure_of([now], [root for solved_on in newer_roots.values() for root in solved_on])
    nodes = {root: newer.roots[root] for roots_of in newer_roots.values() for root in roots_of}
    newer = Closure(
        newer.packages,
        newer.node_packages,
        newer.node_sets,
        newer.sets,
        {package: [node for root in solved_on for node in nodes[root]] for package, solved_on in newer_roots.items()},
    )
    answer = merged(cached, newer)
    solved_roots = [root for root in roots if cached.roots[root]]
    assert set(answer.tuples()) == now.edges(solved_roots)
    assert len(answer.tuples()) == len(set(answer.tuples()))
    for root in roots:
        assert set(answer.tuples_from(root)) == (now.edges([root]) if cached.roots[root] else set())


def test_merged_with_nothing_newer_is_the_same() -> None:
    cached = closure_of([World({0: INDEXES[:1]}, {(0, PYPI): ((1,),)})], [package_of(0, PYPI)])
    assert merged(cached, Closure(roots={package_of(1): []})) is cached


def test_empty() -> None:
    closure = Closure(roots={package_of(0, PYPI): []})
    assert len(closure) == 0
    assert closure.tuples() == closure.tuples_from(package_of(0, PYPI)) == []
    assert closure.unsolved == []
    assert [list(side) for side in closure.edges()] == [[], []]
    assert repr(closure) == "<Closure of 1 roots: 0 packages>"


def test_package_that_is_not_in_it() -> None:
    closure = closure_of([World({0: INDEXES[:1]}, {})], [package_of(0, PYPI)])
    assert closure.dependencies_of(package_of(0, PYPI)) == []
    assert closure.tuples_from(package_of(5, PYPI)) == []
    with pytest.raises(NotFoundError) as refused:
        closure.dependencies_of(package_of(5, PYPI))
    assert str(refused.value) == f"{package_of(5, PYPI)!r} is not in <Closure of 1 roots: 1 packages>"


def test_as_records_and_in_a_notebook() -> None:
    world = World({0: INDEXES[:1], 1: INDEXES[:1]}, {(0, PYPI): ((1, 2),)})
    closure = closure_of([world], [package_of(0, PYPI)])
    records = closure.to_records()
    assert [tuple(record.values()) for record in records] == [(*source, *target) for source, target in closure.tuples()]
    assert {tuple(record) for record in records} == {
        (
            "package_name",
            "package_version",
            "index_url",
            "dependency_name",
            "dependency_version",
            "dependency_index_url",
        )
    }
    table = ElementTree.fromstring(f"<div>{closure._repr_html_()}</div>")
    name = package_of(0)[0]
    assert [[cell.text for cell in row] for row in table.iter("tr")] == [
        ["package", "versions solved", "not solved"],
        [name, "2", "1"],
    ]


class TestOfTheDatabase:
    def test_cycle_diamond_and_overlapping_requirements(self, graph: GraphDatabase) -> None:
        tree = [
            solved(
                "a", dependencies=[requires("b", "1.0", "2.0"), requires("b", "2.0", marker="x"), requires("c", "1.0")]
            ),
            solved("b", "1.0", [requires("c", "1.0")]),
            solved("b", "2.0", [requires("a", "1.0"), requires("a", "1.0", marker="y")]),
            solved("c", dependencies=[requires("c", "1.0")]),
        ]
        graph.sync_solver_result(solver_document(tree=tree))
        a, b1, b2, c = (("a", "1.0", PYPI), ("b", "1.0", PYPI), ("b", "2.0", PYPI), ("c", "1.0", PYPI))
        closure = graph.closure(a, c)
        assert sorted(closure.tuples()) == [(a, b1), (a, b2), (a, c), (b1, c), (b2, a), (c, c)]
        assert len(closure) == 6
        assert sorted(closure.dependencies_of(a)) == [b1, b2, c]
        assert closure.tuples_from(c) == [(c, c)]
        assert sorted(closure.tuples_from(a)) == sorted(closure.tuples())
        assert set(closure.roots) == {a, c}

    def test_environments_are_walked_by_themselves(self, graph: GraphDatabase) -> None:
        """What is reached in one environment is not continued in another."""
        graph.sync_solver_results([])
        on_rhel = [solved("a", dependencies=[requires("b", "1.0")])]
        on_fedora = [solved("b", dependencies=[requires("c", "1.0")])]
        graph.sync_solver_result(solver_document("solver-rhel-8-py38-0a", tree=on_rhel))
        graph.sync_solver_result(solver_document("solver-fedora-35-py310-0a", tree=on_fedora))
        a = ("a", "1.0", PYPI)
        assert graph.closure(a).tuples() == [(a, ("b", "1.0", None))]
        graph.sync_solver_result(solver_document("solver-fedora-35-py310-0b", tree=on_rhel))
        b = ("b", "1.0", PYPI)
        assert set(graph.closure(a).tuples()) == {(a, ("b", "1.0", None)), (a, b), (b, ("c", "1.0", None))}

    def test_roots_without_an_index_and_roots_that_were_never_solved(self, graph: GraphDatabase) -> None:
        tree = [solved("a", dependencies=[requires("b", "1.0")], index_url=index) for index in INDEXES]
        graph.sync_solver_result(solver_document(tree=tree))
        closure = graph.closure(("A", "v1.0", None), ("absent", "1", PYPI))
        sides = {source for source, _ in closure.tuples_from(("a", "1.0", None))}
        assert sides == {("a", "1.0", index) for index in INDEXES}
        assert closure.roots["absent", "1", PYPI] == []
        assert closure.tuples_from(("absent", "1", PYPI)) == []
        assert graph.closure().tuples() == []

    def test_samples_in_any_order_of_roots(self, samples: GraphDatabase) -> None:
        packages = [(name, version, PYPI) for name, version in samples.get_depends_on("flask", "1.0.2", PYPI)]
        expected = None
        for seed in range(3):
            closure = samples.closure(*random.Random(seed).sample(packages, len(packages)))
            assert expected in (None, set(closure.tuples()))
            expected = set(closure.tuples())
        assert expected
