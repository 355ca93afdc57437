"""The schema: migrations equal models to the last constraint, go up and down, and come to be from nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from pytest_alembic.tests import (  # noqa: F401
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from tests.conftest import EXAMPLES
from tests.databases import missing_database
from tests.dump import logical_dump
from tests.factories import requires, solved, solver_document, sync
from thoth.storages import GraphDatabase
from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.exceptions import DatabaseNotInitialized, NotConnected, NotFoundError, ThothStorageException
from thoth.storages.graph import migrations, revisions
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.models_functions import function_statements
from thoth.storages.graph.models_views import view_statements
from thoth.storages.graph.revisions import Revision, SchemaState
from thoth.storages.graph.sql_base import database_url
from thoth.storages.sync import sync_local_documents

ROOT = Path(__file__).parents[1]
DOCUMENT = solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")], sha256=["a" * 64])])


@pytest.fixture
def new_database(database_name: str) -> Iterator[str]:
    """The name of a database that does not exist, which the environment names; it is dropped at the end."""
    with missing_database(f"{database_name}_migrations") as name:
        yield name


@pytest.fixture
def empty_database(new_database: str) -> str:
    """The name of an empty database, which the environment names."""
    migrations.create_database(KnowledgeGraphConfig())
    return new_database


@pytest.fixture
def alembic_config() -> dict[str, Any]:
    """What pytest-alembic is told."""
    return {"script_location": str(revisions.script_location())}


@pytest.fixture
def alembic_engine(empty_database: str) -> Iterator[Connection]:
    """The connection that pytest-alembic uses."""
    engine = create_engine(database_url(KnowledgeGraphConfig()), poolclass=NullPool)
    assert engine.url.database == empty_database
    with engine.connect() as connection:
        yield connection


# What a schema is made of, told by the system catalogues; {schema} is where it is.
CATALOGUES = {
    "columns": """
        SELECT class.relname, attribute.attname, format_type(attribute.atttypid, attribute.atttypmod), attnotnull,
               collname, attidentity, attgenerated, pg_get_expr(adbin, adrelid)
        FROM pg_attribute AS attribute JOIN pg_class AS class ON class.oid = attrelid
        LEFT JOIN pg_collation ON pg_collation.oid = attcollation
        LEFT JOIN pg_attrdef ON adrelid = class.oid AND adnum = attnum
        WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    """,
    "constraints": """
        SELECT CAST(conrelid AS regclass)::text, conname, contype, condeferrable, condeferred,
               pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = CAST(:schema AS regnamespace)
    """,
    "views": """
        SELECT relname, pg_get_viewdef(class.oid), obj_description(class.oid)
        FROM pg_class AS class WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind = 'v'
    """,
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = :schema
    """,
    "everything": "SELECT relname, relkind FROM pg_class WHERE relnamespace = CAST(:schema AS regnamespace)",
    "types": """
        SELECT typname FROM pg_type WHERE typnamespace = CAST(:schema AS regnamespace) AND typtype <> 'c'
            AND typelem = 0
    """,
    "functions": """
        SELECT pg_get_functiondef(oid), obj_description(oid) FROM pg_proc
        WHERE pronamespace = CAST(:schema AS regnamespace)
    """,
}


def catalogue_of(connection: Connection, schema: str) -> dict[str, list[str]]:
    """Return what a schema is made of, without its own name."""
    found = {}
    for name, statement in CATALOGUES.items():
        rows = connection.execute(text(statement), {"schema": schema}).all()
        lines = [" | ".join(map(str, row)).replace(f"{schema}.", "") for row in rows]
        found[name] = sorted(line for line in lines if "alembic_version" not in line)
    return found


def test_models_equal_migrations_in_the_catalogues(graph: GraphDatabase) -> None:
    """Autogenerate sees neither collations nor deferrability, methods of indexes, or NULLS NOT DISTINCT."""
    with graph.engine.connect() as connection, connection.begin() as transaction:
        migrated = catalogue_of(connection, "public")
        connection.execute(text("CREATE SCHEMA of_models"))
        connection.execute(text("SET LOCAL search_path TO of_models"))
        Base.metadata.create_all(connection, checkfirst=False)
        for statement in (*view_statements(), *function_statements()):
            connection.execute(text(statement))
        declared = catalogue_of(connection, "of_models")
        transaction.rollback()
    assert declared == migrated
    assert len(migrated["constraints"]) > 50
    assert any("NULLS NOT DISTINCT" in line for line in migrated["constraints"])
    assert any("DEFERRABLE INITIALLY DEFERRED" in line for line in migrated["constraints"])
    assert any("USING gin" in line for line in migrated["indexes"])
    assert all("| C |" in line for line in migrated["columns"] if "| text" in line)


