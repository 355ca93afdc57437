"""Roles of the database: what each may do, and what it may not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from tests.databases import missing_database
from tests.factories import PYPI, RHEL, requires, solved, solver_document
from thoth.storages import GraphDatabase
from thoth.storages.cli import cli
from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.doctor import Status
from thoth.storages.doctor.server import check_role
from thoth.storages.exceptions import ConfigurationError, DatabaseError
from thoth.storages.graph import migrations
from thoth.storages.graph.roles import Roles, as_sql, create
from thoth.storages.graph.sql_base import database_url

A = ("a", "1.0", PYPI)
PASSWORD = "s3cret"
NAMES = Roles(*(f"{role} of '{os.getpid()}' $roles$ %s:x" for role in ("reader", "writer", "migrator")))  # of a worker
DOCUMENT = solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])])

As = Callable[[str], AbstractContextManager[GraphDatabase]]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def execute(*statements: str) -> None:
    """Execute statements as a superuser, without parameters."""
    engine = create_engine(database_url(KnowledgeGraphConfig()), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execution_options(no_parameters=True).exec_driver_sql(statement)


@contextmanager
def own_database() -> Iterator[str]:
    """Let the environment name a database of one's own, which is empty; roles that are made in it go with it."""
    with missing_database(f"roles of {os.getpid()}") as name:
        migrations.create_database(KnowledgeGraphConfig())
        try:
            yield name
        finally:
            for role in (NAMES.reader, NAMES.writer, NAMES.migrator):
                with suppress(ProgrammingError):  # it was not made
                    execute(f"DROP OWNED BY {quoted(role)} CASCADE", f"DROP ROLE {quoted(role)}")


@contextmanager
def owner_of(database: str) -> Iterator[str]:
    """Let a role own the database that is no superuser, and may make roles, until the block ends."""
    owner = f"owner {os.getpid()}"
    execute(
        f"CREATE ROLE {quoted(owner)} LOGIN CREATEROLE", f"ALTER DATABASE {quoted(database)} OWNER TO {quoted(owner)}"
    )
    try:
        yield owner
    finally:
        execute(f"ALTER DATABASE {quoted(database)} OWNER TO CURRENT_USER")
        execute(f"DROP OWNED BY {quoted(owner)} CASCADE", f"DROP ROLE {quoted(owner)}")


@contextmanager
def logged_in(role: str) -> Iterator[GraphDatabase]:
    """Give an adapter that is connected as a role."""
    execute(f"ALTER ROLE {quoted(role)} PASSWORD '{PASSWORD}'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KNOWLEDGE_GRAPH_USER", role)
        patch.setenv("KNOWLEDGE_GRAPH_PASSWORD", PASSWORD)
        with GraphDatabase() as graph:
            yield graph


def permissions(graph: GraphDatabase) -> list[Any]:
    """Return what is granted in the database, and whose everything is."""
    with graph.session() as session:
        return list(
            session.execute(
                text(
                    """
                    SELECT relname, pg_get_userbyid(relowner), relacl::text FROM pg_class
                    WHERE relnamespace = CAST('public' AS regnamespace)
                    UNION ALL SELECT proname, pg_get_userbyid(proowner), proacl::text FROM pg_proc
                    WHERE pronamespace = CAST('public' AS regnamespace)
                    UNION ALL SELECT 'default', defaclobjtype::text, defaclacl::text FROM pg_default_acl
                    UNION ALL SELECT 'schema', nspname, nspacl::text FROM pg_namespace
                    UNION ALL SELECT 'database', datname, datacl::text FROM pg_database
                    WHERE datname = current_database()
                    ORDER BY 1, 2, 3
                    """
                )
            )
        )


def make(graph: GraphDatabase) -> None:
    create(graph.engine, NAMES, KnowledgeGraphConfig().database)


def test_on_tables_that_a_superuser_made(graph: GraphDatabase) -> None:
    with own_database(), GraphDatabase() as superuser:
        superuser.initialize_schema()
        make(superuser)
        before = permissions(superuser)
        make(superuser)
        assert permissions(superuser) == before
        with logged_in(NAMES.migrator) as migrator:
            migrations.downgrade(migrator.engine, "0001")
            migrator.initialize_schema()
        check_what_each_may_do()


