"""Writing of package analyses: a pure function of the documents, whatever their order and repetition."""

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
from tests.documents.test_package_analysis import BAD_DOCUMENTS, changed
from tests.dump import Dump, logical_dump
from tests.factories import PYPI, SOLVER, Json, shuffled, solved, solver_document
from tests.factories_images import (
    OTHER_INDEX,
    analysis,
    artifact,
    digest,
    examples,
    of_july_2019,
    package_analyses,
    package_analysis,
)
from thoth.storages import GraphDatabase
from thoth.storages.documents.package_analysis import read_package_analysis_document
from thoth.storages.exceptions import SchemaError
from thoth.storages.graph.query_log import counted_statements

GENERATED = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
STATEMENTS = 10
WITHOUT = {"python_package_index"}  # indexes stay registered


def sync(graph: GraphDatabase, documents: Iterable[Json], *, force: bool = False) -> None:
    for document in documents:
        graph.sync_package_analysis_result(document, force=force)


def dump(graph: GraphDatabase) -> Dump:
    return logical_dump(graph, without=WITHOUT)


def dump_of(graph: GraphDatabase, documents: Iterable[Json]) -> Dump:
    """Return the dump of a graph that saw these documents alone."""
    empty(graph)
    sync(graph, documents)
    return dump(graph)


def statements_of(graph: GraphDatabase, document: Json, *, force: bool = False) -> int:
    with counted_statements(graph.engine) as statements:
        graph.sync_package_analysis_result(document, force=force)
    return len(statements)


def rows_of(graph: GraphDatabase, query: str) -> list[tuple[Any, ...]]:
    with graph.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@GENERATED
