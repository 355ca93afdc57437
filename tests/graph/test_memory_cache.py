"""Answers kept in memory: positive ones, each caller's own, bounded, for a time, and forgotten on a write."""

from __future__ import annotations

import copy
import gc
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories import PYPI, RHEL, SOLVER, requires, solved, solver_document
from thoth.storages import GraphDatabase
from thoth.storages.config import MemoryCacheConfig
from thoth.storages.exceptions import NotFoundError
from thoth.storages.graph import memory_cache
from thoth.storages.graph.memory_cache import MISSING, MemoryCache
from thoth.storages.graph.query_log import counted_statements

Json = dict[str, Any]

A, B = ("a", "1.0", PYPI), ("b", "1.0", PYPI)
RECORD: Json = {"record_id": "pyup.io-1", "version_range": "<2", "advisory": "old"}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(memory_cache, "monotonic", clock)
    return clock


class TestCache:
    def test_bounded_for_each_method(self) -> None:
        cache = MemoryCache(MemoryCacheConfig(size=3, seconds=60))
        for number in range(10):
            cache["one"].put(number, number)
            cache["two"].put(number, number)
        assert [cache["one"].get(number) for number in range(10)] == [MISSING] * 7 + [7, 8, 9]
        assert cache.stats()["one"] == {"hits": 3, "misses": 7, "size": 3}
        assert cache.stats()["two"]["size"] == 3

    @pytest.mark.parametrize("config", [MemoryCacheConfig(size=0, seconds=60), MemoryCacheConfig(size=3, seconds=0)])
    def test_switched_off(self, config: MemoryCacheConfig) -> None:
        cache = MemoryCache(config)
        cache["one"].put(1, 1)
        assert cache["one"].get(1) is MISSING

    def test_expiring(self, clock: Clock) -> None:
        cache = MemoryCache(MemoryCacheConfig(size=3, seconds=60))
        cache["one"].put(1, "answer")
        clock.now += 59
        assert cache["one"].get(1) == "answer"
        clock.now += 2
        assert cache["one"].get(1) is MISSING
        assert cache.stats()["one"]["size"] == 0

    def test_cleared(self) -> None:
        cache = MemoryCache(MemoryCacheConfig(size=3, seconds=60))
        cache["one"].put(1, [])
        assert cache["one"].get(1) == []
        cache.clear()
        assert cache["one"].get(1) is MISSING
        assert cache.stats() == {"one": {"hits": 1, "misses": 1, "size": 0}}

    @pytest.mark.parametrize("answer", [[("a", "1"), ("b", "2")], [{"a": 1}, {"b": [2]}], [], "text", None, True])
    def test_answer_is_the_same_and_ones_own(self, answer: Any) -> None:
        cache = MemoryCache(MemoryCacheConfig(size=3, seconds=60))
        cache["one"].put(1, answer)
        expected = copy.deepcopy(answer)
        for _ in range(2):
            kept = cache["one"].get(1)
            assert kept == expected
            if isinstance(kept, list):
                assert kept is not answer
                kept.append("spoilt")
                if isinstance(kept[0], dict):
                    kept[0]["spoilt"] = 1
        if isinstance(answer, list) and answer:
            answer.clear()
            assert cache["one"].get(1) == expected


@pytest.fixture
def filled(graph: GraphDatabase) -> GraphDatabase:
    graph.sync_solver_result(solver_document(f"{SOLVER}-0a", tree=[solved("a", dependencies=[requires("b", "1.0")])]))
    graph.create_python_cve_record(*A, **RECORD)
    return graph


@pytest.fixture
def other(filled: GraphDatabase) -> Iterator[GraphDatabase]:
    """Another adapter of the same database."""
    with GraphDatabase() as adapter:
        yield adapter


CALLS: list[tuple[str, tuple[Any, ...], Json]] = [
    ("get_depends_on", A, RHEL),
    ("get_python_package_version_records", A, RHEL),
    ("get_python_environment_marker", A, {**RHEL, "dependency_name": "b", "dependency_version": "1.0"}),
    ("has_python_solver_error", A, RHEL),
    ("python_package_exists", A[:1], {}),
    ("python_package_version_exists", A, {}),
    ("get_python_cve_records", A[:2], {}),
]
cached_calls = pytest.mark.parametrize(("method", "arguments", "keywords"), CALLS, ids=[call[0] for call in CALLS])


