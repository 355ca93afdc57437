"""The dump: what it says, that nothing of a graph is left out of it, and that nothing but what is said counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event, text

from tests.conftest import EXAMPLES, ROOT, empty
from tests.factories import PYPI, SOLVER, requires, shuffled, solved, solver_document, sync
from tests.graph.changes import changes_of, filled_database, name_of_filled
from thoth.storages import GraphDatabase
from thoth.storages.cli import cli
from thoth.storages.config import DATABASE
from thoth.storages.exceptions import DatabaseNotInitialized, NotFoundError
from thoth.storages.graph.dump import dump_lines
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.natural_rows import DANGLING, columns_told
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.sync import KINDS, sync_local_documents

TABLES = sorted(Base.metadata.tables)
DOCUMENT = solver_document(tree=[solved("flask", "1.0", [requires("click", "7.0", "6.9", specifier=">=5")])])
ENVIRONMENT = '["rhel", "8", "3.8"]'


def dumped(graph: GraphDatabase, *tables: str) -> list[str]:
    return list(dump_lines(graph, tables or None))


@pytest.fixture(scope="module")
def filled(database_name: str) -> Iterator[GraphDatabase]:
    """A graph that holds something in each table; nobody changes it."""
    with filled_database(database_name) as graph:
        for name in "ab":
            graph.create_python_cve_record(name, "1", PYPI, record_id=name, version_range="<2", advisory="old")
        yield graph


def test_lines(graph: GraphDatabase) -> None:
    graph.sync_solver_result(DOCUMENT)
    graph.register_python_package_index(PYPI, verify_ssl=False)
    lines = dumped(graph, "solved", "depends_on", "python_package_index", "solver_run", "version_set", "python_release")
    (digest,) = {json.loads(line)["version_set"]["digest"] for line in lines if line.startswith('{"version_set"')}
    version = f'[["flask", "1.0"], {ENVIRONMENT}, "{PYPI}"]'
    assert lines == [
        f'{{"depends_on": {{"python_package_version_id":{version},"solver_run_id":"{SOLVER}-0a",'
        f'"requirement_number":0,"version_set_id":"{digest}","specifier":">=5","marker":null,"extra":null,'
        '"marker_evaluation_result":null}}',
        f'{{"python_package_index": {{"url":"{PYPI}","warehouse_api_url":null,"verify_ssl":false,"enabled":false}}}}',
        '{"python_release": {"package_name":"click","package_version":"6.9"}}',
        '{"python_release": {"package_name":"click","package_version":"7.0"}}',
        '{"python_release": {"package_name":"flask","package_version":"1.0"}}',
        f'{{"solved": {{"python_package_version_id":{version},"solver_run_id":"{SOLVER}-0a","error":false,'
        '"error_unsolvable":false,"error_unparseable":false,"is_provided":null,"python_package_metadata_id":null,'
        '"python_package_license_id":null,"package_license_warning":null,"import_packages":[]}}',
        f'{{"solver_run": {{"document_id":"{SOLVER}-0a","datetime":"2021-07-01T00:00:00.000000Z","duration":12,'
        f'"ecosystem_solver_id":["python", "{SOLVER}", "1.9.0", {ENVIRONMENT}]}}}}',
        f'{{"version_set": {{"digest":"{digest}","package_name":"click",'
        '"python_release_ids":[["click", "6.9"], ["click", "7.0"]]}}',
    ]


def test_every_table_and_column_is_in_it_in_one_statement_a_table(filled: GraphDatabase) -> None:
    with counted_statements(filled.engine) as statements:
        lines = dumped(filled)
    assert len(statements) == len(TABLES) + 1
    rows = [next(iter(json.loads(line).items())) for line in lines]
    assert sorted({table for table, _ in rows}) == TABLES
    for table, row in rows:
        columns = Base.metadata.tables[table].columns
        assert row.keys() == {column.name for column in columns if column.identity is None}
        assert list(row) == [column.name for column in columns_told(Base.metadata.tables[table])]
    assert lines == sorted(lines, key=str.encode)
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize("table", TABLES)
def test_whatever_changes_shows(filled: GraphDatabase, table: str) -> None:
    """Each column of each table, changed by itself, changes the dump."""
    before = dumped(filled, table)
    changed_columns: set[str] = set()
    for change in changes_of(filled, table):
        with change.made() as changed:
            assert dumped(changed, table) != before, change
        changed_columns.update(change.columns)
    assert changed_columns == {column.name for column in columns_told(Base.metadata.tables[table])}
    assert dumped(filled, table) == before


def test_rows_that_come_show(graph: GraphDatabase) -> None:
    graph.register_python_package_index(PYPI)
    before = dumped(graph)
    graph.register_python_package_index("https://index.example.com/simple")
    assert len(dumped(graph)) == len(before) + 1


def test_same_documents_in_another_order_by_two_writers(graph: GraphDatabase) -> None:
    documents = [
        (kind, json.loads(file.read_bytes()))
        for kind in sorted(KINDS)
        for file in sorted((EXAMPLES / f"{kind.replace('_', '-')}-documents").glob("*.json"))
    ]
    documents += [("solver", solver_document(f"{SOLVER}-{n}", tree=[solved("a", str(n % 3))])) for n in range(9)]
    for kind, document in documents:
        getattr(graph, f"sync_{kind}_result")(document)
    expected = dumped(graph)
    empty(graph)

    def write(seed: int) -> None:
        for kind, document in shuffled(documents, seed):
            getattr(graph, f"sync_{kind}_result")(document)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(2)))
    assert dumped(graph) == expected
    for kind, document in shuffled(documents, 5):
        getattr(graph, f"sync_{kind}_result")(document, force=True)
    assert dumped(graph) == expected


def test_one_state_of_the_graph(graph: GraphDatabase) -> None:
    """What is written while lines are taken is in none of them."""
    graph.sync_solver_result(DOCUMENT)
    expected = dumped(graph)
    lines = dump_lines(graph)
    taken = [next(lines)]
    sync(graph, [solver_document(f"{SOLVER}-0b", tree=[solved("zope", "1")])])
    assert taken + list(lines) == expected
    assert len(dumped(graph)) > len(expected)


def test_lines_are_taken_from_the_server_as_they_are_wanted(graph: GraphDatabase) -> None:
    names = []

    def note(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        if "ORDER BY line" in statement:
            names.append(cursor.name)

    event.listen(graph.engine, "before_cursor_execute", note)
    try:
        dumped(graph)
    finally:
        event.remove(graph.engine, "before_cursor_execute", note)
    assert len(names) == len(TABLES)
    assert all(names)


def test_writes_nothing(graph: GraphDatabase) -> None:
    with graph.snapshot() as connection:
        assert connection.scalar(text("SHOW transaction_read_only")) == "on"
        assert connection.scalar(text("SHOW transaction_isolation")) == "repeatable read"
    with graph.session() as session:
        assert session.scalar(text("SHOW transaction_read_only")) == "off"


@pytest.mark.parametrize("setting", ["timezone=Pacific/Auckland", "extra_float_digits=-10", "bytea_output=escape"])
def test_whatever_the_server_is_set_to(
    filled: GraphDatabase, database_name: str, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    expected = dumped(filled)
    monkeypatch.setenv(DATABASE.name, name_of_filled(database_name))
    monkeypatch.setenv("PGOPTIONS", f"-c {setting}")
    with GraphDatabase() as other:
        assert dumped(other) == expected


def test_id_that_leads_nowhere(graph: GraphDatabase) -> None:
    graph.sync_solver_result(DOCUMENT)
    with graph.engine.begin() as connection:
        connection.execute(text("UPDATE version_set SET python_release_ids = python_release_ids || 4711"))
    (line,) = dumped(graph, "version_set")
    assert json.loads(line)["version_set"]["python_release_ids"] == [
        ["click", "6.9"],
        ["click", "7.0"],
        f"{DANGLING}: 4711",
    ]


def test_table_that_is_not_there(graph: GraphDatabase) -> None:
    with pytest.raises(NotFoundError, match="'no-such-table'.*solver_run"):
        dumped(graph, "no-such-table")
    with graph.engine.begin() as connection:
        connection.execute(text("ALTER TABLE cve RENAME TO other"))
    try:
        with pytest.raises(DatabaseNotInitialized):
            dumped(graph)
    finally:
        with graph.engine.begin() as connection:
            connection.execute(text("ALTER TABLE other RENAME TO cve"))


NEW_INDICATOR = """
from sqlalchemy import Double
from sqlalchemy.orm import Mapped, mapped_column
from thoth.storages import GraphDatabase
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.models_performance import PerformanceIndicatorBase

