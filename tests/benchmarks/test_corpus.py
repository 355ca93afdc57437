"""The documents that benchmarks draw: the same for a seed, of the shape that is said of them."""

from __future__ import annotations

import json
import statistics
from itertools import islice

import pytest

from benchmarks.catalogue import LARGEST_INDEX, Catalogue
from benchmarks.corpus import DOCUMENTS, ENVIRONMENT, ROOT, Corpus, Json, edges_of, merged
from thoth.storages.documents.solver import read_solver_document
from thoth.storages.normalize import version_sort_key


@pytest.fixture(scope="module")
def corpus() -> list[Json]:
    return list(Corpus())


def test_a_seed_gives_the_same_documents() -> None:
    first, again = Corpus(60, seed=3), Corpus(60, seed=3)
    assert list(first) == list(again)
    assert json.dumps(list(first)) == json.dumps(list(first))
    assert list(Corpus(60, seed=4)) != list(first)


def test_more_documents_are_about_more_packages_and_change_none() -> None:
    few, more = Catalogue(100), Catalogue(2500)
    names = list(few.packages)
    assert list(more.packages)[: len(names)] == names
    assert len(more.packages) > len(names)
    for name in names:
        assert more.packages[name].versions == few.packages[name].versions
    assert few.solved == 100
    assert more.solved == 2500


def test_shape_is_that_of_a_real_neighbourhood(corpus: list[Json]) -> None:
    entries = [entry for made in corpus for entry in made["result"]["tree"]]
    requirements = [dependency for entry in entries for dependency in entry["dependencies"]]
    admitted = [len(one["versions"]) for need in requirements for one in need["resolved_versions"]]
    assert len(corpus) == DOCUMENTS
    assert len({made["metadata"]["document_id"] for made in corpus}) == DOCUMENTS
    assert 65_000 < sum(map(edges_of, corpus)) < 95_000
    assert 1.8 < len(requirements) / len(entries) < 2.6
    assert 0.4 < sum(not entry["dependencies"] for entry in entries) / len(entries) < 0.6
    assert 10 <= statistics.median(admitted) <= 18
    assert max(admitted) == LARGEST_INDEX
    assert 0.01 < sum(bool(made["result"]["errors"]) for made in corpus) / DOCUMENTS < 0.03
    distinct = {(need["package_name"], *need["resolved_versions"][0]["versions"]) for need in requirements}
    assert 1_500 < len(distinct) < 2_500


def test_documents_are_read_as_what_they_say(corpus: list[Json]) -> None:
    for made in islice(corpus, 200):
        facts = read_solver_document(made)
        assert facts.environment.os_name == ENVIRONMENT["os_name"]
        assert facts.environment.os_version == ENVIRONMENT["os_version"]
        assert facts.environment.python_version == ENVIRONMENT["python_version"]
        held = [
            need for fact in facts.packages for need in fact.requirements if need.marker_evaluation_result is not False
        ]
        assert sum(len(need.versions) for need in held) == edges_of(made)
        assert all(fact.core_metadata and fact.core_metadata.description for fact in facts.packages if not fact.error)


def test_versions_are_in_order_and_the_newest_are_solved(corpus: list[Json]) -> None:
    catalogue = Corpus().catalogue
    for package in catalogue.packages.values():
        assert package.versions == sorted(package.versions, key=version_sort_key)
        assert len(set(package.versions)) == len(package.versions) <= LARGEST_INDEX
    newest = Corpus().newest(ROOT)
    assert newest[1] == catalogue.packages[ROOT].versions[-1]
    solved = {(entry["package_name"], entry["package_version"]) for made in corpus for entry in made["result"]["tree"]}
    assert newest[:2] in solved


def test_a_merged_document_has_what_was_asked_for(corpus: list[Json]) -> None:
    made = merged(corpus, 300, 6_500, "solver-rhel-8-py38-221201000000-00bench")
    assert len(made["result"]["tree"]) == 300
    assert 5_500 < edges_of(made) < 7_500
    assert len(read_solver_document(made).packages) == 300
