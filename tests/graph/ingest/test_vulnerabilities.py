"""Vulnerabilities of package versions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.dump import logical_dump
from tests.factories import PYPI
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import PythonIndexNotRegistered

RECORD: dict[str, Any] = {
    "record_id": "pyup.io-40291",
    "version_range": "<2.11.3",
    "advisory": "slow regular expression",
}


@pytest.fixture
def registered(graph: GraphDatabase) -> GraphDatabase:
    graph.register_python_package_index(PYPI)
    return graph


def test_recorded_twice_is_there_once(registered: GraphDatabase) -> None:
    first, existed = registered.create_python_cve_record("Jinja2", "2.11", PYPI, **RECORD, cve="CVE-2020-28493")
    assert not existed
    assert first.to_dict() | {"id": 0} == {
        "id": 0,
        "cve_id": "pyup.io-40291",
        "cve_name": "CVE-2020-28493",
        "version_range": "<2.11.3",
        "advisory": "slow regular expression",
    }
    again, existed = registered.create_python_cve_record("jinja2", "v2.11", f"{PYPI}/", **RECORD, cve="CVE-2020-28493")
    assert existed
    assert again.id == first.id
    assert logical_dump(registered)["has_vulnerability"] == [((("jinja2", "2.11"), PYPI), "pyup.io-40291")]


def test_one_record_of_several_versions(registered: GraphDatabase) -> None:
    for version in ("2.10", "2.11"):
        assert registered.create_python_cve_record("jinja2", version, PYPI, **RECORD)[1] is False
    dump = logical_dump(registered)
    assert (len(dump["cve"]), len(dump["has_vulnerability"])) == (1, 2)


def test_what_is_recorded_is_brought_up_to_date(registered: GraphDatabase) -> None:
    registered.create_python_cve_record("jinja2", "2.11", PYPI, **RECORD)
    assert registered.get_python_cve_records("jinja2", "2.11")[0]["cve_name"] is None
    later = {**RECORD, "advisory": "denial of service", "cve": "CVE-2020-28493"}
    assert registered.create_python_cve_record("jinja2", "2.11", PYPI, **later)[1] is True
    assert registered.get_python_cve_records("jinja2", "2.11") == [
        {
            "advisory": "denial of service",
            "cve_name": "CVE-2020-28493",
            "cve_id": "pyup.io-40291",
            "version_range": "<2.11.3",
        }
    ]


def test_unknown_index(graph: GraphDatabase) -> None:
    with pytest.raises(PythonIndexNotRegistered, match=PYPI):
        graph.create_python_cve_record("jinja2", "2.11", PYPI, **RECORD)
    assert {table: rows for table, rows in logical_dump(graph).items() if rows} == {}


def test_many_record_the_same_at_once(registered: GraphDatabase) -> None:
    def record(number: int) -> bool:
        values = {**RECORD, "record_id": f"pyup.io-{number % 5}"}
        return registered.create_python_cve_record("jinja2", f"2.{number % 4}", PYPI, **values)[1]

    with ThreadPoolExecutor(8) as threads:
        existed = list(threads.map(record, range(80)))
    assert existed.count(False) == 20
    dump = logical_dump(registered)
    assert (len(dump["cve"]), len(dump["has_vulnerability"])) == (5, 20)
