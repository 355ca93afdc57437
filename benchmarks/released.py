"""The released thoth-storages: its environment, a process of it, its tables filled from documents."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection

import dev
from thoth.storages.documents.solver import SolverFacts

from .corpus import ENVIRONMENT, Json
from .measure import RELEASED

RELEASE = "0.74.1"
WORKER = Path(__file__).with_name("released_worker.py")
HELD: Json = {**ENVIRONMENT, "marker_evaluation_result": True}
"""The environment, and what says that requirements count whose marker held, which this library takes for granted."""
_STAMP = f"thoth-storages-{RELEASE}.stamp"
# Its tables of what a resolver asks for; the names of columns are those that COPY gets.
_TABLES = {
    "python_package_index": ("id", "url", "verify_ssl", "enabled", "only_if_package_seen"),
    "ecosystem_solver": (
        "id", "ecosystem", "solver_name", "solver_version", "os_name", "os_version", "python_version",
    ),
    "python_package_version_entity": ("id", "package_name", "package_version", "python_package_index_id"),
    "python_package_version": (
        "id", "package_name", "package_version", "os_name", "os_version", "python_version", "entity_id",
        "python_package_index_id", "is_missing", "provides_source_distro",
    ),
    "depends_on": ("entity_id", "version_id", "version_range", "extra", "marker", "marker_evaluation_result"),
    "solved": (
        "datetime", "document_id", "duration", "error", "error_unparseable", "error_unsolvable", "is_provided",
        "ecosystem_solver_id", "version_id",
    ),
}  # fmt: skip
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def environment(folder: Path) -> Path:
    """Return the Python of an environment that has the release, made when it is missing: a minute or two, once.

    Raises:
        subprocess.CalledProcessError: it cannot be installed; pip has said why.

    """
    python = folder / "bin" / "python"
    if not (folder / _STAMP).exists():
        print(f"installing thoth-storages {RELEASE} into {folder}", file=sys.stderr)
        _make_environment(folder)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        subprocess.run([*pip, f"thoth-storages=={RELEASE}", "setuptools<81"], check=True)
        (folder / _STAMP).touch()
    return python


def _make_environment(folder: Path) -> None:
    """Make an empty environment, of Python 3.11 if there is one: what the release was made for is about as old."""
    older = shutil.which("python3.11")
    if sys.version_info[:2] == (3, 11) or older is None:
        dev.make_environment(folder)
    else:
        subprocess.run([older, "-m", "venv", "--clear", str(folder)], check=True)


class ReleasedProcess:
    """A process that runs the release; see `released_worker`."""

    def __init__(self, python: Path, variables: dict[str, str]) -> None:
        """Start it.

        Args:
            python: of its environment.
            variables: where its database is.

        """
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "KNOWLEDGE_GRAPH", "THOTH"))}
        self._process = subprocess.Popen(
            [str(python), str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**inherited, **variables},
            cwd=python.parent,
        )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Have something done; return what it answered.

        Raises:
            RuntimeError: it failed, or the process ended.

        """
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise RuntimeError(f"{RELEASED}: {do} {arguments.get('method', '')}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End it."""
        with closing(self._process.stdin or io.StringIO()):
            pass
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def fill(connection: Connection, documents: Iterable[SolverFacts]) -> None:
    """Put what documents say into the release's tables, as far as a resolver asks for it.

    Its own sync takes 500 statements a document. The rows are those that its sync was seen to write; that it answers
    from them as it should, `cases.checks` compares.
    """
    tables = _Tables()
    for document in documents:
        tables.add(document)
    with connection, connection.cursor() as cursor:
        for table, rows in tables.rows.items():
            columns = _TABLES[table]
            lines = io.StringIO("".join("\t".join(map(_field, row)) + "\n" for row in rows))
            cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", lines)
            if columns[0] == "id":
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {len(rows) + 1})")


class _Tables:
    """Rows of the release's tables."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Sequence[object]]] = {table: [] for table in _TABLES}
        self._ids: dict[tuple[str, object], int] = {}

    def add(self, document: SolverFacts) -> None:
        """Add what a document says of the package versions that it is about."""
        where = (document.environment.os_name, document.environment.os_version, document.environment.python_version)
        solver = self._id("ecosystem_solver", ("python", document.solver_name, document.solver_version or "", *where))
        for fact in document.packages:
            index = None
            if fact.index_url is not None:
                index = self._id("python_package_index", (fact.index_url,), True, False, True)
            release = (fact.package_name, fact.package_version)
            entity = self._id("python_package_version_entity", (*release, index))
            key = (*release, *where, entity, index)
            version = self._id("python_package_version", key, False, True)
            edges: dict[Sequence[object], None] = {}
            for need in fact.requirements:
                held = need.marker_evaluation_result is not False
                for resolved in need.versions:
                    target = self._id("python_package_version_entity", (need.package_name, resolved, None))
                    edges[target, version, "*", need.extra, need.marker, held] = None
            self.rows["depends_on"].extend(edges)
            when = document.datetime.isoformat()
            flags = (fact.error, fact.error_unparseable, fact.error_unsolvable, fact.is_provided)
            self.rows["solved"].append((when, document.document_id, document.duration, *flags, solver, version))

    def _id(self, table: str, key: tuple[object, ...], *more: object) -> int:
        """Return the id of a row, added when it is new."""
        known = self._ids.get((table, key))
        if known is None:
            known = self._ids[table, key] = len(self.rows[table]) + 1
            self.rows[table].append((known, *key, *more))
        return known


def _field(value: object) -> str:
    """Return a value as COPY reads it: https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2."""
    if value is None:
        return "\\N"
    return str(value).translate(_ESCAPES)
