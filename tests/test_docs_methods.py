"""Every public method has a place on a page, and an example beside it that calls it and is run."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from operator import attrgetter
from types import FunctionType
from typing import NamedTuple

import pytest

from tests.conftest import ROOT
from tests.test_docs_examples import code_blocks
from thoth import storages
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.base import StorageBase
from thoth.storages.graph.closure import Closure

DOCS = ROOT / "docs"
STORES = [
    value
    for value in (getattr(storages, name) for name in storages.__all__)
    if inspect.isclass(value) and issubclass(value, StorageBase)
]

_HEADING = re.compile(r"^(?=.+\n-+\n)", re.MULTILINE)
_DIRECTIVE = re.compile(
    r"^\.\. py:currentmodule:: (?P<module>\S+)|^\.\. auto(?:method|property):: (?P<name>\S+)", re.MULTILINE
)


class Section(NamedTuple):
    """A part of a page: what it describes, and what its examples use."""

    page: str
    described: list[object]
    """Functions and properties."""
    used: set[str]
    """Names of attributes."""


def sections() -> Iterator[Section]:
    for path in sorted(DOCS.glob("methods-*.rst")):
        module = ""
        for part in _HEADING.split(path.read_text(encoding="utf-8")):
            described = []
            for match in _DIRECTIVE.finditer(part):
                module = match["module"] or module
                if match["name"]:
                    described.append(plain(attrgetter(match["name"])(import_module(module))))
            yield Section(path.stem, described, set(used_names(part)))


def plain(member: object) -> object:
    """Return what a class method is of every class that has it."""
    return getattr(member, "__func__", member)


def used_names(part: str) -> Iterator[str]:
    """Yield the names of the attributes that the examples of a part use; of those that raise as well."""
    for block in code_blocks(part):
        source = block.body
        if block.language == "pycon":
            source = "\n".join(line[4:] for line in source.splitlines() if line.startswith((">>> ", "... ")))
        if block.language in ("python", "pycon"):
            yield from (node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute))


def public_names(of: type) -> list[str]:
    """Return the names of what a class offers: methods, and properties."""
    return [
        name
        for name, value in inspect.getmembers_static(of)
        if not name.startswith("_") and isinstance(value, property | staticmethod | classmethod | FunctionType)
    ]


SECTIONS = list(sections())


def described(of: type, name: str) -> Section | None:
    """Return where a class, or one that it derives from, has its method described."""
    for base in of.__mro__:
        if name in vars(base):
            member = plain(getattr(base, name))
            for section in SECTIONS:
                if member in section.described:
                    return section
    return None


@pytest.mark.parametrize("of", [GraphDatabase, GraphCache, Closure, *STORES])
def test_every_method_has_an_example_beside_its_description(of: type) -> None:
    names = public_names(of)
    assert names
    for name in names:
        section = described(of, name)
        assert section is not None, f"{of.__name__}.{name}: give it a place on a page docs/methods-*.rst"
        assert name in section.used, f"{section.page}: no example of {of.__name__}.{name} in its section"


def test_all_there_is_counts() -> None:
    assert len(public_names(GraphDatabase)) > 110
    assert {"place", "session", "closure", "sync_solver_result", "normalize_python_index_url"} <= set(
        public_names(GraphDatabase)
    )
    assert len(STORES) > 10


def test_nothing_is_described_twice() -> None:
    everything = [member for section in SECTIONS for member in section.described]
    assert len(everything) == len({id(member) for member in everything})
