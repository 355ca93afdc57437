"""Chains: what a naive walk over package tuples finds, in the order that is promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import strategies
from tests.conftest import empty
from tests.factories import PYPI, RHEL, requires, solved, solver_document
from tests.graph.test_oracle_equality import GENERATED, sync
from tests.oracle import Oracle
from thoth.storages import GraphDatabase
from thoth.storages.graph.chains import distances, newest_first, shortest_chains
from thoth.storages.graph.closure import Closure, ClosureBuilder

Package: TypeAlias = tuple[str, str, str | None]
Json = dict[str, Any]

PACKAGES: list[Package] = [(name, version, PYPI) for name in ("a", "b", "c") for version in ("1.9", "1.10", "2.0rc1")]
PACKAGES += [("b", "1.10", "https://index.example.com/simple"), ("c", "3", None)]
NEWEST_FIRST = ["3", "2.0rc1", "1.10", "1.9"]

# By environment and package: sets of packages.
Worlds: TypeAlias = Mapping[tuple[int, Package], Sequence[Sequence[Package]]]


def closure_of(worlds: Worlds, roots: Sequence[Package]) -> Closure:
    """Return the closure of roots in two environments, with what is reached alone."""
    builder = ClosureBuilder()
    found: dict[Package, list[int]] = {root: [] for root in roots}
    for environment in (0, 1):
        waiting = [root for root in roots if (environment, root) in worlds]
        seen = set(waiting)
        for root in waiting:
            found[root].append(builder.node(environment, root))
        while waiting:
            package = waiting.pop()
            positions = []
            for members in worlds.get((environment, package), ()):
                positions.append(builder.add_set([builder.node(environment, member) for member in members]))
                waiting += [member for member in members if member not in seen]
                seen.update(members)
            builder.node_sets[builder.node(environment, package)] = positions
    return builder.build(found)


def walks(worlds: Worlds, roots: Sequence[Package], name: str, version: str | None) -> set[tuple[Package, ...]]:
    """Return the shortest walks to a package, by trying all of them."""
    ends: set[tuple[int, tuple[Package, ...]]] = {
        (environment, (root,)) for environment in (0, 1) for root in roots if (environment, root) in worlds
    }
    for _ in range(2 * len(PACKAGES)):
        ends = {
            (environment, (*walk, target))
            for environment, walk in ends
            for members in worlds.get((environment, walk[-1]), ())
            for target in members
            if target not in walk[1:]
        }
        found = {walk for _, walk in ends if walk[-1][0] == name and version in (None, walk[-1][1])}
        if found:
            return found
    return set()


def costs(chain: tuple[Package, ...], chains: set[tuple[Package, ...]]) -> int:
    """Return how many newer releases of the same project the steps of a chain could have led to."""
    total = 0
    for length, package in enumerate(chain):
        others = {other[length] for other in chains if other[:length] == chain[:length]}
        total += sum(other[0] == package[0] and order((other,)) < order((package,)) for other in others)
    return total


def order(chain: tuple[Package, ...]) -> list[tuple[str, int, str]]:
    return [(name, NEWEST_FIRST.index(version), url or "") for name, version, url in chain]


_sets = st.lists(st.lists(st.sampled_from(PACKAGES), max_size=5, unique=True), max_size=3)
drawn_worlds = st.dictionaries(
    st.tuples(st.sampled_from((0, 1)), st.sampled_from([package for package in PACKAGES if package[2]])), _sets
)
root_lists = st.lists(st.sampled_from(PACKAGES[:3]), min_size=1, max_size=2, unique=True)


@given(
    drawn_worlds,
    root_lists,
    st.sampled_from(("a", "b", "C", "absent")),
    st.sampled_from((None, "1.10", "2.0-rc1", "3")),
    st.integers(0, 6),
)
def test_against_naive_walks(worlds: Worlds, roots: list[Package], name: str, version: str | None, limit: int) -> None:
    closure = closure_of(worlds, roots)
    expected = walks(worlds, roots, name.lower(), version and version.replace("-", ""))
    found = shortest_chains(closure, name, version)
    assert set(found) == expected
    assert found == sorted(expected, key=lambda chain: (costs(chain, expected), order(chain)))
    assert shortest_chains(closure, name, version, limit=limit) == found[:limit]


@given(drawn_worlds, root_lists)
def test_distances_against_naive_walks(worlds: Worlds, roots: list[Package]) -> None:
    closure = closure_of(worlds, roots)
    asked = dict(zip(closure.packages, distances(closure), strict=True))
    assert set(asked) == set(closure.packages)
    for (name, version, url), distance in asked.items():
        if distance == 0:
            assert (name, version, url) in roots
            continue
        # Of packages that differ in their index alone, a walk to the version ends at the nearest.
        chains = walks(worlds, roots, name, version)
        if all(chain[-1][2] == url for chain in chains):
            assert {len(chain) - 1 for chain in chains} == {distance}
        else:
            assert {len(chain) - 1 for chain in chains} <= set(range(1, distance + 1))


def test_ways_through_other_projects_come_before_older_versions() -> None:
    versions = [str(number) for number in range(1, 12)]
    middles = [("left", version, PYPI) for version in versions] + [("right", version, PYPI) for version in versions]
    target = ("target", "1", PYPI)
    worlds: dict[tuple[int, Package], Sequence[Sequence[Package]]] = {(0, ("root", "1", PYPI)): [middles]}
    worlds |= {(0, middle): [[target]] for middle in middles}
    found = shortest_chains(closure_of(worlds, [("root", "1", PYPI)]), "target", limit=3)
    assert [chain[1][:2] for chain in found] == [("left", "11"), ("right", "11"), ("left", "10")]


def test_many_chains_are_not_all_made() -> None:
    """A chain through forty projects of fifty versions each: the first ones are found at once."""
    layers: list[list[Package]] = [[("root", "1", PYPI)]]
    layers += [[(f"p{number}", str(version), PYPI) for version in range(50)] for number in range(40)]
    builder = ClosureBuilder()
    nodes = [[builder.node(0, package) for package in layer] for layer in layers]
    for layer, following in zip(nodes, nodes[1:], strict=False):
        position = builder.add_set(following)
        for node in layer:
            builder.node_sets[node] = [position]
    closure = builder.build({layers[0][0]: [0]})
    found = shortest_chains(closure, "p39", limit=10)
    assert len(found) == len(set(found)) == 10
    assert [version for _, version, _ in found[0]] == ["1"] + ["49"] * 40


def test_nothing_that_was_asked_about() -> None:
    assert shortest_chains(Closure(), "a") == []
    assert shortest_chains(Closure(roots={("a", "1", PYPI): []}), "a") == []
    assert distances(Closure()) == []
    assert newest_first([]) == []


def test_newest_first() -> None:
    assert newest_first(reversed([*PACKAGES, *PACKAGES])) == [
        *(("a", version, PYPI) for version in ("2.0rc1", "1.10", "1.9")),
        ("b", "2.0rc1", PYPI),
        ("b", "1.10", "https://index.example.com/simple"),
        ("b", "1.10", PYPI),
        ("b", "1.9", PYPI),
        ("c", "3", None),
        *(("c", version, PYPI) for version in ("2.0rc1", "1.10", "1.9")),
    ]


@GENERATED
@given(data=st.data())
def test_chains_and_requirements_of_generated_documents(graph: GraphDatabase, data: st.DataObject) -> None:
    empty(graph)
    documents = data.draw(strategies.solver_documents())
    sync(graph, documents)
    graph.cache_clear()
    oracle = Oracle(documents)
    question: Json = {
        **data.draw(strategies.environment_questions()),
        "extras": data.draw(strategies.extras_questions()),
        "marker_evaluation_result": data.draw(strategies.marker_questions()),
    }
    root = data.draw(strategies.package_questions(documents))
    name, version = data.draw(strategies.name_questions()), data.draw(st.none() | strategies.version_questions())
    found = shortest_chains(graph.closure(root, **question), name, version)
    assert set(found) == oracle.shortest_chains(root, package_name=name, package_version=version, **question)
    edges = [pair for chain in found for pair in zip(chain, chain[1:], strict=False)] + [(root, root)]
    requirements = graph.get_python_requirements_many(edges, **question)
    assert requirements == oracle.get_python_requirements_many(edges, **question)
    assert all(requirements[edge] for edge in edges[:-1])


def test_requirements_that_differ_in_their_extra_and_marker(graph: GraphDatabase) -> None:
    dependencies = [
        requires("b", "1.0", "2.0", specifier=">=1"),
        requires("B", "2.0", specifier="==2.0", marker="os_name == 'posix'", marker_evaluation_result=True),
        requires("b", "1.0", specifier="<2", marker="extra == 'S3'", extra=["S3"]),
        requires("b", "1.0", specifier="<1.5", marker="os_name == 'nt'", marker_evaluation_result=False),
    ]
    graph.sync_solver_result(solver_document(tree=[solved("a", dependencies=dependencies), solved("b")]))
    edge, other = (("A", "v1", PYPI), ("b", "1.0", PYPI)), (("a", "1.0", PYPI), ("b", "2.0", None))
    normalised = (("a", "1", PYPI), ("b", "1.0", PYPI))
    assert graph.get_python_requirements_many([(("A", "v1", PYPI), edge[1])]) == {normalised: []}
    edge = (("A", "v1.0", f"{PYPI}/"), ("B", "1.0", PYPI))
    normalised = (("a", "1.0", PYPI), ("b", "1.0", PYPI))
    plain = {"specifier": ">=1", "marker": None, "extra": None}
    asked = graph.get_python_requirements_many([edge, other], **RHEL)
    posix = {"specifier": "==2.0", "marker": "os_name == 'posix'", "extra": None}
    assert asked == {normalised: [plain], other: [posix, plain]}
    asked = graph.get_python_requirements_many([edge], extras=frozenset({"s3", None}))
    assert asked[normalised] == [{"specifier": "<2", "marker": "extra == 'S3'", "extra": "s3"}, plain]
    asked = graph.get_python_requirements_many([edge], marker_evaluation_result=False)
    assert asked[normalised] == [{"specifier": "<1.5", "marker": "os_name == 'nt'", "extra": None}]
    assert graph.get_python_requirements_many([edge], os_name="fedora")[normalised] == []
    assert graph.get_python_requirements_many([]) == {}


@pytest.mark.parametrize("version", [None, "2.0.1"])
def test_samples(samples: GraphDatabase, samples_oracle: Oracle, version: str | None) -> None:
    root = ("jupyterlab", "3.4.8", PYPI)
    found = shortest_chains(samples.closure(root, **RHEL), "MarkupSafe", version)
    assert len(found) > 10
    assert set(found) == samples_oracle.shortest_chains(
        root, package_name="markupsafe", package_version=version, **RHEL
    )
