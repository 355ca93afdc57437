"""How many packages of a cache file are kept decoded: answers are the same whatever the setting."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.factories import PYPI, RHEL
from tests.oracle import Oracle
from thoth.storages import GraphCache
from thoth.storages.config import GRAPH_CACHE_DECODED_PACKAGES

Json = dict[str, Any]


def kept(cache: GraphCache) -> int:
    return max(len(cache._packed._by_name), len(cache._packed._by_id))


@pytest.mark.parametrize("most", [1, 7])
def test_answers_do_not_change(
    sample_cache: Path, samples_oracle: Oracle, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(GRAPH_CACHE_DECODED_PACKAGES.name, str(most))
    (rhel_8,) = samples_oracle.environments(RHEL)  # type: ignore[arg-type]
    packages = [record for record in samples_oracle.records_at(rhel_8) if record[0] in ("flask", "sphinx")]
    assert len(packages) > 5
    questions: list[Json] = [RHEL, {}]  # without an environment, there is a walk in each
    with GraphCache(str(sample_cache)) as cache:
        for package, env in itertools.product(packages, questions):
            closure = cache.closure(package, **env, as_of_its_date=True)
            assert closure is not None
            assert set(closure.tuples()) == samples_oracle.retrieve_transitive_dependencies_python(*package, **env)
            assert kept(cache) <= most
        for name, version, url in samples_oracle.closure_nodes(*packages, **RHEL):
            if url is not None:
                expected = samples_oracle.get_depends_on(name, version, url, **RHEL)
                assert cache.get_depends_on(name, version, url, **RHEL) == expected
                assert kept(cache) <= most


def test_what_is_kept_is_of_the_usual_question(sample_cache: Path, samples_oracle: Oracle) -> None:
    """Another question before it, and after it, is answered from the same decoded packages."""
    (rhel_8,) = samples_oracle.environments(RHEL)  # type: ignore[arg-type]
    packages = [record for record in samples_oracle.records_at(rhel_8) if record[0] in ("flask", "sphinx")]
    questions: list[Json] = [{"marker_evaluation_result": False}, {}]
    answers = set()
    for asked in (questions, questions[::-1]):
        with GraphCache(str(sample_cache)) as cache:
            for question, package in itertools.product(asked, packages):
                keywords: Json = {**RHEL, **question}
                closure = cache.closure(package, **keywords, as_of_its_date=True)
                assert closure is not None
                expected = samples_oracle.retrieve_transitive_dependencies_python(*package, **keywords)
                assert set(closure.tuples()) == expected
                answers.add((package, len(expected)))
    assert len(answers) > len(packages)  # the questions differ


def test_names_that_the_file_does_not_know_are_bounded(sample_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each was noted for as long as the file was open."""
    monkeypatch.setenv(GRAPH_CACHE_DECODED_PACKAGES.name, "10")
    with GraphCache(str(sample_cache)) as cache:
        for number in range(100):
            assert cache.get_depends_on(f"absent-{number}", "1", PYPI, **RHEL) is None
            assert kept(cache) <= 10


def test_what_is_kept_is_not_read_again(sample_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for most, is_read_again in (("1", True), ("", False)):
        monkeypatch.setenv(GRAPH_CACHE_DECODED_PACKAGES.name, most)
        statements: list[str] = []
        with GraphCache(str(sample_cache)) as cache:
            first = cache.get_depends_on("flask", "1.0.2", PYPI, **RHEL)
            assert first
            cache._file.connection.set_trace_callback(statements.append)
            assert cache.get_depends_on("flask", "1.0.2", PYPI, **RHEL) == first
        assert bool(statements) is is_read_again


def test_what_was_looked_for_is_not_looked_for_again(sample_cache: Path) -> None:
    """Also when it is not there."""
    with GraphCache(str(sample_cache)) as cache:
        for name, version in (("flask", "1.0.2"), ("absent", "1.0")):
            statements: list[str] = []
            cache._file.connection.set_trace_callback(statements.append)
            for _ in range(3):
                cache.get_python_package_version_records(name, version, PYPI, **RHEL)
            assert len([each for each in statements if "FROM packed_package" in each]) == 1
