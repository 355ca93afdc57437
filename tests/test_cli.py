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
from sqlalchemy import make_url

from tests.conftest import EXAMPLES, ROOT
from tests.databases import missing_database
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


def test_as_a_module(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "thoth.storages", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"thoth-storages {__version__}\n"


@pytest.mark.parametrize(
    "command", [[], ["sync"], ["graph-cache"], ["create-cache"], ["generate-schema"], ["db"], ["schema"], ["query"]]
)
def test_help(place: Path, command: list[str]) -> None:
    assert ok(place, *command, "--help").startswith("Usage: thoth-storages")


class TestVerifyingACache:
    """It needs no database."""

    def test_whole(self, place: Path) -> None:
        GraphCache(str(place / "cache.sqlite3")).close()
        before = (place / "cache.sqlite3").read_bytes()
        questions: list[dict[str, str]] = [
            {},
            {"KNOWLEDGE_GRAPH_PORT": "1"},
            {"THOTH_STORAGES_GRAPH_CACHE": "cache.sqlite3"},
        ]
        for variables in questions:
            arguments = [] if "THOTH_STORAGES_GRAPH_CACHE" in variables else ["cache.sqlite3"]
            line = ok(place, "graph-cache", "--verify", *arguments, **variables)
            assert line == "cache.sqlite3: whole: 0 packages in 0 blobs, 0 package versions added\n"
        assert (place / "cache.sqlite3").read_bytes() == before
        assert os.listdir(place) == ["cache.sqlite3"]

    def test_damaged(self, place: Path) -> None:
        path = place / "cache.sqlite3"
        GraphCache(str(path)).close()
        content = bytearray(path.read_bytes())
        content[4096:8192] = b"\xff" * 4096  # the page behind the one that SQLite needs to know of any other
        path.write_bytes(content)
        assert "cache.sqlite3: damaged: SQLite finds: " in refused(place, "graph-cache", "--verify", "cache.sqlite3")
        assert path.read_bytes() == content
        path.write_bytes(b"text")
        assert "cache.sqlite3: not a SQLite file" in refused(place, "graph-cache", "--verify", "cache.sqlite3")
        assert os.listdir(place) == ["cache.sqlite3"]

    def test_missing_file_is_not_made(self, place: Path) -> None:
        assert "absent: no such file" in refused(place, "graph-cache", "--verify", "absent")
        assert os.listdir(place) == []


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

    def test_every_form_of_file(self, place: Path, graph: GraphDatabase) -> None:
        lines = gzip.decompress(UBI.read_bytes()).splitlines(keepends=True)
        (place / "folder" / "below").mkdir(parents=True)
        (place / "one.json").write_bytes(lines[0])
        (place / "folder" / "two.json.gz").write_bytes(gzip.compress(lines[1]))
        (place / "folder" / "below" / "three.jsonl").write_bytes(lines[2] + b"\n" + lines[3])
        (place / "folder" / "below" / "four.jsonl.gz").write_bytes(gzip.compress(lines[4]))
        (place / "folder" / "README.txt").write_text("no document")
        table = ok(place, "sync", "one.json", "folder").splitlines()
        assert table[0].split() == ["kind", "processed", "synced", "skipped", "failed"]
        assert table[1].split() == ["solver", "5", "5", "0", "0"]
        assert len(table) == 2
        assert graph.get_solver_documents_count() == 5

    @pytest.mark.parametrize(
        ("name", "content", "reason"),
        [
            ("cut.json", b'{"metadata": ', "not JSON"),
            ("list.json", b"[]", "expected a JSON object"),
            ("cut.jsonl.gz", gzip.compress(b"{}" * 500, mtime=0)[:20], "cannot be read"),
            ("no-gzip.json.gz", b"{}", "cannot be read"),
            ("other.json", b'{"metadata": {"analyzer": "no-such-tool"}}', "no-such-tool"),
        ],
    )
    def test_files_that_are_none(
        self, place: Path, graph: GraphDatabase, name: str, content: bytes, reason: str
    ) -> None:
        (place / name).write_bytes(content)
        message = refused(place, "sync", name)
        assert message.startswith(f"Error: {name}")
        assert reason in message
        graceful = run(place, "sync", "--graceful", name, UBI)
        assert graceful.returncode == 1
        assert ["solver", "5", "5", "0", "0"] in [line.split() for line in graceful.stdout.splitlines()]
        assert ["total", "6", "5", "0", "1"] in [line.split() for line in graceful.stdout.splitlines()]
        assert name in graceful.stderr
        assert "Traceback" not in graceful.stderr


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
        finished = run(place, "create-cache", *options, **variables)
        assert finished.stderr == "DeprecationWarning: create-cache is called graph-cache now\n"
        report = json.loads(finished.stdout)
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

    def test_grows(self, place: Path, filled: GraphDatabase) -> None:
        for name, packages in (("flask", 1), ("sphinx", 2)):
            (place / "conf.yaml").write_text(f"python-packages: [{name}]\n")
            ok(place, "graph-cache", "-c", "conf.yaml", "cache")
            with GraphCache(str(place / "cache")) as cache:
                assert len(cache.scope()["packages"]) == packages

    def test_file_in_the_way_is_set_aside(self, place: Path, filled: GraphDatabase) -> None:
        (place / "cache").write_text("damaged")
        (place / "conf.yaml").write_text("python-packages: [flask]\n")
        finished = run(place, "graph-cache", "-c", "conf.yaml", "cache")
        assert finished.returncode == 0
        assert json.loads(finished.stdout)["packages_not_found"] == []
        assert "cache: not a SQLite file" in finished.stderr
        assert (place / "cache.refused-1").read_text() == "damaged"

    @pytest.mark.parametrize("path", ["missing/cache", "folder"])
    def test_file_that_cannot_be_written(self, place: Path, filled: GraphDatabase, path: str) -> None:
        (place / "folder").mkdir()
        assert path in refused(place, "graph-cache", "-c", CACHE_CONF, path).splitlines()[-1]

    def test_no_configuration(self, place: Path, graph: GraphDatabase) -> None:
        assert "THOTH_STORAGES_GRAPH_CACHE_CONFIG" in refused(place, "graph-cache")
        assert "missing.yaml" in refused(place, "graph-cache", "-c", "missing.yaml")

    def test_empty_graph(self, place: Path, graph: GraphDatabase) -> None:
        assert "os_name=any" in refused(place, "graph-cache", "-c", CACHE_CONF, "cache")
        assert list(place.iterdir()) == []


class TestSchema:
    def test_status_and_upgrade(self, place: Path, graph: GraphDatabase) -> None:
        head = graph.get_script_alembic_version_head()
        assert ok(place, "schema", "status") == f"database {head}, this release {head}: up to date\n"
        assert ok(place, "schema", "check") == "no differences\n"
        with missing_database(f"{os.environ['KNOWLEDGE_GRAPH_DATABASE']}_by_cli"):
            empty = run(place, "schema", "status")
            assert empty.returncode == 1
            assert empty.stdout.startswith(f"database empty, this release {head}: the database is empty\npending: 0001")
            first = ok(place, "schema", "upgrade", "0001").splitlines()
            assert [first[0][:20], *first[1:]] == ["up: base -> 0001  So", "database 0001"]
            assert "the database is older\npending: 0002, 0003, 0004, 0005" in run(place, "schema", "status").stdout
            different = run(place, "schema", "check")
            assert different.returncode == 1
            assert "add table: adviser_run" in different.stdout
            assert "add view: v_solved" in different.stdout
            assert ok(place, "schema", "upgrade").startswith("up: 0001 -> 0002  ")
            assert ok(place, "schema", "upgrade") == f"database {head}\n"
            assert ok(place, "schema", "status", PYTHONSAFEPATH="1")
            assert run(place, "schema", "downgrade", "0001").returncode == 1  # nobody says yes
            assert ok(place, "schema", "downgrade", "0001", "--yes").splitlines()[-1] == "database 0001"
            assert ok(place, "schema", "downgrade", "base", "--yes").splitlines()[-1] == "database empty"
            assert "no revision is named 'x', only base, 0001, " in refused(place, "schema", "upgrade", "x")

    def test_revisions_without_a_database(self, place: Path) -> None:
        nowhere = {"KNOWLEDGE_GRAPH_HOST": "127.0.0.1", "KNOWLEDGE_GRAPH_PORT": "1"}
        lines = ok(place, "schema", "history", **nowhere).splitlines()
        assert [line.partition("  ")[0] for line in lines[:2]] == ["base -> 0001", "0001 -> 0002"]
        script = ok(place, "schema", "sql", "0001", "0002", **nowhere)
        assert script.startswith("BEGIN;")
        assert "CREATE TABLE adviser_run" in script
        assert "DROP TABLE adviser_run" in ok(place, "schema", "sql", "0002", "0001", **nowhere)

    def test_generate_schema(self, place: Path) -> None:
        default = ["schema.png", "schema_cache.png", "schema_performance.png"]
        assert ok(place, "generate-schema").splitlines() == default
        assert ok(place, "generate-schema", "a.svg", "b.dot", "c.mmd").splitlines() == ["a.svg", "b.dot", "c.mmd"]
        assert "python_package_version" in (place / "a.svg").read_text()
        assert "pi_conv2d" in (place / "c.mmd").read_text()
        assert ok(place, "generate-schema", "d.svg", "--topic", "solvers", "--depth", "0").splitlines() == ["d.svg"]
        assert ".xyz" in refused(place, "generate-schema", "a.xyz")
        assert "only advised, adviser_run, " in refused(place, "generate-schema", "--table", "nothing")


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

    @pytest.mark.parametrize(
        "command",
        [
            ["sync", UBI],
            ["sync", "no-such-file"],
            ["graph-cache", "-c", CACHE_CONF, "cache"],
            ["graph-cache", "-c", "no-such-file"],
            ["schema", "status"],
            ["schema", "upgrade"],
            ["generate-schema", "missing/schema.png"],
            ["db", "url", "--data-dir", "none"],
        ],
        ids=lambda command: " ".join(str(getattr(word, "name", word)) for word in command),
    )
    def test_traceback_when_asked_for(self, place: Path, command: list[object]) -> None:
        where = {"KNOWLEDGE_GRAPH_HOST": "127.0.0.1", "KNOWLEDGE_GRAPH_PORT": "1", "KNOWLEDGE_GRAPH_PASSWORD": "s3cret"}
        message = refused(place, *command, **where)
        assert message.startswith("Error: ")
        finished = run(place, "--verbose", *command, **where)
        assert (finished.returncode, finished.stdout) == (1, "")
        assert "Traceback" in finished.stderr
        assert "s3cret" not in finished.stderr

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
        assert ok(place, "schema", "upgrade", **exported).splitlines()[-1].startswith("database ")
        assert ok(place, "sync", UBI, **exported).splitlines()[1].split() == ["solver", "5", "5", "0", "0"]
        assert json.loads(ok(place, "db", "status", "--json", *data))["running"] is True
        told = ok(place, "db", "status", *data)
        assert f"port: {exported['KNOWLEDGE_GRAPH_PORT']}\n" in told
        assert exported["KNOWLEDGE_GRAPH_PASSWORD"] not in told + started.stderr
        url = make_url(ok(place, "db", "url", "--database", "postgres", *data).strip())
        assert (str(url.port), url.password, url.database) == (
            exported["KNOWLEDGE_GRAPH_PORT"],
            exported["KNOWLEDGE_GRAPH_PASSWORD"],
            "postgres",
        )
        again = run(place, "db", "start", "--volatile", *data)
        assert (again.returncode, again.stdout) == (0, started.stdout)
    finally:
        stopped = run(place, "db", "stop", *data)
    assert stopped.returncode == 0
    assert json.loads(ok(place, "db", "status", "--json", *data))["running"] is False
    assert "not running" in run(place, "db", "stop", *data).stderr
    assert "start it" in refused(place, "db", "url", *data)
