"""The views for people: each says what the documents say."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import inspect, text

from tests import strategies
from tests.conftest import ROOT, empty
from tests.factories import sync
from tests.faults.everything import Documents, documents_of_every_kind, write
from tests.oracle import Oracle
from thoth.storages import GraphDatabase
from thoth.storages.documents.adviser import read_adviser_document
from thoth.storages.documents.analysis import read_analysis_document
from thoth.storages.documents.inspection import read_inspection_document
from thoth.storages.documents.provenance_checker import read_provenance_checker_document
from thoth.storages.documents.stacks import StackFact
from thoth.storages.graph.models_views import VIEWS
from thoth.storages.sync import KINDS

Json = dict[str, Any]
PACKAGE_VERSION = "package_name, package_version, index_url, os_name, os_version, python_version"
GENERATED = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def rows(graph: GraphDatabase, statement: str) -> list[tuple[Any, ...]]:
    with graph.session() as session:
        return sorted((tuple(row) for row in session.execute(text(statement))), key=str)


def assert_views_say(graph: GraphDatabase, oracle: Oracle) -> None:
    """Compare the views of what solvers say with plain Python over their documents."""
    facts = [
        ((*package, *environment), fact)
        for environment, packages in oracle.latest.items()
        for package, fact in packages.items()
    ]
    solved = [(*where, fact.error, fact.unsolvable, fact.unparseable) for where, fact in facts]
    statement = f"SELECT {PACKAGE_VERSION}, error, error_unsolvable, error_unparseable FROM v_solved"
    assert rows(graph, statement) == sorted(solved, key=str)
    edges = {
        (*where, need.name, need.specifier, need.marker, need.extra, need.held, version)
        for where, fact in facts
        for need in fact.requirements
        for version in need.versions
    }
    # That a marker held, and that there was none, is the same for the oracle.
    columns = f"{PACKAGE_VERSION}, dependency_name, specifier, marker, extra, marker_evaluation_result IS NOT false"
    assert rows(graph, f"SELECT DISTINCT {columns}, dependency_version FROM v_dependency") == sorted(edges, key=str)
    requirements = rows(graph, f"SELECT {columns}, dependency_versions FROM v_requirement")
    assert {(*row, version) for *row, versions in requirements for version in versions} == edges
    declared = {(*where, need.name, need.specifier) for where, fact in facts for need in fact.requirements}
    assert {row[:8] for row in requirements} == declared
    assert all(versions == sorted(versions) for *_, versions in requirements)
    artifacts = [(*where, digest) for where, fact in facts for digest in fact.sha256]
    assert rows(graph, f"SELECT {PACKAGE_VERSION}, artifact_hash_sha256 FROM v_artifact") == sorted(artifacts, key=str)


def test_what_solvers_say_of_samples(graph: GraphDatabase, sample_documents: list[Json]) -> None:
    documents = sample_documents[:200]
    sync(graph, documents)
    assert_views_say(graph, Oracle(documents))
    assert len(rows(graph, "SELECT * FROM v_dependency")) > 1000
    assert rows(graph, "SELECT FROM v_solved WHERE summary IS NOT NULL AND license_name IS NOT NULL")


@GENERATED
@given(documents=strategies.solver_documents())
def test_what_solvers_say(graph: GraphDatabase, documents: list[Json]) -> None:
    empty(graph)
    sync(graph, documents)
    assert_views_say(graph, Oracle(documents))


@pytest.fixture
def everything(graph: GraphDatabase, sample_documents: list[Json]) -> Documents:
    """Documents of every kind, which the graph holds."""
    documents = documents_of_every_kind(sample_documents, 28, seed=1)
    write(graph, documents)
    return documents


def of_kind(documents: Documents, kind: str) -> list[Json]:
    return [document for of, document in documents if of == kind]


def locked(stack: StackFact | None) -> list[tuple[str, str, str | None]]:
    packages = [] if stack is None or stack.lock is None else stack.lock.packages
    return [(package.package_name, package.package_version, package.index_url or None) for package in packages]


def test_documents(graph: GraphDatabase, everything: Documents) -> None:
    expected = {(kind, str(KINDS[kind].read(document).document_id)) for kind, document in everything}
    assert rows(graph, "SELECT kind, document_id FROM v_document") == sorted(expected)
    assert not rows(graph, "SELECT FROM v_document WHERE datetime IS NULL AND kind <> 'inspection'")


def test_advised(graph: GraphDatabase, everything: Documents) -> None:
    expected = [
        (facts.document_id, product.product_number, product.overall_score, *package)
        for facts in map(read_adviser_document, of_kind(everything, "adviser"))
        for product in facts.products
        for package in locked(product.stack)
    ]
    columns = "document_id, product_number, overall_score, package_name, package_version, index_url"
    assert rows(graph, f"SELECT {columns} FROM v_advised") == sorted(expected, key=str)
    assert expected


def test_packages_of_images(graph: GraphDatabase, everything: Documents) -> None:
    expected = [
        (facts.document_id, facts.image_name, facts.image_tag, name, version)
        for facts in map(read_analysis_document, of_kind(everything, "analysis"))
        for name, version in facts.python_packages
    ]
    columns = "document_id, image_name, image_tag, package_name, package_version"
    assert rows(graph, f"SELECT {columns} FROM v_image_package") == sorted(expected, key=str)
    assert expected


def test_inspections(graph: GraphDatabase, everything: Documents) -> None:
    expected = [
        (facts.document_id, result.result_number, sorted(f"{name}=={version}" for name, version, _ in packages))
        for facts in map(read_inspection_document, of_kind(everything, "inspection"))
        for packages in [locked(facts.stack)]
        for result in facts.results
    ]
    columns = "inspection_document_id, inspection_result_number, packages"
    assert rows(graph, f"SELECT {columns} FROM v_inspection") == sorted(expected, key=str)
    assert all(packages for _, _, packages in expected)


def test_provenance(graph: GraphDatabase, everything: Documents) -> None:
    expected = [
        (facts.document_id, finding.entry_id, finding.package_name, finding.package_version, finding.index_url)
        for facts in map(read_provenance_checker_document, of_kind(everything, "provenance_checker"))
        for finding in facts.findings
    ]
    columns = "document_id, entry_id, package_name, package_version, index_url"
    assert rows(graph, f"SELECT {columns} FROM v_provenance") == sorted(expected, key=str)
    assert expected


def test_vulnerabilities(graph: GraphDatabase) -> None:
    package = ("flask", "0.12", "https://pypi.org/simple")
    graph.register_python_package_index("https://pypi.org/simple")
    record = {"record_id": "pyup.io-36388", "version_range": "<0.12.3", "advisory": "flask reads JSON of any encoding"}
    graph.create_python_cve_record(*package, **record, cve="CVE-2018-1000656")
    columns = "package_name, package_version, index_url, cve_id, cve_name, version_range, advisory"
    expected = (*package, "pyup.io-36388", "CVE-2018-1000656", record["version_range"], record["advisory"])
    assert rows(graph, f"SELECT {columns} FROM v_vulnerability") == [expected]


@pytest.mark.parametrize("name", VIEWS)
def test_each_has_a_comment(graph: GraphDatabase, name: str) -> None:
    assert rows(graph, f"SELECT obj_description('{name}'::regclass)") == [(VIEWS[name].comment,)]


@pytest.mark.parametrize("name", VIEWS)
def test_page_has_each_with_its_columns(graph: GraphDatabase, name: str) -> None:
    page = (ROOT / "docs" / "browse.rst").read_text(encoding="utf-8")
    (columns,) = re.findall(rf"^   \* - ``{name}``\n     - {VIEWS[name].comment}\n     - ((?:.*``.*\n)+)", page, re.M)
    expected = [column["name"] for column in inspect(graph.engine).get_columns(name)]
    assert re.findall(r"``(\w+)``", columns.partition("   * - ")[0]) == expected


def test_view_that_is_missing_is_told(graph: GraphDatabase) -> None:
    from thoth.storages.graph.revisions import differences

    assert differences(graph.engine) == []
    with graph.engine.begin() as connection:
        connection.execute(text("ALTER VIEW v_solved RENAME TO v_other"))
    try:
        assert differences(graph.engine) == ["add view: v_solved"]
    finally:
        with graph.engine.begin() as connection:
            connection.execute(text("ALTER VIEW v_other RENAME TO v_solved"))
