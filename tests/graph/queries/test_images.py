"""What is asked of images and artifacts, as plain Python answers it over the documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import empty
from tests.factories import PYPI, SOLVER, Json, failed, shuffled, solved, solver_document
from tests.factories_images import (
    OTHER_INDEX,
    UBI8,
    analyses,
    analysis,
    artifact,
    digest,
    examples,
    installed,
    of_july_2019,
    package_analyses,
    package_analysis,
    rpm,
)
from tests.oracle.images import Images
from thoth.storages import GraphDatabase
from thoth.storages.documents.environments import SoftwareEnvironmentFact
from thoth.storages.exceptions import NotFoundError, SchemaError
from thoth.storages.graph.ingest.environments import software_environment_ids

GENERATED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
EVERYBODY = {True, False}
EARLIER, LATER = "2021-06-01T00:00:00", "2021-08-01T00:00:00"


def fill(graph: GraphDatabase, images: Iterable[Json], packages: Iterable[Json] = ()) -> Images:
    """Put documents into an empty graph; return the oracle over them."""
    images, packages = list(images), list(packages)
    empty(graph)
    for document in images:
        graph.sync_analysis_result(document)
    for document in packages:
        graph.sync_package_analysis_result(document)
    return Images(images, packages)


def answer(question: Callable[..., Any], *arguments: Any) -> Any:
    """Return an answer; None when what is asked about is not there."""
    try:
        return question(*arguments)
    except (NotFoundError, LookupError):
        return None


def pages_of(question: Callable[..., list[Any]], *arguments: Any, size: int = 2, **keywords: Any) -> list[Any]:
    """Return all pages of a listing, one after the other."""
    found: list[Any] = []
    while page := question(*arguments, start_offset=len(found), count=size, **keywords):
        assert len(page) <= size
        found += page
    return found


def announce_environment(graph: GraphDatabase, name: str | None, environment_type: str, *, is_external: bool) -> None:
    """Put an environment into the graph that nobody analysed, as documents of other kinds do."""
    fact = SoftwareEnvironmentFact(
        environment_name=name,
        environment_type=environment_type,
        is_external=is_external,
        os_name="rhel",
        os_version="8",
        python_version=None,
        cuda_version=None,
    )
    with graph.session() as session:
        software_environment_ids(session, [fact])


@GENERATED
@given(documents=analyses())
def test_listings(graph: GraphDatabase, documents: list[Json]) -> None:
    oracle = fill(graph, documents)
    names = {found.environment_name for found in oracle.analyses.values()} | {"absent"}
    for is_user_run in EVERYBODY:
        expected = oracle.environments("RUNTIME", {is_user_run})
        assert graph.run_software_environment_listing(is_user_run=is_user_run) == expected
        assert pages_of(graph.run_software_environment_listing, is_user_run=is_user_run) == expected
        for name in names:
            of_one = answer(oracle.analyses_listing, name, "RUNTIME", {is_user_run})
            ask = graph.run_software_environment_analyses_listing
            assert answer(ask, name, 0, 100, True, is_user_run) == of_one
            if of_one is not None:
                assert pages_of(ask, name, is_user_run=is_user_run) == of_one
    assert pages_of(graph.build_software_environment_listing) == oracle.environments("BUILDTIME", EVERYBODY)
    for name in names:
        of_one = answer(oracle.analyses_listing, name, "BUILDTIME", EVERYBODY)
        assert answer(graph.build_software_environment_analyses_listing, name) == of_one


@GENERATED
@given(documents=analyses())
def test_documents(graph: GraphDatabase, documents: list[Json]) -> None:
    oracle = fill(graph, documents)
    ids = [*oracle.analyses, "package-extract-absent"]
    assert graph.get_analyzer_documents_count() == len(oracle.analyses)
    assert graph.analysis_document_ids_in(ids) == set(oracle.analyses)
    for document_id in ids:
        assert graph.analysis_document_id_exist(document_id) is (document_id in oracle.analyses)
        assert answer(graph.get_analysis_metadata, document_id) == answer(oracle.get_analysis_metadata, document_id)
    assert all(map(graph.analysis_records_exist, documents))
    assert not graph.analysis_records_exist(analysis("package-extract-absent"))


@GENERATED
@given(images=analyses(), packages=package_analyses())
def test_symbols(graph: GraphDatabase, images: list[Json], packages: list[Json]) -> None:
    oracle = fill(graph, images, packages)
    environments = [*{found.environment_name for found in oracle.analyses.values()}, "absent"]
    known = [*{found.package for found in oracle.package_analyses.values()}, ("absent", "1.0", PYPI)]
    for name in environments:
        assert answer(graph.get_analyzed_image_symbols, name) == answer(oracle.get_analyzed_image_symbols, name)
    for package in known:
        expected = answer(oracle.get_python_package_required_symbols, *package)
        assert answer(graph.get_python_package_required_symbols, *package) == expected
        for name in environments:
            expected = answer(oracle.get_missing_symbols, *package, name)
            assert answer(graph.get_missing_symbols, *package, name) == expected


@GENERATED
@given(documents=analyses())
def test_images_with_a_package(graph: GraphDatabase, documents: list[Json]) -> None:
    oracle = fill(graph, documents)
    for name in ("flask", "foo.bar", "Foo_Bar", "numpy", "absent"):
        for version in (None, "1.0", "1.0.0b0", "1.0.0-beta", "2", "9"):
            expected = oracle.get_images_with_python_package(name, version)
            assert graph.get_images_with_python_package(name, version) == expected
    for name in ("acl", "glibc-common", "glibc", "absent"):
        for version in (None, "1.0", "2", "1:1.0", "9"):
            expected = oracle.get_images_with_rpm_package(name, version)
            assert graph.get_images_with_rpm_package(name, version) == expected


@GENERATED
@given(packages=package_analyses(), data=st.data())
def test_releases_that_nobody_analysed(graph: GraphDatabase, packages: list[Json], data: st.DataObject) -> None:
    oracle = fill(graph, [], packages)
    names, versions = st.sampled_from(["flask", "foo-bar", "new"]), st.sampled_from(["1.0", "1.0.0b0", "3"])
    releases = st.lists(st.tuples(names, versions, st.sampled_from([PYPI, OTHER_INDEX])), max_size=6)
    of_solvers, announced = data.draw(releases), data.draw(releases)
    for number, (name, version, url) in enumerate(of_solvers):
        for solver in (SOLVER, "solver-fedora-31-py37"):
            tree = [solved(name, version, index_url=url)]
            graph.sync_solver_result(solver_document(f"{solver}-{number}", tree=tree))
    graph.create_python_package_version_entities(announced)
    expected = oracle.retrieve_unanalyzed_python_package_versions([*of_solvers, *announced])
    assert graph.retrieve_unanalyzed_python_package_versions() == expected
    assert pages_of(graph.retrieve_unanalyzed_python_package_versions) == expected
    ids = [*oracle.package_analyses, "package-analyzer-absent"]
    assert graph.package_analysis_document_ids_in(ids) == set(oracle.package_analyses)
    assert [id_ for id_ in ids if graph.package_analysis_document_id_exist(id_)] == list(oracle.package_analyses)


def test_releases_without_version_or_index_cannot_be_analysed(graph: GraphDatabase) -> None:
    graph.create_python_package_version_entities([("a", None, PYPI), ("b", "1.0", None), ("c", "1.0", PYPI)])
    graph.sync_solver_result(
        solver_document(tree=[solved("d", index_url=None)], errors=[failed("e")], unparsed=[{"requirement": "f==1.0"}])
    )
    graph.sync_analysis_result(analysis(python_packages=[installed("g")]))
    graph.sync_package_analysis_result(package_analysis("c", "1.0", index_url=OTHER_INDEX))
    assert graph.retrieve_unanalyzed_python_package_versions() == [
        {"package_name": name, "package_version": "1.0", "index_url": PYPI} for name in ("c", "e")
    ]


def test_what_was_analysed_in_vain_is_not_tried_again(graph: GraphDatabase) -> None:
    graph.create_python_package_version_entities([("a", "1.0", PYPI)])
    graph.sync_package_analysis_result(package_analysis("a", "1.0", error=True))
    assert graph.retrieve_unanalyzed_python_package_versions() == []
    with pytest.raises(NotFoundError, match="a 1.0 from https://pypi.org/simple was never analysed"):
        graph.get_python_package_required_symbols("a", "1.0", PYPI)


def test_environments_that_nobody_analysed(graph: GraphDatabase) -> None:
    announce_environment(graph, "mine", "RUNTIME", is_external=True)
    announce_environment(graph, "build", "BUILDTIME", is_external=False)
    announce_environment(graph, None, "RUNTIME", is_external=True)
    assert graph.run_software_environment_listing() == []
    assert graph.run_software_environment_listing(is_user_run=True) == ["mine"]
    assert graph.build_software_environment_listing() == ["build"]
    assert graph.run_software_environment_analyses_listing("mine", is_user_run=True) == []
    assert graph.build_software_environment_analyses_listing("build") == []
    with pytest.raises(NotFoundError, match="'mine'"):
        graph.run_software_environment_analyses_listing("mine")
    with pytest.raises(NotFoundError, match="'build'"):
        graph.run_software_environment_analyses_listing("build", is_user_run=True)
    with pytest.raises(NotFoundError, match="'mine'"):
        graph.build_software_environment_analyses_listing("mine")
    with pytest.raises(NotFoundError, match="no image was analysed under 'mine'"):
        graph.get_analyzed_image_symbols("mine")


def test_environment_of_an_image_and_of_a_user(graph: GraphDatabase) -> None:
    """What a user says of an environment adds no analysis to it, and a second row makes no second name."""
    graph.sync_analysis_result(analysis())
    announce_environment(graph, UBI8, "RUNTIME", is_external=False)
    announce_environment(graph, UBI8, "RUNTIME", is_external=True)
    assert graph.run_software_environment_listing() == [UBI8]
    assert len(graph.run_software_environment_analyses_listing(UBI8)) == 1
    assert graph.run_software_environment_analyses_listing(UBI8, is_user_run=True) == []
    assert graph.get_analyzed_image_symbols(UBI8) == []


def test_a_page_behind_the_last_one_is_empty(graph: GraphDatabase) -> None:
    graph.sync_analysis_result(analysis())
    assert graph.run_software_environment_analyses_listing(UBI8, start_offset=1) == []
    assert graph.run_software_environment_analyses_listing(UBI8, count=0) == []
    assert graph.run_software_environment_listing(start_offset=1) == []
    for page in ((-1, 1), (1, -1)):
        for ask in (
            graph.run_software_environment_listing,
            graph.build_software_environment_listing,
            graph.retrieve_unanalyzed_python_package_versions,
        ):
            with pytest.raises(ValueError, match="is negative"):
                ask(*page)
        with pytest.raises(ValueError, match="is negative"):
            graph.build_software_environment_analyses_listing(UBI8, *page)


def test_time_of_an_analysis(graph: GraphDatabase) -> None:
    graph.sync_analysis_result(analysis(datetime="2021-07-01T02:00:00.000001+02:00"))
    moment = dt.datetime(2021, 7, 1, microsecond=1, tzinfo=dt.UTC)
    (as_text,) = graph.run_software_environment_analyses_listing(UBI8)
    assert as_text == graph.get_analysis_metadata(as_text["analysis_document_id"])
    assert as_text == {
        "analysis_datetime": "2021-07-01T00:00:00.000001+00:00",
        "analysis_document_id": "package-extract-210701000000-0a",
        "package_extract_name": "thoth-package-extract",
        "package_extract_version": "1.3.0",
    }
    (as_time,) = graph.run_software_environment_analyses_listing(UBI8, convert_datetime=False)
    assert as_time == {**as_text, "analysis_datetime": moment}


@pytest.mark.parametrize("seed", range(3))
def test_latest_analysis_counts(graph: GraphDatabase, seed: int) -> None:
    images = [
        analysis("package-extract-b", datetime=EARLIER, system_symbols={"/libc.so.6": ["GLIBC_2.17", "OLD"]}),
        analysis("package-extract-a", datetime=LATER, system_symbols={"/libc.so.6": ["GLIBC_2.17", "GLIBC_2.5"]}),
        analysis("package-extract-c", "other", datetime=LATER, system_symbols={"/x": ["OTHER"]}),
    ]
    wheel = {"libm.so.6": ["OLD", "GLIBC_2.17"], "libc.so.6": ["GLIBC_2.17", "GLIBC_2.5", "NEW"]}
    packages = [
        package_analysis("a", "1.0", artifact("a", symbols={"x": ["GONE"]}), document_id="b", datetime=EARLIER),
        package_analysis("a", "1.0", artifact("a", symbols=wheel), document_id="a"),
        package_analysis("a", "1.0", document_id="c", datetime=LATER, error=True),
        package_analysis("a", "1.0", artifact("b", symbols={"x": ["OTHER"]}), document_id="d", index_url=OTHER_INDEX),
        package_analysis("a", "2.0", artifact("c", symbols={}), document_id="e"),
    ]
    fill(graph, shuffled(images, seed), shuffled(packages, seed))
    assert graph.get_analyzed_image_symbols(UBI8) == ["GLIBC_2.17", "GLIBC_2.5"]
    assert graph.get_python_package_required_symbols("A", "1.0", f"{PYPI}/") == [
        "GLIBC_2.17",
        "GLIBC_2.5",
        "NEW",
        "OLD",
    ]
    assert graph.get_missing_symbols("A", "1.0", PYPI, UBI8) == ["NEW", "OLD"]
    assert graph.get_missing_symbols("a", "1.0", OTHER_INDEX, "other") == []
    assert graph.get_missing_symbols("a", "2.0", PYPI, "other") == []
    with pytest.raises(NotFoundError, match="no image was analysed under 'absent'"):
        graph.get_missing_symbols("a", "1.0", PYPI, "absent")
    with pytest.raises(NotFoundError, match="a 3.0 from https://pypi.org/simple was never analysed"):
        graph.get_missing_symbols("a", "3.0", PYPI, UBI8)


def test_symbols_of_july_2019_were_not_looked_for(graph: GraphDatabase) -> None:
    graph.sync_package_analysis_result(of_july_2019(package_analysis("a", "1.0", artifact("a"))))
    assert graph.get_python_package_required_symbols("a", "1.0", PYPI) == []


def test_images_are_told_by_their_last_layer(graph: GraphDatabase) -> None:
    found: Json = {"python_packages": [installed("six")], "rpm_dependencies": [rpm("acl", "2.2.53")]}
    fill(
        graph,
        [
            analysis("package-extract-a", "b", datetime=EARLIER, layers=[digest(1), digest(2)], **found),
            analysis("package-extract-b", "b", datetime=LATER, layers=[digest(3)], **found),
            analysis("package-extract-c", "a", layers=None, **found),
            analysis("package-extract-d", "c", python_packages=[installed("six", "2.0")]),
        ],
    )
    expected = [("a", None, "package-extract-c"), ("b", digest(3), "package-extract-b")]
    expected.append(("b", digest(2), "package-extract-a"))
    assert [tuple(image.values()) for image in graph.get_images_with_python_package("six", "1.0")] == expected
    assert [tuple(image.values()) for image in graph.get_images_with_rpm_package("acl")] == expected
    assert len(graph.get_images_with_python_package("six")) == 4
    assert list(graph.get_images_with_rpm_package("acl", "2.2.53")[0]) == [
        "environment_name",
        "image_digest",
        "analysis_document_id",
    ]


def test_documents_that_do_not_fit_are_refused(graph: GraphDatabase) -> None:
    with pytest.raises(SchemaError, match=r"^\$"):
        graph.analysis_records_exist({"metadata": {}})


def test_examples(graph: GraphDatabase) -> None:
    oracle = fill(graph, examples("analysis-documents"), examples("package-analysis-documents"))
    ubi = "quay.io/thoth-station/s2i-thoth-ubi8-py38:v0.28.0"
    debian = "registry.example.com:5000/library/python"
    # What a wheel brings along itself is missing in every image.
    assert graph.get_missing_symbols("numpy", "1.21.4", PYPI, ubi) == ["GFORTRAN_8", "QUADMATH_1.0"]
    assert graph.get_missing_symbols("flask", "2.0.2", PYPI, ubi) == []
    assert len(graph.get_images_with_python_package("Flask", "2.0.2")) == 2
    assert graph.get_images_with_rpm_package("glibc", "2.28") == oracle.get_images_with_rpm_package("glibc", "2.28")
    assert graph.run_software_environment_listing() == [ubi]
    assert graph.run_software_environment_listing(is_user_run=True) == [debian]
