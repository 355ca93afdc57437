"""Writing of solver documents: a pure function of the documents, whatever their order, grouping and repetition."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests import strategies
from tests.conftest import empty
from tests.dump import Dump, logical_dump
from tests.factories import (
    PYPI,
    RHEL,
    SOLVER,
    failed,
    groups,
    large_document,
    read,
    requires,
    shuffled,
    solved,
    solver_document,
    sync,
)
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import SchemaError
from thoth.storages.graph.ingest import solver
from thoth.storages.graph.query_log import counted_statements

Json = dict[str, Any]
GENERATED = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
EARLIER, LATER = "2021-06-01T00:00:00", "2021-08-01T00:00:00"


def see_nothing(session: object, model: object, document_ids: list[str], **_: object) -> list[str]:
    """Take all documents for new, instead of asking which are in."""
    return document_ids


def dump_of(graph: GraphDatabase, documents: list[Json]) -> Dump:
    """Return the dump of a graph that saw these documents alone, all at once."""
    empty(graph)
    sync(graph, documents)
    return logical_dump(graph)


def test_every_sample_document_twice(graph: GraphDatabase, sample_documents: list[Json]) -> None:
    expected = dump_of(graph, sample_documents)
    empty(graph)
    for document in sample_documents:
        graph.sync_solver_result(document)
        graph.sync_solver_result(document)
    assert logical_dump(graph) == expected
    assert sum(graph.sync_solver_results(group) for group in groups(read(sample_documents), 1)) == 0
    assert logical_dump(graph) == expected


@pytest.mark.parametrize("lost", ["a", "b", "ab"])
def test_documents_that_another_writer_put_in_meanwhile(
    graph: GraphDatabase, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both speak of one package version: what is written of it is of those that nobody else wrote."""
    documents = [
        solver_document(
            f"{SOLVER}-{name}", datetime=when, tree=[solved("flask", dependencies=[requires("six", "1.0")])]
        )
        for name, when in (("a", LATER), ("b", EARLIER))
    ]
    expected = dump_of(graph, documents)
    empty(graph)
    sync(graph, [document for document, name in zip(documents, "ab", strict=True) if name in lost])

    monkeypatch.setattr(solver, "documents_to_write", see_nothing)
    assert graph.sync_solver_results(read(documents)) == 2 - len(lost)
    assert logical_dump(graph) == expected


@pytest.mark.parametrize("seed", range(3))
def test_order_and_grouping_of_sample_documents(graph: GraphDatabase, sample_documents: list[Json], seed: int) -> None:
    documents = shuffled(sample_documents, 0)[:150]
    expected = dump_of(graph, documents)
    empty(graph)
    for group in groups(shuffled(documents, seed), seed):
        graph.sync_solver_results(read(group))
    assert logical_dump(graph) == expected


