"""Nothing of a session is needed: it works behind pgbouncer in transaction mode, and the server's log shows why."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.conftest import ROOT, empty
from tests.databases import missing_database
from tests.dump import Dump, logical_dump
from tests.factories import PYPI, RHEL, requires, shuffled, solved, solver_document
from tests.faults.everything import Documents, write
from tests.faults.pgbouncer import PROGRAM, pgbouncer
from tests.faults.servers import Breakable, held
from tests.processes import collected, forked
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import DatabaseTimeout
from thoth.storages.graph.cache_builder import build_graph_cache
from thoth.storages.graph.dump import dump_lines

A = ("a", "1.0", PYPI)
DOCUMENT = solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])])

needs_pgbouncer = pytest.mark.skipif(
    PROGRAM is None, reason="not tested behind pgbouncer: it is not on PATH (apt-get install pgbouncer)"
)


@pytest.fixture
def pooled(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphDatabase]:
    """An adapter that reaches its empty database through pgbouncer; the environment names that."""
    with pgbouncer() as port:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "127.0.0.1")
        monkeypatch.setenv("KNOWLEDGE_GRAPH_PORT", str(port))
        with GraphDatabase() as adapter:
            yield adapter


def use(graph: GraphDatabase, documents: Documents, folder: Path) -> None:
    """Do something of everything: write, replace, remove, ask, build a cache, look after the schema."""
    graph.initialize_schema()
    write(graph, documents)
    write(graph, documents, force=True)
    graph.sync_solver_result(DOCUMENT)
    assert graph.get_depends_on(*A, **RHEL) == [("b", "1.0")]
    assert graph.closure(A, **RHEL).tuples() == [(A, ("b", "1.0", None))]
    assert build_graph_cache(graph, str(folder / "cache.sqlite3"), ["a"]).edges_written == 1
    graph.delete_solver_result(DOCUMENT["metadata"]["document_id"])
    graph.register_python_package_index("https://a.example.com/simple")
    graph.create_python_package_version_entity("a", "1.0", None)
    assert graph.is_schema_up2date()
    assert graph.stats()["tables"]
    assert list(dump_lines(graph, ["python_release"]))


def write_all(documents: Documents, seed: int) -> None:
    with GraphDatabase() as graph:
        write(graph, shuffled(documents, seed), force=seed % 2 == 1)


@needs_pgbouncer
class TestBehindPgbouncer:
    def test_something_of_everything(self, pooled: GraphDatabase, everything: Documents, tmp_path: Path) -> None:
        use(pooled, everything[:7], tmp_path)

    def test_many_writers(self, pooled: GraphDatabase, everything: Documents, quiet_dump: Dump) -> None:
        children = [forked(partial(write_all, everything, seed)) for seed in range(2)]
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda seed: write(pooled, shuffled(everything, seed)), range(3)))
        for child in children:
            collected(child)
        assert logical_dump(pooled) == quiet_dump

    def test_limits_are_nobody_else_s(self, pooled: GraphDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_LOCK_TIMEOUT", "0.2")
        pooled.sync_solver_result(DOCUMENT)
        with GraphDatabase() as limited, held("LOCK TABLE depends_on IN ACCESS EXCLUSIVE MODE"):
            for _ in range(5):
                with pytest.raises(DatabaseTimeout):
                    limited.get_depends_on(*A, **RHEL)
        question = text("SELECT current_setting('lock_timeout'), pg_backend_pid()")
        with ThreadPoolExecutor(8) as threads:
            ask = lambda _: pooled._run(lambda session: session.execute(question).one(), writes=False)  # noqa: E731
            answers = list(threads.map(ask, range(100)))
        assert {limit for limit, _ in answers} == {"0"}
        assert len({pid for _, pid in answers}) <= 3

    def test_schema_from_nothing(self, pooled: GraphDatabase, database_name: str) -> None:
        with missing_database(f"{database_name}_pooled"):
            graph = GraphDatabase()
            graph.initialize_schema()
            graph.sync_solver_result(DOCUMENT)
            assert graph.get_solver_documents_count() == 1
            graph.disconnect()

    @pytest.mark.torture
    def test_tests_of_the_graph(self) -> None:
        """Those that write in every way, and those that ask, on some connections for all of them."""
        with pgbouncer(pool_size=20) as port:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-x", *_POOLED],
                cwd=ROOT,
                env={**os.environ, "KNOWLEDGE_GRAPH_HOST": "127.0.0.1", "KNOWLEDGE_GRAPH_PORT": str(port)},
                capture_output=True,
                text=True,
                check=False,
            )
        print(done.stdout[-300:])
        assert done.returncode == 0, done.stdout[-5000:]


_POOLED = [
    *(f"tests/graph/ingest/test_{name}.py" for name in ("every_kind", "writers", "removal", "solver", "packages")),
    "tests/graph/test_budgets.py",
    "tests/graph/test_cache_builder.py",
    "tests/graph/queries",
]

# What lasts longer than a transaction: https://www.pgbouncer.org/features.html#sql-feature-map-for-pooling-modes
_OF_A_SESSION = re.compile(
    r"(^|;)\s*(SET\s+(?!LOCAL\b|CONSTRAINTS\b|TRANSACTION\b)|(RESET|LISTEN|PREPARE|DEALLOCATE|DISCARD|LOAD)\b)"
    r"|\bDECLARE\b(?=.*\bCURSOR\b)(?!.*\bWITHOUT HOLD\b)"
    r"|\bpg_(try_)?advisory_(un)?lock|\bTEMP(ORARY)?\s+TABLE\b|\bpg_temp\b|\bset_config\((?![^()]*,\s*true\))",
    re.IGNORECASE,
)


class TestWhatTheServerGets:
    @pytest.fixture
    def log(self, here: Breakable) -> Iterator[Path]:
        """The log of the server, which holds every statement that any client sends."""
        here.ask("ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()")
        path = here.server.data_dir
        assert path is not None
        yield path / "server.log"
        here.ask("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")

    def statements(self, log: Path, begin: int) -> list[str]:
        told = log.read_bytes()[begin:].decode()
        return re.findall(r"LOG:  (?:statement|execute [^:]*): ((?:.*\n)(?:\t.*\n)*)", told)

    @pytest.mark.parametrize("limits", [{}, {"STATEMENT_TIMEOUT": "60", "LOCK_TIMEOUT": "30"}])
    def test_nothing_lasts_longer_than_a_transaction(
        self,
        log: Path,
        everything: Documents,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        limits: dict[str, str],
    ) -> None:
        for name, value in limits.items():
            monkeypatch.setenv(f"KNOWLEDGE_GRAPH_{name}", value)
        begin = log.stat().st_size
        with GraphDatabase() as graph:
            use(graph, everything[:7], tmp_path)
            if not limits:
                graph.drop_all()
                graph.initialize_schema()
            empty(graph)
        sent = self.statements(log, begin)
        assert len(sent) > 200
        assert any("pg_advisory_xact_lock" in statement for statement in sent)
        assert any(re.search("SET LOCAL lock_timeout = [1-9]", statement) for statement in sent) is bool(limits)
        assert [statement for statement in sent if _OF_A_SESSION.search(statement)] == []

    def test_no_start_up_options(self, here: Breakable, breakable: GraphDatabase) -> None:
        breakable.get_python_packages()
        pooled = breakable.engine.raw_connection()
        given = pooled.driver_connection
        assert given is not None
        assert (given.info.options, given.info.dsn_parameters["options"]) == ("", "")
        pooled.close()

    @pytest.mark.parametrize(
        "statement",
        [
            "SET lock_timeout = 1",
            "SET SESSION x TO 1",
            "SELECT pg_advisory_lock(1)",
            "SELECT 1; RESET ALL",
            "CREATE TEMP TABLE a (b int)",
            "LISTEN a",
            "PREPARE a AS SELECT 1",
        ],
    )
    def test_what_is_looked_for_is_found(self, statement: str) -> None:
        assert _OF_A_SESSION.search(statement)
