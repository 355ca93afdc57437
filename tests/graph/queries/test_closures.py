"""What the statement about closures returns, put together: the same in whatever order the server sends it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.factories import PYPI
from thoth.storages.graph.queries.closures import _Answer, _assemble, _Nodes

ROOT = ("root", "1", PYPI)
IDS = range(10, 16)


@given(
    st.permutations(IDS),
    st.lists(st.lists(st.sampled_from(IDS), unique=True, max_size=5).map(sorted), min_size=1, max_size=3),
    st.lists(st.sampled_from(IDS), unique=True),
    st.integers(1, 2),
)
def test_in_any_order(sent: list[int], sets: list[list[int]], solved: list[int], environments: int) -> None:
    """A set is known by its ends where its members came one after the other, and not where others came between."""
    set_ids = tuple(range(100, 100 + len(sets)))
    nodes = _Nodes([1, *solved], [1] * (1 + len(solved)), [(*set_ids, set_ids[0]), *[None] * len(solved)])
    releases = [("root", [1], ["1"]), ("a", sent, [str(id_) for id_ in sent])]
    answer = _Answer([nodes] * environments, (list(set_ids), sets), releases, {1: PYPI})
    closure = _assemble(answer, [ROOT])
    expected = {("a", str(id_), PYPI if id_ in solved else None) for members in sets for id_ in members}
    edges = closure.tuples()
    assert len(edges) == len(set(edges))
    assert set(edges) == {(ROOT, package) for package in expected}
    assert [closure.packages[closure.node_packages[node]] for node in closure.roots[ROOT]] == [ROOT] * environments
    for position, members in enumerate(sets * environments):
        found = [closure.packages[closure.node_packages[node]][1] for node in closure.sets[position]]
        assert sorted(found) == list(map(str, members))
