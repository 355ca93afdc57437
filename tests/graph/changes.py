"""A graph with something in each table that documents fill, and changes of it, read off the models, all taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    text,
)
from sqlalchemy.exc import IntegrityError

from tests.adviser_documents import provenance_document
from tests.databases import drop_database
from tests.factories import SOLVER, failed, requires, solved, solver_document
from tests.factories_images import analysis, artifact, deb, installed, package_analysis, rpm
from tests.inspection_documents import batch, conv1d, conv2d, job_log, matmul, pybench, report, samples
from thoth.storages import GraphDatabase
from thoth.storages.config import DATABASE
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.natural_rows import natural_key, reference

Json = dict[str, Any]

_LICENSE = {"license": {"full_name": "MIT License", "identifier_spdx": "MIT"}, "license_version": None, "warning": True}
_METADATA = {"Name": "a", "Version": "1", "Classifier": ["x"], "License-File": ["LICENSE"]}


def documents_of_every_kind() -> list[tuple[str, Json]]:
    """Return some documents of each kind, small ones; together they say something in each table."""
    solvers = [
        solver_document(
            f"{SOLVER}-{number}",
            datetime=f"2021-07-0{1 + number}T00:00:00",
            tree=[
                solved(
                    "a",
                    "1",
                    [requires("b", "1", "2", marker="os_name == 'posix'", marker_evaluation_result=True)],
                    sha256=["0a" * 32, f"{number:02}" * 32],
                    packages=["a", "b"],
                    package_license=_LICENSE,
                    importlib_metadata={"metadata": _METADATA},
                ),
                solved("b", str(number), [requires("c", "3", extra=["x"])], sha256=["0b" * 32]),
            ],
            errors=[failed("d")],
        )
        for number in range(3)
    ]
    solvers.append(solver_document("solver-fedora-31-py37-0", tree=[solved("e", "1")]))
    image = analysis(
        rpm_dependencies=[rpm("acl", "2.2.53", "libc.so.6"), rpm("bash", "5")],
        deb_dependencies=[deb("adduser"), deb("dash")],
        python_packages=[installed("flask"), installed("click")],
        python_files=[{"filepath": f"/usr/{name}.py", "sha256": name * 64} for name in "ab"],
        python_interpreters=[{"path": f"/usr/bin/python3.{number}", "version": "Python 3.8.1"} for number in (8, 9)],
        system_symbols={"/lib64/libc.so.6": ["GLIBC_2.17", "GLIBC_2.28"]},
    )
    other_image = analysis(
        "package-extract-other", rpm_dependencies=[rpm("zlib", "1")], deb_dependencies=[deb("zlib1g")]
    )
    files = [artifact(f"{name}.whl", files=[f"{name}.py"], symbols={"libc.so.6": ["GLIBC_2.4"]}) for name in "ab"]
    logs = [job_log(printed) for printed in (matmul(), conv1d(), conv2d(), pybench())]
    return [
        *(("solver", document) for document in solvers),
        ("analysis", image),
        ("analysis", other_image),
        ("package_analysis", package_analysis("flask", "1.0.2", *files)),
        ("package_analysis", package_analysis("click", "7.0", document_id="package-analyzer-other")),
        ("inspection", batch(*logs, job_log(matmul()), job_log("nothing"))),
        ("dependency_monkey", report("inspection-a", "inspection-b")),
        ("dependency_monkey", report("inspection-c", document_id="dependency-monkey-other")),
        *(("adviser", document) for document in samples("adviser-documents")),
        *(("provenance_checker", document) for document in samples("provenance-checker-documents")),
        ("provenance_checker", provenance_document("provenance-checker-other")),
    ]


def name_of_filled(database_name: str) -> str:
    """Return the name of the database of `filled_database`."""
    return f"{database_name}_filled"


@contextmanager
def filled_database(database_name: str) -> Iterator[GraphDatabase]:
    """Give a connected adapter of a database of its own that holds those documents."""
    name = name_of_filled(database_name)
    drop_database(name)
    graph = GraphDatabase()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATABASE.name, name)
        graph.initialize_schema()
    for kind, document in documents_of_every_kind():
        getattr(graph, f"sync_{kind}_result")(document)
    yield graph
    graph.disconnect()
    drop_database(name)


class Seen(GraphDatabase):
    """An adapter that sees what a transaction has written so far, which is not committed."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        yield self._connection


