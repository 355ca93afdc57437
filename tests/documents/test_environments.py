"""Runtime environments of documents: nested, flat, as JSON text, or not described at all."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings

from tests import adviser_documents as made
from tests.adviser_documents import UBI
from tests.oracle import stacks as oracle
from thoth.storages.documents.environments import (
    Hardware,
    HardwareFact,
    RuntimeEnvironment,
    environment_of_user,
    hardware_fact,
    operating_system,
    read_runtime_environment,
    software_environment,
)
from thoth.storages.exceptions import SchemaError

Json = dict[str, Any]
HARDWARE = dict.fromkeys(HardwareFact.__struct_fields__)
FLAT: Json = {
    "environment_name": "ubi8",
    "os_name": "UBI",
    "os_version": "8.4",
    "hardware": {"cpu_family": "6", "cpu_model": 94.0},
    "python_version": 3.8,
}


def said(fact: Any) -> Json:
    """Return the fields of a fact that are told."""
    fields = {name: getattr(fact, name) for name in fact.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not None}


@pytest.mark.parametrize("value", [UBI, FLAT, json.dumps(UBI), json.dumps(FLAT)], ids=["nested", "flat"] * 2)
def test_forms(value: Any) -> None:
    software, hardware = environment_of_user(value, "$.e")
    assert said(software) == {
        "environment_name": "ubi8",
        "environment_type": "RUNTIME",
        "is_external": True,
        "os_name": "rhel",
        "os_version": "8",
        "python_version": "3.8",
    }
    assert said(hardware) == {"cpu_family": 6, "cpu_model": 94}


def test_all_fields_of_the_last_tools() -> None:
    libraries = ("cuda_version", "cudnn_version", "mkl_version", "openblas_version", "openmpi_version")
    others = {"base_image": "registry.example.com:5000/s2i:v1", "platform": "linux-x86_64"}
    value = {**UBI, **dict.fromkeys(libraries, 11.2), **others, "labels": {"a": "b"}, "recommendation_type": "latest"}
    environment = read_runtime_environment(value, "$.e")
    assert environment is not None
    fact = software_environment(environment, "BUILDTIME", is_external=False)
    assert said(fact).items() >= {**dict.fromkeys(libraries, "11.2"), **others}.items()
    assert (fact.environment_type, fact.is_external) == ("BUILDTIME", False)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "input/runtime_environment.json",
        "{",
        "null",
        "[]",
        '"text"',
        "[" * 100_000,
        {},
        "{}",
        {"name": None, "operating_system": None, "hardware": None},
        {"name": "", "operating_system": {"name": " ", "version": ""}, "hardware": {"cpu_family": None}},
        {"python_version": " ", "labels": {"a": "b"}},
    ],
)
def test_what_describes_nothing(value: Any) -> None:
    assert environment_of_user(value, "$.e") == (None, None)


def test_hardware_or_software_alone() -> None:
    software, hardware = environment_of_user({"hardware": {"cpu_family": 6}}, "$.e")
    assert software is None
    assert hardware is not None
    software, hardware = environment_of_user({"python_version": "3.8"}, "$.e")
    assert software is not None
    assert hardware is None


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("ubi", "8.4", ("rhel", "8")),
        ("RHEL", 8, ("rhel", "8")),
        ("rhel", 8.4, ("rhel", "8")),
        ("fedora", 33, ("fedora", "33")),
        ("debian", "11.2", ("debian", "11.2")),
        (None, "8.4", (None, "8.4")),
        ("ubi", None, ("rhel", None)),
        ("", "", (None, None)),
    ],
)
def test_operating_system(name: str | None, version: Any, expected: tuple[str | None, str | None]) -> None:
    assert operating_system(name, version) == expected


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"physical_cpus": 32, "processor": "Xeon"}, {"cpu_physical_cpus": 32, "cpu_model_name": "Xeon"}),
        ({"cpu_physical_cpus": 16, "physical_cpus": 32}, {"cpu_physical_cpus": 16}),
        ({"cpu_physical_cpus": 0, "physical_cpus": 32}, {"cpu_physical_cpus": 0}),
        ({"gpu_model": "V100"}, {"gpu_model_name": "V100"}),
        ({"ram_size": 2**40, "gpu_memory_size": "17179869184"}, {"ram_size": 2**40, "gpu_memory_size": 2**34}),
        ({"cpu_family": 2**31 - 1}, {"cpu_family": 2**31 - 1}),
        ({"cpu_family": -(2**31)}, {"cpu_family": -(2**31)}),
        ({"ram_size": 2**63 - 1}, {"ram_size": 2**63 - 1}),
    ],
)
def test_hardware(fields: Json, told: Json) -> None:
    assert hardware_fact(Hardware(**fields), "$.h") == HardwareFact(**{**HARDWARE, **told})


@pytest.mark.parametrize("hardware", [None, Hardware(), Hardware(cpu_vendor="", cpu_family="")])
def test_no_hardware(hardware: Hardware | None) -> None:
    assert hardware_fact(hardware, "$.h") is None


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (1, "$.e: "),
        ([], "$.e: "),
        ({"name": 1}, "$.e.name: "),
        ({"operating_system": "ubi"}, "$.e.operating_system: "),
        ({"operating_system": {"name": 1}}, "$.e.operating_system.name: "),
        ({"operating_system": {"version": []}}, "$.e.operating_system.version: "),
        ({"python_version": True}, "$.e.python_version: "),
        ({"base_image": {}}, "$.e.base_image: "),
        ({"hardware": []}, "$.e.hardware: "),
        ({"hardware": {"cpu_family": "six"}}, "$.e.hardware.cpu_family: "),
        ({"hardware": {"cpu_family": 2**31}}, "$.e.hardware.cpu_family: "),
        ({"hardware": {"cpu_family": -(2**31) - 1}}, "$.e.hardware.cpu_family: "),
        ({"hardware": {"cpu_model": 6.5}}, "$.e.hardware.cpu_model: "),
        ({"hardware": {"cpu_cores": float("nan")}}, "$.e.hardware.cpu_cores: "),
        ({"hardware": {"gpu_cores": float("inf")}}, "$.e.hardware.gpu_cores: "),
        ({"hardware": {"physical_cpus": "9" * 5000}}, "$.e.hardware.cpu_physical_cpus: "),
        ({"hardware": {"ram_size": 2**63}}, "$.e.hardware.ram_size: "),
        ({"hardware": {"gpu_memory_size": "9223372036854775808"}}, "$.e.hardware.gpu_memory_size: "),
        ('{"name": 1}', "$.e.name: "),
        ('{"name": "a\\u0000"}', "$.e.name: "),
        ('{"hardware": {"cpu_vendor": "\\u0000"}}', "$.e.hardware.cpu_vendor: "),
    ],
)
def test_path_to_the_bad_field(value: Any, path: str) -> None:
    with pytest.raises(SchemaError) as error:
        environment_of_user(value, "$.e")
    assert str(error.value).startswith(path)


def test_a_backslash_before_zeros_is_no_nul_character() -> None:
    environment = read_runtime_environment(json.dumps({"name": "a\\u0000"}), "$.e")
    assert environment == RuntimeEnvironment(name="a\\u0000")


@settings(deadline=None, max_examples=50)
@given(value=made.ENVIRONMENTS)
def test_oracle(value: Any) -> None:
    before = copy.deepcopy(value)
    software, hardware = environment_of_user(value, "$")
    assert value == before
    expected_software, expected_hardware = oracle.environment(value)
    assert (said(software) if software else {}) == (
        {**expected_software, "environment_type": "RUNTIME", "is_external": True} if expected_software else {}
    )
    assert (said(hardware) if hardware else {}) == expected_hardware
