"""README and documentation say what is so: commands and snippets are run, tables are compared with the code."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tests.conftest import ROOT
from thoth.storages import GraphCache, GraphDatabase, exceptions
from thoth.storages.cli import cli
from thoth.storages.config import VARIABLES
from thoth.storages.documents.solver import read_solver_document

README = (ROOT / "README.rst").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^\.\. code-block:: (?P<language>\w+)\n\n(?P<body>(?:   .*\n|\n)+)", re.MULTILINE)


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of a language."""
    return [textwrap.dedent(match["body"]).strip() for match in _BLOCK.finditer(text) if match["language"] == language]


def public_methods(of: type) -> dict[str, Any]:
    return {name: value for name, value in inspect.getmembers(of, callable) if not name.startswith("_")}


def commands(group: click.Group, prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    found: dict[tuple[str, ...], click.Command] = {}
    for name, command in group.commands.items():
        found[*prefix, name] = command
        if isinstance(command, click.Group):
            found.update(commands(command, (*prefix, name)))
    return found


def test_readme_begins_with_the_two_commands() -> None:
    lines = blocks(README, "console")[0].splitlines()
    assert lines == ["python3 dev.py demo", "python3 dev.py test"]
    assert README.index(".. code-block:: console") == README.index(".. code-block::")
    steps = subprocess.run([sys.executable, "dev.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for step in ("demo", "test"):
        assert re.search(rf"^  {step} ", steps.stdout, re.MULTILINE)


def test_readme_lists_every_variable() -> None:
    listed = re.findall(r"   \* - ``([A-Z_0-9]+)``.*\n     -(?: ``(.*)``)?\n     - (.*)\n", README)
    shown = {True: "1", False: "0", None: ""}
    expected = [
        (variable.name, shown.get(variable.default, str(variable.default)), variable.meaning)
        if variable.default is None or isinstance(variable.default, bool)
        else (variable.name, str(variable.default), variable.meaning)
        for variable in VARIABLES
    ]
    assert listed == expected


def test_readme_lists_every_error() -> None:
    defined = {
        name
        for name, value in vars(exceptions).items()
        if inspect.isclass(value) and issubclass(value, exceptions.ThothStorageException)
    }
    listed = set(re.findall(r"   \* - ``(\w+)``(?: \(a ``\w+``\))?\n     - ", README))
    assert defined - {"ThothStorageException"} <= listed


def test_snippets_of_the_readme_run(
    graph: GraphDatabase, sample_documents: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.sync_solver_results([read_solver_document(document) for document in sample_documents])
    monkeypatch.chdir(ROOT)
    namespace: dict[str, Any] = {}
    for snippet in blocks(README, "python"):
        exec(compile(snippet, "README.rst", "exec"), namespace)
    assert len(namespace["edges"]) > 1000
    namespace["graph"].disconnect()


def test_commands_of_the_readme_run(graph: GraphDatabase, tmp_path: Path) -> None:
    lines = [line for block in blocks(README, "console")[1:] for line in block.splitlines()]
    assert {line.split()[1] for line in lines} >= {"schema", "sync", "graph-cache", "generate-schema"}
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for line in lines:
        program, *arguments = line.split()
        assert program == "thoth-storages"
        run = subprocess.run(
            [sys.executable, ROOT / "thoth-storages", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (run.returncode, run.stderr) == (0, ""), line
    assert (tmp_path / "cache.sqlite3").exists()
    assert (tmp_path / "schema.png").read_bytes().startswith(b"\x89PNG")


def test_cache_configuration_of_the_readme_is_one() -> None:
    (configuration,) = blocks(README, "yaml")
    assert yaml.safe_load(configuration) == {"python-packages": ["flask", "pandas"]}


def test_compose_file() -> None:
    content = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
    database = next(service for service in content["services"].values() if "postgres:" in service["image"])
    pgweb = next(service for service in content["services"].values() if "pgweb" in service["image"])
    assert int(database["image"].split(":")[1].split(".")[0]) >= 15
    assert any(str(port).startswith("5432") or ":5432" in str(port) for port in database["ports"])
    assert any("8081" in str(port) for port in pgweb["ports"])
    assert "healthcheck" in database
    assert database["environment"]["POSTGRES_DB"] == "thoth"
    assert "volumes" not in content
    assert all("volumes" not in service for service in content["services"].values())


@pytest.mark.parametrize("of", [GraphDatabase, GraphCache])
def test_public_methods_are_documented(of: type) -> None:
    for name, method in public_methods(of).items():
        documentation = inspect.getdoc(method)
        assert documentation, name
        parameters = [
            parameter
            for parameter in inspect.signature(method).parameters.values()
            if parameter.name not in ("self", "cls") and parameter.kind is not parameter.VAR_POSITIONAL
        ]
        if len(parameters) > 1:
            assert "Args:" in documentation, name


def test_every_command_has_help_with_an_example() -> None:
    assert set(commands(cli)) >= {
        ("sync",),
        ("graph-cache",),
        ("generate-schema",),
        ("db", "start"),
        ("schema", "status"),
    }
    for path, command in commands(cli).items():
        if command.hidden:
            continue
        assert command.help, path
        assert "\b\n" in command.help, path
        assert "Example" in command.help, path
        assert "thoth-storages" in command.help.split("Example", 1)[1], path
