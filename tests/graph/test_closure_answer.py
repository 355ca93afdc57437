"""What the statement about closures returns, put together."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import PYPI
from thoth.storages.graph.closure_answer import Answer, Nodes, Projects, assemble
from thoth.storages.identifiers import PackageTuple

INDEXES = {1: PYPI, 2: "https://index.example.com/simple"}
ROOT = ("root", "1", PYPI)
IDS = range(10, 16)


def is_run(members: list[int]) -> bool:
    return bool(members) and members == list(range(members[0], members[-1] + 1))


@given(
    st.lists(st.lists(st.sampled_from(IDS), unique=True, max_size=5).map(sorted), min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(sorted(INDEXES))), unique=True),
    st.integers(1, 2),
)
def test_against_a_naive_reading(sets: list[list[int]], solved: list[tuple[int, int]], environments: int) -> None:
    """Sets without gaps, and others, some of whose gaps nobody reached; releases on several indexes."""
    solved = [node for node in solved if any(node[0] in members for members in sets)]
    set_ids = list(range(100, 100 + len(sets)))
    nodes = Nodes(
        [1, *(release for release, _ in solved)],
        [1, *(index for _, index in solved)],
        [(*set_ids, set_ids[0]), *[()] * len(solved)],
    )
    runs = {id_: members for id_, members in zip(set_ids, sets, strict=True) if is_run(members)}
    others = {id_: members for id_, members in zip(set_ids, sets, strict=True) if not is_run(members)}
    projects = Projects(
        ["root", "a"],
        [[], list(runs)],
        [[], [members[0] for members in runs.values()]],
        [[], list(map(len, runs.values()))],
        [[], list(others)],
        [[], list(others.values())],
        [[1, 2], list(IDS)],
        [["1", "2"], list(map(str, IDS))],
    )
    answer = msgspec.json.encode(Answer([nodes] * environments, projects, INDEXES)).decode()
    closure = assemble(answer, [ROOT])
    targets: dict[int, set[PackageTuple]] = {
        release: {("a", str(release), INDEXES[index]) for of, index in solved if of == release}
        or {("a", str(release), None)}
        for members in sets
        for release in members
    }
    expected = set().union(*targets.values())
    edges = closure.tuples()
    assert len(edges) == len(set(edges)) == len(closure)
    assert set(edges) == {(ROOT, package) for package in expected}
    assert set(closure.packages) == {ROOT, *expected}
    assert closure.is_disjoint == (environments == 1)
    assert [closure.packages[closure.node_packages[node]] for node in closure.roots[ROOT]] == [ROOT] * environments
    for position, members in enumerate([*runs.values(), *others.values()]) if environments == 1 else ():
        found = {closure.packages[node] for node in closure.sets[position]}
        assert found == set().union(*map(targets.__getitem__, members))
