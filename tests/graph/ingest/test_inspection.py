"""Writing of inspections: a pure function of the documents, whatever their form, order and repetition."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.conftest import empty
from tests.documents.test_inspection import BAD_DOCUMENTS
from tests.dump import Dump, logical_dump
from tests.factories import shuffled
from tests.inspection_documents import (
    INSPECTION,
    Json,
    batch,
    changed,
    composed,
    conv2d,
    inspections,
    job_log,
    lock,
    matmul,
    of_2019,
    pipfile,
    report,
    samples,
)
from tests.oracle.inspections import Inspections
from thoth.storages import GraphDatabase
from thoth.storages.documents.inspection import read_inspection_document
from thoth.storages.exceptions import RetryTransaction, SchemaError
from thoth.storages.graph.ingest import inspection as inspection_ingest
from thoth.storages.graph.ingest import writers
from thoth.storages.graph.query_log import counted_statements

GENERATED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
WITHOUT = {"python_package_index"}  # indexes stay registered


def sync(graph: GraphDatabase, documents: Iterable[Mapping[str, Any]], *, force: bool = False) -> None:
    for document in documents:
        graph.sync_inspection_result(document, force=force)


def dump(graph: GraphDatabase) -> Dump:
    return logical_dump(graph, without=WITHOUT)


def dump_of(graph: GraphDatabase, documents: Iterable[Json]) -> Dump:
    """Return the dump of a graph that saw these documents alone."""
    empty(graph)
    sync(graph, documents)
    return dump(graph)


def runs(graph: GraphDatabase) -> list[tuple[str, int]]:
    with graph.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT inspection_document_id, inspection_result_number FROM inspection_run ORDER BY 1, 2")
        )
        return [(document_id, number) for document_id, number in rows]


@GENERATED
@given(data=st.data())
def test_order_and_repetition_of_generated_documents(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(inspections())
    expected = dump_of(graph, documents)
    assert runs(graph) == sorted(Inspections(documents).runs)
    empty(graph)
    for document in data.draw(st.permutations([*documents, *documents])):
        graph.sync_inspection_result(document, force=data.draw(st.booleans()))
    assert dump(graph) == expected


@GENERATED
@given(first=inspections(), last=inspections())
def test_force_leaves_nothing_of_the_old_text(graph: GraphDatabase, first: list[Json], last: list[Json]) -> None:
    """What was said before of other results of the same inspection stays."""
    replaced = set(Inspections(last).runs)
    kept = [document for document in first if not set(Inspections([document]).runs) & replaced]
    whole = [document for document in first if set(Inspections([document]).runs) <= replaced]
    expected = dump_of(graph, [*kept, *last])
    empty(graph)
    sync(graph, [*kept, *whole])
    sync(graph, last, force=True)
    assert dump(graph) == expected


def test_force_replaces_the_results_that_the_document_holds_alone(graph: GraphDatabase) -> None:
    logs = [job_log(matmul(component=name)) for name in ("a", "b", "c")]
    sync(graph, [batch(*logs)])
    sync(graph, [composed(job_log(conv2d()), result_number=1)], force=True)
    assert runs(graph) == [(INSPECTION, 0), (INSPECTION, 1), (INSPECTION, 2)]
    assert graph.get_all_pi_count() == {"a": 1, "c": 1, "tensorflow": 1}
    assert graph.get_number_of_pi_records()["pi_conv2d"] == 1


def test_results_that_are_in_stay_as_they_are_and_the_others_come_in(graph: GraphDatabase) -> None:
    graph.sync_inspection_result(composed(job_log(matmul(component="a")), result_number=1))
    facts = read_inspection_document(batch(*[job_log(matmul(component="b"))] * 3))
    assert graph.sync_inspection_facts(facts) is True
    assert graph.get_all_pi_count() == {"a": 1, "b": 2}
    assert graph.sync_inspection_facts(facts) is False
    assert graph.sync_inspection_facts(facts, force=True) is True
    assert graph.get_all_pi_count() == {"b": 3}


@pytest.mark.parametrize("document", [of_2019(None), batch(), composed(None)])
def test_build_that_failed_is_a_run_without_result(graph: GraphDatabase, document: Json) -> None:
    graph.sync_inspection_result(document)
    assert runs(graph) == [(INSPECTION, 0)]
    assert graph.inspection_document_id_exist(INSPECTION)
    assert sum(graph.get_number_of_pi_records().values()) == 0


def test_columns_of_a_run(graph: GraphDatabase) -> None:
    hardware = {"cpu_family": 6, "cpu_model": 94}
    document = composed(
        job_log(matmul(), exit_code=3),
        build={"requests": {"cpu": "500m", "memory": "256Mi", "hardware": hardware}},
        run={"requests": {"cpu": 2, "memory": None}},
    )
    graph.sync_inspection_result(changed(document, ["specification", "@amun_service_version"], "0.6.1"))
    with graph.engine.connect() as connection:
        row = connection.execute(
            text(
                """
                SELECT exit_code, amun_version, inspection.base_image, build_requests_cpu, build_requests_memory,
                    run_requests_cpu, run_requests_memory, built_on.cpu_model AS build_cpu, ran_on.cpu_model AS run_cpu,
                    build.environment_type AS build, run.environment_type AS run, run.os_version,
                    stack.software_stack_type, inspection.datetime::text
                FROM inspection_run AS inspection
                JOIN hardware_information AS built_on ON built_on.id = build_hardware_information_id
                JOIN hardware_information AS ran_on ON ran_on.id = run_hardware_information_id
                JOIN software_environment AS build ON build.id = build_software_environment_id
                JOIN software_environment AS run ON run.id = run_software_environment_id
                JOIN python_software_stack AS stack ON stack.id = python_software_stack_id
                """
            )
        ).one()
    assert tuple(row)[:-1] == (
        *(3, "0.6.1", "quay.io/thoth-station/s2i-thoth-ubi8-py36", 0.5, 0.25, 2.0, None),
        *(94, 85, "BUILDTIME", "RUNTIME", "8", "INSPECTION"),
    )


@pytest.mark.parametrize("report_first", [True, False])
def test_before_or_after_the_report_that_names_it(graph: GraphDatabase, report_first: bool) -> None:
    other = "inspection-test-absent"
    if report_first:
        graph.sync_dependency_monkey_result(report(INSPECTION, other))
    graph.sync_inspection_result(batch(job_log(matmul()), job_log(matmul())))
    if not report_first:
        graph.sync_dependency_monkey_result(report(INSPECTION, other))
    assert runs(graph) == [(INSPECTION, 0), (INSPECTION, 1)]
    assert graph.inspection_document_ids_in([INSPECTION, other]) == {INSPECTION}
    with graph.engine.connect() as connection:
        asked = connection.execute(
            text(
                """
                SELECT inspection_document_id, count(run.id)
                FROM requested_inspection LEFT JOIN inspection_run AS run USING (inspection_document_id)
                GROUP BY 1 ORDER BY 1
                """
            )
        )
        assert [tuple(row) for row in asked] == [(INSPECTION, 2), (other, 0)]


@pytest.mark.parametrize("force", [False, True])
def test_several_writers(graph: GraphDatabase, force: bool) -> None:
    documents = [
        composed(
            job_log(matmul(component=f"framework-{number % 3}")),
            document_id=f"inspection-test-{number // 4}",
            result_number=number % 4,
            python={"requirements": pipfile(f"a{number % 5}"), "requirements_locked": lock(f"a{number % 5}==1.0")},
        )
        for number in range(24)
    ]
    documents += [batch(*[job_log(conv2d())] * 3, document_id="inspection-batch-0")] * 4
    expected = dump_of(graph, documents)
    empty(graph)

    def write(seed: int) -> None:
        with GraphDatabase() as adapter:
            sync(adapter, shuffled(documents, seed), force=force and seed == 0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert dump(graph) == expected


def test_result_that_came_in_while_a_forced_sync_began(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[int] = []

    def come_in(session: Session) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            with GraphDatabase() as other:
                other.sync_inspection_result(composed(job_log(matmul(component="other"))))
        writers.share_with_writers(session)

    monkeypatch.setattr(inspection_ingest, "share_with_writers", come_in)
    graph.sync_inspection_result(composed(job_log(matmul(component="mine"))), force=True)
    assert graph.get_all_pi_count() == {"mine": 1}
    assert len(attempts) == 3  # the second is that of the other writer, the third the repetition


def test_retries_run_out(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = read_inspection_document(composed())
    graph.sync_inspection_facts(facts)
    monkeypatch.setenv("KNOWLEDGE_GRAPH_RETRIES", "2")
    monkeypatch.setattr(inspection_ingest, "exclude_writers", lambda _: None)

    def nothing_yet(*_: Any, **__: Any) -> None:
        raise RetryTransaction("again")

    monkeypatch.setattr(inspection_ingest, "remove_runs", nothing_yet)
    before = dump(graph)
    with pytest.raises(RetryTransaction, match="again"):
        graph.sync_inspection_facts(facts, force=True)
    assert dump(graph) == before


def test_bad_documents_are_refused_whole(graph: GraphDatabase) -> None:
    before = dump(graph)
    for document, message in (each.values for each in BAD_DOCUMENTS):
        with counted_statements(graph.engine) as statements, pytest.raises(SchemaError) as caught:
            graph.sync_inspection_result(document)  # type: ignore[arg-type]
        assert str(caught.value).startswith(str(message))
        assert statements == []
    assert dump(graph) == before


def test_document_of_the_caller_is_not_changed(graph: GraphDatabase) -> None:
    for document in (composed(), of_2019(), batch(job_log(matmul()), job_log("text"))):
        before = copy.deepcopy(document)
        graph.sync_inspection_result(document, force=True)
        assert document == before


def statements_of(graph: GraphDatabase, document: Json, *, force: bool = False) -> int:
    with counted_statements(graph.engine) as statements:
        graph.sync_inspection_result(document, force=force)
    return len(statements)


def test_statements(graph: GraphDatabase) -> None:
    assert statements_of(graph, composed()) <= 14
    assert statements_of(graph, composed()) == 2
    assert statements_of(graph, composed(result_number=1)) == 4
    assert statements_of(graph, composed(), force=True) <= 35


def test_statements_of_a_large_document(graph: GraphDatabase) -> None:
    packages = [f"package-{number}=={number}" for number in range(500)]
    document = batch(
        *[job_log(matmul() if number % 2 else conv2d()) for number in range(1000)],
        python={
            "requirements": pipfile(*(package.partition("=")[0] for package in packages)),
            "requirements_locked": lock(*packages),
        },
    )
    assert statements_of(graph, document) <= 15
    assert graph.get_number_of_pi_records() == {"pi_matmul": 500, "pi_conv1d": 0, "pi_conv2d": 500, "pi_pybench": 0}
    assert statements_of(graph, document) == 2
    assert statements_of(graph, document, force=True) <= 40


def test_sample_documents(graph: GraphDatabase) -> None:
    documents = samples("inspection-documents")
    assert len(documents) >= 4
    expected = dump_of(graph, documents)
    assert runs(graph) == sorted(Inspections(documents).runs)
    assert sum(graph.get_number_of_pi_records().values()) >= 4
    sync(graph, shuffled(documents, 1))
    assert dump(graph) == expected
