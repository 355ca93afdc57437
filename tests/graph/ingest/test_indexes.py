"""Registration of indexes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.dump import logical_dump
from tests.factories import PYPI
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import NotFoundError, PythonIndexNotRegistered

ABSENT = "https://absent.example.com/simple"


def test_new_and_again(graph: GraphDatabase) -> None:
    assert graph.register_python_package_index(f"{PYPI}/", "https://pypi.org/pypi") is True
    assert logical_dump(graph)["python_package_index"] == [(PYPI, "https://pypi.org/pypi", True, False)]
    assert graph.register_python_package_index(PYPI, verify_ssl=False, enabled=True) is False
    assert logical_dump(graph)["python_package_index"] == [(PYPI, None, False, True)]


def test_former_address_of_pypi_is_pypi(graph: GraphDatabase) -> None:
    graph.register_python_package_index("https://pypi.python.org/simple")
    assert graph.register_python_package_index(PYPI) is False
    assert graph.get_python_package_index_urls() == {PYPI}


def test_state(graph: GraphDatabase) -> None:
    graph.register_python_package_index(PYPI)
    assert graph.is_python_package_index_enabled(PYPI) is False
    graph.set_python_package_index_state(f"{PYPI}/", enabled=True)
    assert graph.is_python_package_index_enabled(f"{PYPI}/") is True
    graph.set_python_package_index_state(PYPI, enabled=False)
    assert graph.get_python_package_index_urls(enabled=True) == set()


def test_state_of_an_index_that_is_not_registered(graph: GraphDatabase) -> None:
    assert issubclass(PythonIndexNotRegistered, NotFoundError)
    with pytest.raises(PythonIndexNotRegistered, match=ABSENT):
        graph.set_python_package_index_state(ABSENT, enabled=True)
    with pytest.raises(PythonIndexNotRegistered, match=ABSENT):
        graph.is_python_package_index_enabled(ABSENT)
    assert graph.get_python_package_index_urls() == set()


def test_many_register_the_same_at_once(graph: GraphDatabase) -> None:
    with ThreadPoolExecutor(8) as threads:
        created = list(threads.map(lambda _: graph.register_python_package_index(PYPI), range(40)))
    assert created.count(True) == 1
    assert len(logical_dump(graph)["python_package_index"]) == 1
