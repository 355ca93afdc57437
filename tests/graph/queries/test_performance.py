"""Answers about performance indicators are those of the oracle, page by page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import empty
from tests.inspection_documents import (
    AICOE,
    INSPECTION,
    PYPI,
    Json,
    batch,
    composed,
    conv2d,
    inspections,
    job_log,
    lock,
    matmul,
    of_2019,
    pybench,
    samples,
)
from tests.oracle.inspections import TABLES, Inspections
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import PerformanceIndicatorNotRegistered
from thoth.storages.graph.models_performance import PERFORMANCE_MODEL_BY_NAME, PiMatmul
from thoth.storages.graph.query_log import counted_statements

GENERATED = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def sync(graph: GraphDatabase, documents: Iterable[Json]) -> None:
    for document in documents:
        graph.sync_inspection_result(document)


def compare(graph: GraphDatabase, documents: list[Json]) -> None:
    """Compare all answers with those of the oracle."""
    oracle = Inspections(documents)
    assert graph.get_number_of_pi_records() == oracle.get_number_of_pi_records()
    assert graph.get_all_pi_count() == oracle.get_all_pi_count()
    for framework in ("tensorflow", "pytorch", "pybench", "absent", ""):
        expected = oracle.get_all_pi_per_framework_count(framework)
        assert graph.get_all_pi_per_framework_count(framework) == expected
    ids = [*{document_id for document_id, _ in oracle.runs}, "inspection-absent"]
    assert graph.inspection_document_ids_in(ids) == oracle.inspection_document_ids_in(ids)
    assert graph.inspection_results_in(ids) == oracle.inspection_results_in(ids)
    assert [graph.inspection_document_id_exist(id_) for id_ in ids] == [*[True] * (len(ids) - 1), False]
    for name in TABLES:
        assert graph.get_performance_indicators(name) == oracle.get_performance_indicators(name)


@GENERATED
@given(documents=inspections(), data=st.data())
def test_answers_over_generated_documents(graph: GraphDatabase, documents: list[Json], data: st.DataObject) -> None:
    empty(graph)
    sync(graph, documents)
    compare(graph, documents)
    question: dict[str, Any] = {
        "framework": data.draw(st.sampled_from((None, "tensorflow", "pytorch", "absent"))),
        "device": data.draw(st.sampled_from((None, "cpu", "gpu", "absent"))),
        "start_offset": data.draw(st.integers(0, 4)),
        "count": data.draw(st.integers(0, 4)),
    }
    for name in TABLES:
        expected = Inspections(documents).get_performance_indicators(name, **question)
        assert graph.get_performance_indicators(name, **question) == expected


def test_answers_over_sample_documents(graph: GraphDatabase) -> None:
    documents = samples("inspection-documents")
    sync(graph, documents)
    compare(graph, documents)
    assert graph.get_all_pi_count() == {"pytorch": 2, "tensorflow": 4}


def test_answers_of_an_empty_graph(graph: GraphDatabase) -> None:
    compare(graph, [])
    assert graph.get_number_of_pi_records() == dict.fromkeys(TABLES.values(), 0)
    assert graph.get_all_pi_count() == {}


def test_model_as_a_class_or_by_name(graph: GraphDatabase) -> None:
    graph.sync_inspection_result(composed())
    assert graph.get_performance_indicators(PiMatmul) == graph.get_performance_indicators("PiMatmul") != []


def test_unknown_model(graph: GraphDatabase) -> None:
    with pytest.raises(PerformanceIndicatorNotRegistered, match="'PiSort'; there are: PiConv1D, PiConv2D, PiMatmul, "):
        graph.get_performance_indicators("PiSort")


@pytest.mark.parametrize("page", [{"start_offset": -1}, {"count": -1}])
def test_negative_page(graph: GraphDatabase, page: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="is negative: -1"):
        graph.get_performance_indicators("PiMatmul", **page)  # type: ignore[arg-type]


def test_device_of_an_indicator_without_one(graph: GraphDatabase) -> None:
    graph.sync_inspection_result(composed(job_log(pybench())))
    assert len(graph.get_performance_indicators("PiPyBench")) == 1
    assert graph.get_performance_indicators("PiPyBench", device="cpu") == []


def test_stack_of_a_run(graph: GraphDatabase) -> None:
    locked = lock("Torch==1.5.0", "numpy==1.0.0-beta", develop=["pytest==5.4.0"], index="aicoe")
    locked["default"]["six"] = {"version": "==1.15.0", "index": "pypi"}
    locked["default"]["local"] = {"path": ".", "editable": True}
    sync(
        graph,
        [
            composed(python={"requirements_locked": locked}),
            composed(result_number=1, python={"requirements_locked": lock()}),
            composed(result_number=2, python={"requirements": {"packages": {"a": "*"}}}),
            composed(result_number=3, python=None),
        ],
    )
    assert [record["python_software_stack"] for record in graph.get_performance_indicators("PiMatmul")] == [
        [
            ("local", None, None),
            ("numpy", "1.0.0b0", AICOE),
            ("six", "1.15.0", PYPI),
            ("torch", "1.5.0", AICOE),
        ],
        [],
        None,
        None,
    ]


def test_pages_are_one_listing_also_while_others_write(graph: GraphDatabase) -> None:
    sync(graph, [batch(*[job_log(matmul())] * 12, document_id="inspection-b"), of_2019(document_id="inspection-a")])
    whole = graph.get_performance_indicators("PiMatmul")
    assert [record["inspection_result_number"] for record in whole] == [0, *range(12)]
    found = []
    for start in range(0, 20, 5):
        found += graph.get_performance_indicators("PiMatmul", start_offset=start, count=5)
        graph.sync_inspection_result(composed(document_id=f"inspection-c{start:02d}"))  # behind what was read
    assert found[:13] == whole
    assert len({(record["inspection_document_id"], record["inspection_result_number"]) for record in found}) == len(
        found
    )


def test_one_statement_however_many_records(graph: GraphDatabase) -> None:
    graph.sync_inspection_result(batch(*[job_log(conv2d())] * 50, document_id=INSPECTION))
    for question in (
        lambda: graph.get_performance_indicators("PiConv2D"),
        graph.get_number_of_pi_records,
        graph.get_all_pi_count,
        lambda: graph.get_all_pi_per_framework_count("tensorflow"),
    ):
        with counted_statements(graph.engine) as statements:
            assert question()
        assert len(statements) == 1
    assert set(TABLES) == set(PERFORMANCE_MODEL_BY_NAME)
