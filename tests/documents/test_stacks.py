"""Requirements and locks as documents of all years hold them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.factories import Json
from thoth.storages.documents.environments import environment_of_user
from thoth.storages.documents.stacks import read_stack
from thoth.storages.exceptions import SchemaError

PYPI = {"name": "pypi", "url": "https://pypi.org/simple/", "verify_ssl": True}
OTHER = {"name": "other", "url": "https://example.org/simple", "verify_ssl": True}


def requirement(value: Any) -> Any:
    stack = read_stack("USER", {"packages": {"Flask_X": value}, "source": [PYPI]}, None, "$")
    assert stack is not None
    assert stack.requirements is not None
    (found,) = stack.requirements.requirements
    return found


def locked(entry: Json | None, *sources: Json) -> Any:
    stack = read_stack("USER", None, {"_meta": {"sources": list(sources)}, "default": {"Flask_X": entry}}, "$")
    assert stack is not None
    assert stack.lock is not None
    (found,) = stack.lock.packages
    return found


@pytest.mark.parametrize(
    ("value", "specifier"), [("*", "*"), ("", "*"), (None, "*"), (">=1,<2", ">=1,<2"), ({"version": "==1"}, "==1")]
)
def test_specifiers(value: Any, specifier: str) -> None:
    found = requirement(value)
    assert (found.package_name, found.specifier, found.develop, found.index_url) == ("flask-x", specifier, False, "")


def test_requirement_with_everything() -> None:
    found = requirement(
        {"version": "*", "index": "pypi", "extras": ["B", "a_c"], "markers": "os_name == 'nt'", "git": "https://x"}
    )
    assert found.index_url == "https://pypi.org/simple"
    assert found.extras == ["a-c", "b"]
    assert found.marker == "os_name == 'nt'"
    assert json.loads(found.other_fields) == {"git": "https://x"}


@pytest.mark.parametrize(
    ("entry", "sources", "version", "index_url"),
    [
        ({"version": "==1.0.0-beta", "index": "pypi"}, [PYPI, OTHER], "1.0.0b0", "https://pypi.org/simple"),
        ({"version": "===1.0"}, [PYPI], "1.0", "https://pypi.org/simple"),  # from the only index
        ({"version": "==1.0"}, [PYPI, OTHER], "1.0", ""),
        ({"version": "==1.0", "index": "gone"}, [PYPI, OTHER], "1.0", ""),
        ({"version": "==1.0", "hashes": None}, [], "1.0", ""),
        ({"git": "https://x", "ref": "main"}, [PYPI], "", ""),
        (None, [PYPI], "", ""),
    ],
)
def test_locked_packages(entry: Json | None, sources: list[Json], version: str, index_url: str) -> None:
    found = locked(entry, *sources)
    assert (found.package_name, found.package_version, found.index_url) == ("flask-x", version, index_url)


def test_equal_content_has_one_digest_and_any_difference_another() -> None:
    def digest(**change: Any) -> bytes:
        pipfile = {"packages": {"a": "*", "B": ">1"}, "source": [PYPI], "requires": {"python_version": "3.8"}, **change}
        stack = read_stack("USER", pipfile, None, "$")
        assert stack is not None
        assert stack.requirements is not None
        return stack.requirements.digest()

    assert digest() == digest(packages={"b": ">1", "A": "*"}) == digest(**{"dev-packages": {}})
    changes: list[Json] = [
        {"packages": {"a": "*"}},
        {"packages": {"a": "*", "b": ">=1"}},
        {"packages": {"a": "*", "b": {"version": ">1", "extras": ["x"]}}},
        {"packages": {"a": "*", "b": {"version": ">1", "markers": "os_name == 'nt'"}}},
        {"packages": {"a": "*", "b": {"version": ">1", "index": "pypi"}}},
        {"packages": {"a": "*"}, "dev-packages": {"b": ">1"}},
        {"source": [OTHER]},
        {"requires": {"python_version": "3.9"}},
        {"pipenv": {"allow_prereleases": True}},
    ]
    digests = [digest(**change) for change in changes]
    assert len({digest(), *digests}) == len(changes) + 1


def test_nothing_is_no_stack() -> None:
    assert read_stack("USER", None, None, "$") is None


@pytest.mark.parametrize(
    ("requirements", "lock", "path"),
    [
        ([], None, "$.p.requirements"),
        ({"packages": {"a": 7}}, None, "$.p.requirements.packages.a"),
        ({"packages": {"": "*"}}, None, "$.p.requirements.packages"),
        ({"packages": {"a": {"extras": "x"}}}, None, "$.p.requirements.packages.a.extras"),
        ({"source": [{"name": "x"}]}, None, "$.p.requirements.source[0]"),
        (None, {"default": {"a": 7}}, "$.p.requirements_locked.default.a"),
        (None, {"default": {"a": {"hashes": 7}}}, "$.p.requirements_locked.default.a.hashes"),
    ],
)
def test_stack_that_does_not_fit(requirements: Any, lock: Any, path: str) -> None:
    with pytest.raises(SchemaError) as error:
        read_stack("USER", requirements, lock, "$.p")
    assert str(error.value).startswith(f"{path}: ")


NESTED = {
    "operating_system": {"name": "ubi", "version": "8.4"},
    "python_version": "3.8",
    "hardware": {"cpu_model": "94"},
}


@pytest.mark.parametrize(
    "value",
    [
        NESTED,
        json.dumps(NESTED),
        {"os_name": "RHEL", "os_version": 8, "python_version": "3.8", "hardware": {"cpu_model": 94.0}},
    ],
)
def test_environments_of_all_years(value: Any) -> None:
    software, hardware = environment_of_user(value, "$")
    assert software is not None
    assert (software.os_name, software.os_version, software.python_version) == ("rhel", "8", "3.8")
    assert hardware is not None
    assert hardware.cpu_model == 94


@pytest.mark.parametrize("value", [None, {}, "environment.json", "[]", {"hardware": None, "operating_system": None}])
def test_environment_of_which_nothing_is_said(value: Any) -> None:
    assert environment_of_user(value, "$") == (None, None)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"hardware": {"cpu_model": "x"}}, "$.e.hardware.cpu_model"),
        ({"hardware": {"cpu_model": 2**40}}, "$.e.hardware.cpu_model"),
        ({"hardware": {"cpu_model": 1.5}}, "$.e.hardware.cpu_model"),
        ({"operating_system": 7}, "$.e.operating_system"),
        ('{"name": "\\u0000"}', "$.e.name"),
    ],
)
def test_environment_that_does_not_fit(value: Any, path: str) -> None:
    with pytest.raises(SchemaError) as error:
        environment_of_user(value, "$.e")
    assert str(error.value).startswith(f"{path}: ")
