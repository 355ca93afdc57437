"""The facade: its public methods, and what each promises."""

from __future__ import annotations

import inspect
import pydoc
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.factories import PYPI, RHEL, SOLVER, failed, requires, solved, solver_document
from tests.oracle import Oracle
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import NotConnected, NotFoundError, RetryTransaction, SchemaError
from thoth.storages.graph.sql_base import exposed

Json = dict[str, Any]

OTHER_INDEX = "https://index.example.com/simple"
_PACKAGE = "package_name, package_version, index_url"
_ENV = "os_name=None, os_version=None, python_version=None"
_FILTER = "extras=None, marker_evaluation_result=None"

# Services call these by name and by keyword.
SIGNATURES = {
    # Dependencies
    "get_depends_on": f"({_PACKAGE}, *, {_ENV}, {_FILTER}, without_cache=False)",
    "get_python_package_version_records": f"({_PACKAGE}, *, {_ENV}, without_cache=False)",
    "retrieve_transitive_dependencies_python": f"({_PACKAGE}, *, {_ENV}, {_FILTER}, without_cache=False)",
    "retrieve_transitive_dependencies_python_multi": f"(*package_tuples, {_ENV}, {_FILTER}, without_cache=False)",
    "retrieve_dependent_packages": "(package_name, package_version=None)",
    "get_python_environment_marker": f"({_PACKAGE}, *, dependency_name, dependency_version, {_ENV})",
    "closure": f"(*package_tuples, {_ENV}, {_FILTER}, without_cache=False)",
    "get_depends_on_many": f"(package_tuples, *, {_ENV}, {_FILTER})",
    "get_python_package_version_records_many": f"(package_tuples, *, {_ENV})",
    "has_python_solver_error_many": f"(package_tuples, *, {_ENV})",
    "get_python_cve_records_many": "(package_tuples)",
    "get_python_requirements_many": f"(edges, *, {_ENV}, {_FILTER})",
    "retrieve_transitive_dependents_python": (
        f"(package_name, package_version=None, index_url=None, *, {_ENV}, start_offset=0, count=100)"
    ),
    "retrieve_transitive_dependents_python_count": (f"(package_name, package_version=None, index_url=None, *, {_ENV})"),
    # Packages, solvers
    "python_package_version_exists": "(package_name, package_version, index_url=None, solver_name=None)",
    "python_package_exists": "(package_name)",
    "has_python_solver_error": f"({_PACKAGE}, *, {_ENV})",
    "get_all_versions_python_package": f"(package_name, index_url=None, *, index_enabled=None, {_ENV})",
    "get_python_packages": "()",
    "get_python_packages_for_index": "(index_url)",
    "retrieve_unsolved_python_packages": "(solver_name, randomize=True)",
    "retrieve_unsolved_python_packages_count": "(solver_name)",
    "retrieve_solved_python_packages": "(count=10, start_offset=0, solver_name=None)",
    "retrieve_solved_python_packages_count": "(solver_name=None)",
    "retrieve_unsolvable_python_packages": "(solver_name=None)",
    "retrieve_unparseable_python_packages": "(solver_name=None)",
    "retrieve_unsolvable_python_packages_per_run_software_environment": "(solver_name)",
    "get_all_python_packages_count": "(without_error=True)",
    "get_error_python_packages_count": "(*, unsolvable=False, unparseable=False)",
    "get_solver_documents_count": "()",
    "solved_software_environment_exists": "(os_name, os_version, python_version)",
    "create_python_package_version_entity": (
        "(package_name, package_version=None, index_url=None, only_if_package_seen=False)"
    ),
    "create_python_package_version_entities": "(rows, only_if_package_seen=False)",
    "delete_solver_result": "(document_id)",
    # Indexes, artifacts, vulnerabilities
    "register_python_package_index": "(url, warehouse_api_url=None, verify_ssl=True, enabled=False)",
    "set_python_package_index_state": "(url, *, enabled)",
    "is_python_package_index_enabled": "(url)",
    "python_package_index_listing": "(enabled=None)",
    "get_python_package_index_urls": "(enabled=None)",
    "get_python_package_version_hashes_sha256": "(package_name, package_version, index_url=None)",
    "get_all_python_package_version_hashes_sha256": "(package_name, package_version)",
    "get_python_cve_records": "(package_name, package_version)",
    "create_python_cve_record": f"({_PACKAGE}, *, record_id, version_range, advisory, cve=None)",
    # Images
    "run_software_environment_listing": "(start_offset=0, count=100, is_user_run=False)",
    "build_software_environment_listing": "(start_offset=0, count=100)",
    "run_software_environment_analyses_listing": (
        "(run_software_environment_name, start_offset=0, count=100, convert_datetime=True, is_user_run=False)"
    ),
    "build_software_environment_analyses_listing": (
        "(build_software_environment_name, start_offset=0, count=100, convert_datetime=True)"
    ),
    "get_analysis_metadata": "(document_id)",
    "get_analyzer_documents_count": "()",
    "retrieve_unanalyzed_python_package_versions": "(start_offset=0, count=100)",
    "get_python_package_required_symbols": f"({_PACKAGE})",
    "get_analyzed_image_symbols": "(software_environment_name)",
    "get_missing_symbols": f"({_PACKAGE}, software_environment_name)",
    "get_images_with_python_package": "(package_name, package_version=None)",
    "get_images_with_rpm_package": "(package_name, package_version=None)",
    # Performance indicators
    "get_number_of_pi_records": "()",
    "get_all_pi_per_framework_count": "(framework)",
    "get_all_pi_count": "()",
    "get_performance_indicators": "(model, *, framework=None, device=None, start_offset=0, count=100)",
    # Documents in
    "sync_solver_result": "(document, *, force=False)",
    "solver_document_id_exist": "(document_id)",
    "solver_records_exist": "(document)",
    "sync_analysis_result": "(document, *, force=False)",
    "sync_package_analysis_result": "(document, *, force=False)",
    "sync_dependency_monkey_result": "(document, *, force=False)",
    "sync_inspection_result": "(document, *, force=False)",
    "analysis_document_id_exist": "(document_id)",
    "analysis_records_exist": "(document)",
    "package_analysis_document_id_exist": "(document_id)",
    "dependency_monkey_document_id_exist": "(document_id)",
    "inspection_document_id_exist": "(document_id)",
    "inspection_results_in": "(document_ids)",
    "requested_inspection_ids": "(*, only_missing=False)",
    # Schema
    "initialize_schema": "()",
    "drop_all": "()",
    "is_schema_up2date": "()",
    "get_script_alembic_version_head": "()",
    "get_table_alembic_version_head": "()",
    "stats": "()",
    "cache_stats": "()",
    "add_observer": "(observer)",
    "count_calls": "()",
    "slow_queries": "(count=10)",
    "cache_clear": "()",
    # Connection
    "connect": "()",
    "is_connected": "()",
    "disconnect": "()",
    "construct_connection_string": "()",
    "normalize_python_package_name": "(name)",
    "normalize_python_package_version": "(version)",
    "normalize_python_index_url": "(url)",
    "parse_python_solver_name": "(solver_name)",
}
# Methods that do without a connection.
UNCONNECTED = {
    "add_observer",
    "cache_clear",
    "cache_stats",
    "connect",
    "construct_connection_string",
    "count_calls",
    "disconnect",
    "get_script_alembic_version_head",
    "initialize_schema",
    "is_connected",
    "normalize_python_index_url",
    "normalize_python_package_name",
    "normalize_python_package_version",
    "parse_python_solver_name",
    "stats",
}
PUBLIC = sorted(name for name, _ in inspect.getmembers(GraphDatabase, callable) if not name.startswith("_"))
ARGUMENTS: Json = {
    "document": solver_document(tree=[solved("a")]),
    "documents": [],
    "document_ids": ["a"],
    "package_tuples": [("a", "1.0", PYPI)],
    "edges": [(("a", "1.0", PYPI), ("b", "1.0", PYPI))],
    "rows": [("a", None, None)],
    "solver_name": SOLVER,
    "enabled": True,
    "index_url": PYPI,
    "url": PYPI,
}


