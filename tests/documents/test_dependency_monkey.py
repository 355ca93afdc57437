"""Dependency Monkey reports of every year are read alike; one that does not fit is refused with a path."""

from __future__ import annotations

import copy
import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings

from tests.inspection_documents import RHEL, Json, changed, pipfile, report, report_of_2019, reports
from thoth.storages.documents.dependency_monkey import read_dependency_monkey_document
from thoth.storages.exceptions import SchemaError


def test_report_of_2020() -> None:
    facts = read_dependency_monkey_document(report("inspection-b", "inspection-a", "inspection-b"))
    assert facts.document_id == "dependency-monkey-200907104341-0123456789abcdef"
    assert facts.datetime == dt.datetime(2020, 9, 7, 10, 43, 41, 569182, dt.UTC)
    assert (facts.duration, facts.name, facts.version, facts.debug) == (167, "thoth-adviser", "0.15.1", False)
    assert (facts.error, facts.error_message) == (False, None)
    assert (facts.seed, facts.decision, facts.count, facts.limit_latest_versions) == (9955, "random", 20, None)
    assert facts.skipped == 0
    assert facts.requirements is not None
    assert [requirement.package_name for requirement in facts.requirements.requirements] == ["tensorflow"]
    assert facts.inspection_document_ids == ("inspection-a", "inspection-b")


def test_report_of_2019() -> None:
    facts = read_dependency_monkey_document(report_of_2019())
    assert facts.document_id == "dependency-monkey-0123456789abcdef"
    assert (facts.debug, facts.decision, facts.duration, facts.skipped) == (True, "all", None, None)
    assert facts.requirements is not None
    assert [requirement.package_name for requirement in facts.requirements.requirements] == ["flask"]
    run, build = facts.run_software_environment, facts.build_software_environment
    assert run is not None
    assert build is not None
    assert (run.environment_type, build.environment_type, run.os_name) == ("RUNTIME", "BUILDTIME", "rhel")
    assert facts.hardware is not None
    assert facts.hardware.cpu_model == 85
    assert facts.inspection_document_ids == ("inspection-test-0a1b2c3d",)


@pytest.mark.parametrize("environment", [RHEL, json.dumps(RHEL)])
def test_environment_as_an_object_or_as_text(environment: object) -> None:
    for document in (
        report(runtime_environment=environment, project=None),
        report(project={"runtime_environment": environment}),
    ):
        facts = read_dependency_monkey_document(document)
        assert facts.run_software_environment is not None
        assert facts.hardware is not None


@pytest.mark.parametrize("environment", [None, {}, "environment.json", "[1]", "null"])
def test_environment_that_is_not_described(environment: object) -> None:
    facts = read_dependency_monkey_document(report(runtime_environment=environment, project=None))
    assert (facts.run_software_environment, facts.build_software_environment, facts.hardware) == (None, None, None)


def test_environment_of_the_parameters_when_the_project_tells_none() -> None:
    facts = read_dependency_monkey_document(report(runtime_environment=RHEL, project={"requirements": pipfile("a")}))
    assert facts.hardware is not None


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        ({"error": None}, False, None),
        ({"error": False, "error_msg": None}, False, None),
        ({"error": ""}, False, None),
        ({"error": "Traceback"}, True, "Traceback"),
        ({"error": True}, True, None),
        ({"error": True, "error_msg": "No stack"}, True, "No stack"),
        ({"error": False, "report": {"ERROR": "No stack"}}, True, "No stack"),
    ],
)
def test_error_as_text_or_as_a_flag(result: Json, error: bool, message: str | None) -> None:
    facts = read_dependency_monkey_document(report_of_2019(**result))
    assert (facts.error, facts.error_message) == (error, message)


def test_answers_that_are_no_inspection() -> None:
    facts = read_dependency_monkey_document(report("/tmp/stacks/0", "stacks/1", "inspection-a", "", None))
    assert facts.inspection_document_ids == ("inspection-a",)
    assert read_dependency_monkey_document(report_of_2019(["b", "/a", None, "b"])).inspection_document_ids == ("b",)


@pytest.mark.parametrize(("limit", "stored"), [(None, None), (-1, None), (0, 0), (3, 3)])
def test_limit(limit: int | None, stored: int | None) -> None:
    assert read_dependency_monkey_document(report(limit_latest_versions=limit)).limit_latest_versions == stored


