"""Writing of adviser documents: a pure function of the documents, whatever their order and repetition."""

from __future__ import annotations

import copy
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import adviser_documents as made
from tests.adviser_documents import UBI, adviser_document, lock, pipfile, product, project
from tests.conftest import EXAMPLES, empty
from tests.dump import Dump, logical_dump
from tests.graph.stored_stacks import StoredStacks
from tests.oracle.stacks import Advice, environment_of_user, stack_of_user
from thoth.storages import GraphDatabase
from thoth.storages.documents.adviser import read_adviser_document
from thoth.storages.exceptions import SchemaError
from thoth.storages.graph.query_log import counted_statements

Json = dict[str, Any]
GENERATED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
REQUIREMENTS = pipfile({"flask": ">=2.0"})
STACKS = [lock({"flask": version, "click": "8.0.3"}) for version in ("2.0.2", "2.0.1")]
PRODUCTS = [
    product(1.5 - number, requirements=REQUIREMENTS, requirements_locked=locked) for number, locked in enumerate(STACKS)
]
DOCUMENT = adviser_document(of_user=project(REQUIREMENTS, STACKS[1], runtime_environment=UBI), products=PRODUCTS)


def dump(graph: GraphDatabase) -> Dump:
    """Return the dump of a graph, but for its indexes: they stay registered."""
    return logical_dump(graph, without={"python_package_index"})


def dump_of(graph: GraphDatabase, documents: list[Json]) -> Dump:
    empty(graph)
    for document in documents:
        graph.sync_adviser_result(document)
    return dump(graph)


@GENERATED
@given(documents=made.adviser_documents())
def test_graph_holds_what_the_documents_say(graph: GraphDatabase, documents: list[Json]) -> None:
    dump_of(graph, documents)
    oracle, stored = Advice(documents), StoredStacks(graph)
    runs = {row["document_id"]: row for row in stored.table("adviser_run")}
    assert runs.keys() == oracle.documents.keys()
    for document_id, expected in oracle.runs().items():
        run, document = runs[document_id], oracle.documents[document_id]
        assert {name: run[name] for name in expected} == expected
        assert stored.stack(run["python_software_stack_id"]) == stack_of_user(document)
        software, hardware = environment_of_user(document)
        for table, column, said in (
            ("software_environment", "software_environment_id", software),
            ("hardware_information", "hardware_information_id", hardware),
        ):
            row = stored.by_id(table, run[column])
            ignored = {"digest", "environment_type", "is_external"}
            assert {name: row[name] for name in row if row[name] is not None and name not in ignored} == said


