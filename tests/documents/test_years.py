"""Whole solver documents of every year: what they state, what may be missing, and what may not."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest

from tests.documents.years import DIGEST, OF_2019, OF_2021, OF_FEBRUARY_2018
from tests.factories import PYPI, requires, solved, solver_document
from thoth.storages.documents.core_metadata import CoreMetadata
from thoth.storages.documents.solver import PackageFact, Requirement, SolverFacts, read_solver_document
from thoth.storages.exceptions import SchemaError
from thoth.storages.identifiers import Environment

Json = dict[str, Any]


def by_name(facts: SolverFacts) -> dict[str, PackageFact]:
    assert len({fact.package_name for fact in facts.packages}) == len(facts.packages)
    return {fact.package_name: fact for fact in facts.packages}


def fact_of(entry: Json) -> PackageFact:
    """Return what a document states of the only entry of its tree."""
    (fact,) = read_solver_document(solver_document(tree=[entry])).packages
    return fact


def requirements_of(*dependencies: Json) -> tuple[Requirement, ...]:
    return fact_of(solved("a", dependencies=dependencies)).requirements


def test_document_of_february_2018() -> None:
    facts = read_solver_document(OF_FEBRUARY_2018)
    assert facts.document_id == "fedora-27"
    assert facts.environment == Environment("fedora", "27", "3.6")
    assert facts.solver_version == "1.0.0rc1"
    assert facts.duration is None
    packages = by_name(facts)
    assert set(packages) == {"flask", "bad-one", "gone"}
    assert packages["flask"].index_url is None
    assert packages["flask"].sha256 == {DIGEST}
    assert packages["flask"].requirements == (
        Requirement("click", "*", None, None, None, ()),
        Requirement("werkzeug", ">=0.7", None, None, None, ("0.14.1", "0.7")),
    )
    assert packages["bad-one"].error
    assert packages["bad-one"].is_provided is None
    assert packages["gone"].error_unsolvable


def test_document_of_2019() -> None:
    jinja2 = Requirement("jinja2", ">=2.10", None, None, None, ("2.10", "2.10.1", "2.11.0rc1"))
    click = Requirement("click", "*", None, None, None, ())
    assert read_solver_document(OF_2019) == SolverFacts(
        document_id="solver-fedora-30-py36-2f5e0b9a4c1d7788",
        datetime=dt.datetime(2019, 9, 19, 12, 0, 0, 500000, tzinfo=dt.UTC),
        duration=None,
        solver_name="solver-fedora-30-py36",
        solver_version="1.2.2.dev0+g1234567",
        environment=Environment("fedora", "30", "3.6"),
        packages=[
            PackageFact("flask", "1.0.2", PYPI, requirements=(click, jinja2), sha256=frozenset({DIGEST})),
            PackageFact("foo bar", "1.0", None, error=True, error_unparseable=True),
            PackageFact("gone", "9.9", PYPI, error=True, error_unsolvable=True),
            PackageFact("numpy", "0.9.6", PYPI, error=True, is_provided=False),
        ],
    )


def test_document_of_2021() -> None:
    facts = read_solver_document(OF_2021)
    assert facts.document_id == "solver-ubi-8.4-py310-211120083000-9c0b1d2e3f405162"
    assert facts.solver_name == "solver-ubi-8.4-py310"
    assert facts.environment == Environment("rhel", "8", "3.10")
    assert facts.duration == 17
    packages = by_name(facts)
    flask = packages["flask"]
    assert (flask.package_version, flask.index_url) == ("2.0.2.0", PYPI)
    assert flask.sha256 == {DIGEST}
    assert flask.import_packages == ("flask", "flask.json")
    assert flask.license == ("BSD 3-Clause", "BSD-3-Clause", "UNDETECTED")
    assert flask.license_warning is True
    assert flask.requirements == (
        Requirement("asgiref", ">=3.2", 'extra == "async"', "all-of-it", None, ("3.4.1",)),
        Requirement("asgiref", ">=3.2", 'extra == "async"', "async", None, ("3.4.1",)),
        Requirement("importlib-metadata", "*", 'python_version < "3.8"', None, False, ()),
    )
    assert packages["numpy"].is_provided is False
    assert (packages["gone"].package_version, packages["gone"].error_unsolvable) == ("9.9", True)
    assert (packages["b ad"].package_version, packages["b ad"].error_unparseable) == ("2004d", True)


def test_core_metadata() -> None:
    metadata = by_name(read_solver_document(OF_2021))["flask"].core_metadata
    assert isinstance(metadata, CoreMetadata)
    assert (metadata.metadata_version, metadata.name, metadata.keywords) == ("2.1", "Flask", None)
    assert metadata.classifiers == ["Framework :: Flask"]
    assert metadata.project_urls == ["https://flask.example.com", "Docs, https://docs.example.com/a,b"]
    assert metadata.obsoletes_dist == ["OldFlask"]
    assert metadata.other_fields == {"License-File": ["LICENSE.rst"]}


@pytest.mark.parametrize("document", [OF_FEBRUARY_2018, OF_2019, OF_2021])
def test_document_is_not_changed(document: Json) -> None:
    before = copy.deepcopy(document)
    assert read_solver_document(document) == read_solver_document(document)
    assert document == before


@pytest.mark.parametrize("document", [OF_FEBRUARY_2018, OF_2019, OF_2021])
def test_unknown_keys_are_ignored(document: Json) -> None:
    def with_more(value: Any) -> Any:
        if isinstance(value, dict):
            more = {} if "Metadata-Version" in value else {"of_later_tools": [{"x": None}]}
            return {key: with_more(inner) for key, inner in value.items()} | more
        return [with_more(inner) for inner in value] if isinstance(value, list) else value

    assert read_solver_document(with_more(document)) == read_solver_document(document)


# What identifies something: without it, or with null in its place, a document cannot be read.
IDENTIFYING = {"result", "metadata", "package_name", "package", "requirement", "hash", "versions"}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all values in an object."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in ((*path, key), *places(inner, (*path, key)))]


def changed(document: Json, path: tuple[Any, ...], *, to_null: bool) -> Json:
    document = copy.deepcopy(document)
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    if to_null:
        place[path[-1]] = None
    else:
        del place[path[-1]]
    return document


@pytest.mark.parametrize("document", [OF_FEBRUARY_2018, OF_2019, OF_2021], ids=["2018", "2019", "2021"])
def test_null_is_as_good_as_an_absent_key(document: Json) -> None:
    compared = 0
    for path in places(document):
        if path[-1] in IDENTIFYING or not isinstance(path[-1], str):
            continue
        outcomes = []
        for to_null in (True, False):
            try:
                outcomes.append(read_solver_document(changed(document, path, to_null=to_null)))
            except SchemaError as error:
                assert str(error).startswith("$."), path
                outcomes.append(None)  # type: ignore[arg-type]
        assert outcomes[0] == outcomes[1], path
        compared += 1
    assert compared > 30


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("package_name", ("result", "tree", 0)),
        ("package_version", ("result", "tree", 0)),
        ("package_name", ("result", "tree", 0, "dependencies", 0)),
        ("package", ("result", "errors", 0)),
        ("version", ("result", "errors", 0)),
        ("package_name", ("result", "unresolved", 0)),
        ("requirement", ("result", "unparsed", 0)),
    ],
)
@pytest.mark.parametrize("to_null", [True, False])
def test_what_identifies_has_to_be_there(key: str, place: tuple[Any, ...], to_null: bool) -> None:
    with pytest.raises(SchemaError, match=rf"^\$\.result\.{place[1]}\[0\]"):
        read_solver_document(changed(OF_2019, (*place, key), to_null=to_null))


# Identifiers and environments ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document_id", "solver_name", "environment"),
    [
        ("solver-fedora-30-py36-2f5e0b9a4c1d7788", "solver-fedora-30-py36", ("fedora", "30", "3.6")),
        ("solver-fedora-31-py37-012b745d", "solver-fedora-31-py37", ("fedora", "31", "3.7")),
        ("solver-rhel-8-py38-210701000000-0a2446d8ee", "solver-rhel-8-py38", ("rhel", "8", "3.8")),
        ("solver-rhel-8.4-py310-210701000000-0a", "solver-rhel-8.4-py310", ("rhel", "8", "3.10")),
        ("solver-ubi-9-py311-0a", "solver-ubi-9-py311", ("rhel", "9", "3.11")),
        ("solver-opensuse-leap-15.2-py36-0a", "solver-opensuse-leap-15.2-py36", ("opensuse-leap", "15.2", "3.6")),
        ("solver-rhel-8-py38-123456789012", "solver-rhel-8-py38", ("rhel", "8", "3.8")),
        ("laptop-7f", "laptop", ("debian", "11", "3.9")),
        ("laptop", "laptop", ("debian", "11", "3.9")),
    ],
)
@pytest.mark.parametrize("by_hostname", [False, True])
def test_identifier_tells_solver_and_environment(
    document_id: str, solver_name: str, environment: tuple[str, str, str], by_hostname: bool
) -> None:
    told: Json = (
        {"document_id": None, "hostname": f"{document_id}-x7k2p"} if by_hostname else {"document_id": document_id}
    )
    container: Json = {"distribution": {"id": "Debian", "version": "11"}, "python": {"major": 3, "minor": 9}}
    facts = read_solver_document(solver_document(**{**told, **container}))
    assert facts.document_id == document_id
    assert facts.solver_name == solver_name
    assert facts.environment == Environment(*environment)


@pytest.mark.parametrize(
    ("metadata", "place"),
    [
        ({"document_id": None}, "document_id"),
        ({"document_id": "", "hostname": "nodashes"}, "document_id"),
        ({"document_id": "laptop"}, "distribution"),
        ({"document_id": "laptop", "distribution": {"id": "rhel"}}, "distribution"),
        ({"document_id": "laptop", "distribution": {"id": "rhel", "version": "8"}}, "python"),
        ({"document_id": "laptop", "distribution": {"id": "rhel", "version": "8"}, "python": {"major": 3}}, "python"),
    ],
)
def test_identifier_or_environment_that_cannot_be_told(metadata: Json, place: str) -> None:
    with pytest.raises(SchemaError, match=rf"^\$\.metadata\.{place}: absent"):
        read_solver_document(solver_document(**metadata))


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"datetime": "2021-07-01T00:00:00"}, dt.datetime(2021, 7, 1, tzinfo=dt.UTC)),
        ({"datetime": "2021-07-01T02:00:00+02:00"}, dt.datetime(2021, 7, 1, tzinfo=dt.UTC)),
        ({"datetime": "2021-07-01T00:00:00Z"}, dt.datetime(2021, 7, 1, tzinfo=dt.UTC)),
        ({"datetime": None, "timestamp": 0}, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
    ],
)
def test_time(metadata: Json, expected: dt.datetime) -> None:
    assert read_solver_document(solver_document(**metadata)).datetime == expected


@pytest.mark.parametrize("timestamp", [1e300, float("nan"), -1e18])
def test_timestamp_that_is_no_time(timestamp: float) -> None:
    with pytest.raises(SchemaError, match=r"^\$\.metadata\.timestamp: not a time"):
        read_solver_document(solver_document(datetime=None, timestamp=timestamp))


@pytest.mark.parametrize("duration", [0, 17, 17.9, 2**31 - 1])
def test_duration(duration: float) -> None:
    assert read_solver_document(solver_document(duration=duration)).duration == int(duration)


# Entries ------------------------------------------------------------------------------------------------------------


def test_each_extra_is_a_requirement() -> None:
    """Only the first extra was kept."""
    found = requirements_of(requires("b", "1.0", extra=["S3", "gcs", "s3", None]))
    assert [requirement.extra for requirement in found] == [None, "gcs", "s3"]


def test_specifier_is_kept() -> None:
    """A reader of `required_version` alone stored `*` for every document after October 2019."""
    (old,) = requirements_of({"package_name": "b", "required_version": ">=1.0", "resolved_versions": []})
    (new,) = requirements_of({"package_name": "b", "specifier": "<2" * 100, "resolved_versions": []})
    (none,) = requirements_of({"package_name": "b", "specifier": "", "required_version": None})
    assert (old.specifier, new.specifier, none.specifier) == (">=1.0", "<2" * 100, "*")


def test_requirement_declared_twice_with_different_markers_is_two() -> None:
    found = requirements_of(
        requires("b", "1.0", marker="os_name == 'nt'", marker_evaluation_result=False),
        requires("b", "1.0", marker="os_name != 'nt'", marker_evaluation_result=True),
        requires("b", "1.0", marker="os_name != 'nt'", marker_evaluation_result=True),
        requires("b", "2.0", marker="os_name != 'nt'", marker_evaluation_result=True),
    )
    assert [(requirement.marker, requirement.versions) for requirement in found] == [
        ("os_name != 'nt'", ("1.0", "2.0")),
        ("os_name == 'nt'", ("1.0",)),
    ]


def test_order_in_the_document_says_nothing() -> None:
    dependencies = [requires("b", "2.0", "1.0"), requires("c", extra=["x", "y"]), requires("b", marker="m")]
    assert requirements_of(*dependencies) == requirements_of(*reversed(dependencies))


@pytest.mark.parametrize("licence", [None, {}, {"license": None, "license_version": None, "warning": None}])
def test_license_of_which_little_is_known(licence: Json | None) -> None:
    fact = fact_of(solved("a", package_license=licence))
    assert fact.license == (None if licence is None else (None, None, None))
    assert fact.license_warning is None


@pytest.mark.parametrize("result", [{}, {"tree": None, "errors": None, "unresolved": None, "unparsed": None}])
def test_empty_result(result: Json) -> None:
    assert read_solver_document({**solver_document(), "result": result}).packages == []


def test_sample_documents_are_read(sample_documents: list[Json]) -> None:
    facts = [read_solver_document(document) for document in sample_documents]
    assert len({document.document_id for document in facts}) == len(facts)
    assert {fact.error for document in facts for fact in document.packages} == {True, False}