@dataclass
class Change:
    """Other values for some columns of one row."""

    graph: GraphDatabase
    table: Table
    columns: tuple[str, ...]
    values: tuple[str | None, ...]
    """As text."""
    row: str
    """Where the row is: its ``ctid``."""

    @contextmanager
    def made(self, *, in_a_copy: bool = False) -> Iterator[GraphDatabase]:
        """Give the graph with the change in the row, or in a copy beside it; it is taken back at the end."""
        with self.graph.engine.connect() as connection:
            connection.execute(text(self._insert() if in_a_copy else self.update()))
            yield Seen(connection)
            connection.rollback()

    def update(self) -> str:
        """Return SQL that changes the row."""
        given = ", ".join(self._literals().values())
        return f"UPDATE {self.table.name} SET ({', '.join(self.columns)}) = ROW({given}) WHERE ctid = '{self.row}'"

    def _insert(self) -> str:
        names = [column.name for column in self.table.columns if column.identity is None]
        values = ", ".join(self._literals().get(name, name) for name in names)
        source = f"SELECT {values} FROM {self.table.name} WHERE ctid = '{self.row}'"
        return f"INSERT INTO {self.table.name} ({', '.join(names)}) {source}"

    def _literals(self) -> dict[str, str]:
        texts = ["NULL" if value is None else "'" + value.replace("'", "''") + "'" for value in self.values]
        return dict(zip(self.columns, (literal.replace(":", r"\:") for literal in texts), strict=True))


def changes_of(graph: GraphDatabase, table_name: str, *, one_by_one: bool = True) -> Iterator[Change]:
    """Yield a change of each column of a table, in one row; of the columns that refer to another row, if there is one.

    Args:
        graph: a connected adapter.
        table_name: name of the table.
        one_by_one: whether columns are changed one by one that neither identify the row nor refer to another one.

    """
    table = Base.metadata.tables[table_name]
    together = {
        tuple(element.parent.name for element in key.elements): key.elements[0].column.table
        for key in table.foreign_key_constraints
        if len(key.elements) > 1 and table_name != "python_package_version"
    }
    if not one_by_one:
        names = tuple(column.name for column in table.columns if _is_plain(table, column))
        if names:
            values = ", ".join(_other_value(table.columns[name]) for name in names)
            yield from _possible(graph, table, names, f"SELECT {values} FROM {table.name} AS other")
    for names, target in together.items():
        found = f"SELECT {', '.join(target.primary_key.columns.keys())} FROM {target.name}"
        yield from _possible(graph, table, names, found)
    for column in table.columns:
        is_left = one_by_one or not _is_plain(table, column)
        if is_left and column.identity is None and not any(column.name in names for names in together):
            yield from _possible(graph, table, (column.name,), _other(table, column))


def _is_plain(table: Table, column: Column[Any]) -> bool:
    return reference(column) is None and column.identity is None and column.name not in natural_key(table)


def _other(table: Table, column: Column[Any]) -> str:
    """Return a query for values that a column may hold instead."""
    target = reference(column)
    if target is not None and not target.is_array:
        return f"SELECT id FROM {target.table.name}{' UNION ALL SELECT NULL' if column.nullable else ''}"
    if target is not None:
        return f"SELECT {column.name}[2:] || (SELECT max(id) FROM {target.table.name}) FROM {table.name} AS other"
    return f"SELECT {_other_value(column)} FROM {table.name} AS other"


def _other_value(column: Column[Any]) -> str:
    name, kind = f"other.{column.name}", column.type
    values = {
        Boolean: f"NOT coalesce({name}, false)",
        Integer: f"coalesce({name}, 0) + 1001",
        Float: f"coalesce({name}, 0) + 1.5",
        String: f"coalesce({name}, '') || 'x'",
        LargeBinary: f"sha256({name})",
        DateTime: f"coalesce({name}, now()) - interval '1 microsecond'",
        JSON: "CAST('{\"changed\": true}' AS jsonb)",
        ARRAY: f"{name} || CAST('changed' AS text)",
    }
    return next(value for known, value in values.items() if isinstance(kind, known))


def _possible(graph: GraphDatabase, table: Table, columns: tuple[str, ...], others: str) -> Iterator[Change]:
    """Yield the first change of columns, to one of other values, that no constraint is against."""
    names = ", ".join(columns)
    with graph.engine.connect() as connection:
        rows = connection.scalars(text(f"SELECT CAST(ctid AS text) FROM {table.name} ORDER BY 1")).all()
        values = connection.execute(text(f"SELECT DISTINCT {_as_text(columns)} FROM ({others}) AS v({names})")).all()
    for row in rows:
        for value in values:
            change = Change(graph, table, columns, tuple(value), row)
            if _is_possible(change):
                yield change
                return


def _as_text(columns: tuple[str, ...]) -> str:
    return ", ".join(f"CAST({name} AS text)" for name in columns)


def _is_possible(change: Change) -> bool:
    stored = f"SELECT {_as_text(change.columns)} FROM {change.table.name} WHERE ctid = '{change.row}'"
    with change.graph.engine.connect() as connection:
        if tuple(connection.execute(text(stored)).one()) == change.values:
            return False
        try:
            connection.execute(text(change.update()))
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        except IntegrityError:
            return False
        finally:
            connection.rollback()
    return True