@given(data=st.data())
def test_order_and_repetition_of_generated_documents(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(package_analyses())
    empty(graph)
    sync(graph, documents)
    expected = logical_dump(graph)
    empty(graph)
    for document in data.draw(st.permutations([*documents, *documents])):
        before = copy.deepcopy(document)
        graph.sync_package_analysis_result(document, force=data.draw(st.booleans()))
        assert document == before
    assert logical_dump(graph) == expected


@GENERATED
@given(first=package_analyses(), last=package_analyses())
def test_force_leaves_nothing_of_the_old_text(graph: GraphDatabase, first: list[Json], last: list[Json]) -> None:
    expected = dump_of(graph, [*last, *first[len(last) :]])  # ids are numbers
    empty(graph)
    sync(graph, first)
    sync(graph, last, force=True)
    assert dump(graph) == expected


def test_force_leaves_what_others_say(graph: GraphDatabase) -> None:
    """An artifact may be known to a solver, its files and symbols to an image."""
    wheel = artifact("six.whl", files=["six.py"], symbols={"libc.so.6": ["GLIBC_2.17"]})
    others: list[tuple[Any, Json]] = [
        (graph.sync_package_analysis_result, package_analysis("six", "1.0", wheel, document_id="package-analyzer-b")),
        (graph.sync_solver_result, solver_document(f"{SOLVER}-a", tree=[solved("six", sha256=[digest("six.whl")])])),
        (
            graph.sync_analysis_result,
            analysis(
                system_symbols={"libc.so.6": ["GLIBC_2.17"]},
                python_files=[{"filepath": "/six.py", "sha256": digest("six.py")}],
            ),
        ),
    ]
    for put, document in others:
        empty(graph)
        put(document)
        sync(graph, [package_analysis("a", "1.0")])
        expected = dump(graph)
        sync(graph, [package_analysis("six", "1.0", wheel)], force=True)
        assert dump(graph) != expected
        sync(graph, [package_analysis("a", "1.0")], force=True)
        assert dump(graph) == expected


def test_artifact_that_a_solver_knows_is_the_same(graph: GraphDatabase) -> None:
    known = solved("six", sha256=[digest("six.whl").upper()])
    graph.sync_solver_result(solver_document(f"{SOLVER}-a", tree=[known]))
    sync(graph, [package_analysis("six", "1.0", artifact("six.whl"))])
    assert rows_of(graph, "SELECT artifact_hash_sha256 FROM python_artifact") == [(digest("six.whl"),)]
    assert graph.get_python_package_version_hashes_sha256("six", "1.0", PYPI) == [digest("six.whl")]


def test_documents_of_every_year(graph: GraphDatabase) -> None:
    documents = examples("package-analysis-documents")
    documents.append(of_july_2019(package_analysis("a", "1.0", artifact("a.whl", files=["a.py"]))))
    expected = dump_of(graph, documents)
    for seed in range(3):
        empty(graph)
        sync(graph, shuffled(documents * 2, seed))
        assert dump(graph) == expected
    assert rows_of(graph, "SELECT count(*) FROM package_analyzer_run") == [(3,)]


def test_a_document_that_is_in_stays_as_it_is_without_force(graph: GraphDatabase) -> None:
    facts = read_package_analysis_document(package_analysis("a"))
    other = read_package_analysis_document(package_analysis("b"))
    assert graph.sync_package_analysis_facts(facts) is True
    expected = dump(graph)
    assert graph.sync_package_analysis_facts(other) is False
    assert dump(graph) == expected
    assert graph.sync_package_analysis_facts(other, force=True) is True
    assert rows_of(graph, "SELECT package_name FROM python_release") == [("b",)]


def test_index_that_is_not_registered_is_registered_disabled(graph: GraphDatabase) -> None:
    graph.register_python_package_index(PYPI, enabled=True)
    sync(graph, [package_analysis("a"), package_analysis("a", index_url=OTHER_INDEX, document_id="package-analyzer-b")])
    assert graph.get_python_package_index_urls(enabled=True) == {PYPI}
    assert graph.get_python_package_index_urls(enabled=False) == {OTHER_INDEX}


@pytest.mark.parametrize(("path", "value", "message"), BAD_DOCUMENTS)
def test_bad_document_is_refused_whole(graph: GraphDatabase, path: list[Any], value: Any, message: str) -> None:
    with counted_statements(graph.engine) as statements, pytest.raises(SchemaError) as error:
        graph.sync_package_analysis_result(changed(path, value))
    assert str(error.value).startswith(message)
    assert statements == []


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_what_is_no_object_is_refused(graph: GraphDatabase, document: Any) -> None:
    with pytest.raises(SchemaError, match=r"^\$: expected an object, got "):
        graph.sync_package_analysis_result(document)


def test_rows_of_a_run(graph: GraphDatabase) -> None:
    long_path = f"{'/'.join(digest(number) for number in range(63))}.py"  # longer than a row of an index
    wheel = artifact("a.whl", files=["b/x.py", "a/x.py", "y.txt"], symbols={"libc.so.6": ["GLIBC_2.17"]})
    other = artifact(None, sha256="ff", digests=[{"filepath": long_path, "sha256": digest("x.py")}])
    document = package_analysis("Foo_Bar", "1.0.0-beta", wheel, other, error=True, error_message="no")
    document["metadata"]["arguments"]["thoth-package-analyzer"]["verbose"] = True
    without_version = package_analysis("b", document_id="package-analyzer-b", index_url=None)
    without_version["metadata"]["arguments"]["python"]["package_version"] = None
    without_version["result"]["package_version"] = None
    sync(graph, [document, without_version])
    assert rows_of(
        graph,
        """
        SELECT document_id, duration, package_analyzer_name, package_analyzer_version, debug, package_analyzer_error,
            error_message, package_name, package_version, url
        FROM package_analyzer_run AS run
        JOIN python_release AS release ON release.id = run.python_release_id
        LEFT JOIN python_package_index AS index ON index.id = run.python_package_index_id
        ORDER BY document_id
        """,
    ) == [
        (
            *("package-analyzer-210701000000-0a", 21, "thoth-package-analyzer", "0.1.2", True, True, "no"),
            *("foo-bar", "1.0.0b0", PYPI),
        ),
        ("package-analyzer-b", 21, "thoth-package-analyzer", "0.1.2", False, False, None, "b", None, None),
    ]
    assert rows_of(
        graph,
        """
        SELECT artifact_hash_sha256, artifact_name, encode(sha256, 'hex'), files
        FROM investigated_artifact JOIN python_artifact ON python_artifact.id = python_artifact_id
        JOIN included_file USING (package_analyzer_run_id, python_artifact_id)
        JOIN python_file_digest ON python_file_digest.id = python_file_digest_id
        ORDER BY artifact_name
        """,
    ) == [
        (digest("a.whl"), "a.whl", digest("x.py"), ["a/x.py", "b/x.py"]),
        ("ff", None, digest("x.py"), [long_path]),
    ]
    assert rows_of(
        graph,
        """
        SELECT artifact_hash_sha256, library_name, symbol
        FROM requires_symbol JOIN python_artifact ON python_artifact.id = python_artifact_id
        JOIN versioned_symbol ON versioned_symbol.id = versioned_symbol_id
        """,
    ) == [(digest("a.whl"), "libc.so.6", "GLIBC_2.17")]


@pytest.mark.parametrize("force", [False, True])
def test_several_writers(graph: GraphDatabase, force: bool) -> None:
    documents = [
        package_analysis(
            f"package-{number % 3}",
            "1.0",
            *(
                artifact(
                    f"{n}.whl",
                    files=[f"{m}.py" for m in range(number % 4, 9)],
                    symbols={"libc.so.6": [f"GLIBC_2.{m}" for m in range(number % 5, 9)]},
                )
                for n in range(number % 7)
            ),
            index_url=[PYPI, OTHER_INDEX][number % 2],
            document_id=f"package-analyzer-{number}",
        )
        for number in range(16)
    ]
    expected = dump_of(graph, documents)
    empty(graph)

    def write(seed: int) -> None:
        turned = [
            {**document, "result": {**document["result"], "artifacts": document["result"]["artifacts"][::-1]}}
            for document in shuffled(documents, seed)
        ]
        with GraphDatabase() as adapter:
            sync(adapter, turned, force=force and seed == 0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert dump(graph) == expected


def test_statements(graph: GraphDatabase) -> None:
    large = package_analysis(
        "large",
        "1.0",
        *(
            artifact(
                f"{n}.whl",
                files=[f"{n % 5}-{m}.py" for m in range(1_000)],
                symbols={f"lib{m}.so": [f"S_{n}.{k}" for k in range(10)] for m in range(10)},
            )
            for n in range(20)
        ),
        document_id="package-analyzer-large",
    )
    for document in [*examples("package-analysis-documents"), large]:
        assert 1 < statements_of(graph, document) <= STATEMENTS
        assert statements_of(graph, document) == 1
        assert statements_of(graph, document, force=True) <= 40
    assert rows_of(graph, "SELECT count(*) FROM included_file WHERE files[1] LIKE '%-%.py'") == [(20_000,)]
    assert rows_of(graph, "SELECT count(*) FROM versioned_symbol WHERE symbol LIKE 'S_%'") == [(2_000,)]