@GENERATED
@given(data=st.data())
def test_order_and_repetition(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(made.adviser_documents())
    expected = dump_of(graph, documents)
    empty(graph)
    for document in data.draw(st.permutations([*documents, *documents])):
        graph.sync_adviser_result(document, force=data.draw(st.booleans()))
    assert dump(graph) == expected


@GENERATED
@given(data=st.data())
def test_force_leaves_nothing_of_the_old_text(graph: GraphDatabase, data: st.DataObject) -> None:
    documents = data.draw(made.adviser_documents(unique_ids=False, max_size=6))
    last = {made.document_id_of(document): document for document in documents}
    expected = dump_of(graph, list(last.values()))
    dump_of(graph, documents)
    for document in data.draw(st.permutations(list(last.values()))):
        graph.sync_adviser_result(document, force=True)
    assert dump(graph) == expected


def test_a_document_that_is_in_stays_as_it_is_without_force(graph: GraphDatabase) -> None:
    expected = dump_of(graph, [DOCUMENT])
    assert graph.sync_adviser_facts(read_adviser_document(adviser_document())) is False
    assert dump(graph) == expected
    assert graph.sync_adviser_facts(read_adviser_document(adviser_document("adviser-0b"))) is True


def test_both_forms_say_the_same(graph: GraphDatabase) -> None:
    of_user = project(REQUIREMENTS, STACKS[1], runtime_environment=UBI)
    document = adviser_document(of_user=of_user, products=PRODUCTS)
    del document["metadata"]["duration"]  # which was not written in 2019
    later = dump_of(graph, [document])
    assert dump_of(graph, [adviser_document(of_user=of_user, products=PRODUCTS, of_2019=True)]) == later


def test_several_threads(graph: GraphDatabase) -> None:
    documents = [
        adviser_document(
            f"adviser-{number:02x}",
            of_user=project(pipfile({f"a{number % 5}": "*", "b": "*"}), runtime_environment=UBI),
            products=[
                product(
                    1.0,
                    requirements=pipfile({f"a{(number + other) % 4}": "*"}, made.TWO_SOURCES[:: 1 - 2 * (number % 2)]),
                    requirements_locked=lock(
                        {f"p{(number * 7 + step) % 11}": "1.0" for step in range(6)},
                        made.TWO_SOURCES[number % 2 :],
                    ),
                )
                for other in range(3)
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
            adapters[number].sync_adviser_result(document, force=(place + number) % 9 == 0)

    with ThreadPoolExecutor(len(adapters)) as pool:
        list(pool.map(write, range(len(adapters))))
    for adapter in adapters:
        adapter.disconnect()
    assert dump(graph) == expected


def test_stacks_that_documents_state_alike_are_one(graph: GraphDatabase) -> None:
    dump_of(graph, [DOCUMENT, adviser_document("adviser-0b", products=PRODUCTS[::-1], of_2019=True)])
    stored = StoredStacks(graph)
    assert len(stored.table("python_requirements")) == 1
    assert len(stored.table("python_requirements_lock")) == 2
    kinds = sorted(row["software_stack_type"] for row in stored.table("python_software_stack"))
    assert kinds == ["ADVISED", "ADVISED", "USER"]
    assert len(stored.table("advised")) == 4


def test_examples(graph: GraphDatabase) -> None:
    files = sorted((EXAMPLES / "adviser-documents").glob("*.json"))
    assert len(files) == 2
    for file in files:
        graph.sync_adviser_result(json.loads(file.read_text(encoding="utf-8")))
    stacks = graph.get_advised_stacks("adviser-211215093012-7f3d2a91c04be856")
    assert [stack["overall_score"] for stack in stacks] == [1.4, 0.9]
    assert graph.get_advised_stacks("adviser-211216101544-0c55e9d217ab4f38") == []
    runs = {row["document_id"]: row for row in StoredStacks(graph).table("adviser_run")}
    assert runs["adviser-211216101544-0c55e9d217ab4f38"]["unresolved"] == ["guestbook-theme"]


def changed(path: list[Any], value: Any, *, of_2019: bool = False) -> Json:
    """Return a document with a value put at a path; `...` removes what is there."""
    of_user = project(REQUIREMENTS, STACKS[1], runtime_environment=UBI)
    document = adviser_document(of_user=of_user, products=PRODUCTS, call={"origin": "here"}, of_2019=of_2019)
    copied: Json = json.loads(json.dumps(document))  # in which no part is there twice
    *parents, last = path
    place: Any = copied
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copied


R, P, M = "result", ["result", "parameters"], "metadata"
PRODUCT = ["result", "report", "products", 0]
BAD_DOCUMENTS = [
    ([M], ..., "metadata"),
    ([M], None, "$.metadata: "),
    ([R], ..., "result"),
    ([R], None, "$.result: "),
    ([R], [], "$.result: "),
    ([M, "document_id"], ..., "$.metadata.document_id: "),
    ([M, "document_id"], None, "$.metadata.document_id: "),
    ([M, "document_id"], 1, "$.metadata.document_id: "),
    ([M, "datetime"], ..., "$.metadata.datetime: "),
    ([M, "datetime"], "yesterday", "$.metadata.datetime: "),
    ([M, "duration"], -1, "$.metadata.duration: "),
    ([M, "analyzer"], 1, "$.metadata.analyzer: "),
    ([M, "analyzer_version"], 1, "$.metadata.analyzer_version: "),
    ([M, "arguments"], [], "$.metadata.arguments: "),
    ([M, "arguments", "thoth-adviser"], "x", "$.metadata.arguments.thoth-adviser: "),
    ([M, "arguments", "thoth-adviser", "verbose"], 1, "$.metadata.arguments.thoth-adviser.verbose: "),
    (
        [M, "arguments", "thoth-adviser", "metadata", "is_s2i"],
        "yes",
        "$.metadata.arguments.thoth-adviser.metadata.is_s2i: ",
    ),
    ([R, "error"], "yes", "$.result.error: "),
    ([R, "error_msg"], "a\0b", "$.result.error_msg: "),
    ([R, "input"], [], "$.result.input: "),
    ([*P], [], "$.result.parameters: "),
    ([*P, "count"], "2", "$.result.parameters.count: "),
    ([*P, "count"], 2**31, "$.result.parameters.count: "),
    ([*P, "limit"], 2**31, "$.result.parameters.limit: "),
    ([*P, "limit_latest_versions"], -(2**31) - 1, "$.result.parameters.limit_latest_versions: "),
    ([*P, "recommendation_type"], 1, "$.result.parameters.recommendation_type: "),
    ([*P, "requirements_format"], [], "$.result.parameters.requirements_format: "),
    ([*P, "project"], "x", "$.result.parameters.project: "),
    ([*P, "project", "requirements"], "x", "$.result.parameters.project.requirements: "),
    ([*P, "project", "requirements", "packages"], [], "$.result.parameters.project.requirements.packages: "),
    (
        [*P, "project", "requirements", "packages", "flask"],
        1,
        "$.result.parameters.project.requirements.packages.flask: ",
    ),
    (
        [*P, "project", "requirements", "packages", "flask"],
        {"extras": "s3"},
        "$.result.parameters.project.requirements.packages.flask.extras: ",
    ),
    (
        [*P, "project", "requirements", "packages", "flask"],
        {"git": "a\0b"},
        "$.result.parameters.project.requirements.packages.flask.git: ",
    ),
    (
        [*P, "project", "requirements_locked", "default", "flask"],
        "==1.0",
        "$.result.parameters.project.requirements_locked.default.flask: ",
    ),
    (
        [*P, "project", "runtime_environment", "hardware", "cpu_family"],
        2**31,
        "$.result.parameters.project.runtime_environment.hardware.cpu_family: ",
    ),
    (
        [*P, "project", "runtime_environment"],
        '{"name": "a\\u0000"}',
        "$.result.parameters.project.runtime_environment.name: ",
    ),
    ([*P, "runtime_environment"], 1, "$.result.parameters.runtime_environment: "),
    ([R, "report"], "x", "$.result.report: "),
    ([R, "report", "products"], {}, "$.result.report.products: "),
    ([R, "report", "_ERROR_DETAILS"], {"unresolved": [1]}, "$.result.report._ERROR_DETAILS.unresolved[0]: "),
    (PRODUCT, 1, "$.result.report.products[0]: "),
    ([*PRODUCT, "score"], "1", "$.result.report.products[0].score: "),
    ([*PRODUCT, "score"], float("nan"), "$.result.report.products[0].score: "),
    ([*PRODUCT, "score"], 10**400, "$.result.report.products[0].score: "),
    ([*PRODUCT, "justification"], {}, "$.result.report.products[0].justification: "),
    (
        [*PRODUCT, "justification"],
        [{}, {"performance_score": "1"}],
        "$.result.report.products[0].justification[1].performance_score: ",
    ),
    ([*PRODUCT, "justification"], [{"message": "\ud800"}], "$.result.report.products[0].justification[0].message: "),
    (
        [*PRODUCT, "project", "requirements_locked", "default", "flask", "hashes"],
        [1],
        "$.result.report.products[0].project.requirements_locked.default.flask.hashes[0]: ",
    ),
]
BAD_DOCUMENTS_OF_2019 = [
    ([R, "report", 0], "x", "$.result.report[0]: "),
    ([R, "report", 0, 0], "x", "$.result.report[0][0]: "),
    ([R, "report", 0, 0], [{"performance_score": True}], "$.result.report[0][0][0].performance_score: "),
    ([R, "report", 0, 1], "x", "$.result.report[0][1]: "),
    ([R, "report", 0, 1, "requirements", "source"], [{"name": "a"}], "$.result.report[0][1].requirements.source[0]: "),
    ([R, "report", 1, 2], "x", "$.result.report[1][2]: "),
    ([R, "report", 1, 2], float("inf"), "$.result.report[1][2]: "),
    ([R, "input", "requirements_locked", "_meta"], [], "$.result.input.requirements_locked._meta: "),
]


@pytest.mark.parametrize(
    ("path", "value", "message", "of_2019"),
    [(*case, False) for case in BAD_DOCUMENTS] + [(*case, True) for case in BAD_DOCUMENTS_OF_2019],
)
def test_bad_document_is_refused_whole(
    graph: GraphDatabase, path: list[Any], value: Any, message: str, of_2019: bool
) -> None:
    before = logical_dump(graph)
    with counted_statements(graph.engine) as statements, pytest.raises(SchemaError) as caught:
        graph.sync_adviser_result(changed(path, value, of_2019=of_2019))
    assert message in str(caught.value)
    assert str(caught.value).startswith("$")
    assert statements == []
    assert logical_dump(graph) == before


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_what_is_no_object_is_refused(graph: GraphDatabase, document: Any) -> None:
    with pytest.raises(SchemaError, match=r"^\$: expected an object, got "):
        graph.sync_adviser_result(document)


OPTIONAL = [
    *([M, name] for name in ("analyzer", "analyzer_version", "duration", "arguments")),
    [M, "arguments", "thoth-adviser"],
    [M, "arguments", "thoth-adviser", "metadata"],
    [M, "arguments", "thoth-adviser", "verbose"],
    *([R, name] for name in ("error", "error_msg", "parameters", "report")),
    *([*P, name] for name in ("count", "limit", "limit_latest_versions", "recommendation_type", "requirements_format")),
    [*P, "project"],
    *([*P, "project", name] for name in ("requirements", "requirements_locked", "runtime_environment")),
    [*P, "project", "runtime_environment", "hardware"],
    [*P, "project", "runtime_environment", "operating_system"],
    *([R, "report", name] for name in ("products", "stack_info")),
    *([*PRODUCT, name] for name in ("score", "justification", "project")),
    *([*PRODUCT, "project", name] for name in ("requirements", "requirements_locked")),
    *([*PRODUCT, "project", "requirements_locked", name] for name in ("_meta", "default", "develop")),
    *([*PRODUCT, "project", "requirements", name] for name in ("packages", "dev-packages", "source", "requires")),
    *([*PRODUCT, "project", "requirements_locked", "default", "flask", name] for name in ("version", "hashes")),
]


@pytest.mark.parametrize("path", OPTIONAL, ids=lambda path: ".".join(map(str, path)))
def test_null_is_as_good_as_absent(graph: GraphDatabase, path: list[Any]) -> None:
    absent = dump_of(graph, [changed(path, ...)])
    assert dump_of(graph, [changed(path, None)]) == absent
    assert len(absent["adviser_run"]) == 1


def test_document_of_the_caller_is_not_changed(graph: GraphDatabase) -> None:
    for of_2019 in (False, True):
        document = changed([M, "analyzer"], "thoth-adviser", of_2019=of_2019)
        before = copy.deepcopy(document)
        graph.sync_adviser_result(document, force=True)
        assert document == before


def statements_of(graph: GraphDatabase, document: Json, *, force: bool = False) -> int:
    with counted_statements(graph.engine) as statements:
        graph.sync_adviser_result(document, force=force)
    return len(statements)


def test_statements(graph: GraphDatabase) -> None:
    assert statements_of(graph, DOCUMENT) <= 13
    assert statements_of(graph, DOCUMENT) == 1
    assert statements_of(graph, DOCUMENT, force=True) <= 40
    same_stacks = {**DOCUMENT, "metadata": {**DOCUMENT["metadata"], "document_id": "adviser-0b"}}
    graph.sync_adviser_result(DOCUMENT)
    assert statements_of(graph, same_stacks) <= 10


def test_statements_of_a_large_document(graph: GraphDatabase) -> None:
    document = made.large_adviser_document("adviser-0a", products=100, packages=120, hashes=20)
    assert statements_of(graph, document) <= 13
    assert statements_of(graph, document) == 1
    assert len(graph.get_advised_stacks("adviser-0a")[99]["requirements_locked"]) == 120
    assert statements_of(graph, document, force=True) <= 40
