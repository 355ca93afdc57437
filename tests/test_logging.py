"""What is logged can be filtered: loggers below ``thoth.storages``, fields in the records, nothing set up by itself."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.conftest import ROOT
from tests.factories import PYPI, RHEL, requires, solved, solver_document
from tests.processes import python
from thoth.storages import GraphCache, GraphDatabase, sync_documents

A = ("a", "1.0", PYPI)

IS_LEFT_ALONE = """
import logging, pkgutil, sys
import thoth.storages

def check(when):
    known = {"": logging.root, **logging.root.manager.loggerDict}
    ours = {name: logger for name, logger in known.items() if name == "" or name.startswith("thoth")}
    for name, logger in ours.items():
        if isinstance(logger, logging.Logger):
            level = logging.WARNING if name == "" else logging.NOTSET
            state = (logger.handlers, logger.filters, logger.level, logger.propagate, logger.disabled)
            assert state == ([], [], level, True, False), (when, name, state)

for module in pkgutil.walk_packages(thoth.storages.__path__, "thoth.storages."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
check("imported")
from thoth.storages import GraphCache, GraphDatabase, sync_documents
with GraphDatabase() as graph:
    graph.initialize_schema()
    graph.get_python_packages()
    sync_documents([sys.argv[1]], is_local=True, graceful=True, graph=graph)
    GraphCache.load(sys.argv[1])
check("used")
"""


@pytest.fixture
def bad_document(tmp_path: Path) -> Path:
    path = tmp_path / "solver-rhel-8-py38-0a2446d8.json"
    path.write_text("{}")
    return path


def test_nothing_is_set_up_by_importing_and_using_the_library(graph: GraphDatabase, bad_document: Path) -> None:
    done = python(IS_LEFT_ALONE, bad_document)
    assert done.returncode == 0, done.stderr
    # Python itself shows warnings and errors where nobody set logging up.
    assert f"{bad_document}: " in done.stderr


def test_loggers_are_those_of_the_modules_and_the_command_line_alone_sets_them_up() -> None:
    calls: dict[str, set[str]] = {}
    for path in (ROOT / "thoth").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                if name in ("getLogger", "basicConfig", "dictConfig", "fileConfig", "addHandler", "setLevel"):
                    what = ast.unparse(node) if name == "getLogger" else name
                    calls.setdefault(what, set()).add(path.relative_to(ROOT / "thoth" / "storages").as_posix())
    del calls["logging.getLogger(__name__)"]
    assert calls == {
        "logging.getLogger('thoth.storages.queries')": {"graph/query_log.py"},
        # Two variables of the environment ask for it.
        "addHandler": {"graph/query_log.py"},
        "setLevel": {"graph/query_log.py", "cli/__init__.py"},
        "basicConfig": {"cli/__init__.py"},
        "logging.getLogger('alembic')": {"cli/__init__.py"},
    }


def records(caplog: pytest.LogCaptureFixture, logger: str) -> Iterator[logging.LogRecord]:
    return (record for record in caplog.records if record.name.startswith(f"thoth.storages.{logger}"))


def test_a_document_that_failed(graph: GraphDatabase, bad_document: Path, caplog: pytest.LogCaptureFixture) -> None:
    sync_documents([str(bad_document)], is_local=True, graceful=True, graph=graph)
    (record,) = records(caplog, "sync")
    assert record.levelno == logging.ERROR
    assert vars(record)["document_id"] == str(bad_document)
    assert vars(record)["kind"] == "unknown"
    assert record.getMessage() == f"{bad_document}: {vars(record)['reason']}"


def test_statements(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    graph.sync_solver_result(solver_document(tree=[solved("a", dependencies=[requires("b", "1.0")])]))
    monkeypatch.setenv("THOTH_STORAGES_DEBUG_QUERIES", "1")
    caplog.set_level(logging.INFO)
    with GraphDatabase() as adapter:
        caplog.clear()
        adapter.get_depends_on(*A, **RHEL)
        with pytest.raises(ProgrammingError), adapter.session() as session:
            session.execute(text("SELECT nothing_of_that_name"))
    answered, failed = records(caplog, "queries")
    fields = vars(answered)
    assert (fields["method"], fields["rows"], fields["sqlstate"]) == ("get_depends_on", 1, None)
    assert 0 < fields["seconds"] < 60
    assert "%(package_name)s" in fields["statement"]
    assert (vars(failed)["method"], vars(failed)["sqlstate"]) == (None, "42703")
    assert vars(failed)["statement"] == "SELECT nothing_of_that_name"


def test_statistics(graph: GraphDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("THOTH_STORAGES_LOG_STATS", "1")
    caplog.set_level(logging.INFO)
    with GraphDatabase() as adapter:
        adapter.get_python_packages()
    (record,) = records(caplog, "graph.postgres")
    statistics = vars(record)["statistics"]
    assert statistics["calls"]["get_python_packages"]["calls"] == 1
    assert record.getMessage() == f"statistics: {statistics}"


def test_a_cache_file_that_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cache.sqlite3"
    path.write_bytes(b"no database" * 1000)
    GraphCache.load(str(path))
    (record,) = records(caplog, "graph.cache")
    assert (record.levelno, vars(record)["cache_file"]) == (logging.WARNING, str(path))


def logged_fields(path: Path) -> set[str]:
    """The fields of the records of a module: those of the dictionaries that ``extra`` is given."""
    found: set[str] = set()
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef):
            named = {
                ast.unparse(node.targets[0]): node.value for node in ast.walk(function) if isinstance(node, ast.Assign)
            }
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("_LOGGER."):
                    for extra in (keyword.value for keyword in node.keywords if keyword.arg == "extra"):
                        fields = named.get(ast.unparse(extra), extra)
                        assert isinstance(fields, ast.Dict), f"{path}: {ast.unparse(node)}"
                        found |= {ast.literal_eval(key) for key in fields.keys if key is not None}
    return found


def test_fields_are_documented() -> None:
    fields = set[str]().union(*map(logged_fields, (ROOT / "thoth").rglob("*.py")))
    page, _, _ = (ROOT / "docs" / "observing.rst").read_text().partition("Statements\n---")
    assert set(re.findall(r"^``(\w+)``  ", page, re.MULTILINE)) == fields
    assert not fields & set(vars(logging.makeLogRecord({})))
