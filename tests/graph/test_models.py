"""The models: natural keys, names, and what the database itself refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, UniqueConstraint, select, text
from sqlalchemy.exc import IntegrityError

from tests.factories import PYPI, requires, solved, solver_document, sync
from thoth.storages import GraphDatabase
from thoth.storages.documents.core_metadata import read_core_metadata
from thoth.storages.graph import models, models_performance
from thoth.storages.graph.ingest.version_sets import version_set_digest
from thoth.storages.graph.models_base import Base, BaseExtension

MODELS: list[Any] = [*models.ALL_MODELS, *models_performance.ALL_PERFORMANCE_MODELS]
MAX_NAME = 63


def table_of(model: Any) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def named_things(table: Table) -> list[Any]:
    """Return what a table has that bears a name: constraints and indexes."""
    return [*table.constraints, *table.indexes]


def test_all_models_are_listed() -> None:
    assert {mapper.class_ for mapper in Base.registry.mappers} == set(MODELS)
    assert {table_of(model).name for model in MODELS} == set(Base.metadata.tables)
    assert {model.__name__ for model in models.ALL_MODELS} | {"Base", "ALL_MODELS"} >= set(models.__all__)
    assert set(models_performance.PERFORMANCE_MODEL_BY_NAME.values()) == set(models_performance.ALL_PERFORMANCE_MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_natural_key_is_complete(model: Any) -> None:
    """No row is identified by all its columns, nor by a number alone; that a part is missing is a value like any."""
    assert issubclass(model, BaseExtension)
    table, key = table_of(model), model.NATURAL_KEY
    assert "id" not in key
    uniques = [
        constraint
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint)
        and {column.name for column in constraint.columns} == set(key)
    ]
    assert len(uniques) == 1
    if any(table.c[name].nullable for name in key):
        assert uniques[0].dialect_options["postgresql"]["nulls_not_distinct"] is True


@pytest.mark.parametrize("model", MODELS)
def test_names_follow_the_convention(model: Any) -> None:
    """PostgreSQL cuts longer names, and two of them may be one then."""
    table = table_of(model)
    for thing in named_things(table):
        prefix = {PrimaryKeyConstraint: "pk", UniqueConstraint: "uq", ForeignKeyConstraint: "fk", Index: "ix"}[
            type(thing)
        ]
        first = "" if prefix == "pk" else f"_{next(iter(thing.columns)).name}"
        assert re.fullmatch(rf"{prefix}_{table.name}{first}\w*", str(thing.name))
        assert len(str(thing.name).encode()) <= MAX_NAME


def test_names_in_the_database(graph: GraphDatabase) -> None:
    with graph.engine.connect() as connection:
        stored = set(
            connection.scalars(
                text("SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'")
            )
        )
        stored |= set(connection.scalars(text("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")))
    declared = {str(thing.name) for model in MODELS for thing in named_things(table_of(model))}
    assert stored - {"alembic_version_pkc"} == declared


def test_every_foreign_key_that_is_looked_up_has_an_index() -> None:
    """Removing a row looks for rows that go with it, and for rows that still refer to it."""
    removed = {table_of(model).name for model in MODELS if model.REMOVED_WHEN_UNUSED}
    not_needed = {
        ("ecosystem_solver", "solved_software_environment_id"),  # a handful of rows
        # Looked up when the last solver of the environment goes, which has no package versions then.
        ("python_package_version", "solved_software_environment_id"),
    }
    missing = set()
    for table in map(table_of, MODELS):
        leading = {next(iter(index.columns)).name for index in table.indexes}
        leading |= {
            next(iter(constraint.columns)).name
            for constraint in table.constraints
            if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint)
        }
        leading |= {column.name for column in table.columns if column.unique}
        for key in table.foreign_key_constraints:
            if key.ondelete == "CASCADE" or key.referred_table.name in removed:
                missing |= {(table.name, key.column_keys[0])} if key.column_keys[0] not in leading else set()
    assert missing == not_needed


@pytest.fixture
def filled(graph: GraphDatabase) -> GraphDatabase:
    sync(graph, [solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")], sha256=["a" * 64])])])
    graph.create_python_package_version_entity("a")
    return graph


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO python_release (package_name, package_version) VALUES ('a', '1.0')",
        "INSERT INTO python_release (package_name) VALUES ('a')",
        "INSERT INTO python_package_version_entity (python_release_id) "
        "SELECT python_release_id FROM python_package_version_entity",
        "INSERT INTO python_package_version "
        "(python_release_id, solved_software_environment_id, python_package_index_id, solver_run_id) "
        "SELECT python_release_id, solved_software_environment_id, python_package_index_id, solver_run_id "
        "FROM python_package_version",
        "INSERT INTO solver_run (document_id, datetime, ecosystem_solver_id) "
        "SELECT document_id, now(), ecosystem_solver_id FROM solver_run",
        "INSERT INTO solved SELECT * FROM solved",
        "INSERT INTO depends_on SELECT * FROM depends_on",
        "INSERT INTO has_artifact SELECT * FROM has_artifact",
        "INSERT INTO ecosystem_solver (ecosystem, solver_name, solver_version, solved_software_environment_id) "
        "SELECT ecosystem, solver_name, solver_version, solved_software_environment_id FROM ecosystem_solver",
        "INSERT INTO python_package_license (license_name) VALUES ('MIT'), ('MIT')",
    ],
)
def test_database_refuses_duplicates(filled: GraphDatabase, statement: str) -> None:
    """Unique keys over nullable columns let (name, NULL, NULL) in twice; tables without a key let everything in."""
    with pytest.raises(IntegrityError, match="UniqueViolation"), filled.engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM python_release WHERE package_name = 'a'",
        "DELETE FROM version_set",
        "DELETE FROM solved",
        "DELETE FROM solver_run",
        "DELETE FROM python_package_index",
        "UPDATE python_package_version SET solver_run_id = 0",
    ],
)
def test_database_refuses_dangling_references(filled: GraphDatabase, statement: str) -> None:
    with pytest.raises(IntegrityError, match="ForeignKeyViolation"), filled.engine.begin() as connection:
        connection.execute(text(statement))


def test_digests_are_those_that_the_columns_document(graph: GraphDatabase) -> None:
    fields = {"Name": "a", "License-File": ["LICENSE"]}
    package = solved("a", dependencies=[requires("b", "2.0", "1.0")], importlib_metadata={"metadata": fields})
    sync(graph, [solver_document(tree=[package])])
    with graph.session() as session:
        assert list(session.scalars(select(models.VersionSet.digest))) == [version_set_digest("b", ["1.0", "2.0"])]
        metadata = session.scalars(select(models.PythonPackageMetadata)).one()
    assert metadata.digest == read_core_metadata(fields, "$").digest()
    assert metadata.other_fields == {"License-File": ["LICENSE"]}


def test_to_dict(graph: GraphDatabase) -> None:
    graph.register_python_package_index(PYPI)
    with graph.session() as session:
        index = session.scalars(select(models.PythonPackageIndex)).one()
        expected = {"id": index.id, "url": PYPI, "warehouse_api_url": None, "verify_ssl": True, "enabled": False}
        assert index.to_dict() == expected


def test_new_performance_indicator_needs_a_class_alone() -> None:
    known = dict(models_performance.PERFORMANCE_MODEL_BY_NAME)
    try:

        class PiNew(models_performance.PerformanceIndicatorBase):
            """An indicator that no table was made for."""

        assert {**known, "PiNew": PiNew} == models_performance.PERFORMANCE_MODEL_BY_NAME
    finally:
        models_performance.PERFORMANCE_MODEL_BY_NAME.clear()
        models_performance.PERFORMANCE_MODEL_BY_NAME.update(known)
