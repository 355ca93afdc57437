"""What is refused on storing, with the path to the field, and what the tools of every year wrote and is not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.stores.conftest import Place
from tests.stores.documents import Json, inspection_document, result_document
from thoth.storages.exceptions import SchemaError
from thoth.storages.observations import ObservationResultsStore
from thoth.storages.result_base import ResultStorageBase
from thoth.storages.result_schema import INSPECTION_SCHEMA, RESULT_SCHEMA

LATER = ("duration", "document_id", "os_release", "thoth_deployment_name")
BY_YEAR: dict[str, Callable[[Json], Any]] = {
    "2022": lambda metadata: None,
    "2022 outside of a deployment": lambda metadata: metadata.update(dict.fromkeys(LATER)),
    "December 2019": lambda metadata: metadata.pop("os_release"),
    "2019": lambda metadata: [metadata.pop(name) for name in LATER],
    "2018": lambda metadata: [metadata.pop(name) for name in (*LATER, "timestamp")],
    "of tomorrow": lambda metadata: metadata.update(new=[1], python={**metadata["python"], "new": {}}),
    "Debian": lambda metadata: metadata.update(distribution={"id": "debian", "version": "12", "codename": "bookworm"}),
    "no distribution": lambda metadata: metadata.update(distribution={"id": None}),
    "a zone": lambda metadata: metadata.update(datetime="2022-03-01T12:00:00+02:00"),
}


@pytest.mark.parametrize("year", BY_YEAR)
@pytest.mark.parametrize("result", [{}, [], None, "text", {"nul": "\0", "half": "\ud800"}])
def test_what_tools_wrote_passes(year: str, result: Any) -> None:
    document = result_document()
    BY_YEAR[year](document["metadata"])
    document["result"] = result
    before = copy.deepcopy(document)
    assert RESULT_SCHEMA(document) is document
    assert document == before


@pytest.mark.parametrize(
    "name", ["analyzer", "analyzer_version", "arguments", "datetime", "distribution", "hostname", "python"]
)
@pytest.mark.parametrize("value", ["absent", None, 7])
def test_what_every_tool_wrote_is_required(name: str, value: Any) -> None:
    document = result_document()
    if value == "absent":
        del document["metadata"][name]
    else:
        document["metadata"][name] = value
    with pytest.raises(SchemaError) as error:
        RESULT_SCHEMA(document)
    assert str(error.value).startswith("$.metadata")
    assert name in str(error.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"datetime": "yesterday"}, "$.metadata.datetime: not a time: 'yesterday'"),
        ({"timestamp": "now"}, "$.metadata.timestamp: Expected `float | null`, got `str`"),
        ({"duration": "1"}, "$.metadata.duration: Expected `float | null`, got `str`"),
        ({"document_id": 1}, "$.metadata.document_id: Expected `str | null`, got `int`"),
        ({"os_release": []}, "$.metadata.os_release: Expected `object | null`, got `array`"),
        ({"python": {"major": "3"}}, "$.metadata.python.major: Expected `int | null`, got `str`"),
        ({"distribution": {"id": 8}}, "$.metadata.distribution.id: Expected `str | null`, got `int`"),
        ({"hostname": "a\0b"}, "$.metadata.hostname: holds a NUL character or a lone surrogate"),
    ],
)
def test_what_is_refused(change: Json, said: str) -> None:
    document = result_document()
    document["metadata"].update(change)
    with pytest.raises(SchemaError) as error:
        RESULT_SCHEMA(document)
    assert str(error.value) == said


@pytest.mark.parametrize("document", [{}, {"metadata": None, "result": {}}, [], None, "text", {"result": {}}])
def test_what_has_no_envelope(document: Any) -> None:
    with pytest.raises(SchemaError, match=r"^\$"):
        RESULT_SCHEMA(document)


def test_a_result_is_required() -> None:
    document = result_document()
    del document["result"]
    with pytest.raises(SchemaError, match="result"):
        RESULT_SCHEMA(document)


def test_a_refused_document_is_not_stored(folder: Place) -> None:
    store = ObservationResultsStore("test", **folder.access, prefix=folder.prefix)
    store.connect()
    document = result_document()
    del document["metadata"]["python"]
    with pytest.raises(SchemaError, match="python"):
        store.store_document(document)
    assert store.get_document_count() == 0


@pytest.mark.parametrize(
    ("document_id", "hostname", "expected"),
    [
        ("adviser-1", "pod-x", "adviser-1"),
        (None, "adviser-0a0c95f7-b69g2", "adviser-0a0c95f7"),
        ("", "adviser-0a0c95f7-b69g2", "adviser-0a0c95f7"),
    ],
)
def test_document_id(document_id: str | None, hostname: str, expected: str) -> None:
    document = result_document(document_id)
    document["metadata"]["hostname"] = hostname
    assert ResultStorageBase.get_document_id(document) == expected
    del document["metadata"]["document_id"]
    if not document_id:
        assert ResultStorageBase.get_document_id(document) == expected


@pytest.mark.parametrize("document", [{}, {"metadata": []}, {"metadata": {"hostname": "laptop"}}, {"metadata": {}}])
def test_no_document_id(document: Json) -> None:
    with pytest.raises(SchemaError, match=r"^\$\.metadata"):
        ResultStorageBase.get_document_id(document)


INSPECTIONS: dict[str, Json] = {
    "January 2019": {
        "inspection_id": "inspect-002c9fbb7513b20b",
        "build_log": "text",
        "job_log": {"stdout": {"512": {}}, "hwinfo": {}},
        "specification": {"base": "fedora", "files": None},
        "status": {"build": {}, "job": None},
    },
    "2019": inspection_document("inspection-test-0a0b0c0d"),
    "no script": inspection_document("inspection-test-0a0b0c0d", job_log=None),
    "a script that printed text": inspection_document("inspection-x-0a", job_log={"stdout": "text\0", "exit_code": 1}),
    "February 2020": inspection_document(
        "inspection-x-0a", job_log=None, job_logs=[{"stdout": {}}, {"stdout": "no"}, None]
    ),
    "one result of several": {
        "document_id": "inspection-x-0a",
        "result_number": 0,
        "specification": {},
        "result": {"stdout": {}},
    },
}


@pytest.mark.parametrize("year", INSPECTIONS)
def test_inspections_of_every_year_pass(year: str) -> None:
    document = copy.deepcopy(INSPECTIONS[year])
    assert INSPECTION_SCHEMA(document) is document
    assert document == INSPECTIONS[year]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inspection_id": None}, "$.inspection_id: absent, and so is $.document_id"),
        ({"inspection_id": ""}, "$.inspection_id: absent, and so is $.document_id"),
        ({"inspection_id": 1}, "$.inspection_id: Expected `str | null`, got `int`"),
        ({"specification": None}, "$.specification: Expected `object`, got `null`"),
        ({"job_log": "text"}, "$.job_log: Expected `object | null`, got `str`"),
        ({"job_logs": [{}, 1]}, "$.job_logs[1]: Expected `object | null`, got `int`"),
        ({"build_log": {}}, "$.build_log: Expected `str | null`, got `object`"),
        ({"result": {}}, "$.result_number: expected the number of the result"),
        ({"result": {}, "result_number": -1}, "$.result_number: expected the number of the result"),
        ({"document_id": "x", "result_number": 1}, "$.result: absent, though $.result_number is there"),
    ],
)
def test_inspections_that_are_refused(change: Json, said: str) -> None:
    with pytest.raises(SchemaError) as error:
        INSPECTION_SCHEMA(inspection_document("inspection-test-0a0b0c0d") | change)
    assert str(error.value) == said


@pytest.mark.parametrize("document", [{}, [], None, {"inspection_id": "x"}])
def test_what_is_no_inspection(document: Any) -> None:
    with pytest.raises(SchemaError, match=r"^\$"):
        INSPECTION_SCHEMA(document)


def test_a_schema_says_which_it_is() -> None:
    assert repr(RESULT_SCHEMA) == "<schema of result documents>"
