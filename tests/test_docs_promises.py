"""The page of promises: each names tests, and the tests are there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "promises.rst"
NOT_PROMISED = "What is not promised"

_SECTION = re.compile(r"^(.+)\n-+\n\n((?:.*\n)+?)(?=^.+\n-+\n|\Z)", re.MULTILINE)
_PROMISE = re.compile(r"^\* .*\n(?:(?:  .*)?\n)*", re.MULTILINE)
_TEST = re.compile(r"``([\w/]+\.py)::([\w:]+)``")


def promises(page: str) -> dict[str, list[str]]:
    """Return the promises of each section."""
    return {title: _PROMISE.findall(body) for title, body in _SECTION.findall(page)}


@cache
def named_tests(file: str) -> dict[str, ast.stmt]:
    """Return the tests of a file by name, with the class that they are in."""
    found: dict[str, ast.stmt] = {}
    for node in ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            found |= {f"{node.name}::{each.name}": each for each in node.body if isinstance(each, ast.FunctionDef)}
    return {name: node for name, node in found.items() if name.rpartition("::")[2].startswith("test_")}


SECTIONS = promises(PAGE.read_text(encoding="utf-8"))


def test_every_promise_is_read() -> None:
    assert list(SECTIONS) == [
        "Atomicity",
        "Isolation",
        "Order",
        "Idempotence",
        "Views for people",
        "Freshness of caches",
        "Limits",
        NOT_PROMISED,
    ]
    listed = re.findall(r"^\* ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sum(map(len, SECTIONS.values())) == len(listed) > 40


@pytest.mark.parametrize("section", [title for title in SECTIONS if title != NOT_PROMISED])
def test_every_promise_names_tests_that_are_there(section: str) -> None:
    for promise in SECTIONS[section]:
        named = _TEST.findall(promise)
        assert named, promise
        assert len(named) == promise.count("::test_")
        for file, name in named:
            assert name in named_tests(file), (file, name)
            assert not is_left_out(named_tests(file)[name]), (file, name)


def is_left_out(test: ast.stmt) -> bool:
    """Tell whether a test is not run by every run of the suite."""
    assert isinstance(test, ast.FunctionDef)
    return any(re.search(r"torture|skip|xfail", ast.unparse(each)) for each in test.decorator_list)


def test_what_is_not_promised_names_none() -> None:
    assert not [line for line in SECTIONS[NOT_PROMISED] if _TEST.search(line)]


def test_a_test_that_is_not_there_is_missed() -> None:
    assert "test_nothing_of_that_name" not in named_tests("test_docs_promises.py")
    assert "TestPool::test_thirty_two_threads" in named_tests("graph/test_connections.py")
    assert "states" not in named_tests("graph/test_connections.py")
