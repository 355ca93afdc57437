"""Every value reaches SQL as a parameter: text that would end a statement is sent through every public method."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.dump import logical_dump
from tests.factories import Json
from tests.faults.everything import documents_of_every_kind
from tests.graph.test_budgets import OTHERS
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.exceptions import SchemaError, ThothStorageException
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.models_performance import ALL_PERFORMANCE_MODELS
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.sync import KINDS

MARK = "canary"
# As it is after names were normalised, so that it can be looked for.
HOSTILE = f"x'); drop table {MARK}; /* \" \\' $$ %s %(a)s :a {{}} ?"
PACKAGE = (HOSTILE, f"1.0 {HOSTILE}", HOSTILE)
TEXTS: Json = {
    "package_tuples": [PACKAGE],
    "edges": [(PACKAGE, PACKAGE)],
    "rows": [PACKAGE, (HOSTILE, None, None)],
    "document_ids": [HOSTILE],
    "solver_name": f"solver-{HOSTILE}-8-py38",
    "extras": frozenset({HOSTILE, None}),
    "model": "PiConv2D",  # one that there is: a name that is none asks nothing
    "enabled": True,
}
INDICATORS = {model.__name__ for model in ALL_PERFORMANCE_MODELS}  # another name is refused by writers, not by readers
METHODS = sorted(
    {name for name, _ in inspect.getmembers(GraphDatabase, callable) if not name.startswith("_")}
    - OTHERS
    - {name for name in dir(GraphDatabase) if name.startswith("sync_")}
    - {name for name in dir(GraphDatabase) if name.endswith("_records_exist")}
)


@pytest.fixture
def canary(graph: GraphDatabase) -> Iterator[GraphDatabase]:
    """The adapter of a database that has a table which nobody may drop."""
    with graph.engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {MARK} ()"))
    yield graph
    with graph.engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {MARK}"))  # fails when it is gone


def arguments(method: str) -> tuple[list[Any], Json]:
    """Return hostile values for all parameters of a method that are text."""
    positional: list[Any] = []
    keywords: Json = {}
    for name, parameter in inspect.signature(getattr(GraphDatabase, method)).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional = TEXTS[name]
        elif name in TEXTS or "str" in str(parameter.annotation):
            keywords[name] = TEXTS.get(name, HOSTILE)
    keywords.pop("self", None)
    return positional, keywords


def test_through_every_method(canary: GraphDatabase) -> None:
    """Methods that read, and those that write what is no document."""
    silent = set()
    with counted_statements(canary.engine) as statements:
        for method in METHODS:
            positional, keywords = arguments(method)
            before = len(statements)
            try:
                getattr(canary, method)(*positional, **keywords)
            except (ThothStorageException, ValueError) as error:
                assert "syntax error" not in str(error), method
            if len(statements) == before:
                silent.add(method)
    assert silent == set()
    assert len(METHODS) > 60
    assert [statement for statement in statements if MARK in statement] == []
    assert canary.get_python_packages() == canary.get_python_package_index_urls() == {HOSTILE}


def changed(document: Any) -> Iterator[tuple[list[Any], bool]]:
    """Return the way to each text in a document, and whether it is a key there."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        if isinstance(key, str):
            yield [key], True
        if isinstance(value, str) and value not in INDICATORS:
            yield [key], False
        elif isinstance(value, dict | list):
            for way, is_key in changed(value):
                if not (is_key and key == "stdout"):  # keys of what an indicator prints name columns
                    yield [key, *way], is_key


def with_hostile(document: Json, way: list[Any], is_key: bool) -> Json:
    """Return a copy of a document, in which a text at the end of a way goes on with what is hostile."""
    copied: Json = json.loads(json.dumps(document))
    *ahead, last = way
    inner: Any = copied
    for key in ahead:
        inner = inner[key]
    if is_key:
        inner[last + HOSTILE] = inner.pop(last)
    else:
        inner[last] += HOSTILE
    return copied


def as_hostile_as_can_be(kind: str, document: Json) -> Json:
    """Return a document that holds hostile text wherever it can be read, and is kept."""
    kept = 0
    # What is in the document of a key comes before the key itself, or the way to it would be gone.
    for way, is_key in sorted(changed(document), key=lambda found: (found[1], -len(found[0]))):
        attempt = with_hostile(document, way, is_key)
        try:
            marks = repr(KINDS[kind].read(attempt)).count(MARK)
        except (SchemaError, ValueError):
            continue
        if marks > kept:
            document, kept = attempt, marks
    return document


def test_in_every_text_of_every_kind_of_document(canary: GraphDatabase, sample_documents: list[Json]) -> None:
    documents = dict(documents_of_every_kind(sample_documents, 28, seed=2))  # one of each kind
    hostile = {kind: as_hostile_as_can_be(kind, document) for kind, document in documents.items()}
    assert set(hostile) == set(KINDS)
    found = dict.fromkeys(hostile, 0)
    with counted_statements(canary.engine) as statements:
        for kind, document in hostile.items():
            getattr(canary, f"sync_{kind}_result")(document)
            getattr(canary, f"sync_{kind}_result")(document, force=True)
            if hasattr(canary, f"{kind}_records_exist"):
                assert getattr(canary, f"{kind}_records_exist")(document)
            found[kind] = str(logical_dump(canary)).count(MARK) - sum(found.values())
    assert min(found.values()) > 0, found
    assert [statement for statement in statements if MARK in statement] == []
    assert set(canary.get_table_sizes()) >= set(Base.metadata.tables)


def test_through_the_graph_cache() -> None:
    environment: Json = {"os_name": HOSTILE, "os_version": HOSTILE, "python_version": HOSTILE}
    with GraphCache() as cache:
        cache.add_depends_on(*PACKAGE, **environment, dependency_name=HOSTILE, dependency_version=HOSTILE)
        assert cache.get_depends_on(*PACKAGE, **environment) == [(HOSTILE, HOSTILE)]
        assert cache.get_depends_on("a", "1", "b", **environment) is None
        (record,) = cache.get_python_package_version_records(*PACKAGE, **environment) or []
        assert set(record.values()) == {HOSTILE, *PACKAGE}
