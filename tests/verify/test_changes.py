"""Whatever is changed in a graph, the comparison with its documents tells exactly that: for each table, off the models.

What has to be told is worked out from the dumps before and after, which know nothing of documents.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import text

from tests.graph.changes import Seen, changes_of, documents_of_every_kind, filled_database
from thoth.storages import GraphDatabase
from thoth.storages.graph.dump import dump_lines
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.natural_rows import natural_key, reference
from thoth.storages.verify import VerifyReport, verify_local_documents
from thoth.storages.verify.facts import plain

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = dict[str, dict[tuple[Any, ...], Row]]
Told: TypeAlias = tuple[str, str, tuple[Any, ...], frozenset[str]]
"""Table, what, key, columns that differ."""

RUNS = {
    "adviser_run",
    "dependency_monkey_run",
    "inspection_run",
    "package_analyzer_run",
    "package_extract_run",
    "provenance_checker_run",
    "solver_run",
}
# Told by no document, or by its references alone: rows of these are never named.
NEVER_NAMED = {
    "cve",
    "ecosystem_solver",
    "has_vulnerability",
    "python_artifact",
    "python_file_digest",
    "python_package_index",
    "python_package_license",
    "python_package_version_entity",
    "python_release",
    "python_software_stack",
    "solved_software_environment",
    "versioned_symbol",
}
BY_CONTENT = {
    "deb_package_version",
    "hardware_information",
    "python_package_metadata",
    "python_requirements",
    "python_requirements_lock",
    "rpm_package_version",
    "software_environment",
    "version_set",
}
MEMBERS = {"python_requirement": "python_requirements_id", "locked_python_package": "python_requirements_lock_id"}
LATEST = "python_package_version"
NOT_FROM_DOCUMENTS = {"cve", "has_vulnerability", "python_package_version_entity"}
TABLES = sorted(set(Base.metadata.tables) - NOT_FROM_DOCUMENTS)
OF_RUNS = sorted({*TABLES} - RUNS - NEVER_NAMED - BY_CONTENT - MEMBERS.keys() - {LATEST})
"""Whatever is in none of the other lists, and so a table that is added."""
FACTS = sorted({*OF_RUNS, *MEMBERS, *RUNS})


@pytest.fixture(scope="module")
def filled(database_name: str) -> Iterator[GraphDatabase]:
    with filled_database(database_name) as graph:
        yield graph


@pytest.fixture(scope="module")
def before(filled: GraphDatabase) -> Rows:
    return rows_of(filled)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("documents") / "all.jsonl"
    file.write_text("".join(json.dumps(document) + "\n" for _, document in documents_of_every_kind()))
    return file


def rows_of(graph: GraphDatabase) -> Rows:
    found: Rows = {table: {} for table in Base.metadata.tables}
    for line in dump_lines(graph):
        ((table, row),) = plain(json.loads(line)).items()
        found[table][tuple(row[name] for name in natural_key(Base.metadata.tables[table]))] = row
    return found


def run_of(table: str, row: Row) -> tuple[str, tuple[Any, ...]]:
    """Return the run that a row is a fact of: its table and key."""
    for column in Base.metadata.tables[table].columns:
        target = reference(column)
        if target is not None and target.table.name in RUNS:
            key = row[column.name]
            return target.table.name, key if isinstance(key, tuple) else (key,)
    raise AssertionError(f"{table}: names no run")


def latest(rows: Rows) -> dict[tuple[Any, ...], str]:
    """Return the latest document about each package version."""
    found: dict[tuple[Any, ...], tuple[str, str]] = {}
    for version, document_id in rows["solved"]:
        when = rows["solver_run"][(document_id,)]["datetime"]
        found[version] = max(found.get(version, ("", "")), (when, document_id))
    return {version: document_id for version, (_, document_id) in found.items()}


def expected(before: Rows, after: Rows) -> set[Told]:
    """Return what has to be told of a graph that changed."""
    gone_runs = {(table, key) for table in RUNS for key in before[table].keys() ^ after[table].keys()}
    told: set[Told] = set()
    for table in {*before} - NEVER_NAMED - {LATEST}:
        for key in before[table].keys() | after[table].keys():
            old, new = before[table].get(key), after[table].get(key)
            row: Row = old or new or {}
            if table in OF_RUNS and run_of(table, row) in gone_runs:
                continue
            if old is None:
                known = table not in MEMBERS or (row[MEMBERS[table]],) in before[_owner_table(table)]
                if table not in BY_CONTENT and known:
                    told.add((table, "unsupported", key, frozenset()))
            elif new is None:
                told.add((table, "missing", key, frozenset()))
            elif old != new:
                told.add((table, "differs", key, frozenset(name for name in old if old[name] != new[name])))
    for version, document_id in latest(after).items():
        if version in after[LATEST] and after[LATEST][version]["solver_run_id"] != document_id:
            told.add((LATEST, "differs", version, frozenset({"solver_run_id"})))
    return told


def _owner_table(table: str) -> str:
    target = reference(Base.metadata.tables[table].columns[MEMBERS[table]])
    assert target is not None
    return target.table.name


def found(report: VerifyReport) -> set[Told]:
    listed = [
        (
            difference.table,
            difference.what,
            tuple(difference.key.values()),
            frozenset(difference.expected) if difference.what == "differs" else frozenset(),
        )
        for difference in report.differences
        if difference.what != "unused"
    ]
    assert len(listed) == len(set(listed))
    return set(listed)


def test_nothing_is_changed(filled: GraphDatabase, before: Rows, file: Path) -> None:
    report = verify_local_documents([file], graph=filled)
    assert report.differences == []
    assert report.is_clean
    assert report.total.documents == len(documents_of_every_kind())
    # What documents of several kinds share is counted for each.
    assert report.total.facts >= sum(len(before[table]) for table in {*TABLES} - NEVER_NAMED - {LATEST})
    assert {table for table in TABLES if before[table]} == {*TABLES}


@pytest.mark.parametrize("table", TABLES)
def test_changed_row(filled: GraphDatabase, before: Rows, file: Path, table: str) -> None:
    changed = 0
    for change in changes_of(filled, table, one_by_one=False):
        with change.made() as graph:
            has_to_be_told = expected(before, rows_of(graph))
            assert found(verify_local_documents([file], graph=graph)) == has_to_be_told, change
        assert has_to_be_told or table == "python_package_index", change
        changed += 1
    assert changed


@pytest.mark.parametrize("table", FACTS)
def test_row_that_is_gone(filled: GraphDatabase, before: Rows, file: Path, table: str) -> None:
    with filled.engine.connect() as connection:
        connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        if table == "solver_run":  # does not go by itself
            connection.execute(text("DELETE FROM solved WHERE solver_run_id = (SELECT min(id) FROM solver_run)"))
        assert (
            connection.execute(text(f"DELETE FROM {table} WHERE ctid = (SELECT min(ctid) FROM {table})")).rowcount == 1
        )
        graph = Seen(connection)
        has_to_be_told = expected(before, rows_of(graph))
        assert found(verify_local_documents([file], graph=graph)) == has_to_be_told
        connection.rollback()
    assert {what for _, what, *_ in has_to_be_told} == {"missing"}
    assert table in {table for table, *_ in has_to_be_told}


@pytest.mark.parametrize("table", FACTS)
def test_row_that_no_document_tells(filled: GraphDatabase, before: Rows, file: Path, table: str) -> None:
    key = natural_key(Base.metadata.tables[table])
    changes = [change for change in changes_of(filled, table, one_by_one=False) if set(change.columns) <= set(key)]
    assert changes
    for change in changes:
        with change.made(in_a_copy=True) as graph:
            has_to_be_told = expected(before, rows_of(graph))
            assert found(verify_local_documents([file], graph=graph)) == has_to_be_told, change
        # A row of "solved" may be of a document that is later than the latest.
        assert {what for name, what, *_ in has_to_be_told if name != LATEST} == {"unsupported"}
        assert table in {table for table, *_ in has_to_be_told}
