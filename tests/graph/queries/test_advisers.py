"""What the adviser recommended, compared with the sample documents themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import EXAMPLES
from tests.factories import Json
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import NotFoundError, SchemaError
from thoth.storages.graph.query_log import counted_statements

DOCUMENTS = [json.loads(file.read_bytes()) for file in sorted((EXAMPLES / "adviser-documents").glob("*.json"))]
GOOD = next(document for document in DOCUMENTS if document["result"]["report"].get("products"))


def of_2019(document: Json) -> Json:
    """The same advice in the form of 2019."""
    parameters = dict(document["result"]["parameters"])
    project = parameters.pop("project")
    report = [
        [product["justification"], product["project"], product["score"]]
        for product in document["result"]["report"]["products"]
    ]
    return {**document, "result": {"error": False, "input": project, "parameters": parameters, "report": report}}


def pins(requirements_locked: Json) -> dict[str, tuple[str, list[str]]]:
    return {
        name: (entry["version"].lstrip("="), sorted(entry["hashes"]))
        for section in ("default", "develop")
        for name, entry in requirements_locked[section].items()
    }


@pytest.mark.parametrize("document", [GOOD, of_2019(GOOD)], ids=["today", "2019"])
def test_advised_stacks(graph: GraphDatabase, document: Json) -> None:
    graph.sync_adviser_result(document)
    with counted_statements(graph.engine) as statements:
        stacks = graph.get_advised_stacks(GOOD["metadata"]["document_id"])
    assert len(statements) == 1
    products = GOOD["result"]["report"]["products"]
    assert [stack["overall_score"] for stack in stacks] == [product["score"] for product in products]
    assert [stack["justification"] for stack in stacks] == [product["justification"] for product in products]
    for stack, product in zip(stacks, products, strict=True):
        locked = {one["package_name"]: (one["package_version"], one["hashes"]) for one in stack["requirements_locked"]}
        assert locked == pins(product["project"]["requirements_locked"])
        assert {one["index_url"] for one in stack["requirements_locked"]} <= {
            source["url"] for source in product["project"]["requirements_locked"]["_meta"]["sources"]
        }
        declared = product["project"]["requirements"]["packages"]
        assert {one["package_name"] for one in stack["requirements"] if not one["develop"]} == set(declared)


def test_document_that_is_not_there(graph: GraphDatabase) -> None:
    with pytest.raises(NotFoundError, match="adviser-none"):
        graph.get_advised_stacks("adviser-none")


@pytest.mark.parametrize("report", [None, {}, {"ERROR": "no stack", "_ERROR_DETAILS": {"unresolved": ["Flask_X", ""]}}])
def test_run_that_recommends_nothing(graph: GraphDatabase, report: Any) -> None:
    graph.sync_adviser_result({**GOOD, "result": {**GOOD["result"], "report": report}})
    assert graph.get_advised_stacks(GOOD["metadata"]["document_id"]) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"report": [[[], {"requirements": []}, 1]]}, "$.result.report[0][1].requirements"),
        ({"report": {"products": [{"score": "high"}]}}, "$.result.report.products[0].score"),
        ({"report": {"products": 7}}, "$.result.report.products"),
        ({"parameters": {"count": "many"}}, "$.result.parameters.count"),
        ({"parameters": {"limit": 2**40}}, "$.result.parameters.limit"),
        ({"parameters": {"project": {"requirements": {"packages": {"a": 7}}}}}, "requirements.packages.a"),
        ({"parameters": {"runtime_environment": {"hardware": {"cpu_model": "x"}}, "project": {}}}, "cpu_model"),
    ],
)
def test_field_that_does_not_fit(graph: GraphDatabase, change: Json, path: str) -> None:
    with pytest.raises(SchemaError) as error:
        graph.sync_adviser_result({**GOOD, "result": {**GOOD["result"], **change}})
    assert path in str(error.value)
    assert not graph.adviser_document_id_exist(GOOD["metadata"]["document_id"])