def test_before_there_are_tables_by_an_owner_who_is_no_superuser(graph: GraphDatabase) -> None:
    with own_database() as name, owner_of(name) as owner, logged_in(owner) as adapter:
        make(adapter)
        with logged_in(NAMES.migrator) as migrator:
            migrator.initialize_schema()
        make(adapter)  # whoever made it takes back what a writer may do to the revision
        check_what_each_may_do()
        with logged_in(NAMES.writer) as writer, pytest.raises(DatabaseError, match="permission denied"):
            make(writer)


def check_what_each_may_do() -> None:
    """Of the roles of a database whose schema is that of this release."""
    with logged_in(NAMES.writer) as writer:
        writer.sync_solver_result(DOCUMENT)
        writer.sync_solver_result(DOCUMENT, force=True)
        assert writer.delete_solver_result("solver-rhel-8-py38-0a") == 1
        writer.sync_solver_result(DOCUMENT)
        assert writer.get_depends_on(*A, **RHEL) == [("b", "1.0")]
        assert check_role_of(writer) is Status.OK
        for statement in (
            "ALTER TABLE depends_on ADD COLUMN more int",
            "DROP TABLE cve",
            "TRUNCATE cve",
            "CREATE TABLE more (id int)",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            refused(writer, statement)
        with pytest.raises(DatabaseError, match=r"must be owner|permission denied"):
            writer.drop_all()
        assert writer.is_schema_up2date()
    with logged_in(NAMES.reader) as reader:
        assert reader.get_depends_on(*A, **RHEL) == [("b", "1.0")]
        assert reader.get_table_sizes()["solver_run"]["rows"] == 1
        assert reader.is_schema_up2date()
        assert check_role_of(reader) is Status.WARNING
        for write in (
            lambda: reader.register_python_package_index(PYPI),
            lambda: reader.sync_solver_result(DOCUMENT, force=True),
            lambda: reader.delete_solver_result("solver-rhel-8-py38-0a"),
            lambda: reader.create_python_package_version_entity("new", "1.0", PYPI),
        ):
            with pytest.raises(DatabaseError, match="permission denied"):
                write()
        for table in ("python_release", "depends_on", "alembic_version"):
            refused(reader, f"DELETE FROM {table}")
        refused(reader, "SELECT nextval('removals')")
        refused(reader, "CREATE TABLE more (id int)")


def check_role_of(graph: GraphDatabase) -> Status:
    with graph.snapshot() as connection:
        return check_role(connection).status


def refused(graph: GraphDatabase, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"must be owner|permission denied"), graph.session() as session:
        session.execute(text(statement))


def test_tables_of_others_stay_theirs(graph: GraphDatabase) -> None:
    with own_database(), GraphDatabase() as adapter:
        execute("CREATE TABLE of_others (id int)", "CREATE EXTENSION pg_stat_statements")
        make(adapter)
        owners = {name: owner for name, owner, _ in permissions(adapter)}
    assert owners["of_others"] != NAMES.migrator
    assert owners["pg_stat_statements"] != NAMES.migrator


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ({"reader": ""}, "reader=''"),
        ({"writer": "x" * 64}, f"writer='{'x' * 64}'"),
        ({"migrator": "nul\0"}, r"migrator='nul\x00'"),
        ({"reader": "public"}, "reader='public'"),
        ({"writer": "thoth_reader"}, "reader='thoth_reader', writer='thoth_reader'"),
    ],
)
def test_names_that_are_none(names: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        Roles(**names)
    assert told in str(error.value)


class TestCommand:
    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, ["db", "roles", *arguments])

    def test_prints_what_psql_takes_and_asks_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "127.0.0.1:1")
        monkeypatch.setenv("KNOWLEDGE_GRAPH_DATABASE", "th%oth")
        monkeypatch.setenv("KNOWLEDGE_GRAPH_PASSWORD", PASSWORD)
        done = self.run("--reader=r's")
        assert (done.exit_code, done.output) == (0, as_sql(Roles(reader="r's"), "th%oth"))
        assert PASSWORD not in done.output

    def test_makes_them(self, graph: GraphDatabase) -> None:
        with own_database():
            done = self.run("--apply", *(f"--{role}={name}" for role, name in vars(NAMES).items()))
            assert (done.exit_code, done.stdout) == (0, "")
            assert f"{NAMES.writer} writes" in done.stderr
            with logged_in(NAMES.reader) as reader:
                assert reader.is_connected()

    def test_refuses_names(self) -> None:
        error = self.run("--writer=pg_x", "--apply").exception
        assert isinstance(error, ConfigurationError)