def test_catalogue_sees_differences(graph: GraphDatabase) -> None:
    with graph.engine.connect() as connection, connection.begin() as transaction:
        before = catalogue_of(connection, "public")
        for table, change in {
            "columns": "ALTER TABLE python_package_index ALTER warehouse_api_url TYPE varchar(9)",
            "views": "COMMENT ON VIEW v_solved IS 'something else'",
            "functions": "ALTER FUNCTION sync_solver_documents RESET enable_seqscan",
            "constraints": "ALTER TABLE python_package_version "
            "ALTER CONSTRAINT fk_python_package_version_id NOT DEFERRABLE",
            "indexes": "DROP INDEX ix_depends_on_version_set_id",
            "everything": "CREATE VIEW edges AS SELECT 1",
        }.items():
            connection.execute(text(change))
            after = catalogue_of(connection, "public")
            assert after[table] != before[table]
        transaction.rollback()


def test_up_and_down_with_data_of_every_kind(empty_database: str) -> None:
    documents = [*EXAMPLES.glob("*-documents/*.json"), EXAMPLES / "solver-documents" / "solver-ubi-8-py38.jsonl.gz"]
    graph = GraphDatabase()
    graph.initialize_schema()
    with graph:
        sync_local_documents(documents, graph=graph)
        expected = logical_dump(graph)
        assert all(expected[name] for name in ("adviser_run", "package_extract_run", "inspection_run", "pi_matmul"))
        for revision in reversed(revisions.history()):
            before = rows_of_tables(graph)
            migrations.downgrade(graph.engine, revision.down_revision or "base")
            # What was there before the revision is there after it, as it was, in the columns that there were.
            for name, rows in rows_of_tables(graph).items():
                columns = rows[0].keys() if rows else ()
                assert len(rows) == len(before[name])
                assert in_order(rows) == in_order({column: row[column] for column in columns} for row in before[name])
            graph.initialize_schema()
            assert sync_local_documents(documents, graph=graph, force=True).total.failed == 0
            assert logical_dump(graph) == expected


def rows_of_tables(graph: GraphDatabase) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every table that there is, but for Alembic's own."""
    with graph.engine.connect() as connection:
        names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        return {name: list(connection.scalars(text(f'SELECT to_jsonb(it) FROM "{name}" AS it'))) for name in names}


