"""The command line by its real executable: what it prints, what it does, and what an error looks like."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EXAMPLES, ROOT
from thoth.storages import GraphCache, GraphDatabase, __version__
from thoth.storages.documents.solver import read_solver_document

CACHE_CONF = EXAMPLES / "cache_conf.yaml"
UBI = EXAMPLES / "solver-documents" / "solver-ubi-8-py38.jsonl.gz"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder that commands are run in."""
    return tmp_path


def run(place: Path, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "thoth-storages"), *map(str, arguments)],
        cwd=place,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def ok(place: Path, *arguments: object, **variables: str) -> str:
    finished = run(place, *arguments, **variables)
    assert (finished.returncode, finished.stderr) == (0, ""), arguments
    return finished.stdout


def refused(place: Path, *arguments: object, **variables: str) -> str:
    """Return the one line that says why a command did nothing."""
    finished = run(place, *arguments, **variables)
    assert finished.returncode != 0
    assert finished.stdout == ""
    assert finished.stderr.count("\n") == 1, finished.stderr
    assert "Traceback" not in finished.stderr
    return finished.stderr


@pytest.fixture
def filled(graph: GraphDatabase, sample_documents: list[dict[str, Any]]) -> GraphDatabase:
    graph.sync_solver_results([read_solver_document(document) for document in sample_documents])
    return graph


def test_version(place: Path) -> None:
    assert ok(place, "--version") == f"thoth-storages {__version__}\n"
    assert ok(place, "--version", PYTHONSAFEPATH="1") == f"thoth-storages {__version__}\n"


@pytest.mark.parametrize(
    "command", [[], ["sync"], ["graph-cache"], ["create-cache"], ["generate-schema"], ["db"], ["schema"]]
)
def test_help(place: Path, command: list[str]) -> None:
    assert ok(place, *command, "--help").startswith("Usage: thoth-storages")


class TestSync:
    def test_file_and_folder(self, place: Path, graph: GraphDatabase) -> None:
        assert ok(place, "sync", UBI).splitlines()[1].split() == ["solver", "5", "5", "0", "0"]
        assert ok(place, "sync", UBI.parent).splitlines()[1].split() == ["solver", "667", "662", "5", "0"]
        assert graph.get_solver_documents_count() == 667

    def test_force(self, place: Path, graph: GraphDatabase) -> None:
        ok(place, "sync", UBI)
        assert ok(place, "sync", "--force", UBI).splitlines()[1].split() == ["solver", "5", "5", "0", "0"]
        assert graph.get_solver_documents_count() == 5

    def test_bad_document(self, place: Path, graph: GraphDatabase) -> None:
        lines = gzip.decompress(UBI.read_bytes()).splitlines(keepends=True)
        (place / "mixed.jsonl").write_bytes(lines[0] + b'{"metadata": {"analyzer": "thoth-solver"}}\n' + lines[1])
        assert "mixed.jsonl:2: $: Object missing required field `result`" in refused(place, "sync", "mixed.jsonl")
        assert graph.get_solver_documents_count() == 1
        graceful = run(place, "sync", "--graceful", "mixed.jsonl")
        assert graceful.returncode == 1
        assert graceful.stdout.splitlines()[1].split() == ["solver", "3", "1", "1", "1"]
        assert "mixed.jsonl:2" in graceful.stderr
        assert graph.get_solver_documents_count() == 2

    def test_missing_path(self, place: Path) -> None:
        assert "no-such-file" in refused(place, "sync", "no-such-file")


class TestGraphCache:
    def test_report(self, place: Path, filled: GraphDatabase) -> None:
        report = json.loads(ok(place, "graph-cache", "-c", CACHE_CONF, "cache.sqlite3"))
        assert report["cache_file"] == "cache.sqlite3"
        assert report["cache_file_size"] == (place / "cache.sqlite3").stat().st_size
        assert report["packages_not_found"] == []
        assert len(report["environments"]) == 6
        sizes = report["cache_stats"]["table_size"]
        assert sizes["depends_on"] == report["edges_written"] > 2000
        assert sizes["python_package_version"] == report["package_versions_written"] > 500
        with GraphCache(str(place / "cache.sqlite3")) as cache:
            environment: dict[str, Any] = {"os_name": "rhel", "os_version": "8", "python_version": "3.8"}
            answer = cache.get_depends_on("flask", "1.0.2", "https://pypi.org/simple", **environment)
            assert answer == filled.get_depends_on("flask", "1.0.2", "https://pypi.org/simple", **environment)

    def test_environment_and_older_name_and_variables(self, place: Path, filled: GraphDatabase) -> None:
        (place / "conf.yaml").write_text("python-packages: [Flask, no-such-package]\n")
        options = ["--os-name", "ubi", "--os-version", "8.5", "--python-version", "3.8"]
        variables = {"THOTH_STORAGES_GRAPH_CACHE_CONFIG": "conf.yaml", "THOTH_STORAGES_GRAPH_CACHE": "by-variable"}
        report = json.loads(ok(place, "create-cache", *options, **variables))
        assert report["environments"] == [{"os_name": "rhel", "os_version": "8", "python_version": "3.8"}]
        assert report["packages_not_found"] == ["no-such-package"]
        assert (place / "by-variable").exists()

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("python-packages: flask", "python-packages"),
            ("packages: [flask]", "python-packages|packages"),
            ("python-packages: [1]", r"python-packages`?\[0\]|python-packages\[\.\.\.\]|str"),
            ("python-packages: [' ']", "empty"),
            ("[", "not YAML"),
            ("a: &a [x]\npython-packages: *a", "aliases"),
        ],
    )
    def test_configuration_that_is_none(self, place: Path, content: str, reason: str) -> None:
        (place / "conf.yaml").write_text(content)
        message = refused(place, "graph-cache", "-c", "conf.yaml", "cache")
        assert "conf.yaml" in message
        assert re.search(reason, message)
        assert not (place / "cache").exists()

    def test_no_configuration(self, place: Path, graph: GraphDatabase) -> None:
        assert "THOTH_STORAGES_GRAPH_CACHE_CONFIG" in refused(place, "graph-cache")
        assert "missing.yaml" in refused(place, "graph-cache", "-c", "missing.yaml")

    def test_empty_graph(self, place: Path, graph: GraphDatabase) -> None:
        assert "os_name=any" in refused(place, "graph-cache", "-c", CACHE_CONF, "cache")
        assert list(place.iterdir()) == []


