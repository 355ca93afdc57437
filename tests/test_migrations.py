"""The schema: migrations equal models to the last constraint, go up and down, and come to be from nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pytest_alembic.tests import (  # noqa: F401
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from tests.databases import missing_database
from tests.dump import logical_dump
from tests.factories import requires, solved, solver_document, sync
from thoth.storages import GraphDatabase
from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.exceptions import DatabaseNotInitialized, NotConnected
from thoth.storages.graph import migrations
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.sql_base import database_url

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
    return {"script_location": str(migrations.script_location())}


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
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = :schema
    """,
    "everything": "SELECT relname, relkind FROM pg_class WHERE relnamespace = CAST(:schema AS regnamespace)",
    "types": """
        SELECT typname FROM pg_type WHERE typnamespace = CAST(:schema AS regnamespace) AND typtype <> 'c'
            AND typelem = 0
    """,
    "functions": "SELECT proname FROM pg_proc WHERE pronamespace = CAST(:schema AS regnamespace)",
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
            "columns": "ALTER TABLE cve ALTER advisory TYPE varchar(9)",
            "constraints": "ALTER TABLE python_package_version "
            "ALTER CONSTRAINT fk_python_package_version_id NOT DEFERRABLE",
            "indexes": "DROP INDEX ix_depends_on_version_set_id",
            "everything": "CREATE VIEW edges AS SELECT 1",
        }.items():
            connection.execute(text(change))
            after = catalogue_of(connection, "public")
            assert after[table] != before[table]
        transaction.rollback()


def test_up_and_down_with_data(empty_database: str) -> None:
    graph = GraphDatabase()
    graph.initialize_schema()
    with graph:
        sync(graph, [DOCUMENT])
        expected = logical_dump(graph)
        for revision in ScriptDirectory(str(migrations.script_location())).walk_revisions():
            with graph.engine.connect() as connection:
                config = Config(attributes={"connection": connection})
                config.set_main_option("script_location", str(migrations.script_location()))
                command.downgrade(config, str(revision.down_revision or "base"))
            graph.initialize_schema()
            graph.sync_solver_result(DOCUMENT, force=True)
            assert logical_dump(graph) == expected


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


def test_schema_of_another_release(graph: GraphDatabase) -> None:
    with graph.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        assert graph.get_table_alembic_version_head() == "older"
        assert graph.is_schema_up2date() is False
    finally:
        with graph.engine.begin() as connection:
            connection.execute(
                text("UPDATE alembic_version SET version_num = :head"), {"head": migrations.head_revision()}
            )


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