def in_order(rows: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def everything_in(graph: GraphDatabase) -> dict[str, list[Any]]:
    with graph.engine.connect() as connection:
        return {
            name: list(connection.execute(text(statement), {"schema": "public"}))
            for name, statement in CATALOGUES.items()
        }


def test_drop_all_leaves_nothing_behind(empty_database: str) -> None:
    """`drop_all` left alembic_version, so that `initialize_schema` did nothing."""
    graph = GraphDatabase()
    with graph:
        before = everything_in(graph)
        assert not any(before.values())
        graph.drop_all()
        graph.initialize_schema()
        sync(graph, [DOCUMENT])
        assert all(everything_in(graph)[name] for name in ("columns", "constraints", "indexes", "everything"))
        graph.drop_all()
        assert everything_in(graph) == before
        with pytest.raises(DatabaseNotInitialized):
            graph.get_table_alembic_version_head()
        graph.initialize_schema()
        assert graph.get_solver_documents_count() == 0
        sync(graph, [DOCUMENT])
        assert graph.get_solver_documents_count() == 1


def initialize_and_sync(document: dict[str, Any]) -> None:
    graph = GraphDatabase()
    graph.initialize_schema()
    with graph:
        graph.sync_solver_result(document)


def test_initialize_schema_of_an_empty_database_by_many_at_once(empty_database: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as processes:
        for started in [processes.submit(initialize_and_sync, DOCUMENT) for _ in range(6)]:
            started.result(timeout=120)
    with GraphDatabase() as graph:
        assert graph.get_solver_documents_count() == 1


def test_initialize_schema_again_keeps_what_there_is(graph: GraphDatabase) -> None:
    sync(graph, [DOCUMENT])
    expected = logical_dump(graph)
    graph.initialize_schema()
    assert logical_dump(graph) == expected


def test_heads(graph: GraphDatabase) -> None:
    script = ScriptDirectory.from_config(Config(toml_file=ROOT / "pyproject.toml"))
    assert graph.get_script_alembic_version_head() == script.get_current_head()
    assert graph.get_table_alembic_version_head() == script.get_current_head()
    assert graph.is_schema_up2date() is True


def test_status_says_which_side_is_older(empty_database: str) -> None:
    head = revisions.head_revision()
    every = tuple(revision.revision for revision in revisions.history())
    with GraphDatabase() as graph:
        empty = graph.get_schema_status()
        assert (empty.database, empty.release, empty.pending) == (None, head, every)
        assert (empty.state, empty.ready) == (SchemaState.EMPTY, False)
        migrations.upgrade(graph.engine, every[0])
        older = graph.get_schema_status()
        assert (older.database, older.pending) == (every[0], every[1:])
        assert (older.state, older.ready) == (SchemaState.DATABASE_IS_OLDER, False)
        assert graph.is_schema_up2date() is False
        graph.initialize_schema()
        same = graph.get_schema_status()
        assert (same.database, same.state, same.ready) == (head, SchemaState.UP_TO_DATE, True)
        with graph.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = 'of-next-year'"))
        newer = graph.get_schema_status()
        assert (newer.database, newer.state, newer.ready) == ("of-next-year", SchemaState.RELEASE_IS_OLDER, True)
        assert graph.get_table_alembic_version_head() == "of-next-year"
        assert graph.is_schema_up2date() is False
        with pytest.raises(ThothStorageException, match="of-next-year"):
            graph.initialize_schema()


def test_revision_that_does_not_exist(empty_database: str) -> None:
    with GraphDatabase() as graph:
        for call in (migrations.upgrade, migrations.downgrade):
            with pytest.raises(NotFoundError, match=r"no revision is named '1789', only base, 0001, "):
                call(graph.engine, "1789")


CONCURRENT_INDEX = """
revision, down_revision = "next", "{head}"
from alembic import op

def upgrade():
    op.execute("SET LOCAL lock_timeout = '5s'")
    with op.get_context().autocommit_block():
        op.create_index("ix_next", "cve", ["advisory"], postgresql_concurrently=True)

def downgrade():
    op.drop_index("ix_next")
"""
FAILING = """
revision, down_revision = "{number}", "{head}"
from alembic import op

def upgrade():
    op.execute("CREATE TABLE {name} (id int)")
    op.execute("{statement}")

def downgrade():
    op.execute("DROP TABLE {name}")
"""


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the migrations of a release that is still to be written."""
    copy = shutil.copytree(revisions.script_location(), tmp_path / "alembic", ignore=shutil.ignore_patterns("*.pyc"))
    monkeypatch.setattr(revisions, "script_location", lambda: copy)
    return copy / "versions"


def test_index_is_built_concurrently_while_others_wait(empty_database: str, next_release: Path) -> None:
    """Outside of a transaction, the lock of migrations is held all the same."""
    (next_release / "next.py").write_text(CONCURRENT_INDEX.format(head=revisions.head_revision()))
    done: list[Revision] = []

    def start() -> None:
        with GraphDatabase() as graph:
            migrations.upgrade(graph.engine, tell=lambda revision, _: done.append(revision))

    with GraphDatabase() as graph, ThreadPoolExecutor(1) as thread:
        with migrations.one_at_a_time(graph.engine):
            waiting = thread.submit(start)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=1)
            with graph.engine.connect() as connection:
                assert inspect(connection).get_table_names() == []
        waiting.result(timeout=60)
        start()
        assert [revision.revision for revision in done] == [revision.revision for revision in revisions.history()]
        with graph.engine.connect() as connection:
            valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = CAST('ix_next' AS regclass)"
            assert connection.scalar(text(valid)) is True


def test_migration_that_fails_leaves_those_before_it(empty_database: str, next_release: Path) -> None:
    head = revisions.head_revision()
    first = FAILING.format(number="next_1", head=head, name="made", statement="SELECT 1")
    (next_release / "next_1.py").write_text(first)
    second = FAILING.format(number="next_2", head="next_1", name="lost", statement="SELECT 1 / 0")
    (next_release / "next_2.py").write_text(second)
    with GraphDatabase() as graph:
        with pytest.raises(ThothStorageException, match="division by zero"):
            graph.initialize_schema()
        assert graph.get_table_alembic_version_head() == "next_1"
        with graph.engine.connect() as connection:
            names = inspect(connection).get_table_names()
        assert "made" in names
        assert "lost" not in names
        assert graph.get_schema_status().pending == ("next_2",)


def test_script_of_sql_makes_the_same_schema(graph: GraphDatabase, empty_database: str) -> None:
    with graph.engine.connect() as connection:
        migrated = catalogue_of(connection, "public")
    with GraphDatabase() as other, other.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(revisions.as_sql().replace("%", "%%"))
        assert catalogue_of(connection, "public") == migrated
        cursor.execute(revisions.as_sql("head", "base").replace("%", "%%"))
        assert inspect(connection).get_table_names() == ["alembic_version"]
    assert revisions.as_sql("head", "head") == revisions.as_sql("0001", "0001") == ""


def test_differences_between_models_and_tables(empty_database: str) -> None:
    with GraphDatabase() as graph:
        with pytest.raises(DatabaseNotInitialized):
            revisions.differences(graph.engine)
        graph.initialize_schema()
        assert revisions.differences(graph.engine) == []
        with graph.engine.begin() as connection:
            connection.execute(text("ALTER TABLE cve DROP COLUMN advisory CASCADE, ADD COLUMN wrong int"))
            connection.execute(text("ALTER TABLE cve ALTER version_range DROP NOT NULL"))
            connection.execute(text("ALTER FUNCTION sync_solver_documents RENAME TO another"))
        found = "\n".join(revisions.differences(graph.engine))
    assert "add view: v_vulnerability" in found
    assert "replace function: sync_solver_documents" in found
    assert "add column: cve, " in found.replace("Column(", "")
    assert "wrong" in found
    assert "modify nullable: cve, version_range" in found


def test_empty_database_can_be_connected_to_and_initialised(empty_database: str) -> None:
    """`connect` refused an empty database, which could therefore never be initialised."""
    graph = GraphDatabase()
    graph.connect()
    assert graph.is_connected()
    for call in (graph.is_schema_up2date, graph.get_table_alembic_version_head, graph.get_solver_documents_count):
        with pytest.raises(DatabaseNotInitialized):
            call()
    with pytest.raises(DatabaseNotInitialized):
        graph.sync_solver_result(DOCUMENT)
    graph.initialize_schema()
    graph.sync_solver_result(DOCUMENT)
    assert graph.is_schema_up2date()
    graph.disconnect()


def test_missing_database_can_be_connected_to_and_initialised(new_database: str) -> None:
    graph = GraphDatabase()
    graph.connect()
    for call in (graph.is_schema_up2date, graph.get_table_alembic_version_head, graph.get_solver_documents_count):
        with pytest.raises(DatabaseNotInitialized, match=new_database):
            call()
    graph.initialize_schema()
    assert graph.get_solver_documents_count() == 0
    graph.disconnect()


@pytest.mark.parametrize("name", ["a b", 'a"b', "a:b", "a%b", "Ä-ß", "drop"])
def test_name_of_a_database_may_hold_any_character(name: str) -> None:
    graph = GraphDatabase()
    with missing_database(name):
        graph.initialize_schema()
        with graph.engine.connect() as connection:
            assert connection.scalar(text("SELECT current_database()")) == name
        graph.disconnect()


def test_methods_of_the_schema_need_a_connection() -> None:
    for call in (GraphDatabase().drop_all, GraphDatabase().is_schema_up2date, GraphDatabase().get_python_packages):
        with pytest.raises(NotConnected, match=r"call connect\(\)"):
            call()


def test_initialize_schema_from_another_working_directory(new_database: str, tmp_path: Path) -> None:
    code = "from thoth.storages import GraphDatabase as G; g = G(); g.initialize_schema(); print(g.is_schema_up2date())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
    with GraphDatabase() as graph:
        assert graph.is_schema_up2date()


def test_alembic_command_in_a_checkout(new_database: str) -> None:
    migrations.create_database(KnowledgeGraphConfig())
    for arguments in (["upgrade", "head"], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "No new upgrade operations detected" in done.stdout
    with GraphDatabase() as graph:
        assert graph.is_schema_up2date()


def test_migrations_can_be_written_as_sql() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head", "--sql"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert all(f"CREATE TABLE {name} (" in done.stdout for name in Base.metadata.tables)