class TestSchema:
    def test_status_and_upgrade(self, place: Path, graph: GraphDatabase) -> None:
        head = graph.get_script_alembic_version_head()
        assert ok(place, "schema", "status") == f"database {head}, this release {head}\n"
        name = f"{os.environ['KNOWLEDGE_GRAPH_DATABASE']}_by_cli"
        empty = run(place, "schema", "status", KNOWLEDGE_GRAPH_DATABASE=name)
        assert (empty.returncode, empty.stdout) == (1, f"database empty, this release {head}\n")
        assert ok(place, "schema", "upgrade", KNOWLEDGE_GRAPH_DATABASE=name) == f"database {head}\n"
        assert ok(place, "schema", "status", KNOWLEDGE_GRAPH_DATABASE=name)

    def test_generate_schema(self, place: Path) -> None:
        assert ok(place, "generate-schema").splitlines() == ["schema.png", "schema_cache.png"]
        assert ok(place, "generate-schema", "a.svg", "b.dot").splitlines() == ["a.svg", "b.dot"]
        assert "python_package_version" in (place / "a.svg").read_text()
        assert ".xyz" in refused(place, "generate-schema", "a.xyz")


class TestErrors:
    def test_server_that_is_not_there(self, place: Path) -> None:
        where = {"KNOWLEDGE_GRAPH_HOST": "127.0.0.1", "KNOWLEDGE_GRAPH_PORT": "1", "KNOWLEDGE_GRAPH_PASSWORD": "s3cret"}
        message = refused(place, "sync", UBI, **where)
        assert "127.0.0.1:1/" in message
        assert "s3cret" not in message

    def test_schema_that_is_not_there(self, place: Path) -> None:
        message = refused(place, "sync", UBI, KNOWLEDGE_GRAPH_DATABASE="no_such_database")
        assert "no_such_database" in message
        assert "initialize_schema" in message

    def test_variable(self, place: Path) -> None:
        assert "KNOWLEDGE_GRAPH_PORT='x'" in refused(place, "sync", UBI, KNOWLEDGE_GRAPH_PORT="x")

    def test_traceback_when_asked_for(self, place: Path) -> None:
        finished = run(place, "--verbose", "sync", UBI, KNOWLEDGE_GRAPH_PORT="x")
        assert finished.returncode != 0
        assert "Traceback" in finished.stderr

    def test_usage(self, place: Path) -> None:
        finished = run(place, "no-such-command")
        assert finished.returncode == 2
        assert "No such command" in finished.stderr


def test_server_of_ones_own(place: Path) -> None:
    data = ["--data-dir", place / "data"]
    started = run(place, "db", "start", "--volatile", *data)
    try:
        assert started.returncode == 0, started.stderr
        exported = dict(re.findall(r"^export (KNOWLEDGE_GRAPH_\w+)=(\S+)$", started.stdout, re.MULTILINE))
        assert set(exported) >= {f"KNOWLEDGE_GRAPH_{name}" for name in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")}
        assert ok(place, "schema", "upgrade", **exported).startswith("database ")
        assert ok(place, "sync", UBI, **exported).splitlines()[1].split() == ["solver", "5", "5", "0", "0"]
        assert json.loads(ok(place, "db", "status", "--json", *data))["running"] is True
        assert exported["KNOWLEDGE_GRAPH_PORT"] in ok(place, "db", "url", *data)
    finally:
        stopped = run(place, "db", "stop", *data)
    assert stopped.returncode == 0
    assert json.loads(ok(place, "db", "status", "--json", *data))["running"] is False
