"""Adviser and provenance checker documents of all years are read alike."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.adviser_documents import (
    ADVISER,
    CHECK,
    UBI,
    adviser_document,
    finding,
    lock,
    pipfile,
    product,
    project,
    provenance_document,
)
from thoth.storages.documents.adviser import read_adviser_document
from thoth.storages.documents.provenance_checker import FindingFact, read_provenance_checker_document

Json = dict[str, Any]
REQUIRED, LOCKED = pipfile({"a": "*"}), lock({"a": "1.0"})


def triple(*parts: Any) -> list[Any]:
    return list(parts)


def test_identity() -> None:
    facts = read_adviser_document(adviser_document())
    assert (facts.document_id, facts.duration) == (ADVISER, 81)
    assert facts.datetime == dt.datetime(2021, 12, 15, 9, 31, 57, 204518, tzinfo=dt.UTC)
    assert (facts.adviser_name, facts.adviser_version) == ("thoth-adviser", "0.41.0")
    of_2019 = read_adviser_document(adviser_document(of_2019=True))
    assert (of_2019.document_id, of_2019.duration) == (ADVISER, None)


@pytest.mark.parametrize(
    ("report", "numbers"),
    [
        (None, []),
        ([], []),
        ({}, []),
        ({"products": None}, []),
        ([[[], project(REQUIRED, LOCKED), 0.5], [[], None]], [0]),
        ([[[{"justification": "x"}], None], [], triple(None, project(None, LOCKED), None)], [2]),
        ([triple([], None, 0.5), triple(None, None, None), [[], project(REQUIRED), 0.5, None]], []),
        ({"products": [product(1.0), product(0.5, requirements=REQUIRED)]}, [1]),
    ],
)
def test_what_is_a_product(report: Any, numbers: list[int]) -> None:
    products = read_adviser_document(adviser_document(report=report)).products
    assert [fact.product_number for fact in products] == numbers
    assert all(fact.stack.software_stack_type == "ADVISED" for fact in products)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"error_msg": "killed", "report": None}, "killed"),
        ({"error_msg": None, "report": {"ERROR": "no stack", "_ERROR_DETAILS": None}}, "no stack"),
        ({"error_msg": "killed", "report": {"ERROR": "no stack"}}, "killed"),
        ({"report": [[[{"justification": "no stack", "type": "ERROR"}], None]]}, "no stack"),
        ({"error_msg": "", "report": []}, None),
        ({"report": [[[{"justification": "good"}], project(REQUIRED), 1]]}, None),
    ],
)
def test_why_it_failed(result: Json, message: str | None) -> None:
    facts = read_adviser_document(adviser_document(error=True, **result))
    assert facts.adviser_error
    assert facts.error_message == message


def test_unresolved_names() -> None:
    report = {"ERROR": "x", "_ERROR_DETAILS": {"unresolved": ["Foo_Bar", "b", "foo-bar", " "]}}
    assert read_adviser_document(adviser_document(report=report)).unresolved == ["b", "foo-bar"]


@pytest.mark.parametrize(("limit", "expected"), [(None, None), (-1, None), (-2, None), (0, 0), (5, 5)])
def test_limit_of_latest_versions(limit: int | None, expected: int | None) -> None:
    facts = read_adviser_document(adviser_document(parameters={"limit_latest_versions": limit}))
    assert facts.limit_latest_versions == expected


def test_upper_case() -> None:
    parameters = {"recommendation_type": "latest", "requirements_format": " pipenv"}
    facts = read_adviser_document(adviser_document(parameters=parameters, call={"source_type": "Kebechet"}))
    assert (facts.recommendation_type, facts.requirements_format, facts.source_type) == ("LATEST", "PIPENV", "KEBECHET")


@pytest.mark.parametrize(
    ("reasons", "score"),
    [
        ([], None),
        ([{"performance_score": 0.5}, {"performance_score": 1}, {"performance_score": None}], 1.0),
        (["text", {"performance_score": 0}], 0.0),
    ],
)
def test_performance_score(reasons: list[Any], score: float | None) -> None:
    (fact,) = read_adviser_document(
        adviser_document(products=[product(1, justification=reasons, requirements=REQUIRED)])
    ).products
    assert (fact.overall_score, fact.performance_score) == (1.0, score)
    assert fact.justification == reasons


@pytest.mark.parametrize(
    ("result", "stack_info", "configuration"),
    [
        ({}, False, False),
        ({"stack_info": [{"type": "INFO"}]}, True, False),
        ({"report": {"stack_info": [{"type": "INFO"}]}}, True, False),
        ({"advised_configuration": {"replicas": 2}}, False, True),
        ({"report": {"products": [{"advised_manifest_changes": [[{"env": []}]]}]}}, False, True),
        ({"report": {"products": [{"advised_manifest_changes": []}]}}, False, False),
    ],
)
def test_what_is_said_of_the_whole(result: Json, stack_info: bool, configuration: bool) -> None:
    facts = read_adviser_document(adviser_document(**result))
    assert facts.additional_stack_info is stack_info
    assert facts.advised_configuration_changes is configuration


class TestProject:
    def stack_names(self, document: Json) -> list[str]:
        stack = read_adviser_document(document).project.stack
        assert stack is not None
        assert stack.requirements is not None
        return [requirement.package_name for requirement in stack.requirements.requirements]

    def test_both_places(self) -> None:
        old, new = project(pipfile({"old": "*"})), project(pipfile({"new": "*"}))
        assert self.stack_names(adviser_document(of_user=old, of_2019=True)) == ["old"]
        assert self.stack_names(adviser_document(of_user=new)) == ["new"]
        assert self.stack_names(adviser_document(of_user=new, input=old)) == ["new"]

    @pytest.mark.parametrize("own", [None, "input/runtime_environment.json", {}, {"name": None}])
    def test_environment_of_the_parameters(self, own: Any) -> None:
        document = adviser_document(
            of_user=project(REQUIRED, runtime_environment=own), parameters={"runtime_environment": UBI}
        )
        fact = read_adviser_document(document).project
        assert fact.software_environment is not None
        assert fact.software_environment.os_name == "rhel"
        assert fact.hardware is not None

    def test_nothing(self) -> None:
        assert read_adviser_document(adviser_document()).project == (None, None, None)


def test_findings() -> None:
    facts = read_provenance_checker_document(
        provenance_document(
            report=[
                finding("Foo_Bar", "===1.0.0-beta", type="error", source={"url": None}),
                {"type": "ERROR", "justification": "failed"},
                finding(None, "==1.0"),
                finding("a", ">=1.0"),
            ],
            error=True,
        )
    )
    assert (facts.document_id, facts.provenance_checker_error, facts.error_message) == (CHECK, True, "failed")
    pypi = "https://pypi.org/simple"
    assert facts.findings == [
        FindingFact("ERROR", "MISSING-PACKAGE", "not there", "foo-bar", "1.0.0b0", None),
        FindingFact("ERROR", None, "failed", None, None, None),
        FindingFact("ERROR", "MISSING-PACKAGE", "not there", None, None, pypi),
        FindingFact("ERROR", "MISSING-PACKAGE", "not there", "a", None, pypi),
    ]


@pytest.mark.parametrize("of_2019", [True, False])
def test_project_of_a_check(of_2019: bool) -> None:
    document = provenance_document(of_user=project(REQUIRED, LOCKED, runtime_environment=UBI), of_2019=of_2019)
    fact = read_provenance_checker_document(document).project
    assert fact.stack is not None
    assert fact.stack.lock is not None
    assert fact.hardware is not None
