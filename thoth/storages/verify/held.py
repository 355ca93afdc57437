"""What the graph holds, in the form in which documents tell it; one statement a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, TextClause, text

from ..graph.models import PythonPackageVersion
from ..graph.models_base import Base
from ..graph.natural_rows import (
    DANGLING,
    all_tables,
    natural_key,
    natural_rows,
    reference,
    rows_of_runs,
    tables_of_members,
    tables_of_runs,
)
from .facts import Key, Row, key_of, plain

Held = dict[Key, Row]
"""Rows by natural key."""

_AT_ONCE = 5000

# The run whose word counts is the latest by document time, then by identifier of the document.
_NOT_THE_LATEST = text(
    """
    SELECT package_name, package_version, os_name, os_version, python_version, url, held.document_id, latest.document_id
    FROM (
        SELECT DISTINCT python_package_version_id AS id
        FROM solved JOIN solver_run ON solver_run.id = solved.solver_run_id WHERE document_id = ANY(:document_ids)
    ) AS spoken_of
    JOIN python_package_version AS version ON version.id = spoken_of.id
    JOIN solver_run AS held ON held.id = version.solver_run_id
    JOIN python_release ON python_release.id = version.python_release_id
    JOIN solved_software_environment AS environment ON environment.id = version.solved_software_environment_id
    LEFT JOIN python_package_index AS package_index ON package_index.id = version.python_package_index_id
    CROSS JOIN LATERAL (
        SELECT document_id FROM solved JOIN solver_run ON solver_run.id = solved.solver_run_id
        WHERE solved.python_package_version_id = version.id
        ORDER BY solver_run.datetime DESC, solver_run.document_id DESC LIMIT 1
    ) AS latest
    WHERE latest.document_id <> held.document_id
    """
)


def tables_of_facts(run: Table) -> dict[Table, str]:
    """Return the tables that hold facts of the runs of a table, each with the column that names the run."""
    return {table: next(_columns_to(table, run)) for table in tables_of_runs(run)}


def _columns_to(table: Table, run: Table) -> Iterator[str]:
    for name in natural_key(table):
        target = reference(table.columns[name])
        if target is not None and target.table is run:
            yield name


def tables_of_content() -> list[Table]:
    """Return the tables whose rows are identified by a digest of what they hold, and that documents share."""
    return [table for table in all_tables() if natural_key(table) == ("digest",)]


def names_of_shared_tables() -> set[str]:
    """Return the names of the tables whose rows several documents may be answerable for."""
    owners = tables_of_content()
    members = [table for owner in owners for table in tables_of_members(owner)]
    return {table.name for table in [*owners, *members]} | {PythonPackageVersion.__tablename__}


def rows_of_documents(connection: Connection, table: Table, run: Table, document_ids: Iterable[str]) -> Held:
    """Return the rows of a table that are facts of runs.

    Args:
        connection: a connection.
        table: the table.
        run: the table of the runs.
        document_ids: identifiers of the documents that the runs stand for.

    """
    condition = rows_of_runs(table, run, f"{natural_key(run)[0]} = ANY(:document_ids)")
    assert condition is not None, table.name
    return _held(connection, table, condition, {"document_ids": list(document_ids)})


def rows_of_content(connection: Connection, table: Table, digests: Iterable[str]) -> Held:
    """Return the rows of a table with digests, which are given hexadecimal."""
    return _held(connection, table, "digest = ANY(:digests)", _digests(digests))


def members_of_content(
    connection: Connection, owner: Table, digests: Iterable[str]
) -> Iterator[tuple[Table, str, Held]]:
    """Yield the tables of members of a table with digests, the column that names the owner, and the rows."""
    parameters = _digests(digests)
    for table, column in tables_of_members(owner).items():
        condition = f"{column} IN (SELECT id FROM {owner.name} WHERE digest = ANY(:digests))"
        yield table, column, _held(connection, table, condition, parameters)


def run_keys(connection: Connection, run: Table) -> Iterator[Key]:
    """Yield the natural keys of all runs of a table."""
    names = natural_key(run)
    statement = text(f"SELECT {', '.join(names)} FROM {run.name}")
    for row in connection.execute(statement, execution_options={"yield_per": _AT_ONCE}):
        yield tuple(row)


def not_the_latest(connection: Connection, document_ids: Iterable[str]) -> Iterator[tuple[Row, str, str]]:
    """Yield the package versions of which documents speak and that hold another document than the latest.

    Args:
        connection: a connection.
        document_ids: identifiers of solver documents.

    Returns:
        The natural key by name of column, the identifier of the document that is held, and that of the latest.

    """
    for name, version, *environment, url, held, latest in connection.execute(
        _NOT_THE_LATEST, {"document_ids": list(document_ids)}
    ):
        key = {
            "python_release_id": (name, version),
            "solved_software_environment_id": tuple(environment),
            "python_package_index_id": url,
        }
        yield key, held, latest


def dangling(connection: Connection) -> Iterator[tuple[Table, Row, dict[str, Any]]]:
    """Yield the rows with an array that holds ids which lead nowhere.

    Returns:
        The table, the row, and those entries by name of column.

    """
    for table in all_tables():
        for column in table.columns:
            target = reference(column)
            if target is not None and target.is_array:
                condition = f"""
                    id IN (
                        SELECT holder.id FROM {table.name} AS holder, unnest(holder.{column.name}) AS listed(id)
                        WHERE NOT EXISTS (SELECT FROM {target.table.name} AS target WHERE target.id = listed.id)
                    )
                """
                for row in _rows(connection, table, condition):
                    lost = [entry for entry in row[column.name] if str(entry).startswith(DANGLING)]
                    yield table, row, {column.name: lost}


def unused(connection: Connection) -> Iterator[tuple[Table, Row]]:
    """Yield the rows that are there because others refer to them, and to which no other row refers."""
    models: Iterable[Any] = (mapper.class_ for mapper in Base.registry.mappers)
    for model in sorted((model for model in models if model.REMOVED_WHEN_UNUSED), key=lambda each: each.__tablename__):
        table = Base.metadata.tables[model.__tablename__]
        for row in _rows(connection, table, " AND ".join(_no_user_of(table)) or "true"):
            yield table, row


def _no_user_of(target: Table) -> Iterator[str]:
    for table in all_tables():
        members = tables_of_members(target)
        for column in table.columns:
            leads_to = reference(column)
            if leads_to is None or leads_to.table is not target or table in members or table is target:
                continue
            ids = f"SELECT {f'unnest({column.name})' if leads_to.is_array else column.name} AS id FROM {table.name}"
            yield f"NOT EXISTS (SELECT FROM ({ids}) AS users WHERE users.id = {target.name}.id)"


def _digests(digests: Iterable[str]) -> dict[str, list[bytes]]:
    return {"digests": [bytes.fromhex(digest) for digest in digests]}


def _held(connection: Connection, table: Table, condition: str, parameters: Mapping[str, Any]) -> Held:
    return {key_of(table.name, row): row for row in _rows(connection, table, condition, parameters)}


def _rows(
    connection: Connection, table: Table, condition: str, parameters: Mapping[str, Any] | None = None
) -> Iterator[Row]:
    for row in connection.execute(_statement(table, condition), parameters).scalars():
        yield plain(msgspec.json.decode(row))


def _statement(table: Table, condition: str) -> TextClause:
    return text(natural_rows(table, condition=condition))
