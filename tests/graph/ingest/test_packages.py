"""Announcement of package versions: each is there once, whoever announces it and however it is spelt."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.dump import logical_dump
from tests.factories import PYPI, requires, shuffled, solved, solver_document, sync
from thoth.storages import GraphDatabase
from thoth.storages.graph.query_log import counted_statements

OTHER_INDEX = "https://index.example.com/simple"


def entities(graph: GraphDatabase) -> list[Any]:
    return logical_dump(graph)["python_package_version_entity"]


def announced(graph: GraphDatabase, *arguments: Any, **keywords: Any) -> tuple[Any, bool]:
    created = graph.create_python_package_version_entity(*arguments, **keywords)
    assert created is not None
    return created


@pytest.mark.parametrize("version", ["1.0.0b0", None])
@pytest.mark.parametrize("index_url", [PYPI, None])
def test_announced_twice_is_there_once(graph: GraphDatabase, version: str | None, index_url: str | None) -> None:
    first, existed = announced(graph, "PyYAML", version, index_url)
    assert not existed
    assert (first.package_name, first.package_version, first.index_url) == ("pyyaml", version, index_url)
    second, existed = announced(graph, "pyyaml", version and "1.0.0-beta", index_url and f"{index_url}/")
    assert existed
    assert second.id == first.id
    assert entities(graph) == [(("pyyaml", version), index_url)]


def test_name_version_and_index_are_apart(graph: GraphDatabase) -> None:
    rows = [("a", None, None), ("a", "1.0", None), ("a", "1.0", PYPI), ("a", "1.0", OTHER_INDEX), ("b", "1.0", PYPI)]
    for row in rows:
        assert announced(graph, *row)[1] is False
    assert sorted(entities(graph), key=repr) == sorted(
        (((name, version), url) for name, version, url in rows), key=repr
    )


def test_index_that_is_not_registered_is_registered_disabled(graph: GraphDatabase) -> None:
    announced(graph, "a", "1.0", OTHER_INDEX)
    assert graph.get_python_package_index_urls(enabled=False) == {OTHER_INDEX}


def test_only_if_package_seen(graph: GraphDatabase) -> None:
    assert graph.create_python_package_version_entity("b", "9.9", PYPI, only_if_package_seen=True) is None
    assert entities(graph) == []
    assert graph.get_python_package_index_urls() == set()
    sync(graph, [solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])])])
    assert announced(graph, "B", "9.9", PYPI, only_if_package_seen=True)[1] is False
    assert graph.python_package_version_exists("b", "9.9", PYPI)
    wanted = [("b", "9.9", PYPI), ("b", "10", PYPI), ("never-seen", "1.0", PYPI)]
    assert graph.create_python_package_version_entities(wanted, only_if_package_seen=True) == 1
    assert not graph.python_package_exists("never-seen")
    assert graph.create_python_package_version_entities([("never-seen", "1.0", None)], only_if_package_seen=True) == 0


def test_bulk_equals_one_by_one(graph: GraphDatabase) -> None:
    rows = [
        (name, version, url)
        for name in ("a", "PyYAML", "pyyaml")
        for version in (None, "1.0", "v1.0")
        for url in (None, PYPI, f"{PYPI}/")
    ]
    created = [announced(graph, *row)[1] for row in rows].count(False)
    expected = logical_dump(graph)
    assert created == 8
    assert graph.create_python_package_version_entities(rows) == 0
    assert logical_dump(graph) == expected


def test_bulk_counts_and_statements(graph: GraphDatabase) -> None:
    rows = [(f"package-{number % 500}", f"{number}", (None, PYPI, OTHER_INDEX)[number % 3]) for number in range(30_000)]
    with counted_statements(graph.engine) as statements:
        assert graph.create_python_package_version_entities(row for row in rows) == 30_000
    assert len(statements) <= 5
    assert graph.create_python_package_version_entities(rows[:10]) == 0
    assert graph.create_python_package_version_entities([]) == 0


def test_many_announce_the_same_at_once(graph: GraphDatabase) -> None:
    """Two writers in opposite order left (name, NULL, NULL) in twice, or deadlocked."""
    rows = [
        (f"package-{number}", version, url)
        for number in range(40)
        for version in (None, "1.0")
        for url in (None, PYPI, OTHER_INDEX)
    ]
    with ThreadPoolExecutor(8) as threads:
        orders = [shuffled(rows, seed) for seed in range(8)]
        counts = list(threads.map(graph.create_python_package_version_entities, orders))
        list(threads.map(lambda row: graph.create_python_package_version_entity(*row), shuffled(rows, 9)))
    assert sum(counts) == len(rows)
    assert len(entities(graph)) == len(rows)
