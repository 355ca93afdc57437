"""Software stacks in the graph: each set is stored once, and every writer takes the tables in one order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.adviser_documents import OTHER, TWO_SOURCES, lock, pipfile
from tests.dump import logical_dump
from tests.graph.stored_stacks import StoredStacks
from tests.oracle import stacks as oracle
from thoth.storages import GraphDatabase
from thoth.storages.documents.stacks import StackFact, read_requirements, read_stack
from thoth.storages.graph.ingest.stacks import index_and_release_ids, requirements_ids, stack_ids
from thoth.storages.graph.query_log import counted_statements

Json = dict[str, Any]

# Its lock names an index that its requirements do not, and a package without a version.
REQUIRED, LOCKED = pipfile({"a": {"index": "pypi"}, "b": "*"}), lock({"a": "1.0", "b": {"git": "x"}}, TWO_SOURCES[1:])
ORDER = [
    "python_package_index",
    "python_release",
    "python_requirements",
    "python_requirement",
    "python_requirements_lock",
    "locked_python_package",
    "python_software_stack",
]


def fact(required: Json | None = REQUIRED, locked: Json | None = LOCKED, kind: str = "USER") -> StackFact:
    stack = read_stack(kind, required, locked, "$")
    assert stack is not None
    return stack


def write(graph: GraphDatabase, *stacks: StackFact | None) -> tuple[list[int | None], list[str]]:
    """Write stacks in a transaction; return their ids, and the tables that were written, in order."""
    with counted_statements(graph.engine) as statements, graph.session() as session:
        ids = stack_ids(session, stacks)
    return ids, [table for statement in statements for table in re.findall(r"INSERT INTO (\w+)", statement)]


@pytest.mark.parametrize(
    ("required", "locked"),
    [(REQUIRED, LOCKED), (REQUIRED, None), (None, LOCKED), ({}, {}), (pipfile({"a": "*"}), lock({}))],
)
def test_what_is_stored(graph: GraphDatabase, required: Json | None, locked: Json | None) -> None:
    (id_,), _ = write(graph, fact(required, locked))
    project = {"requirements": required, "requirements_locked": locked}
    assert StoredStacks(graph).stack(id_) == oracle.stack(project)


def test_tables_are_taken_in_one_order(graph: GraphDatabase) -> None:
    """A writer that took an index or a release after a set could wait for another in a circle."""
    _, written = write(graph, fact(), fact(pipfile({"c": {"index": OTHER}}), lock({"c": "2.0"})))
    assert written == ORDER


def test_each_is_there_once(graph: GraphDatabase) -> None:
    stacks = [fact(), None, fact(kind="ADVISED"), fact(), fact(locked=None), None]
    ids, written = write(graph, *stacks)
    assert [id_ is None for id_ in ids] == [stack is None for stack in stacks]
    assert len(written) == len(ORDER)
    assert ids[0] == ids[3]
    assert len({id_ for id_ in ids if id_ is not None}) == 3
    before = logical_dump(graph)
    with GraphDatabase() as other:  # which remembers nothing
        assert write(other, *stacks)[0] == ids
    assert logical_dump(graph) == before
    stored = StoredStacks(graph)
    assert [len(stored.table(name)) for name in ORDER] == [2, 2, 1, 2, 1, 2, 3]


def test_what_is_known_is_not_asked_again(graph: GraphDatabase) -> None:
    ids, _ = write(graph, fact())
    with counted_statements(graph.engine) as statements, graph.session() as session:
        assert stack_ids(session, [fact()]) == ids
    assert statements == []


def test_what_was_not_committed_is_written_again(graph: GraphDatabase) -> None:
    with pytest.raises(RuntimeError), graph.session() as session:
        stack_ids(session, [fact()])
        raise RuntimeError
    (id_,), written = write(graph, fact())
    assert written == ORDER
    assert StoredStacks(graph).stack(id_) == oracle.stack({"requirements": REQUIRED, "requirements_locked": LOCKED})


def test_indexes_and_releases_beside_stacks(graph: GraphDatabase) -> None:
    with counted_statements(graph.engine) as statements, graph.session() as session:
        index_ids, release_ids = index_and_release_ids(
            session,
            [fact(), None],
            index_urls=["https://third.example.com/simple"],
            releases=[("z", None), ("a", "1.0")],
        )
        assert len(statements) == 2
        stack_ids(session, [fact()])
        written = [table for statement in statements for table in re.findall(r"INSERT INTO (\w+)", statement)]
    assert written == ORDER
    assert {"https://third.example.com/simple", OTHER} <= index_ids.keys()
    assert {("z", None), ("a", "1.0"), ("b", None)} == release_ids.keys()


def test_requirements_alone(graph: GraphDatabase) -> None:
    facts = [read_requirements(REQUIRED, "$"), None, read_requirements({}, "$"), read_requirements(REQUIRED, "$")]
    with counted_statements(graph.engine) as statements, graph.session() as session:
        ids = requirements_ids(session, facts)
    assert len(statements) == 3
    assert ids[1] is None
    assert ids[0] == ids[3] != ids[2]
