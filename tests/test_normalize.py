"""One spelling for each name, version, index, operating system and Python version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoth.storages import GraphDatabase
from thoth.storages.identifiers import Environment, package_tuple
from thoth.storages.normalize import (
    normalize_extra,
    normalize_os_name,
    normalize_os_version,
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
    parse_python_solver_name,
    version_sort_key,
)


@pytest.mark.parametrize(
    "normalize",
    [
        normalize_extra,
        normalize_os_name,
        normalize_python_index_url,
        normalize_python_package_name,
        normalize_python_package_version,
    ],
)
@given(text=st.text())
def test_normalised_stays_as_it_is(normalize: object, text: str) -> None:
    assert callable(normalize)
    once = normalize(text)
    assert normalize(once) == once


@pytest.mark.parametrize(
    ("name", "expected"), [("PyYAML", "pyyaml"), ("Foo_Bar", "foo-bar"), ("a.-_b", "a-b"), ("flask", "flask")]
)
def test_names(name: str, expected: str) -> None:
    assert GraphDatabase.normalize_python_package_name(name) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.0.0-beta", "1.0.0b0"),
        ("v1.0", "1.0"),
        ("1.0.post1", "1.0.post1"),
        ("2004d", "2004d"),
        ("1.0+Local", "1.0+local"),
    ],
)
def test_versions(version: str, expected: str) -> None:
    assert GraphDatabase.normalize_python_package_version(version) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://pypi.org/simple/", "https://pypi.org/simple"),
        ("https://pypi.python.org/simple", "https://pypi.org/simple"),
        (" https://example.org/simple// ", "https://example.org/simple"),
    ],
)
def test_index_urls(url: str, expected: str) -> None:
    assert GraphDatabase.normalize_python_index_url(url) == expected


@pytest.mark.parametrize(
    ("solver_name", "expected"),
    [
        ("solver-rhel-8-py38", ("rhel", "8", "3.8")),
        ("solver-fedora-31-py310", ("fedora", "31", "3.10")),
        ("solver-fedora-29-py36", ("fedora", "29", "3.6")),
        ("solver-ubi-8.3-py38", ("rhel", "8", "3.8")),
        ("solver-opensuse-leap-15.3-py39", ("opensuse-leap", "15.3", "3.9")),
    ],
)
def test_solver_names(solver_name: str, expected: tuple[str, str, str]) -> None:
    parsed = GraphDatabase.parse_python_solver_name(solver_name)
    assert parsed == dict(zip(("os_name", "os_version", "python_version"), expected, strict=True))


@pytest.mark.parametrize(
    "solver_name",
    ["", "solver", "solver-rhel-8", "solver-rhel-8-py", "solver-rhel-8-py3", "rhel-8-py38", "solver--py38x"],
)
def test_names_that_are_none_of_a_solver(solver_name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a solver"):
        parse_python_solver_name(solver_name)


@pytest.mark.parametrize(
    ("os_name", "version", "expected"),
    [("rhel", "8.3", "8"), ("ubi", "9.1", "9"), ("RHEL", "8", "8"), ("fedora", "31", "31"), ("debian", "10.2", "10.2")],
)
def test_versions_of_operating_systems(os_name: str, version: str, expected: str) -> None:
    assert normalize_os_version(os_name, version) == expected


def test_versions_are_ordered_by_pep_440_and_then_as_text() -> None:
    versions = ["1.10", "1.9", "1.9.post1", "1.9rc1", "1.9.dev1", "2004d"]
    ordered = ["2004d", "1.9.dev1", "1.9rc1", "1.9", "1.9.post1", "1.10"]
    assert sorted(versions, key=version_sort_key) == ordered


def test_environments_and_packages_normalise_themselves() -> None:
    assert Environment("ubi", "8.4", "3.8") == Environment("rhel", "8", "3.8")
    assert Environment("rhel", None, None).matches(Environment("rhel", "8", "3.8"))
    assert not Environment("rhel", "9").matches(Environment("rhel", "8", "3.8"))
    assert Environment("rhel", "8").is_open
    assert not Environment("rhel", "8", "3.8").is_open
    assert package_tuple("PyYAML", "1.0.0-beta", "https://pypi.org/simple/") == (
        "pyyaml",
        "1.0.0b0",
        "https://pypi.org/simple",
    )