def test_what_earlier_or_later_tools_lack() -> None:
    bare: Json = {"metadata": {"document_id": "a", "datetime": "2020-01-01T00:00:00"}, "result": {}}
    facts = read_dependency_monkey_document(bare)
    assert (facts.requirements, facts.seed, facts.inspection_document_ids, facts.debug) == (None, None, (), False)
    nulls = {
        "metadata": {**bare["metadata"], "arguments": None, "duration": None, "analyzer": None},
        "result": dict.fromkeys(("error", "error_msg", "parameters", "output", "report")),
    }
    assert read_dependency_monkey_document(nulls) == facts
    nulls["result"]["report"] = {"responses": [None, {}, {"response": None}], "skipped": None}
    nulls["result"]["parameters"] = dict.fromkeys(report()["result"]["parameters"])
    assert read_dependency_monkey_document(nulls) == facts


BAD_DOCUMENTS: list[tuple[list[str | int], Any, str]] = [
    (["metadata"], ..., "$: Object missing required field `metadata`"),
    (["metadata"], None, "$.metadata"),
    (["result"], ..., "$: Object missing required field `result`"),
    (["result"], [], "$.result"),
    (["metadata", "document_id"], ..., "$.metadata.document_id"),
    (["metadata", "document_id"], None, "$.metadata.document_id"),
    (["metadata", "document_id"], 1, "$.metadata.document_id"),
    (["metadata", "datetime"], ..., "$.metadata.datetime"),
    (["metadata", "datetime"], "yesterday", "$.metadata.datetime"),
    (["metadata", "duration"], -1, "$.metadata.duration"),
    (["metadata", "arguments"], [], "$.metadata.arguments"),
    (["metadata", "arguments", "thoth-adviser", "verbose"], "yes", "$.metadata.arguments.thoth-adviser.verbose"),
    (["result", "error"], 1, "$.result.error"),
    (["result", "error_msg"], True, "$.result.error_msg"),
    (["result", "output"], {}, "$.result.output"),
    (["result", "output"], [1], "$.result.output[0]"),
    (["result", "output"], ["a\0"], "$.result.output[0]"),
    (["result", "report"], [], "$.result.report"),
    (["result", "report", "skipped"], "0", "$.result.report.skipped"),
    (["result", "report", "skipped"], 2**31, "$.result.report.skipped"),
    (["result", "report", "responses"], {}, "$.result.report.responses"),
    (["result", "report", "responses", 0], "a", "$.result.report.responses[0]"),
    (["result", "report", "responses", 0, "response"], 1, "$.result.report.responses[0].response"),
    (["result", "parameters"], [], "$.result.parameters"),
    (["result", "parameters", "seed"], "1", "$.result.parameters.seed"),
    (["result", "parameters", "seed"], 2**63, "$.result.parameters.seed"),
    (["result", "parameters", "count"], 2**31, "$.result.parameters.count"),
    (["result", "parameters", "count"], 1.5, "$.result.parameters.count"),
    (["result", "parameters", "limit_latest_versions"], True, "$.result.parameters.limit_latest_versions"),
    (["result", "parameters", "decision_type"], 1, "$.result.parameters.decision_type"),
    (["result", "parameters", "requirements"], 1, "$.result.parameters.requirements"),
    (["result", "parameters", "runtime_environment"], 1, "$.result.parameters.runtime_environment"),
    (["result", "parameters", "runtime_environment"], '{"hardware": 1}', "$.result.parameters.runtime_environment"),
    (["result", "parameters", "project"], "x", "$.result.parameters.project"),
    (["result", "parameters", "project", "requirements"], "x", "$.result.parameters.project.requirements"),
    (
        ["result", "parameters", "project", "requirements", "packages"],
        [],
        "$.result.parameters.project.requirements.packages",
    ),
    (
        ["result", "parameters", "project", "runtime_environment", "hardware", "cpu_model"],
        2**31,
        "$.result.parameters.project.runtime_environment.hardware.cpu_model",
    ),
]


@pytest.mark.parametrize(("path", "value", "message"), BAD_DOCUMENTS)
def test_path_to_the_bad_field(path: list[str | int], value: Any, message: str) -> None:
    with pytest.raises(SchemaError) as error:
        read_dependency_monkey_document(changed(report("inspection-a"), path, value))
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_not_an_object(document: Any) -> None:
    with pytest.raises(SchemaError, match=r"^\$: expected an object"):
        read_dependency_monkey_document(document)


@settings(deadline=None, max_examples=50)
@given(documents=reports())
def test_reading_changes_nothing_and_ignores_what_it_does_not_know(documents: list[Json]) -> None:
    for document in documents:
        before = copy.deepcopy(document)
        facts = read_dependency_monkey_document(document)
        assert document == before
        more = {**document, "new": 1, "result": {**document["result"], "new": {}}}
        assert read_dependency_monkey_document(more) == facts