class PiLater(PerformanceIndicatorBase, Base):
    '''Another one.'''
    __tablename__ = "pi_later"
    elapsed: Mapped[float] = mapped_column(Double)

with GraphDatabase() as graph:
    PiLater.__table__.create(graph.engine)
    try:
        import sys
        from tests.inspection_documents import composed, job_log
        from thoth.storages.graph.dump import dump_lines
        from thoth.storages.verify import verify_local_documents
        document = composed(job_log({"name": "PiLater", "@parameters": {}, "@result": {"elapsed": 1.5}}))
        graph.sync_inspection_result(document)
        print(*(line for line in dump_lines(graph) if "elapsed" in line))
        open(sys.argv[1], "w").write(__import__("json").dumps(document))
        print(verify_local_documents([sys.argv[1]], graph=graph).is_clean)
        from sqlalchemy import text
        with graph.engine.begin() as connection:
            connection.execute(text("UPDATE pi_later SET elapsed = 2"))
        (difference,) = verify_local_documents([sys.argv[1]], graph=graph).differences
        print(difference.table, difference.expected, difference.found)
    finally:
        PiLater.__table__.drop(graph.engine)
"""


def test_indicator_that_is_added(graph: GraphDatabase, tmp_path: Path) -> None:
    """A class is all that it takes, for the dump and for the comparison with documents."""
    done = subprocess.run(
        [sys.executable, "-c", NEW_INDICATOR, tmp_path / "inspection.json"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    line, clean, difference = done.stdout.splitlines()
    assert json.loads(line)["pi_later"]["elapsed"] == 1.5
    assert clean == "True"
    assert difference == "pi_later {'elapsed': 1.5} {'elapsed': 2}"


class TestCommand:
    @pytest.fixture(autouse=True)
    def _samples(self, graph: GraphDatabase) -> Iterator[None]:
        sync_local_documents([EXAMPLES / "adviser-documents"], graph=graph)
        self.expected = "".join(f"{line}\n" for line in dump_lines(graph)).encode()
        yield

    def test_printed_and_written(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(cli, ["dump"])
        assert (result.exit_code, result.stdout_bytes) == (0, self.expected)
        file = tmp_path / "graph.jsonl"
        result = CliRunner().invoke(cli, ["dump", "--output", str(file)])
        assert (result.exit_code, result.output) == (0, "")
        assert file.read_bytes() == self.expected
        assert list(tmp_path.iterdir()) == [file]
        ordered = subprocess.run(["sort", "-c", file], env={"LC_ALL": "C"}, check=False)
        assert ordered.returncode == 0

    def test_some_tables(self) -> None:
        result = CliRunner().invoke(cli, ["dump", "--table", "advised", "--table", "adviser_run"])
        tables = [next(iter(json.loads(line))) for line in result.stdout.splitlines()]
        assert sorted(set(tables)) == ["advised", "adviser_run"]

    def test_a_file_that_was_there_stays_when_it_fails(self, tmp_path: Path) -> None:
        file = tmp_path / "graph.jsonl"
        file.write_text("before")
        result = CliRunner().invoke(cli, ["dump", "--output", str(file), "--table", "other"])
        assert isinstance(result.exception, NotFoundError)
        assert file.read_text() == "before"
        assert list(tmp_path.iterdir()) == [file]

    def test_folder_that_is_not_there(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(cli, ["dump", "--output", str(tmp_path / "missing" / "graph.jsonl")])
        assert result.exit_code == 1
        assert "missing" in result.output
        assert "Traceback" not in result.output
