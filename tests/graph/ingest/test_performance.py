"""What scripts report lands in the columns of the indicator's class, and in nothing else; the class alone tells how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import ARRAY, BigInteger, DateTime, Double, Integer, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tests.dump import logical_dump
from tests.inspection_documents import (
    INSPECTION,
    Json,
    batch,
    changed,
    composed,
    conv1d,
    conv2d,
    job_log,
    matmul,
    pybench,
)
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import PerformanceIndicatorNotRegistered, SchemaError
from thoth.storages.graph import models_performance
from thoth.storages.graph.models_performance import (
    ALL_PERFORMANCE_MODELS,
    PERFORMANCE_MODEL_BY_NAME,
    PerformanceIndicatorBase,
    reported_columns,
)
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.graph.schema_image import schema_diagram

Path = list[str | int]


def reported(graph: GraphDatabase, printed: Json, **log: Any) -> Json:
    """Return the record of what a script printed."""
    graph.sync_inspection_result(composed(job_log(printed, **log)), force=True)
    (record,) = graph.get_performance_indicators(printed["name"])
    return record


def refused(graph: GraphDatabase, document: Json) -> str:
    """Return the message with which a document is refused; nothing is sent to the database."""
    before = logical_dump(graph)
    with counted_statements(graph.engine) as statements, pytest.raises(SchemaError) as caught:
        graph.sync_inspection_result(document)
    assert statements == []
    assert logical_dump(graph) == before
    return str(caught.value)


def test_reported_columns_are_those_of_the_class() -> None:
    assert list(reported_columns(models_performance.PiMatmul)) == [
        *("device", "dtype", "matrix_size", "reps"),
        *("rate", "elapsed"),
    ]
    for model in ALL_PERFORMANCE_MODELS:
        assert not {"id", "inspection_run_id", "framework", "exit_code", "ru_utime", "other_parameters"} & set(
            reported_columns(model)
        )


@pytest.mark.parametrize("printed", [matmul(), conv1d(), conv2d(), pybench()], ids=lambda printed: printed["name"])
def test_every_indicator(graph: GraphDatabase, printed: Json) -> None:
    record = reported(graph, printed)
    whole = {**printed["@parameters"], **printed["@result"]}
    assert {name: record[name] for name in whole} == whole
    assert set(whole) == set(reported_columns(PERFORMANCE_MODEL_BY_NAME[printed["name"]]))
    assert (record["other_parameters"], record["other_results"]) == ({}, {})
    assert record["framework"] == printed.get("framework", printed.get("component"))
    assert (record["origin"], record["version"]) == ("https://example.org/matmul.py", "e" * 64)
    assert (record["exit_code"], record["ru_utime"], record["ru_nivcsw"]) == (0, 1.5, 7)
    assert record["overall_score"] == printed.get("overall_score")


def test_what_has_no_column_is_kept(graph: GraphDatabase) -> None:
    printed = changed(conv2d(mini_batch={"a": [1, None, "ü"]}), ["@result", "peak"], 3.5)
    record = reported(graph, printed)
    assert record["other_parameters"] == {"mini_batch": {"a": [1, None, "ü"]}}
    assert record["other_results"] == {"peak": 3.5}


@pytest.mark.parametrize(("padding", "stored"), [("SAME", "SAME"), (0, "0"), (2.0, "2"), (0.5, "0.5"), ("2", "2")])
def test_padding_as_text_or_as_a_number(graph: GraphDatabase, padding: object, stored: str) -> None:
    assert reported(graph, conv1d(padding=padding))["padding"] == stored


def test_usage_of_early_2019_is_absent(graph: GraphDatabase) -> None:
    record = reported(graph, matmul(), usage=...)
    assert {value for name, value in record.items() if name.startswith("ru_")} == {None}


@pytest.mark.parametrize(("path", "value"), [(["@result", "rate"], 3), (["@parameters", "reps"], 2000.0)])
def test_whole_numbers_are_as_good_as_floats(graph: GraphDatabase, path: Path, value: float) -> None:
    assert reported(graph, changed(matmul(), path, value))[str(path[-1])] == value


STDOUT = "$.result.stdout"
BAD: list[tuple[Path, Any, str]] = [
    (["@parameters", "device"], ..., f"{STDOUT}: PiMatmul needs 'device'"),
    (["@parameters", "device"], None, f"{STDOUT}: PiMatmul needs 'device'"),
    (["@parameters", "device"], 1, f"{STDOUT}.@parameters.device: expected text"),
    (["@parameters", "reps"], "2000", f"{STDOUT}.@parameters.reps: expected an integer of 32 bits, got '2000'"),
    (["@parameters", "reps"], True, f"{STDOUT}.@parameters.reps: expected an integer"),
    (["@parameters", "reps"], 1.5, f"{STDOUT}.@parameters.reps: expected an integer"),
    (["@parameters", "reps"], float("nan"), f"{STDOUT}.@parameters.reps: expected an integer"),
    (["@parameters", "reps"], float("inf"), f"{STDOUT}.@parameters.reps: expected an integer"),
    (["@parameters", "reps"], 2**31, f"{STDOUT}.@parameters.reps: expected an integer of 32 bits"),
    (["@result"], ..., f"{STDOUT}: PiMatmul needs 'rate'"),
    (["@result"], None, f"{STDOUT}: PiMatmul needs 'rate'"),
    (["@result", "elapsed"], ..., f"{STDOUT}: PiMatmul needs 'elapsed'"),
    (["@result", "elapsed"], "fast", f"{STDOUT}.@result.elapsed: expected a number, got 'fast'"),
    (["@result", "elapsed"], False, f"{STDOUT}.@result.elapsed: expected a number"),
    (["@result", "elapsed"], float("inf"), f"{STDOUT}.@result.elapsed: expected a number"),
    (["@result", "elapsed"], {}, f"{STDOUT}.@result.elapsed: expected a number"),
    (["@result", "reps"], 1, f"{STDOUT}.@result.reps: is in @parameters, too"),
    (["overall_score"], float("nan"), f"{STDOUT}.overall_score: expected a number"),
]


BAD += [
    ([part, name], 1, f"{STDOUT}.{part}.{name}: PiMatmul has a column of that name for something else")
    for part in ("@parameters", "@result")
    for name in ("id", "inspection_run_id", "exit_code", "framework", "version", "ru_utime", "other_parameters")
]


def test_what_does_not_fit_is_refused_whole(graph: GraphDatabase) -> None:
    for path, value, message in BAD:
        assert refused(graph, composed(job_log(changed(matmul(), path, value)))).startswith(message), (path, value)


def test_name_in_both_places_without_a_column_is_refused_as_well(graph: GraphDatabase) -> None:
    printed = changed(matmul(**{"@result": {**matmul()["@result"], "a": 1}}), ["@parameters", "a"], 1)
    assert refused(graph, composed(job_log(printed))).startswith(f"{STDOUT}.@result.a: is in @parameters, too")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ru_maxrss", 2**63, "an integer of 64 bits"),
        ("ru_maxrss", "1", "an integer of 64 bits"),
        ("ru_utime", "1", "a number"),
    ],
)
def test_usage_of_a_wrong_type(graph: GraphDatabase, name: str, value: object, expected: str) -> None:
    message = refused(graph, composed(job_log(matmul(), usage={name: value})))
    assert message.startswith(f"$.result.usage.{name}: expected {expected}, got ")


def test_one_bad_result_of_a_batch_refuses_the_document(graph: GraphDatabase) -> None:
    document = batch(job_log(matmul()), job_log(changed(matmul(), ["@result", "rate"], "x")))
    assert refused(graph, document).startswith("$.job_logs[1].stdout.@result.rate: ")
    assert not graph.inspection_document_id_exist(INSPECTION)


@pytest.mark.parametrize("name", ["PiSort", "pimatmul", "PerformanceIndicatorBase"])
def test_unknown_indicator_is_refused_whole(graph: GraphDatabase, name: str) -> None:
    before = logical_dump(graph)
    with pytest.raises(PerformanceIndicatorNotRegistered) as caught:
        graph.sync_inspection_result(batch(job_log(matmul()), job_log(matmul(name=name))))
    for known in (name, "PiConv1D", "PiConv2D", "PiMatmul", "PiPyBench"):
        assert known in str(caught.value)
    assert logical_dump(graph) == before


# A class of a user -------------------------------------------------------------------------------------------------


@pytest.fixture
def own_class(graph: GraphDatabase) -> Iterator[type[PerformanceIndicatorBase]]:
    """An indicator with columns of every type, among models of its own; its table is there for one test."""

    class Models(DeclarativeBase):
        """Models that the rest of the library does not see."""

    known = dict(PERFORMANCE_MODEL_BY_NAME)
    try:

        class PiOwn(PerformanceIndicatorBase, Models):
            """An indicator of a user."""

            __tablename__ = "pi_own"

            word: Mapped[str] = mapped_column(String(5))
            large: Mapped[int] = mapped_column(BigInteger)
            small: Mapped[int] = mapped_column(SmallInteger)
            flag: Mapped[bool]
            sizes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
            details: Mapped[dict[str, Any]] = mapped_column(JSONB)
            ratio: Mapped[float | None] = mapped_column(Double)
            rounds: Mapped[int] = mapped_column(server_default="3")

        Models.metadata.create_all(graph.engine)
        yield PiOwn
    finally:
        PERFORMANCE_MODEL_BY_NAME.clear()
        PERFORMANCE_MODEL_BY_NAME.update(known)
        with graph.engine.begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS pi_own"))


OWN: Json = {
    "name": "PiOwn",
    "framework": "own",
    "@parameters": {"word": "hello", "large": 2**40, "small": 7, "flag": True},
    "@result": {"sizes": [1, 2], "details": {"a": None}, "ratio": 0.5, "rounds": 4},
}


def test_class_is_all_that_an_indicator_needs(graph: GraphDatabase, own_class: type[PerformanceIndicatorBase]) -> None:
    assert reported(graph, OWN)["details"] == {"a": None}
    (record,) = graph.get_performance_indicators(own_class, framework="own")
    expected = {**OWN["@parameters"], **OWN["@result"]}
    assert {name: record[name] for name in expected} == expected
    assert graph.get_number_of_pi_records()["pi_own"] == 1
    assert graph.get_all_pi_count() == {"own": 1}
    assert graph.get_all_pi_per_framework_count("own")["pi_own"] == 1
    assert graph.get_performance_indicators(own_class, device="cpu") == []


def test_what_may_be_absent(graph: GraphDatabase, own_class: type[PerformanceIndicatorBase]) -> None:
    bare = {**OWN, "@result": {"sizes": [], "details": {}}}
    graph.sync_inspection_result(batch(job_log(OWN), job_log(bare), job_log(OWN)))
    records = graph.get_performance_indicators(own_class)
    assert [(record["ratio"], record["rounds"]) for record in records] == [(0.5, 4), (None, 3), (0.5, 4)]


@pytest.mark.usefixtures("own_class")
def test_types_of_a_class(graph: GraphDatabase) -> None:
    bad: list[tuple[Path, Any, str]] = [
        (["@parameters", "word"], "longer", "@parameters.word: expected text of 5 characters at most, got 'longer'"),
        (["@parameters", "large"], 2**63, "@parameters.large: expected an integer of 64 bits"),
        (["@parameters", "small"], 2**15, "@parameters.small: expected an integer of 16 bits"),
        (["@parameters", "flag"], 1, "@parameters.flag: expected true or false, got 1"),
        (["@result", "sizes"], 1, "@result.sizes: expected a list"),
        (["@result", "sizes"], [1, "2"], "@result.sizes[1]: expected an integer of 32 bits"),
    ]
    for path, value, message in bad:
        found = refused(graph, composed(job_log(changed(OWN, path, value))))
        assert found.startswith((f"{STDOUT}.{message}", f"$: {message}")), found


def test_class_with_a_column_that_no_script_can_report() -> None:
    class Models(DeclarativeBase):
        """Models that the rest of the library does not see."""

    known = dict(PERFORMANCE_MODEL_BY_NAME)
    try:

        class PiTime(PerformanceIndicatorBase, Models):
            """An indicator with a time, which JSON has no value for."""

            __tablename__ = "pi_time"

            moment: Mapped[Any] = mapped_column(DateTime)

        printed = {"name": PiTime.__name__, "@result": {"moment": "2020-01-01"}}
        with pytest.raises(TypeError, match="moment: a script cannot report a column of type DateTime"):
            GraphDatabase.sync_inspection_result.__wrapped__(None, composed(job_log(printed)))  # type: ignore[attr-defined]
    finally:
        PERFORMANCE_MODEL_BY_NAME.clear()
        PERFORMANCE_MODEL_BY_NAME.update(known)


def test_schema_picture_knows_every_indicator() -> None:
    drawn = {table.name: table for table in schema_diagram("performance").tables}
    for model in ALL_PERFORMANCE_MODELS:
        table = model.__dict__["__table__"]
        assert [column.name for column in drawn[table.name].columns] == table.columns.keys()
    assert set(ALL_PERFORMANCE_MODELS) == set(PERFORMANCE_MODEL_BY_NAME.values())
