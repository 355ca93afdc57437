"""Writing of provenance checker documents: what the graph holds equals what the oracle tells."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import adviser_documents as made
from tests.adviser_documents import OTHER, UBI, finding, lock, pipfile, project, provenance_document
from tests.conftest import empty
from tests.dump import Dump, logical_dump
from tests.graph.stored_stacks import StoredStacks
from tests.oracle.stacks import Checks, stack_of_user
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import SchemaError
from thoth.storages.graph.query_log import counted_statements

Json = dict[str, Any]
GENERATED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
OF_USER = project(pipfile({"flask": "*"}), lock({"flask": "2.0.1", "click": "8.0.1"}), runtime_environment=UBI)
FINDINGS = [
    finding("flask", "==2.0.1"),
    finding("PyYAML", "==5.4.1", source={"url": f"{OTHER}/"}, type="warning", id="ARTIFACT-DIFFERENT-SOURCE"),
]


def dump(graph: GraphDatabase) -> Dump:
    """Return the dump of a graph, but for its indexes: they stay registered."""
    return logical_dump(graph, without={"python_package_index"})


def dump_of(graph: GraphDatabase, documents: list[Json]) -> Dump:
    empty(graph)
    for document in documents:
        graph.sync_provenance_checker_result(document)
    return dump(graph)


def stored_findings(stored: StoredStacks, run_id: int) -> list[Json]:
    entries = [row for row in stored.table("provenance_report_entry") if row["provenance_checker_run_id"] == run_id]
    assert sorted(row["entry_number"] for row in entries) == list(range(len(entries)))
    return [
        {
            **{name: row[name] for name in ("entry_type", "entry_id", "justification")},
            "package_name": stored.by_id("python_release", row["python_release_id"]).get("package_name"),
            "package_version": stored.by_id("python_release", row["python_release_id"]).get("package_version"),
            "index_url": stored.by_id("python_package_index", row["python_package_index_id"]).get("url"),
        }
        for row in sorted(entries, key=lambda row: row["entry_number"])
    ]


@GENERATED
@given(documents=made.provenance_documents())
def test_graph_holds_what_the_documents_say(graph: GraphDatabase, documents: list[Json]) -> None:
    dump_of(graph, documents)
    oracle, stored = Checks(documents), StoredStacks(graph)
    runs = {row["document_id"]: row for row in stored.table("provenance_checker_run")}
    assert runs.keys() == oracle.documents.keys()
    findings = oracle.findings()
    for document_id, expected in oracle.runs().items():
        run = runs[document_id]
        assert {name: run[name] for name in expected} == expected
        assert stored.stack(run["python_software_stack_id"]) == stack_of_user(oracle.documents[document_id])
        assert stored_findings(stored, run["id"]) == findings[document_id]


@GENERATED
@given(data=st.data())
def test_force_order_and_repetition(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(made.provenance_documents(unique_ids=False, max_size=6))
    last = {made.document_id_of(document): document for document in documents}
    expected = dump_of(graph, list(last.values()))
    dump_of(graph, documents)
    for document in data.draw(st.permutations(list(last.values()))):
        graph.sync_provenance_checker_result(document, force=True)
        graph.sync_provenance_checker_result(document)
    assert dump(graph) == expected


def test_several_threads(graph: GraphDatabase) -> None:
    documents = [
        provenance_document(
            f"provenance-checker-{number:02x}",
            of_user=project(
                pipfile({f"a{number % 5}": "*"}, made.TWO_SOURCES[:: 1 - 2 * (number % 2)]),
                lock({f"p{(number * 7 + step) % 11}": "1.0" for step in range(6)}),
                runtime_environment=UBI,
            ),
            report=[
                finding(f"p{(number * 5 + step) % 13}", "==1.0", source={"url": (OTHER, made.PYPI)[step % 2]})
                for step in range(6)
            ],
        )
        for number in range(24)
    ]
    expected = dump_of(graph, documents)
    empty(graph)
    adapters = [GraphDatabase() for _ in range(6)]
    for adapter in adapters:
        adapter.connect()

    def write(number: int) -> None:
        order = documents[number * 4 :] + documents[: number * 4]
        for place, document in enumerate(order if number % 2 else order[::-1]):
            adapters[number].sync_provenance_checker_result(document, force=(place + number) % 9 == 0)

    with ThreadPoolExecutor(len(adapters)) as pool:
        list(pool.map(write, range(len(adapters))))
    for adapter in adapters:
        adapter.disconnect()
    assert dump(graph) == expected


def changed(path: list[Any], value: Any) -> Json:
    """Return a document with a value put at a path; `...` removes what is there."""
    document = provenance_document(of_user=OF_USER, report=FINDINGS, call={"origin": "here"})
    copied: Json = json.loads(json.dumps(document))
    *parents, last = path
    place: Any = copied
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copied


M, R = "metadata", "result"
ENTRY = [R, "report", 1]
BAD_DOCUMENTS: list[tuple[list[Any], Any, str]] = [
    ([M], ..., "metadata"),
    ([M], None, "$.metadata: "),
    ([R], ..., "result"),
    ([R], None, "$.result: "),
    ([M, "document_id"], ..., "$.metadata.document_id: "),
    ([M, "document_id"], None, "$.metadata.document_id: "),
    ([M, "datetime"], None, "$.metadata.datetime: "),
    ([M, "duration"], 2**31, "$.metadata.duration: "),
    ([M, "arguments", "thoth-adviser"], [], "$.metadata.arguments.thoth-adviser: "),
    ([R, "error"], 1, "$.result.error: "),
    ([R, "error_msg"], 1, "$.result.error_msg: "),
    ([R, "input"], "x", "$.result.input: "),
    ([R, "parameters"], "x", "$.result.parameters: "),
    ([R, "parameters", "project"], [], "$.result.parameters.project: "),
    (
        [R, "parameters", "project", "requirements_locked", "default", ""],
        {},
        "$.result.parameters.project.requirements_locked.default: ",
    ),
    ([R, "report"], {}, "$.result.report: "),
    ([R, "report", 1], "x", "$.result.report[1]: "),
    ([*ENTRY, "type"], 1, "$.result.report[1].type: "),
    ([*ENTRY, "id"], 1, "$.result.report[1].id: "),
    ([*ENTRY, "justification"], ["x"], "$.result.report[1].justification: "),
    ([*ENTRY, "justification"], "a\0", "$.result.report[1].justification: "),
    ([*ENTRY, "package_name"], 1, "$.result.report[1].package_name: "),
    ([*ENTRY, "package_version"], {}, "$.result.report[1].package_version: "),
    ([*ENTRY, "source"], "pypi", "$.result.report[1].source: "),
    ([*ENTRY, "source", "url"], 1, "$.result.report[1].source.url: "),
]


@pytest.mark.parametrize(("path", "value", "message"), BAD_DOCUMENTS)
def test_bad_document_is_refused_whole(graph: GraphDatabase, path: list[Any], value: Any, message: str) -> None:
    before = logical_dump(graph)
    with counted_statements(graph.engine) as statements, pytest.raises(SchemaError) as caught:
        graph.sync_provenance_checker_result(changed(path, value))
    assert message in str(caught.value)
    assert str(caught.value).startswith("$")
    assert statements == []
    assert logical_dump(graph) == before


OPTIONAL = [
    *([M, name] for name in ("analyzer", "analyzer_version", "duration", "arguments")),
    [M, "arguments", "thoth-adviser", "metadata"],
    *([R, name] for name in ("error", "input", "parameters", "report")),
    [R, "parameters", "project"],
    *([R, "parameters", "project", name] for name in ("requirements", "requirements_locked", "runtime_environment")),
    *([*ENTRY, name] for name in ("type", "id", "justification", "package_name", "package_version", "source")),
    [*ENTRY, "source", "url"],
]


@pytest.mark.parametrize("path", OPTIONAL, ids=lambda path: ".".join(map(str, path)))
def test_null_is_as_good_as_absent(graph: GraphDatabase, path: list[Any]) -> None:
    absent = dump_of(graph, [changed(path, ...)])
    assert dump_of(graph, [changed(path, None)]) == absent
    assert len(absent["provenance_checker_run"]) == 1


def statements_of(graph: GraphDatabase, document: Json, *, force: bool = False) -> int:
    with counted_statements(graph.engine) as statements:
        graph.sync_provenance_checker_result(document, force=force)
    return len(statements)


def test_statements(graph: GraphDatabase) -> None:
    large = provenance_document(
        "provenance-checker-0b",
        of_user=project(pipfile({"flask": "*"}), lock({f"p{number}": "1.0" for number in range(1000)})),
        report=[finding(f"q{number}", "==1.0") for number in range(5000)],
    )
    for document in (provenance_document(of_user=OF_USER, report=FINDINGS), large):
        assert statements_of(graph, document) <= 13
        assert statements_of(graph, document) == 1
        assert statements_of(graph, document, force=True) <= 40