class TestSignatures:
    @pytest.mark.parametrize("method", SIGNATURES)
    def test_names_and_defaults(self, method: str) -> None:
        signature = inspect.signature(getattr(GraphDatabase, method))
        parameters = [
            parameter.replace(annotation=parameter.empty)
            for parameter in signature.parameters.values()
            if parameter.name != "self"
        ]
        bare = signature.replace(parameters=parameters, return_annotation=signature.empty)
        assert str(bare) == SIGNATURES[method]
        assert signature.return_annotation is not signature.empty

    @pytest.mark.parametrize("method", PUBLIC)
    def test_help_says_what_it_does(self, method: str) -> None:
        shown = pydoc.plain(pydoc.render_doc(getattr(GraphDatabase, method)))
        assert f"{method}(" in shown
        documentation = inspect.getdoc(getattr(GraphDatabase, method))
        assert documentation
        assert documentation.splitlines()[0].endswith(".")

    def test_wrong_arguments_are_refused_by_python(self, graph: GraphDatabase) -> None:
        call: Any = graph.get_depends_on
        with pytest.raises(TypeError):
            call("a", "1.0", PYPI, os_nam="rhel")
        call = graph.set_python_package_index_state
        with pytest.raises(TypeError):
            call(PYPI, True)

    @pytest.mark.parametrize("method", PUBLIC)
    def test_methods_can_be_mocked_on_the_class(self, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Services mock methods on the class, and build adapters with no database in reach."""
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "no-such-host.invalid")
        with mock.patch.object(GraphDatabase, method, return_value="mocked"):
            assert getattr(GraphDatabase(), method)() == "mocked"

    def test_mocks_know_the_signature(self) -> None:
        with mock.patch.object(GraphDatabase, "get_depends_on", autospec=True, return_value=[]) as mocked:
            adapter = GraphDatabase()
            assert adapter.get_depends_on("a", "1.0", PYPI, os_name="rhel") == []
            mocked.assert_called_once_with(adapter, "a", "1.0", PYPI, os_name="rhel")
            call: Any = adapter.get_depends_on
            with pytest.raises(TypeError):
                call("a", "1.0", PYPI, no_such_keyword=1)


@pytest.mark.parametrize("method", sorted(set(PUBLIC) - UNCONNECTED))
def test_not_connected(method: str) -> None:
    """Nothing is asked, and nothing hangs, before `connect`."""
    adapter = GraphDatabase()
    arguments: list[Any] = []
    keywords: Json = {}
    for name, parameter in inspect.signature(getattr(adapter, method)).parameters.items():
        value = ARGUMENTS.get(name, "1.0")
        if parameter.kind is parameter.VAR_POSITIONAL:
            arguments += ARGUMENTS[name]
        elif parameter.default is parameter.empty:
            keywords[name] = value
    with pytest.raises(NotConnected, match=r"connect\(\)"):
        outcome = getattr(adapter, method)(*arguments, **keywords)
        if method in ("session", "snapshot"):
            outcome.__enter__()


class TestExposed:
    def adapter(self, graph: GraphDatabase, query: Any, **options: Any) -> Any:
        """Return an adapter that has a method more."""
        adapter = type("Adapter", (GraphDatabase,), {"query": exposed(query, **options)})()
        adapter.connect()
        return adapter

    @pytest.mark.parametrize("writes", [True, False])
    def test_whole_function_again(self, graph: GraphDatabase, writes: bool) -> None:
        sessions: list[Session] = []

        def query(session: Session, name: str, *, suffix: str = "!") -> str:
            sessions.append(session)
            if len(sessions) < 3:
                raise RetryTransaction("met another")
            return str(session.execute(text("SELECT CAST(:name AS text)"), {"name": name + suffix}).scalar_one())

        with self.adapter(graph, query, writes=writes) as adapter:
            assert adapter.query("a", suffix="?") == "a?"
        assert len(sessions) == len({id(session) for session in sessions}) == 3

    def test_what_was_written_before_is_rolled_back(self, graph: GraphDatabase) -> None:
        attempts: list[int] = []

        def query(session: Session) -> None:
            attempts.append(1)
            session.execute(text(f"INSERT INTO python_release (package_name) VALUES ('attempt-{len(attempts)}')"))
            if len(attempts) == 1:
                raise RetryTransaction("met another")

        with self.adapter(graph, query, writes=True) as adapter:
            adapter.query()
        assert graph.get_python_packages() == {"attempt-2"}

    def test_bounded(self, graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_RETRIES", "2")
        attempts: list[int] = []

        def query(session: Session) -> None:
            attempts.append(1)
            raise RetryTransaction("met another")

        with self.adapter(graph, query) as adapter, pytest.raises(RetryTransaction, match="met another"):
            adapter.query()
        assert 2 <= len(attempts) <= 3

    @pytest.mark.parametrize(
        "error", [NotFoundError("x"), SchemaError("x"), ValueError("x"), KeyError("x"), SystemExit(1)]
    )
    def test_other_errors_are_raised_at_once(self, graph: GraphDatabase, error: BaseException) -> None:
        attempts: list[int] = []

        def query(session: Session) -> None:
            attempts.append(1)
            session.execute(text("INSERT INTO python_release (package_name) VALUES ('x')"))
            raise error

        with self.adapter(graph, query, writes=True) as adapter, pytest.raises(type(error)):
            adapter.query()
        assert attempts == [1]
        assert graph.get_python_packages() == set()


class TestMarkers:
    def test_samples(self, samples: GraphDatabase, samples_oracle: Oracle) -> None:
        environment = samples_oracle.environments(RHEL)[0]  # type: ignore[arg-type]
        asked: set[str | None] = set()
        for (name, version, url), fact in samples_oracle.latest[environment].items():
            if name not in ("flask", "jupyterlab", "sphinx", "boto3", "pandas") or url is None:
                continue
            for requirement in fact.requirements:
                for dependency_version in sorted(requirement.versions)[:2]:
                    question: Json = {
                        **RHEL,
                        "dependency_name": requirement.name,
                        "dependency_version": dependency_version,
                    }
                    marker = samples.get_python_environment_marker(name, version, url, **question)
                    assert marker == samples_oracle.get_python_environment_marker(name, version, url, **question)
                    asked.add(marker)
        assert None in asked
        assert len(asked) > 3

    def test_no_such_edge(self, samples: GraphDatabase) -> None:
        for package, dependency in (
            (("flask", "1.0.2", PYPI), ("click", "99")),
            (("flask", "99", PYPI), ("click", "7.0")),
        ):
            with pytest.raises(NotFoundError, match=dependency[0]):
                samples.get_python_environment_marker(
                    *package, dependency_name=dependency[0], dependency_version=dependency[1], **RHEL
                )


class TestExistence:
    @pytest.fixture
    def filled(self, graph: GraphDatabase) -> GraphDatabase:
        tree = [solved("PyYAML", "5.1.0-rc1", [requires("dependency", "2.0")])]
        graph.sync_solver_result(solver_document(f"{SOLVER}-0a", tree=tree, errors=[failed("broken")]))
        graph.create_python_package_version_entity("announced", "1.0", OTHER_INDEX)
        return graph

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (("pyyaml", "5.1.0rc1"), True),
            (("Py.YAML", "v5.1.0.RC1", f"{PYPI}/"), False),
            (("PYYAML", "v5.1.0.RC1", f"{PYPI}/"), True),
            (("pyyaml", "5.1.0rc1", OTHER_INDEX), False),
            (("pyyaml", "5.1.0rc1", PYPI, SOLVER), True),
            (("pyyaml", "5.1.0rc1", None, SOLVER), True),
            (("pyyaml", "5.1.0rc1", PYPI, "solver-ubi-8.4-py38"), True),
            (("pyyaml", "5.1.0rc1", PYPI, "solver-rhel-8-py39"), False),
            (("pyyaml", "5.1"), False),
            (("broken", "1.0", PYPI, SOLVER), True),
            (("dependency", "2.0"), True),
            (("dependency", "2.0", PYPI), False),
            (("dependency", "2.0", None, SOLVER), False),
            (("announced", "1.0"), True),
            (("announced", "1.0", OTHER_INDEX), True),
            (("announced", "1.0", PYPI), False),
            (("announced", "1.0", OTHER_INDEX, SOLVER), False),
        ],
        ids=str,
    )
    def test_version(self, filled: GraphDatabase, arguments: tuple[str, ...], expected: bool) -> None:
        assert filled.python_package_version_exists(*arguments) is expected

    def test_name_of_a_solver_that_is_none(self, filled: GraphDatabase) -> None:
        with pytest.raises(ValueError, match="no-solver"):
            filled.python_package_version_exists("pyyaml", "5.1.0rc1", PYPI, "no-solver")

    def test_name(self, filled: GraphDatabase) -> None:
        names = ("PyYAML", "dependency", "announced", "broken", "absent")
        assert [filled.python_package_exists(name) for name in names] == [True, True, True, True, False]


class TestTables:
    """Results of listings, by index and by package."""

    def test_hashes(self, graph: GraphDatabase) -> None:
        tree = [
            solved("a", sha256=["b" * 64, "a" * 64, "a" * 64]),
            solved("a", sha256=["c" * 64], index_url=OTHER_INDEX),
            solved("a", "2.0", sha256=["d" * 64]),
        ]
        graph.sync_solver_result(solver_document(tree=tree))
        ask = graph.get_python_package_version_hashes_sha256
        assert ask("A", "v1.0") == ["a" * 64, "b" * 64, "c" * 64]
        assert ask("a", "1.0", f"{PYPI}/") == ["a" * 64, "b" * 64]
        assert ask("a", "1.0", "https://absent.example.com") == ask("absent", "1.0") == []
        assert graph.get_all_python_package_version_hashes_sha256("a", "1.0") == [
            (OTHER_INDEX, "c" * 64),
            (PYPI, "a" * 64),
            (PYPI, "b" * 64),
        ]

    def test_indexes(self, graph: GraphDatabase) -> None:
        assert graph.register_python_package_index(f"{PYPI}/", "https://pypi.org/pypi", enabled=True) is True
        assert graph.register_python_package_index(OTHER_INDEX, verify_ssl=False) is True
        assert graph.register_python_package_index(PYPI, "https://pypi.org/pypi", enabled=True) is False
        pypi = {"url": PYPI, "warehouse_api_url": "https://pypi.org/pypi", "verify_ssl": True}
        other = {"url": OTHER_INDEX, "warehouse_api_url": None, "verify_ssl": False}
        assert graph.python_package_index_listing() == [other, pypi]
        assert graph.python_package_index_listing(enabled=True) == [pypi]
        assert graph.python_package_index_listing(enabled=False) == [other]
        assert graph.get_python_package_index_urls() == {PYPI, OTHER_INDEX}
        assert graph.get_python_package_index_urls(True) == {PYPI}
        assert graph.get_python_package_index_urls(False) == {OTHER_INDEX}

    def test_vulnerabilities(self, graph: GraphDatabase) -> None:
        graph.register_python_package_index(PYPI)
        record: Json = {"record_id": "pyup.io-1", "version_range": "<2", "advisory": "old"}
        cve, existed = graph.create_python_cve_record("Jinja2", "v2.10", PYPI, **record, cve="CVE-1")
        assert (cve.cve_id, existed) == ("pyup.io-1", False)
        graph.create_python_cve_record("jinja2", "2.10", PYPI, **{**record, "record_id": "pyup.io-0"})
        expected = [
            {"advisory": "old", "cve_name": None, "cve_id": "pyup.io-0", "version_range": "<2"},
            {"advisory": "old", "cve_name": "CVE-1", "cve_id": "pyup.io-1", "version_range": "<2"},
        ]
        assert graph.get_python_cve_records("JINJA2", "2.10") == expected
        assert graph.get_python_cve_records("jinja2", "2.11") == []
        many = graph.get_python_cve_records_many([("Jinja2", "v2.10", PYPI), ("absent", "1", PYPI)])
        assert many["jinja2", "2.10", PYPI] == expected
        assert many.get(("absent", "1", PYPI), []) == []
        with pytest.raises(NotFoundError, match=OTHER_INDEX):
            graph.create_python_cve_record("jinja2", "2.10", OTHER_INDEX, **record)

    def test_entities(self, graph: GraphDatabase) -> None:
        assert graph.create_python_package_version_entity("new", "1.0", PYPI, only_if_package_seen=True) is None
        for version, url in (("1.0", PYPI), ("1.0", None), (None, None)):
            made = [graph.create_python_package_version_entity("New", version, url) for _ in range(2)]
            assert [each is not None and each[1] for each in made] == [False, True]
            entity = made[0] and made[0][0]
            assert entity is not None
            assert (entity.package_name, entity.package_version, entity.index_url) == ("new", version, url)
        rows = [("new", "1.0", PYPI), ("new", "2.0", PYPI), ("other", None, None), ("new", "v2.0", f"{PYPI}/")]
        assert graph.create_python_package_version_entities(iter(rows)) == 2
        assert graph.create_python_package_version_entities(rows) == 0

    def test_table_sizes_and_stats(self, graph: GraphDatabase) -> None:
        graph.sync_solver_result(solver_document(tree=[solved("a")]))
        graph.python_package_exists("a")
        stats = graph.stats()
        assert set(stats) == {"memory_cache", "graph_cache", "tables"}
        assert stats["memory_cache"]["python_package_exists"]["misses"] == 1
        assert {"python_release", "depends_on", "version_set"} <= set(stats["tables"])
        assert GraphDatabase().stats() == {"memory_cache": {}, "graph_cache": {}, "tables": {}}
