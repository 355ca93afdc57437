"""What holds for the documents of every kind: once, twice, in any order, by several writers, replaced."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import EXAMPLES, empty
from tests.dump import Dump, logical_dump
from tests.factories import Json, shuffled
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import SchemaError
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.sync import KINDS, kind_of, sync_local_documents

OTHERS = sorted(set(KINDS) - {"solver"})
LIMIT, LIMIT_WHEN_IN = 60, 2


def samples(kind: str) -> list[Json]:
    """The sample documents of a kind."""
    folder = EXAMPLES / f"{kind.replace('_', '-')}-documents"
    documents = [json.loads(file.read_bytes()) for file in sorted(folder.glob("*.json"))]
    assert documents, kind
    return documents


def method(graph: GraphDatabase, kind: str) -> Callable[..., None]:
    found: Callable[..., None] = getattr(graph, f"sync_{kind}_result")
    return found


def document_id(kind: str, document: Json) -> str:
    return str(KINDS[kind].read(document).document_id)


def dump(graph: GraphDatabase) -> Dump:
    """Return the dump of a graph, but for its indexes: they stay registered."""
    return logical_dump(graph, without={"python_package_index"})


@pytest.mark.parametrize("kind", OTHERS)
def test_documents_tell_their_kind(kind: str) -> None:
    assert {kind_of(document).name for document in samples(kind)} == {kind}


@pytest.mark.parametrize("kind", OTHERS)
def test_once_twice_and_shuffled(graph: GraphDatabase, kind: str) -> None:
    documents = samples(kind)
    before = copy.deepcopy(documents)
    for document in documents:
        with counted_statements(graph.engine) as statements:
            method(graph, kind)(document)
        assert 0 < len(statements) <= LIMIT
    assert documents == before
    once = logical_dump(graph)
    ids = {document_id(kind, document) for document in documents}
    assert getattr(graph, f"{kind}_document_ids_in")([*ids, "other"]) == ids
    assert getattr(graph, f"{kind}_document_id_exist")(min(ids)) is True
    assert getattr(graph, f"{kind}_document_id_exist")("other") is False
    for document in documents:
        with counted_statements(graph.engine) as statements:
            method(graph, kind)(document)
        assert len(statements) <= LIMIT_WHEN_IN
    assert logical_dump(graph) == once
    empty(graph)
    for document in shuffled(documents, 7):
        method(graph, kind)(document)
    assert logical_dump(graph) == once


def test_all_kinds_by_several_writers(graph: GraphDatabase) -> None:
    everything = [(kind, document) for kind in OTHERS for document in samples(kind)]
    for kind, document in everything:
        method(graph, kind)(document)
    expected = logical_dump(graph)
    empty(graph)

    def write(seed: int) -> None:
        for kind, document in shuffled(everything, seed):
            method(graph, kind)(document)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert logical_dump(graph) == expected


@pytest.mark.parametrize("kind", OTHERS)
def test_force_replaces(graph: GraphDatabase, kind: str) -> None:
    """A document that is said anew leaves nothing of what it said before."""
    first, *_ = samples(kind)
    other = next((one for one in samples(kind)[1:] if set(one) == set(first)), None)
    less = copy.deepcopy(first)
    if kind == "inspection":
        less["specification"].pop("python", None)
    else:
        report = other["result"] if other is not None else {**first["result"], "report": None}
        less["result"] = report
    method(graph, kind)(less)
    expected = dump(graph)
    empty(graph)
    method(graph, kind)(first)
    method(graph, kind)(less, force=True)
    assert dump(graph) == expected
    method(graph, kind)(less, force=True)
    assert dump(graph) == expected


@pytest.mark.parametrize("kind", OTHERS)
def test_bad_document_writes_nothing(graph: GraphDatabase, kind: str) -> None:
    nothing = logical_dump(graph)
    bad: list[Any] = [{}, {"metadata": {}}, {"metadata": {"document_id": 7}, "result": {}, "specification": []}, []]
    for document in bad:
        with pytest.raises(SchemaError, match=r"^\$"):
            method(graph, kind)(document)
    assert logical_dump(graph) == nothing


def test_sample_documents_by_the_loop(graph: GraphDatabase) -> None:
    folders = [EXAMPLES / f"{kind.replace('_', '-')}-documents" for kind in OTHERS]
    report = sync_local_documents(folders, graph=graph, workers=4)
    assert set(report.counts) == set(OTHERS)
    assert report.total.synced == report.total.processed > 0
    assert sync_local_documents(folders, graph=graph).total.skipped == report.total.processed
