"""Writing of Dependency Monkey reports: a pure function of the documents, whatever their order and repetition."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.conftest import empty
from tests.documents.test_dependency_monkey import BAD_DOCUMENTS
from tests.dump import Dump, logical_dump
from tests.factories import shuffled
from tests.inspection_documents import (
    INSPECTION,
    Json,
    changed,
    of_2019,
    pipfile,
    report,
    report_of_2019,
    reports,
    samples,
)
from tests.oracle.inspections import DependencyMonkeyReports, Inspections
from thoth.storages import GraphDatabase
from thoth.storages.documents.dependency_monkey import read_dependency_monkey_document
from thoth.storages.exceptions import SchemaError
from thoth.storages.graph.query_log import counted_statements

GENERATED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
WITHOUT = {"python_package_index"}  # indexes stay registered


def sync(graph: GraphDatabase, documents: Iterable[Json], *, force: bool = False) -> None:
    for document in documents:
        graph.sync_dependency_monkey_result(document, force=force)


def dump(graph: GraphDatabase) -> Dump:
    return logical_dump(graph, without=WITHOUT)


def dump_of(graph: GraphDatabase, documents: Iterable[Json]) -> Dump:
    """Return the dump of a graph that saw these documents alone."""
    empty(graph)
    sync(graph, documents)
    return dump(graph)


def requested(graph: GraphDatabase) -> set[tuple[str, str]]:
    with graph.engine.connect() as connection:
        rows = connection.execute(
            text(
                """
                SELECT document_id, inspection_document_id FROM requested_inspection
                JOIN dependency_monkey_run ON dependency_monkey_run.id = dependency_monkey_run_id
                """
            )
        ).all()
    assert len(rows) == len(set(rows))
    return {(document_id, inspection_id) for document_id, inspection_id in rows}


@GENERATED
@given(data=st.data())
def test_order_and_repetition_of_generated_documents(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(reports())
    expected = dump_of(graph, documents)
    oracle = DependencyMonkeyReports(documents)
    assert requested(graph) == oracle.requested()
    assert graph.requested_inspection_ids() == oracle.requested_inspection_ids()
    there = [of_2019(document_id=name) for name in ("inspection-test-00000001", "inspection-unasked")]
    for document in there:
        graph.sync_inspection_result(document)
    missing = oracle.requested_inspection_ids(Inspections(there))
    assert graph.requested_inspection_ids(only_missing=True) == missing
    ids = [*oracle.reports, "dependency-monkey-absent"]
    assert graph.dependency_monkey_document_ids_in(ids) == oracle.dependency_monkey_document_ids_in(ids)
    assert [graph.dependency_monkey_document_id_exist(id_) for id_ in ids] == [id_ in oracle.reports for id_ in ids]
    empty(graph)
    for document in data.draw(st.permutations([*documents, *documents])):
        graph.sync_dependency_monkey_result(document, force=data.draw(st.booleans()))
    assert dump(graph) == expected


@GENERATED
@given(first=reports(), last=reports())
def test_force_leaves_nothing_of_the_old_text(graph: GraphDatabase, first: list[Json], last: list[Json]) -> None:
    replaced = DependencyMonkeyReports(last).reports
    expected = dump_of(
        graph,
        {**DependencyMonkeyReports(first).reports, **replaced}.values(),  # type: ignore[arg-type]
    )
    empty(graph)
    sync(graph, first)
    sync(graph, last, force=True)
    assert dump(graph) == expected


def test_a_report_that_is_in_stays_as_it_is_without_force(graph: GraphDatabase) -> None:
    facts = read_dependency_monkey_document(report(INSPECTION))
    other = read_dependency_monkey_document(report("inspection-b", seed=1))
    assert graph.sync_dependency_monkey_facts(facts) is True
    expected = dump(graph)
    assert graph.sync_dependency_monkey_facts(other) is False
    assert dump(graph) == expected
    assert graph.sync_dependency_monkey_facts(other, force=True) is True
    assert {inspection for _, inspection in requested(graph)} == {"inspection-b"}


def test_columns_of_a_run(graph: GraphDatabase) -> None:
    graph.sync_dependency_monkey_result(report(INSPECTION, seed=2**40, limit_latest_versions=5))
    graph.sync_dependency_monkey_result(report_of_2019(error="Traceback"))
    with graph.engine.connect() as connection:
        rows = connection.execute(
            text(
                """
                SELECT duration, dependency_monkey_name, dependency_monkey_version, debug, dependency_monkey_error,
                    error_message, seed, decision, count, limit_latest_versions, skipped, cpu_model,
                    run.environment_type, build.environment_type, package_name
                FROM dependency_monkey_run
                JOIN hardware_information ON hardware_information.id = hardware_information_id
                JOIN software_environment AS run ON run.id = run_software_environment_id
                JOIN software_environment AS build ON build.id = build_software_environment_id
                JOIN python_requirement USING (python_requirements_id)
                ORDER BY document_id DESC
                """
            )
        ).all()
    environment = (85, "RUNTIME", "BUILDTIME")
    assert [tuple(row) for row in rows] == [
        (167, "thoth-adviser", "0.15.1", False, False, None, 2**40, "random", 20, 5, 0, *environment, "tensorflow"),
        (None, "thoth-adviser", "0.5.0", True, True, "Traceback", 42, "all", 10, None, None, *environment, "flask"),
    ]


@pytest.mark.parametrize("force", [False, True])
def test_several_writers(graph: GraphDatabase, force: bool) -> None:
    documents = [
        report(
            *(f"inspection-test-{number % 7}", INSPECTION),
            document_id=f"dependency-monkey-{number}",
            project={"requirements": pipfile(f"a{number % 5}", "b"), "runtime_environment": {"python_version": "3.6"}},
        )
        for number in range(20)
    ]
    expected = dump_of(graph, documents)
    empty(graph)

    def write(seed: int) -> None:
        with GraphDatabase() as adapter:
            sync(adapter, shuffled(documents, seed), force=force and seed == 0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert dump(graph) == expected


def test_bad_documents_are_refused_whole(graph: GraphDatabase) -> None:
    before = dump(graph)
    for path, value, message in BAD_DOCUMENTS:
        with counted_statements(graph.engine) as statements, pytest.raises(SchemaError) as caught:
            graph.sync_dependency_monkey_result(changed(report(INSPECTION), path, value))
        assert str(caught.value).startswith(message)
        assert statements == []
    assert dump(graph) == before


def test_document_of_the_caller_is_not_changed(graph: GraphDatabase) -> None:
    for document in (report(INSPECTION), report_of_2019()):
        before = copy.deepcopy(document)
        graph.sync_dependency_monkey_result(document)
        assert document == before


def statements_of(graph: GraphDatabase, document: Json, *, force: bool = False) -> int:
    with counted_statements(graph.engine) as statements:
        graph.sync_dependency_monkey_result(document, force=force)
    return len(statements)


def test_statements(graph: GraphDatabase) -> None:
    assert statements_of(graph, report(INSPECTION)) <= 9
    assert statements_of(graph, report(INSPECTION)) == 1
    assert statements_of(graph, report(INSPECTION, document_id="dependency-monkey-b")) <= 4
    assert statements_of(graph, report(INSPECTION), force=True) <= 25


def test_statements_of_a_large_report(graph: GraphDatabase) -> None:
    project = {"requirements": pipfile(*(f"package-{number}" for number in range(500)))}
    document = report(*(f"inspection-test-{number:08x}" for number in range(20_000)), project=project)
    assert statements_of(graph, document) <= 9
    assert len(requested(graph)) == 20_000
    assert statements_of(graph, document) == 1
    assert statements_of(graph, document, force=True) <= 25


def test_sample_documents(graph: GraphDatabase) -> None:
    documents = samples("dependency-monkey-documents")
    assert len(documents) >= 2
    expected = dump_of(graph, documents)
    assert requested(graph) == DependencyMonkeyReports(documents).requested() != set()
    sync(graph, shuffled(documents, 1))
    assert dump(graph) == expected