def statements_of(graph: GraphDatabase, method: str, arguments: tuple[Any, ...], keywords: Json) -> tuple[int, Any]:
    with counted_statements(graph.engine) as statements:
        answer = getattr(graph, method)(*arguments, **keywords)
    return len(statements), answer


@cached_calls
def test_second_time_is_no_statement(
    filled: GraphDatabase, method: str, arguments: tuple[Any, ...], keywords: Json
) -> None:
    first = statements_of(filled, method, arguments, keywords)
    assert first[0] == 1
    assert statements_of(filled, method, arguments, keywords) == (0, first[1])
    assert filled.stats()["memory_cache"][method] == {"hits": 1, "misses": 1, "size": 1}


@cached_calls
def test_forgotten_on_a_write_of_this_adapter_and_by_hand(
    filled: GraphDatabase, method: str, arguments: tuple[Any, ...], keywords: Json
) -> None:
    filled.python_package_exists("a")
    for forget in (lambda: filled.register_python_package_index(PYPI), filled.cache_clear):
        getattr(filled, method)(*arguments, **keywords)
        forget()
        assert statements_of(filled, method, arguments, keywords)[0] == 1


@cached_calls
def test_asked_anew_after_a_time(
    filled: GraphDatabase, method: str, arguments: tuple[Any, ...], keywords: Json, clock: Clock
) -> None:
    getattr(filled, method)(*arguments, **keywords)
    clock.now += 299
    assert statements_of(filled, method, arguments, keywords)[0] == 0
    clock.now += 2
    assert statements_of(filled, method, arguments, keywords)[0] == 1


@cached_calls
def test_answers_belong_to_the_caller(
    filled: GraphDatabase, method: str, arguments: tuple[Any, ...], keywords: Json
) -> None:
    """Cached lists were handed out shared, and callers changed them."""
    expected = repr(getattr(filled, method)(*arguments, **keywords))
    for _ in range(2):
        answer = getattr(filled, method)(*arguments, **keywords)
        assert repr(answer) == expected
        if isinstance(answer, list):
            if isinstance(answer[0], dict):
                answer[0].clear()
            answer.append("spoilt")


class TestPositiveAnswersOnly:
    """A package that is solved a minute later must be found."""

    def ask(self, graph: GraphDatabase) -> list[Any]:
        answers: list[Any] = [
            graph.python_package_exists("new"),
            graph.python_package_version_exists("new", "1.0"),
            graph.get_python_package_version_records("new", "1.0", None, **RHEL) != [],
            graph.get_python_cve_records("new", "1.0") != [],
        ]
        for method in (graph.get_depends_on, graph.has_python_solver_error):
            try:
                method("new", "1.0", PYPI, **RHEL)
                answers.append(True)
            except NotFoundError:
                answers.append(False)
        return answers

    def solve(self, graph: GraphDatabase) -> None:
        graph.sync_solver_result(solver_document(f"{SOLVER}-0b", tree=[solved("new")]))
        graph.create_python_cve_record("new", "1.0", PYPI, **RECORD)

    def test_written_by_this_adapter(self, filled: GraphDatabase) -> None:
        assert self.ask(filled) == [False] * 6
        self.solve(filled)
        assert self.ask(filled) == [True] * 6

    def test_written_by_another_adapter(self, filled: GraphDatabase, other: GraphDatabase) -> None:
        assert self.ask(other) == [False] * 6
        self.solve(filled)
        assert self.ask(other) == [True] * 6

    def test_answer_that_changed_is_found_after_a_time(
        self, filled: GraphDatabase, other: GraphDatabase, clock: Clock
    ) -> None:
        assert other.get_depends_on(*A, **RHEL) == [("b", "1.0")]
        document = solver_document(f"{SOLVER}-0a", tree=[solved("a", dependencies=[requires("c", "1.0")])])
        filled.sync_solver_result(document, force=True)
        assert filled.get_depends_on(*A, **RHEL) == [("c", "1.0")]
        assert other.get_depends_on(*A, **RHEL) == [("b", "1.0")]
        clock.now += 301
        assert other.get_depends_on(*A, **RHEL) == [("c", "1.0")]

    def test_nothing_is_an_answer_when_it_was_solved(self, filled: GraphDatabase) -> None:
        filled.sync_solver_result(solver_document(f"{SOLVER}-0b", tree=[solved("b")]))
        assert filled.get_depends_on(*B, **RHEL) == []
        assert statements_of(filled, "get_depends_on", B, RHEL) == (0, [])

    def test_document_that_was_deleted(self, filled: GraphDatabase) -> None:
        """Deleting a document left its facts."""
        assert filled.get_depends_on(*A, **RHEL)
        filled.delete_solver_result(f"{SOLVER}-0a")
        with pytest.raises(NotFoundError):
            filled.get_depends_on(*A, **RHEL)


