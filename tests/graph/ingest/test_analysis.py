"""Writing of image analyses: a pure function of the documents, whatever their order and repetition."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.conftest import empty
from tests.documents.test_analysis import BAD_DOCUMENTS, OF_SPRING_2018, changed
from tests.dump import Dump, logical_dump
from tests.factories import SOLVER, Json, shuffled, solved, solver_document
from tests.factories_images import (
    UBI8,
    analyses,
    analysis,
    artifact,
    deb,
    digest,
    examples,
    installed,
    large_analysis,
    package_analysis,
    rpm,
)
from thoth.storages import GraphDatabase
from thoth.storages.documents.analysis import read_analysis_document
from thoth.storages.exceptions import SchemaError
from thoth.storages.graph.query_log import counted_statements

GENERATED = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
STATEMENTS = 14
WITHOUT = {"python_package_index"}  # indexes stay registered


def sync(graph: GraphDatabase, documents: Iterable[Json], *, force: bool = False) -> None:
    for document in documents:
        graph.sync_analysis_result(document, force=force)


def dump(graph: GraphDatabase) -> Dump:
    return logical_dump(graph, without=WITHOUT)


def dump_of(graph: GraphDatabase, documents: Iterable[Json]) -> Dump:
    """Return the dump of a graph that saw these documents alone."""
    empty(graph)
    sync(graph, documents)
    return dump(graph)


def statements_of(graph: GraphDatabase, document: Json, *, force: bool = False) -> int:
    with counted_statements(graph.engine) as statements:
        graph.sync_analysis_result(document, force=force)
    return len(statements)


def rows_of(graph: GraphDatabase, query: str) -> list[tuple[Any, ...]]:
    with graph.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@GENERATED
@given(data=st.data())
def test_order_and_repetition_of_generated_documents(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(analyses())
    expected = dump_of(graph, documents)
    empty(graph)
    for document in data.draw(st.permutations([*documents, *documents])):
        before = copy.deepcopy(document)
        graph.sync_analysis_result(document, force=data.draw(st.booleans()))
        assert document == before
    assert dump(graph) == expected


@GENERATED
@given(first=analyses(), last=analyses())
def test_force_leaves_nothing_of_the_old_text(graph: GraphDatabase, first: list[Json], last: list[Json]) -> None:
    expected = dump_of(graph, [*last, *first[len(last) :]])  # ids are numbers
    empty(graph)
    sync(graph, first)
    sync(graph, last, force=True)
    assert dump(graph) == expected


def test_force_leaves_what_others_say(graph: GraphDatabase) -> None:
    """What is in an image may be named by another image, by an artifact or by a solver, too."""
    content: Json = {
        "rpm_dependencies": [rpm("acl")],
        "deb_dependencies": [deb("tar")],
        "system_symbols": {"libc.so.6": ["GLIBC_2.17"]},
        "python_files": [{"filepath": "/six.py", "sha256": digest("six.py")}],
        "python_packages": [installed("six")],
    }
    wheel = artifact("six.whl", files=["six.py"], symbols={"libc.so.6": ["GLIBC_2.17"]})
    others: list[tuple[Any, Json]] = [
        (graph.sync_analysis_result, analysis("package-extract-b", **content)),
        (graph.sync_package_analysis_result, package_analysis("six", "1.0", wheel)),
        (graph.sync_solver_result, solver_document(f"{SOLVER}-a", tree=[solved("six")])),
    ]
    for put, document in others:
        empty(graph)
        put(document)
        sync(graph, [analysis("package-extract-a")])
        expected = dump(graph)
        sync(graph, [analysis("package-extract-a", **content)], force=True)
        assert dump(graph) != expected
        sync(graph, [analysis("package-extract-a")], force=True)
        assert dump(graph) == expected


def test_documents_of_every_year(graph: GraphDatabase) -> None:
    documents = [OF_SPRING_2018, *examples("analysis-documents")]
    expected = dump_of(graph, documents)
    for seed in range(3):
        empty(graph)
        sync(graph, shuffled(documents * 2, seed))
        assert dump(graph) == expected
    ids = [document_id for (document_id,) in rows_of(graph, "SELECT document_id FROM package_extract_run ORDER BY id")]
    assert sorted(ids) == sorted(read_analysis_document(document).document_id for document in documents)


def test_a_document_that_is_in_stays_as_it_is_without_force(graph: GraphDatabase) -> None:
    facts = read_analysis_document(analysis(rpm_dependencies=[rpm("a")]))
    other = read_analysis_document(analysis(rpm_dependencies=[rpm("b")]))
    assert graph.sync_analysis_facts(facts) is True
    expected = dump(graph)
    assert graph.sync_analysis_facts(other) is False
    assert dump(graph) == expected
    assert graph.sync_analysis_facts(other, force=True) is True
    assert rows_of(graph, "SELECT package_name FROM rpm_package_version") == [("b",)]


@pytest.mark.parametrize(("path", "value", "message"), BAD_DOCUMENTS)
def test_bad_document_is_refused_whole(graph: GraphDatabase, path: list[Any], value: Any, message: str) -> None:
    with counted_statements(graph.engine) as statements, pytest.raises(SchemaError) as error:
        graph.sync_analysis_result(changed(path, value))
    assert str(error.value).startswith(message)
    assert statements == []


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_what_is_no_object_is_refused(graph: GraphDatabase, document: Any) -> None:
    with pytest.raises(SchemaError, match=r"^\$: expected an object, got "):
        graph.sync_analysis_result(document)


def test_columns_of_a_run(graph: GraphDatabase) -> None:
    document = analysis(
        verbose=True,
        image_size=2**62,
        skopeo_inspect={"Env": ["THOTH_S2I_NAME=s", "THOTH_S2I_VERSION=1", "IMAGE_NAME=i", "IMAGE_TAG=v1"]},
        of_caller={"origin": "https://example.com", "is_external": False, "environment_type": "buildtime"},
        cuda_version={"nvcc_version": "11.0"},
    )
    sync(graph, [document, {**OF_SPRING_2018, "result": {}}])
    rows = rows_of(
        graph,
        """
        SELECT duration, package_extract_name, package_extract_version, debug, origin, image_name, image_tag, layers,
            image_size, os_id, os_version_id, thoth_image_name, thoth_image_version, env_image_name, env_image_tag,
            environment_name, environment_type, is_external, os_name, os_version, python_version, cuda_version
        FROM package_extract_run AS run
        JOIN software_environment AS environment ON environment.id = run.software_environment_id
        ORDER BY datetime DESC
        """,
    )
    tool = "thoth-package-extract"
    name, tag = UBI8.split(":")
    layers = document["result"]["layers"]
    assert rows == [
        (
            *(62, tool, "1.3.0", True, "https://example.com", name, tag, layers),
            *(2**62, "rhel", "8.5", "s", "1", "i", "v1"),
            *(UBI8, "BUILDTIME", False, "rhel", "8", "3.8", "11.0"),
        ),
        (
            *(None, tool, "1.0.0", True, None, "fedora", "latest", []),
            *(None, None, None, None, None, None, None),
            *("fedora", "RUNTIME", True, None, None, None, None),
        ),
    ]


def test_rows_of_what_was_found(graph: GraphDatabase) -> None:
    long_path = f"/{'/'.join(digest(number) for number in range(63))}.py"  # longer than a row of an index
    document = analysis(
        rpm_dependencies=[rpm("acl", "2.2.53", "b", "a", epoch="1"), rpm("tool", arch="src", src=True, release=None)],
        deb_dependencies=[deb("tar", "1", depends=[("b", ">= 1"), ("a", "")], pre_depends=[("c", "")], replaces=[])],
        python_files=[
            {"filepath": path, "sha256": digest(content)}
            for path, content in [("/b", 1), ("/a", 1), (long_path, 2), ("/ü'\"\\{,}", 2), ("/a", 2)]
        ],
        system_symbols={"/lib64/libc.so.6": ["GLIBC_2.17", "GLIBC_2.28"], "/lib64/libm.so.6": ["GLIBC_2.17"]},
        python_packages=[installed("six", "1.0", "/b"), installed("six", "1.0", "/a"), installed("a", location=None)],
        python_interpreters=[{"path": "/usr/bin/python3", "link": "/usr/bin/python3.8", "version": "Python 3.8.10"}],
    )
    sync(graph, [document, OF_SPRING_2018])
    this_run = "(SELECT id FROM package_extract_run WHERE document_id LIKE 'package-extract-%')"
    assert rows_of(
        graph,
        f"""
        SELECT package_name, package_version, release, epoch, arch, src, package_identifier, rpm_requirements
        FROM found_rpm JOIN rpm_package_version ON id = rpm_package_version_id
        WHERE package_extract_run_id = {this_run} ORDER BY package_name
        """,
    ) == [
        ("acl", "2.2.53", "1.el8", "1", "x86_64", False, "acl-2.2.53-1.el8.x86_64", ["a", "b"]),
        ("tool", "1.0", None, None, "src", True, "tool-1.0-1.el8.x86_64", []),
    ]
    assert rows_of(
        graph,
        """
        SELECT package_name, package_version, epoch, arch, depends, pre_depends, replaces
        FROM found_deb JOIN deb_package_version ON id = deb_package_version_id
        """,
    ) == [
        (
            *("tar", "1", None, "amd64"),
            [{"name": "a", "version_range": None}, {"name": "b", "version_range": ">= 1"}],
            [{"name": "c", "version_range": None}],
            [],
        )
    ]
    assert rows_of(
        graph,
        """
        SELECT encode(sha256, 'hex'), files
        FROM found_python_file JOIN python_file_digest ON id = python_file_digest_id ORDER BY cardinality(files)
        """,
    ) == [(digest(1), ["/a", "/b"]), (digest(2), sorted(["/a", long_path, "/ü'\"\\{,}"]))]
    assert rows_of(
        graph,
        """
        SELECT library_name, symbol FROM detected_symbol JOIN versioned_symbol ON id = versioned_symbol_id
        ORDER BY library_name, symbol
        """,
    ) == [
        ("/lib64/libc.so.6", "GLIBC_2.17"),
        ("/lib64/libc.so.6", "GLIBC_2.28"),
        ("/lib64/libm.so.6", "GLIBC_2.17"),
    ]
    assert rows_of(
        graph,
        """
        SELECT package_name, package_version, locations
        FROM identified_python_package JOIN python_release ON id = python_release_id
        ORDER BY package_name, package_version
        """,
    ) == [
        ("a", "1.0", []),
        ("gyp", None, ["/opt/gyp"]),
        ("six", "1.0", ["/a", "/b"]),
        ("six", "1.11.0", ["/usr/lib/python3.8/site-packages"]),
        ("x", "2", ["/opt"]),
    ]
    assert rows_of(graph, "SELECT path, link, version FROM found_python_interpreter") == [
        ("/usr/bin/python3", "/usr/bin/python3.8", "Python 3.8.10")
    ]


def test_a_name_that_is_longer_than_an_index_takes_is_refused(graph: GraphDatabase) -> None:
    library = "/".join(digest(number) for number in range(200))
    before = logical_dump(graph)
    with pytest.raises(SchemaError):
        graph.sync_analysis_result(analysis(system_symbols={library: ["a"]}))
    assert logical_dump(graph) == before


@pytest.mark.parametrize("force", [False, True])
def test_several_writers(graph: GraphDatabase, force: bool) -> None:
    documents = [
        analysis(
            f"package-extract-{number}",
            f"a{number % 3}-py38",
            rpm_dependencies=[rpm(f"rpm-{n}") for n in range(number % 5, 12)],
            deb_dependencies=[deb(f"deb-{n}") for n in range(12 - number % 5)],
            python_files=[{"filepath": f"/{n}.py", "sha256": digest(n)} for n in range(number % 7, 30)],
            system_symbols={f"lib{n}": ["a", "b"] for n in range(number % 4, 20)},
            python_packages=[installed(f"package-{n}") for n in range(10 + number % 3)],
        )
        for number in range(16)
    ]
    expected = dump_of(graph, documents)
    empty(graph)

    def write(seed: int) -> None:
        turned = [
            {**document, "result": {**document["result"], "python-files": document["result"]["python-files"][::-1]}}
            for document in shuffled(documents, seed)
        ]
        with GraphDatabase() as adapter:
            sync(adapter, turned, force=force and seed == 0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert dump(graph) == expected


def test_statements(graph: GraphDatabase) -> None:
    for document in [OF_SPRING_2018, *examples("analysis-documents")]:
        assert 1 < statements_of(graph, document) <= STATEMENTS
        assert statements_of(graph, document) == 1
        assert statements_of(graph, document, force=True) <= 40


def test_statements_and_rows_of_the_largest_image(graph: GraphDatabase) -> None:
    document = large_analysis(
        "package-extract-large",
        rpms=600,
        requirements=25,
        libraries=500,
        symbols=6,
        files=20_000,
        packages=400,
    )
    assert statements_of(graph, document) <= STATEMENTS
    assert statements_of(graph, document) == 1
    found = {
        table: rows_of(graph, f"SELECT count(*) FROM {table}")[0][0]
        for table in ("found_rpm", "detected_symbol", "found_python_file", "identified_python_package")
    }
    assert found == {
        "found_rpm": 600,
        "detected_symbol": 3_000,
        "found_python_file": 20_000,
        "identified_python_package": 400,
    }
    assert rows_of(graph, "SELECT sum(cardinality(rpm_requirements)) FROM rpm_package_version") == [(15_000,)]
