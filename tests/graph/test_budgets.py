"""Budgets: how many statements each method sends, and that none reads a large table from end to end."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from tests.conftest import EXAMPLES
from tests.databases import missing_database
from tests.factories import PYPI, RHEL, SOLVER, requires, solved, solver_document, sync
from tests.factories_images import UBI8, analysis, artifact, package_analysis, rpm
from tests.inspection_documents import composed, report
from thoth.storages import GraphDatabase
from thoth.storages.documents.adviser import read_adviser_document
from thoth.storages.documents.analysis import read_analysis_document
from thoth.storages.documents.dependency_monkey import read_dependency_monkey_document
from thoth.storages.documents.inspection import read_inspection_document
from thoth.storages.documents.package_analysis import read_package_analysis_document
from thoth.storages.documents.provenance_checker import read_provenance_checker_document
from thoth.storages.documents.solver import read_solver_document
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.verify import verify_local_documents

Json = dict[str, Any]


def sample(folder: str) -> Json:
    """Return the first of the sample documents in a folder."""
    document: Json = json.loads(min((EXAMPLES / folder).glob("*.json")).read_bytes())
    return document


DOCUMENT = solver_document(f"{SOLVER}-budget", tree=[solved("new", dependencies=[requires("flask", "1.0.2")])])
ADVICE = sample("adviser-documents")
PROVENANCE = sample("provenance-checker-documents")
ANALYSIS = analysis(rpm_dependencies=[rpm("acl", "2.2.53")], system_symbols={"/lib64/libc.so.6": ["GLIBC_2.17"]})
BUILD_ANALYSIS = analysis("package-extract-build", "build", of_caller={"environment_type": "buildtime"})
PACKAGE_ANALYSIS = package_analysis("flask", "1.0.2", artifact("flask.whl", files=["flask/app.py"]))
NEW_ANALYSIS = analysis("package-extract-budget", system_symbols={"/lib64/libc.so.6": ["GLIBC_2.28"]})
NEW_PACKAGE_ANALYSIS = package_analysis(document_id="package-analyzer-budget")
PACKAGES = [(f"synthetic-{number // 10}", str(number), PYPI) for number in range(1, 101)]
FLASK = ("flask", "1.0.2")
EDGES = [((*FLASK, PYPI), ("click", "7.0", PYPI)), *((package, package) for package in PACKAGES)]
CLICK = {"dependency_name": "click", "dependency_version": "7.0"}
RECORD = {"record_id": "pyup.io-1", "version_range": "<2", "advisory": "old"}


@dataclass(frozen=True)
class Budget:
    """A call of a method, and the number of statements that it may send."""

    method: str
    arguments: tuple[Any, ...] = ()
    keywords: Json = field(default_factory=dict)
    statements: int = 1

    def __str__(self) -> str:
        """Return the name of the method, for the name of the test."""
        return self.method


READS = [
    Budget("get_depends_on", (*FLASK, PYPI), RHEL),
    Budget("get_depends_on", (*FLASK, PYPI), {"extras": frozenset({"dotenv", None})}),
    Budget("get_depends_on_many", (PACKAGES,), RHEL),
    Budget("get_python_package_version_records", (*FLASK, PYPI), RHEL),
    Budget("get_python_package_version_records", (*FLASK, None)),
    Budget("get_python_package_version_records_many", (PACKAGES,), RHEL),
    Budget("closure", ((*FLASK, PYPI),), RHEL),
    Budget("closure", (*PACKAGES, (*FLASK, PYPI)), RHEL),
    Budget("closure", ((*FLASK, PYPI),)),
    Budget("retrieve_transitive_dependencies_python", (*FLASK, PYPI), RHEL),
    Budget("retrieve_transitive_dependencies_python_multi", ((*FLASK, PYPI),), RHEL),
    Budget("retrieve_transitive_dependencies_python_multi", tuple(PACKAGES), RHEL),
    Budget("retrieve_dependent_packages", ("click",)),
    Budget("retrieve_dependent_packages", ("click", "7.0")),
    Budget("retrieve_transitive_dependents_python", ("click", "7.0"), RHEL),
    Budget("retrieve_transitive_dependents_python_count", ("click", "7.0"), RHEL),
    Budget(
        "get_python_environment_marker",
        (*FLASK, PYPI),
        {**RHEL, "dependency_name": "click", "dependency_version": "7.0"},
    ),
    Budget("get_python_requirements_many", (EDGES,), RHEL),
    Budget("python_package_exists", ("flask",)),
    Budget("python_package_version_exists", FLASK),
    Budget("python_package_version_exists", (*FLASK, PYPI, SOLVER)),
    Budget("get_all_versions_python_package", ("flask",), RHEL),
    Budget("get_python_packages"),
    Budget("get_python_packages_for_index", (PYPI,)),
    Budget("has_python_solver_error", (*FLASK, PYPI), RHEL),
    Budget("has_python_solver_error_many", (PACKAGES,), RHEL),
    Budget("retrieve_unsolved_python_packages", (SOLVER,)),
    Budget("retrieve_unsolved_python_packages_count", (SOLVER,)),
    Budget("retrieve_solved_python_packages", (100, 100, SOLVER)),
    Budget("retrieve_solved_python_packages_count", (SOLVER,)),
    Budget("retrieve_unsolvable_python_packages", (SOLVER,)),
    Budget("retrieve_unparseable_python_packages", (SOLVER,)),
    Budget("retrieve_unsolvable_python_packages_per_run_software_environment", (SOLVER,)),
    Budget("get_all_python_packages_count"),
    Budget("get_error_python_packages_count", (), {"unsolvable": True}),
    Budget("get_solver_documents_count"),
    Budget("solved_software_environment_exists", tuple(RHEL.values())),
    Budget("python_package_index_listing"),
    Budget("get_python_package_index_urls"),
    Budget("is_python_package_index_enabled", (PYPI,)),
    Budget("get_python_package_version_hashes_sha256", (*FLASK, PYPI)),
    Budget("get_all_python_package_version_hashes_sha256", FLASK),
    Budget("get_python_cve_records", FLASK),
    Budget("get_python_cve_records_many", (PACKAGES,)),
    Budget("solver_document_id_exist", (f"{SOLVER}-absent",)),
    Budget("solver_document_ids_in", ([f"{SOLVER}-{number}" for number in range(100)],)),
    Budget("solver_records_exist", (DOCUMENT,)),
    Budget("adviser_document_id_exist", ("adviser-absent",)),
    Budget("adviser_document_ids_in", ([f"adviser-{number}" for number in range(100)],)),
    Budget("get_advised_stacks", (ADVICE["metadata"]["document_id"],)),
    Budget("provenance_checker_document_id_exist", ("provenance-checker-absent",)),
    Budget("provenance_checker_document_ids_in", ([f"provenance-checker-{number}" for number in range(100)],)),
    Budget("dependency_monkey_document_id_exist", ("dependency-monkey-absent",)),
    Budget("dependency_monkey_document_ids_in", ([f"dependency-monkey-{number}" for number in range(100)],)),
    Budget("requested_inspection_ids"),
    Budget("requested_inspection_ids", (), {"only_missing": True}),
    Budget("inspection_document_id_exist", ("inspection-absent",)),
    Budget("inspection_document_ids_in", ([f"inspection-{number}" for number in range(100)],)),
    Budget("inspection_results_in", ([f"inspection-{number}" for number in range(100)],)),
    Budget("get_number_of_pi_records"),
    Budget("get_all_pi_per_framework_count", ("tensorflow",)),
    Budget("get_all_pi_count"),
    Budget("get_performance_indicators", ("PiConv2D",), {"framework": "tensorflow", "device": "cpu"}),
    Budget("run_software_environment_listing"),
    Budget("build_software_environment_listing"),
    Budget("run_software_environment_analyses_listing", (UBI8,)),
    Budget("build_software_environment_analyses_listing", ("build",)),
    Budget("get_analysis_metadata", (ANALYSIS["metadata"]["document_id"],)),
    Budget("get_analyzer_documents_count"),
    Budget("get_analyzed_image_symbols", (UBI8,)),
    Budget("get_python_package_required_symbols", (*FLASK, PYPI)),
    Budget("get_missing_symbols", (*FLASK, PYPI, UBI8)),
    Budget("get_images_with_python_package", ("flask",)),
    Budget("get_images_with_rpm_package", ("acl", "2.2.53")),
    Budget("retrieve_unanalyzed_python_package_versions"),
    Budget("analysis_document_id_exist", ("package-extract-absent",)),
    Budget("analysis_document_ids_in", ([f"package-extract-{number}" for number in range(100)],)),
    Budget("analysis_records_exist", (ANALYSIS,)),
    Budget("package_analysis_document_id_exist", ("package-analyzer-absent",)),
    Budget("package_analysis_document_ids_in", ([f"package-analyzer-{number}" for number in range(100)],)),
    Budget("get_table_sizes"),
]
WRITES = [
    Budget("sync_solver_result", (DOCUMENT,)),
    Budget("sync_solver_result", (DOCUMENT,), {"force": True}, statements=21),
    Budget("sync_solver_results", ([read_solver_document(DOCUMENT)],)),
    Budget("delete_solver_result", (f"{SOLVER}-budget",), statements=26),
    Budget("create_python_package_version_entity", (*FLASK, PYPI), statements=5),
    Budget("create_python_package_version_entities", (PACKAGES,), statements=5),
    Budget("register_python_package_index", (PYPI,), statements=2),
    Budget("set_python_package_index_state", (PYPI,), {"enabled": True}),
    Budget("create_python_cve_record", (*FLASK, PYPI), RECORD, statements=10),
    Budget("sync_analysis_result", (NEW_ANALYSIS,), statements=6),
    Budget("sync_analysis_result", (NEW_ANALYSIS,), {"force": True}, statements=40),
    Budget("sync_analysis_facts", (read_analysis_document(NEW_ANALYSIS),)),
    Budget("sync_package_analysis_result", (NEW_PACKAGE_ANALYSIS,), statements=5),
    Budget("sync_package_analysis_result", (NEW_PACKAGE_ANALYSIS,), {"force": True}, statements=40),
    Budget("sync_package_analysis_facts", (read_package_analysis_document(NEW_PACKAGE_ANALYSIS),)),
    Budget("sync_adviser_result", (ADVICE,)),
    Budget("sync_adviser_result", (ADVICE,), {"force": True}, statements=40),
    Budget("sync_adviser_facts", (read_adviser_document(ADVICE),)),
    Budget("sync_provenance_checker_result", (PROVENANCE,), statements=14),
    Budget("sync_provenance_checker_result", (PROVENANCE,), {"force": True}, statements=40),
    Budget("sync_provenance_checker_facts", (read_provenance_checker_document(PROVENANCE),)),
    Budget("sync_dependency_monkey_result", (report("inspection-budget"),), statements=9),
    Budget("sync_dependency_monkey_result", (report("inspection-budget"),), {"force": True}, statements=25),
    Budget("sync_dependency_monkey_facts", (read_dependency_monkey_document(report("inspection-budget")),)),
    Budget("sync_inspection_result", (composed(),), statements=14),
    Budget("sync_inspection_result", (composed(),), {"force": True}, statements=35),
    Budget("sync_inspection_facts", (read_inspection_document(composed()),), statements=2),
]
# Methods that ask the database nothing, or are about the schema, the connection or the server.
OTHERS = {
    "add_observer",
    "cache_clear",
    "cache_stats",
    "connect",
    "construct_connection_string",
    "count_calls",
    "disconnect",
    "drop_all",
    "get_schema_status",
    "get_script_alembic_version_head",
    "get_table_alembic_version_head",
    "initialize_schema",
    "is_connected",
    "is_schema_up2date",
    "normalize_python_index_url",
    "normalize_python_package_name",
    "normalize_python_package_version",
    "parse_python_solver_name",
    "session",
    "slow_queries",
    "snapshot",
    "stats",
}

# The plans of these are looked at: they are sent for each step of a resolver, or by every service.
HOT = {
    "get_depends_on",
    "get_depends_on_many",
    "get_python_package_version_records",
    "get_python_package_version_records_many",
    "has_python_solver_error",
    "has_python_solver_error_many",
    "closure",
    "retrieve_dependent_packages",
    "retrieve_transitive_dependents_python",
    "get_python_environment_marker",
    "get_python_requirements_many",
    "python_package_exists",
    "python_package_version_exists",
    "get_all_versions_python_package",
    "get_python_package_version_hashes_sha256",
    "get_python_cve_records",
    "solver_document_ids_in",
    "sync_solver_result",  # with force; what its function does inside, is tested beside its other writing
    "delete_solver_result",
}
LARGE = {
    "depends_on",
    "has_artifact",
    "has_vulnerability",
    "python_artifact",
    "python_package_version",
    "python_package_version_entity",
    "python_release",
    "solved",
    "solver_run",
    "version_set",
}

ROWS = 40_000
# Rows that make the tables large, so that the planner has to choose: a document and a set of versions for each
# package version; half of them require one of the other half. Each has a file and a vulnerability.
MULTIPLY = (
    f"""
    CREATE TEMPORARY TABLE made AS
    SELECT n, CAST(0 AS int) AS release_id, CAST(0 AS int) AS run_id, CAST(0 AS int) AS version_id,
           CAST(0 AS int) AS set_id, CAST(0 AS int) AS artifact_id, CAST(0 AS int) AS entity_id
    FROM generate_series(1, {ROWS}) AS n
    """,
    "INSERT INTO python_release (package_name, package_version) SELECT 'synthetic-' || n / 10, n FROM made",
    "UPDATE made SET release_id = id FROM python_release WHERE package_name = 'synthetic-' || n / 10 "
    "AND package_version = CAST(n AS text)",
    "INSERT INTO version_set (package_name, digest, python_release_ids) "
    "SELECT 'synthetic-' || n / 10, sha256(CAST(n AS text)::bytea), ARRAY[release_id] FROM made",
    f"UPDATE made SET set_id = id FROM version_set "
    f"WHERE n <= {ROWS // 2} AND digest = sha256(CAST({ROWS // 2} + 7 * n % 1000 AS text)::bytea)",
    f"INSERT INTO solver_run (document_id, datetime, ecosystem_solver_id) "
    f"SELECT '{SOLVER}-made-' || n, now(), (SELECT min(ecosystem_solver_id) FROM solver_run) FROM made",
    f"UPDATE made SET run_id = id FROM solver_run WHERE document_id = '{SOLVER}-made-' || n",
    f"""
    INSERT INTO python_package_version
        (python_release_id, solved_software_environment_id, python_package_index_id, solver_run_id)
    SELECT release_id, solved_software_environment.id, python_package_index.id, run_id
    FROM made, solved_software_environment, python_package_index
    WHERE (os_name, os_version, python_version) = ('rhel', '8', '3.8') AND url = '{PYPI}'
    """,
    "UPDATE made SET version_id = id FROM python_package_version WHERE solver_run_id = run_id",
    "INSERT INTO solved "
    "(python_package_version_id, solver_run_id, error, error_unsolvable, error_unparseable, import_packages) "
    "SELECT version_id, run_id, false, false, false, '{}' FROM made",
    "INSERT INTO depends_on "
    "(python_package_version_id, solver_run_id, requirement_number, version_set_id, specifier) "
    "SELECT version_id, run_id, 0, set_id, '*' FROM made WHERE set_id > 0",
    "INSERT INTO python_artifact (artifact_hash_sha256) SELECT 'made-' || n FROM made",
    "UPDATE made SET artifact_id = id FROM python_artifact WHERE artifact_hash_sha256 = 'made-' || n",
    "INSERT INTO has_artifact SELECT version_id, run_id, artifact_id FROM made",
    "INSERT INTO python_package_version_entity (python_release_id) SELECT release_id FROM made",
    "UPDATE made SET entity_id = id FROM python_package_version_entity WHERE python_release_id = release_id",
    "INSERT INTO cve (cve_id, version_range, advisory) SELECT 'made-' || n, '*', '' FROM generate_series(1, 400) AS n",
    "INSERT INTO has_vulnerability SELECT entity_id, cve.id FROM made JOIN cve ON cve_id = 'made-' || n % 400 + 1",
    "DROP TABLE made",
)


@pytest.fixture(scope="module")
def corpus(database_name: str, sample_documents: list[Json]) -> Iterator[GraphDatabase]:
    """A connected adapter of a database with the sample documents and many thousand rows more."""
    with missing_database(f"{database_name}_budgets"):
        graph = GraphDatabase()
        graph.initialize_schema()
        sync(graph, sample_documents)
        graph.sync_adviser_result(ADVICE)
        for document in (ANALYSIS, BUILD_ANALYSIS):
            graph.sync_analysis_result(document)
        graph.sync_package_analysis_result(PACKAGE_ANALYSIS)
        with graph.engine.begin() as connection:
            for statement in MULTIPLY:
                connection.execute(text(statement))
        with graph.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        yield graph
        graph.disconnect()


@pytest.fixture
def fresh(corpus: GraphDatabase) -> GraphDatabase:
    """The same, with nothing in memory."""
    corpus.cache_clear()
    return corpus


def call(graph: GraphDatabase, budget: Budget) -> Any:
    return getattr(graph, budget.method)(*budget.arguments, **budget.keywords)


def test_every_method_has_a_budget() -> None:
    """A new method needs a line in one of the tables."""
    public = {name for name, _ in inspect.getmembers(GraphDatabase, callable) if not name.startswith("_")}
    with_budget = {budget.method for budget in (*READS, *WRITES)}
    assert with_budget | OTHERS == public
    assert not with_budget & OTHERS
    assert with_budget >= HOT


@pytest.mark.parametrize("budget", READS, ids=str)
def test_one_question_is_one_statement(fresh: GraphDatabase, budget: Budget) -> None:
    with counted_statements(fresh.engine) as statements:
        answer = call(fresh, budget)
    assert len(statements) == budget.statements
    assert answer is not None or budget.method == "get_python_environment_marker"


def test_writes_stay_within_their_budgets(fresh: GraphDatabase) -> None:
    counts = {}
    for number, budget in enumerate(WRITES):
        with counted_statements(fresh.engine) as statements:
            call(fresh, budget)
        counts[number, budget.method] = len(statements)
    assert [name for (number, name), count in counts.items() if count > WRITES[number].statements] == []


def test_questions_answered_before_are_no_statement(fresh: GraphDatabase) -> None:
    cached = ("get_depends_on", "get_python_package_version_records", "has_python_solver_error")
    budgets = [budget for budget in READS if budget.method in cached]
    answers = [call(fresh, budget) for budget in budgets]
    with counted_statements(fresh.engine) as statements:
        assert [call(fresh, budget) for budget in budgets] == answers
    assert statements == []


@pytest.mark.parametrize("documents", [1, 60])
def test_schema_and_constructor_ask_nothing_by_themselves(fresh: GraphDatabase, documents: int) -> None:
    with counted_statements(fresh.engine) as statements:
        for _ in range(documents):
            GraphDatabase().is_connected()
        fresh.get_script_alembic_version_head()
        fresh.parse_python_solver_name(SOLVER)
    assert statements == []


def plans_of(graph: GraphDatabase, budget: Budget) -> Iterator[Json]:
    """Yield the plans of the statements that a call sends, made with the parameters that it sends."""
    return plans_of_call(graph, lambda: call(graph, budget))


def plans_of_call(graph: GraphDatabase, called: Callable[[], object]) -> Iterator[Json]:
    """Yield the plans of the statements that a function sends."""
    sent: list[tuple[str, Any]] = []

    def collect(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        sent.append((statement, parameters))

    event.listen(graph.engine, "before_cursor_execute", collect)
    try:
        called()
    finally:
        event.remove(graph.engine, "before_cursor_execute", collect)
    with graph.engine.connect() as connection:
        for statement, parameters in sent:
            if "nextval" not in statement:
                found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
                yield found[0]["Plan"]


def nodes(plan: Json) -> Iterator[Json]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def read_from_end_to_end(plan: Json) -> set[str]:
    """Return the large tables that a plan reads whole."""
    return {
        node["Relation Name"]
        for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE
    }


@pytest.mark.parametrize("budget", [budget for budget in (*READS, *WRITES) if budget.method in HOT], ids=str)
def test_no_large_table_is_read_from_end_to_end(fresh: GraphDatabase, budget: Budget) -> None:
    if budget.method == "delete_solver_result":
        fresh.sync_solver_result(DOCUMENT)
    for plan in plans_of(fresh, budget):
        assert read_from_end_to_end(plan) == set(), json.dumps(plan, indent=1)[:4000]


@pytest.mark.parametrize(
    "question",
    [
        "v_solved WHERE package_name = 'synthetic-7' AND package_version = '70'",
        "v_requirement WHERE package_name = 'synthetic-7'",
        "v_requirement WHERE dependency_name = 'synthetic-2007'",
        "v_dependency WHERE package_name = 'synthetic-7' AND package_version = '70'",
        "v_dependency WHERE dependency_name = 'synthetic-2007' AND dependency_version = '20070'",
        "v_artifact WHERE package_name = 'synthetic-7'",
        "v_vulnerability WHERE package_name = 'synthetic-7'",
        "v_document WHERE document_id = 'absent'",
    ],
)
def test_views_of_a_package_read_no_large_table_from_end_to_end(fresh: GraphDatabase, question: str) -> None:
    with fresh.engine.connect() as connection:
        found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) SELECT * FROM {question}").scalar_one()
    assert read_from_end_to_end(found[0]["Plan"]) == set(), json.dumps(found, indent=1)[:4000]


def test_tables_are_large_enough_to_tell(fresh: GraphDatabase) -> None:
    """A listing of everything does read them whole, and the test above would see it."""
    seen: set[str] = set()
    for method in ("get_python_packages", "get_all_python_packages_count", "get_solver_documents_count"):
        for plan in plans_of(fresh, Budget(method)):
            seen |= {node.get("Relation Name", "") for node in nodes(plan)}
    assert {"python_release", "python_package_version", "solved", "solver_run"} <= seen
    sizes = fresh.get_table_sizes()
    assert all(sizes[table]["bytes"] > 1_000_000 for table in LARGE)


def test_comparison_with_documents_reads_no_large_table_from_end_to_end(fresh: GraphDatabase, tmp_path: Path) -> None:
    """Each statement of a batch finds the rows of its documents by an index."""
    file = tmp_path / "document.json"
    file.write_text(json.dumps(DOCUMENT))
    fresh.sync_solver_result(DOCUMENT)
    plans = list(plans_of_call(fresh, lambda: verify_local_documents([file], partial=True, graph=fresh)))
    assert len(plans) >= 5
    for plan in plans:
        assert read_from_end_to_end(plan) == set(), json.dumps(plan, indent=1)[:4000]