class TestSettings:
    def test_size(self, filled: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("THOTH_STORAGES_MEMORY_CACHE_SIZE", "5")
        with GraphDatabase() as adapter:
            for number in range(20):
                adapter.get_depends_on(*A, **RHEL, extras=frozenset({f"extra-{number}"}))
            assert adapter.stats()["memory_cache"]["get_depends_on"] == {"hits": 0, "misses": 20, "size": 5}

    @pytest.mark.parametrize("name", ["THOTH_STORAGES_MEMORY_CACHE_SIZE", "THOTH_STORAGES_MEMORY_CACHE_SECONDS"])
    def test_switched_off(self, filled: GraphDatabase, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, "0")
        with GraphDatabase() as adapter:
            for _ in range(2):
                assert statements_of(adapter, "get_depends_on", A, RHEL) == (1, [("b", "1.0")])


class TestArguments:
    def test_that_cannot_be_hashed(self, filled: GraphDatabase) -> None:
        extras: Any
        for extras in ({"s3", None}, [None], frozenset({None})):
            assert filled.get_depends_on(*A, **RHEL, extras=extras) == [("b", "1.0")]
            assert filled.closure(A, **RHEL, extras=extras).dependencies_of(A) == [("b", "1.0", None)]
            assert filled.get_depends_on_many([A], **RHEL, extras=extras) == {A: [("b", "1.0")]}

    def test_different_ones_are_apart(self, filled: GraphDatabase) -> None:
        assert filled.get_depends_on(*A, **RHEL) == [("b", "1.0")]
        assert filled.get_depends_on(*A, **RHEL, extras=frozenset({"s3"})) == []
        assert filled.get_depends_on(*A, **RHEL, marker_evaluation_result=False) == []
        assert filled.get_depends_on(*A, **RHEL) == [("b", "1.0")]
        with pytest.raises(NotFoundError):
            filled.get_depends_on(*A, **{**RHEL, "python_version": "3.9"})


class TestPerInstance:
    def test_of_one_adapter_alone(self, filled: GraphDatabase, other: GraphDatabase) -> None:
        filled.get_depends_on(*A, **RHEL)
        assert statements_of(other, "get_depends_on", A, RHEL)[0] == 1

    def test_goes_with_its_adapter(self, filled: GraphDatabase) -> None:
        """Nothing grows that outlives an adapter."""

        def use_adapters(count: int) -> int:
            for _ in range(count):
                with GraphDatabase() as adapter:
                    for method, arguments, keywords in CALLS:
                        getattr(adapter, method)(*arguments, **keywords)
                del adapter
            gc.collect()
            return sum(isinstance(each, (GraphDatabase, MemoryCache)) for each in gc.get_objects())

        before = use_adapters(5)
        assert use_adapters(50) == before

    def test_time_is_the_real_one(self) -> None:
        cache = MemoryCache(MemoryCacheConfig(size=1, seconds=1))
        cache["one"].put(1, "answer")
        assert cache["one"].get(1) == "answer"
        time.sleep(1.1)
        assert cache["one"].get(1) is MISSING
