"""Provenance checks: what is found is kept, entry by entry."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import EXAMPLES
from tests.factories import Json
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import SchemaError

(FILE,) = (EXAMPLES / "provenance-checker-documents").glob("*.json")
DOCUMENT = json.loads(FILE.read_bytes())
ENTRIES = text(
    """
    SELECT entry_type, entry_id, package_name, package_version, url
    FROM provenance_report_entry
    LEFT JOIN python_release ON python_release.id = python_release_id
    LEFT JOIN python_package_index ON python_package_index.id = python_package_index_id
    ORDER BY entry_number
    """
)


def with_result(**result: Any) -> Json:
    return {**DOCUMENT, "result": {**DOCUMENT["result"], **result}}


def entries(graph: GraphDatabase) -> list[tuple[Any, ...]]:
    with graph.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(ENTRIES)]


@pytest.mark.parametrize(
    ("entry", "stored"),
    [
        (
            {"type": "ERROR", "id": "MISSING-PACKAGE", "package_name": "Flask_X", "package_version": "==1.0.0-beta",
             "source": {"url": "https://pypi.org/simple/"}},
            ("ERROR", "MISSING-PACKAGE", "flask-x", "1.0.0b0", "https://pypi.org/simple"),
        ),
        (
            {"type": "warning", "id": "INSECURE-SOURCE", "package_name": "a", "package_version": "===1",
             "source": {"url": None}},
            ("WARNING", "INSECURE-SOURCE", "a", "1", None),
        ),
        ({"type": "ERROR", "justification": "the check failed"}, ("ERROR", None, None, None, None)),
        ({"package_name": "a", "source": None}, (None, None, "a", None, None)),
    ],
)  # fmt: skip
def test_entries(graph: GraphDatabase, entry: Json, stored: tuple[Any, ...]) -> None:
    graph.sync_provenance_checker_result(with_result(report=[entry, entry]))
    assert entries(graph) == [stored, stored]


@pytest.mark.parametrize("report", [None, []])
def test_nothing_found(graph: GraphDatabase, report: Any) -> None:
    graph.sync_provenance_checker_result(with_result(report=report))
    assert entries(graph) == []
    assert graph.provenance_checker_document_id_exist(DOCUMENT["metadata"]["document_id"])


def test_project_in_either_place(graph: GraphDatabase) -> None:
    project = DOCUMENT["result"]["parameters"]["project"]
    graph.sync_provenance_checker_result(with_result(input=project, parameters=None))
    with graph.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM locked_python_package")) == sum(
            len(project["requirements_locked"][section]) for section in ("default", "develop")
        )


@pytest.mark.parametrize(
    ("report", "path"),
    [({}, "$.result.report"), ([7], "$.result.report[0]"), ([{"source": "x"}], "$.result.report[0].source")],
)
def test_report_that_does_not_fit(graph: GraphDatabase, report: Any, path: str) -> None:
    with pytest.raises(SchemaError) as error:
        graph.sync_provenance_checker_result(with_result(report=report))
    assert str(error.value).startswith(f"{path}: ")
    assert not graph.provenance_checker_document_id_exist(DOCUMENT["metadata"]["document_id"])