@GENERATED
@given(data=st.data())
def test_order_and_grouping_of_generated_documents(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(strategies.solver_documents())
    expected = dump_of(graph, documents)
    empty(graph)
    for group in groups(data.draw(st.permutations(documents)), data.draw(st.integers(0, 100)), largest=4):
        graph.sync_solver_results(read(group))
    assert logical_dump(graph) == expected


@GENERATED
@given(data=st.data())
def test_one_by_one_and_repeated_generated_documents(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(strategies.solver_documents())
    expected = dump_of(graph, documents)
    empty(graph)
    repeated = data.draw(st.permutations([*documents, *documents]))
    for document in repeated:
        graph.sync_solver_result(document, force=data.draw(st.booleans()))
    assert logical_dump(graph) == expected


def of_two_times(name: str, datetime: str, *versions: str) -> Json:
    return solver_document(name, tree=[solved("a", dependencies=[requires("b", *versions)])], datetime=datetime)


def depends_on(graph: GraphDatabase, name: str = "a") -> list[tuple[str, str]]:
    return graph.get_depends_on(name, "1.0", PYPI, **RHEL)


@pytest.mark.parametrize("newer_first", [True, False])
@pytest.mark.parametrize("together", [True, False])
def test_older_document_changes_nothing_that_a_newer_said(
    graph: GraphDatabase, newer_first: bool, together: bool
) -> None:
    newer = of_two_times(f"{SOLVER}-0a", LATER, "2.0")
    older = of_two_times(f"{SOLVER}-0b", EARLIER, "1.0")
    documents = [newer, older] if newer_first else [older, newer]
    sync(graph, documents, size=2 if together else 1)
    assert depends_on(graph) == [("b", "2.0")]


def test_older_document_alone_says_what_no_newer_speaks_of(graph: GraphDatabase) -> None:
    newer = of_two_times(f"{SOLVER}-0a", LATER, "2.0")
    older = solver_document(f"{SOLVER}-0b", tree=[solved("a"), solved("c")], datetime=EARLIER)
    sync(graph, [newer, older], size=1)
    assert depends_on(graph) == [("b", "2.0")]
    assert depends_on(graph, "c") == []


@pytest.mark.parametrize("order", [1, -1])
def test_of_documents_of_one_time_the_greater_id_counts(graph: GraphDatabase, order: int) -> None:
    documents = [of_two_times(f"{SOLVER}-{end}", EARLIER, version) for end, version in (("0a", "1"), ("0b", "2"))]
    sync(graph, documents[::order], size=1)
    assert depends_on(graph) == [("b", "2")]


def test_a_later_failure_counts_and_depends_on_nothing(graph: GraphDatabase) -> None:
    failure = solver_document(f"{SOLVER}-0a", errors=[failed("a")], datetime=LATER)
    sync(graph, [failure, of_two_times(f"{SOLVER}-0b", EARLIER, "1.0")], size=1)
    assert graph.has_python_solver_error("a", "1.0", PYPI, **RHEL)
    assert depends_on(graph) == []


def test_environments_and_indexes_are_apart(graph: GraphDatabase) -> None:
    other_index = "https://index.example.com/simple"
    sync(
        graph,
        [
            of_two_times(f"{SOLVER}-0a", EARLIER, "1.0"),
            of_two_times("solver-rhel-9-py39-0a", LATER, "2.0"),
            solver_document(f"{SOLVER}-0b", tree=[solved("a", index_url=other_index)], datetime=LATER),
        ],
    )
    assert depends_on(graph) == [("b", "1.0")]
    assert graph.get_depends_on("a", "1.0", other_index, **RHEL) == []
    other: Json = {"os_name": "rhel", "os_version": "9", "python_version": "3.9"}
    assert graph.get_depends_on("a", "1.0", PYPI, **other) == [("b", "2.0")]


def test_a_document_that_is_in_stays_as_it_is_without_force(graph: GraphDatabase) -> None:
    expected = dump_of(graph, [of_two_times(f"{SOLVER}-0a", EARLIER, "1.0")])
    graph.sync_solver_result(of_two_times(f"{SOLVER}-0a", LATER, "2.0"))
    assert logical_dump(graph) == expected


@pytest.mark.parametrize(
    "other",
    [
        None,
        of_two_times(f"{SOLVER}-0b", "2021-09-01T00:00:00", "3.0"),
        of_two_times(f"{SOLVER}-0b", "2021-07-15T00:00:00", "1.0", "4.0"),
    ],
    ids=["alone", "beside a newer document", "between"],
)
def test_force_replaces_what_a_document_said(graph: GraphDatabase, other: Json | None) -> None:
    others = [] if other is None else [other]
    wrong = solver_document(
        f"{SOLVER}-0a",
        tree=[solved("a", dependencies=[requires("b", "9.0"), requires("wrong", "1.0")]), solved("mistake")],
        errors=[failed("another-mistake")],
        datetime=LATER,
    )
    right = of_two_times(f"{SOLVER}-0a", EARLIER, "1.0", "1.1")
    expected = dump_of(graph, [right, *others])
    empty(graph)
    sync(graph, [wrong, *others])
    graph.sync_solver_result(right, force=True)
    assert logical_dump(graph) == expected


@GENERATED
@given(data=st.data())
def test_force_leaves_nothing_of_the_old_text(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(strategies.solver_documents(unique_ids=False, max_size=8))
    first = {strategies.document_id_of(document): document for document in reversed(documents)}
    last = {strategies.document_id_of(document): document for document in documents}
    empty(graph)
    sync(graph, last.values())
    expected = logical_dump(graph, without={"python_package_index"})
    empty(graph)
    sync(graph, first.values())
    for document in data.draw(st.permutations(list(last.values()))):
        graph.sync_solver_result(document, force=True)
    assert logical_dump(graph, without={"python_package_index"}) == expected


def test_of_two_documents_of_one_id_in_a_group_the_first_counts(graph: GraphDatabase) -> None:
    documents = [of_two_times(f"{SOLVER}-0a", EARLIER, version) for version in ("1.0", "2.0")]
    assert graph.sync_solver_results(read(documents)) == 1
    assert depends_on(graph) == [("b", "1.0")]


def test_index_that_is_not_registered_is_registered_disabled(graph: GraphDatabase) -> None:
    graph.register_python_package_index(PYPI, enabled=True)
    other_index = "https://index.example.com/simple"
    sync(graph, [solver_document(tree=[solved("a"), solved("a", index_url=f"{other_index}/")])])
    assert graph.get_python_package_index_urls(enabled=True) == {PYPI}
    assert graph.get_python_package_index_urls(enabled=False) == {other_index}


def changed(path: list[Any], value: Any) -> Json:
    """Return a document with a value put at a path; `...` removes what is there."""
    document = solver_document(
        tree=[solved("a", dependencies=[requires("b", "1.0")], importlib_metadata={"metadata": {"Name": "a"}})],
        errors=[failed("c")],
        unresolved=[{"package_name": "d", "version_spec": "==1.0"}],
        unparsed=[{"requirement": "e==1.0"}],
    )
    *parents, last = path
    place: Any = document
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return document


BAD_DOCUMENTS = [
    (["metadata"], ..., "metadata"),
    (["result"], ..., "result"),
    (["result"], [], "$.result: "),
    (["metadata", "document_id"], ..., "$.metadata.document_id: "),
    (["metadata", "document_id"], 1, "$.metadata.document_id: "),
    (["metadata", "document_id"], "laptop-1", "$.metadata.distribution: "),
    (["metadata", "datetime"], ..., "$.metadata.datetime: "),
    (["metadata", "datetime"], "yesterday", "$.metadata.datetime: "),
    (["metadata", "duration"], -1, "$.metadata.duration: "),
    (["metadata", "duration"], 2**31, "$.metadata.duration: "),
    (["result", "tree"], {}, "$.result.tree: "),
    (["result", "tree", 0], "a", "$.result.tree[0]: "),
    (["result", "tree", 0, "package_name"], "", "$.result.tree[0].package_name: "),
    (["result", "tree", 0, "package_name"], ..., "$.result.tree[0]: "),
    (["result", "tree", 0, "sha256"], [1], "$.result.tree[0].sha256[0]: "),
    (["result", "tree", 0, "index_url"], 1, "$.result.tree[0].index_url: "),
    (["result", "tree", 0, "packages"], ["a\0b"], "$.result.tree[0].packages[0]: "),
    (["result", "tree", 0, "packages"], ["\ud800"], "$.result.tree[0].packages[0]: "),
    (["result", "tree", 0, "dependencies", 0, "package_name"], "", "$.result.tree[0].dependencies[0].package_name: "),
    (
        ["result", "tree", 0, "dependencies", 0, "resolved_versions"],
        [1],
        "$.result.tree[0].dependencies[0].resolved_versions[0]: ",
    ),
    (
        ["result", "tree", 0, "importlib_metadata", "metadata", "Name"],
        1,
        "$.result.tree[0].importlib_metadata.metadata.Name: ",
    ),
    (["result", "errors", 0, "package_name"], None, "$.result.errors[0].package_name: "),
    (["result", "errors", 0, "package_version"], ..., "$.result.errors[0].package_version: "),
    (["result", "unresolved", 0, "package_name"], ..., "$.result.unresolved[0]: "),
    (["result", "unparsed", 0, "requirement"], 1, "$.result.unparsed[0].requirement: "),
]


@pytest.mark.parametrize(("path", "value", "message"), BAD_DOCUMENTS)
def test_bad_document_is_refused_whole(graph: GraphDatabase, path: list[Any], value: Any, message: str) -> None:
    before = logical_dump(graph)
    with counted_statements(graph.engine) as statements, pytest.raises(SchemaError) as caught:
        graph.sync_solver_result(changed(path, value))
    assert message in str(caught.value)
    assert logical_dump(graph) == before
    assert not [statement for statement in statements if "INSERT" in statement]


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_what_is_no_object_is_refused(graph: GraphDatabase, document: Any) -> None:
    with pytest.raises(SchemaError, match=r"^\$: expected an object, got "):
        graph.sync_solver_result(document)


def test_document_of_the_caller_is_not_changed(graph: GraphDatabase, sample_documents: list[Json]) -> None:
    for document in shuffled(sample_documents, 1)[:50]:
        before = copy.deepcopy(document)
        graph.sync_solver_result(document)
        assert document == before


def statements_of(graph: GraphDatabase, documents: list[Json]) -> int:
    facts = read(documents)
    with counted_statements(graph.engine) as statements:
        graph.sync_solver_results(facts)
    return len(statements)


def test_statements_of_usual_documents(graph: GraphDatabase, sample_documents: list[Json]) -> None:
    sync(graph, sample_documents[:300])
    counts = [statements_of(graph, [document]) for document in sample_documents[300:400]]
    assert set(counts) == {1}
    assert statements_of(graph, sample_documents[300:301]) == 1
    with counted_statements(graph.engine) as statements:
        graph.sync_solver_result(sample_documents[0])
    assert len(statements) == 1


def test_statements_of_a_large_document(graph: GraphDatabase) -> None:
    document = large_document(f"{SOLVER}-0a", packages=300, requirements=4, versions=6)
    edges = sum(len(requirement.versions) for fact in read([document])[0].packages for requirement in fact.requirements)
    assert edges > 6_500
    assert statements_of(graph, [document]) == 1


def test_statements_of_many_documents(graph: GraphDatabase, sample_documents: list[Json]) -> None:
    assert statements_of(graph, sample_documents[:500]) == 2
    assert statements_of(graph, sample_documents[:500]) == 1


def test_plans_made_for_small_tables_do_not_read_large_ones(
    graph: GraphDatabase, sample_documents: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server keeps them while the tables grow, until somebody takes statistics.

    The deferred key to ``solved`` is left out: it is checked at commit, by a plan that is not the function's.
    """
    rows_read = text("SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE relname <> 'solved' ORDER BY relname")
    sync(graph, sample_documents[:1])
    with graph.session() as session:
        session.execute(text("ANALYZE"))
    with graph.session() as session:
        before = session.execute(rows_read).all()
    monkeypatch.setattr(solver, "documents_to_write", see_nothing)
    with graph.session() as session:
        for document in sample_documents[1:40]:
            solver.sync_solver_result(session, document)
        solver.sync_solver_results(session, read(sample_documents[40:80]))
        session.execute(text("SELECT pg_stat_force_next_flush()"))
    with graph.session() as session:
        assert session.execute(rows_read).all() == before


def test_more_values_than_a_statement_takes_parameters(graph: GraphDatabase) -> None:
    sync(graph, [large_document(f"{SOLVER}-0a", packages=2, requirements=5, versions=7_100)])
    assert len(graph.get_depends_on("package-1", "1.0", PYPI, **RHEL)) == 35_500
    assert len(graph.get_python_packages()) == 7
