"""README and docs/: their Python is run and its results compared; the commands of the pages are run by a shell."""

from __future__ import annotations

import doctest
import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.conftest import ROOT
from tests.databases import drop_database, missing_database
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.cli import cli
from thoth.storages.config import DATABASE, VARIABLES, KnowledgeGraphConfig
from thoth.storages.embedded import EmbeddedServer
from thoth.storages.graph.sql_base import database_url
from thoth.storages.sync import sync_local_documents

DOCS = ROOT / "docs"
PAGES = sorted(path.stem for path in DOCS.glob("*.rst"))
# The order in which a reader of all pages would type the commands.
PAGES_WITH_COMMANDS = [
    "quickstart",
    "query",
    "migrations",
    "security",
    "observing",
    "data-model",
    "deploy",
    "ship-a-cache",
    "embedded-postgresql",
]
NOT_RUN = ["pip install"]
MODELS_FILE = Path("thoth", "storages", "graph", "models_performance.py")

_BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n(?:   :caption: (\S+)\n)?\n((?:   .*\n|\n)+)", re.MULTILINE)


class Block(NamedTuple):
    language: str
    file: str
    """What the text belongs to, instead of being run."""
    body: str

    @property
    def is_python(self) -> bool:
        """Whether it is run."""
        return self.language in ("python", "pycon") and not self.file


def path_of(page: str) -> Path:
    return ROOT / "README.rst" if page == "README" else DOCS / f"{page}.rst"


def code_blocks(content: str) -> list[Block]:
    return [
        Block(language, file, textwrap.dedent(body).strip() + "\n") for language, file, body in _BLOCK.findall(content)
    ]


def blocks(page: str) -> list[Block]:
    content = path_of(page).read_text(encoding="utf-8")
    found = code_blocks(content)
    assert len(found) == content.count(".. code-block::"), f"{page}: a block is not recognised"
    return found


def commands(page: str) -> list[str]:
    return [
        line
        for block in blocks(page)
        if block.language == "console"
        for line in block.body.splitlines()
        if not line.startswith(tuple(NOT_RUN))
    ]


@pytest.fixture(scope="module")
def samples(worker_id: str) -> Iterator[str]:
    """Name of a database that holds the sample documents, and that nobody is connected to."""
    with missing_database(f"thoth_docs_samples_{worker_id}") as name:
        graph = GraphDatabase()
        graph.initialize_schema()
        sync_local_documents([ROOT / "examples" / "solver-documents"], graph=graph)
        graph.disconnect()
        yield name


@pytest.fixture
def own_database(samples: str, worker_id: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment names a database that holds the sample documents, for one test."""
    name = f"thoth_docs_{worker_id}"
    drop_database(name)
    engine = create_engine(
        database_url(KnowledgeGraphConfig(), "postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {samples}"))
    monkeypatch.setenv(DATABASE.name, name)
    yield
    drop_database(name)


def run_examples(page: str, namespace: dict[str, Any]) -> int:
    """Run the Python of a page in order, compare what it shows; return how many blocks there were."""
    runner, count = doctest.DocTestRunner(verbose=False), 0
    for number, block in enumerate(blocks(page)):
        if block.language == "python" and not block.file:
            exec(compile(block.body, f"{page}.rst", "exec"), namespace)
        elif block.language == "pycon":
            test = doctest.DocTestParser().get_doctest(block.body, namespace, f"{page}, block {number}", None, 0)
            assert test.examples
            said: list[str] = []
            result = runner.run(test, out=said.append, clear_globs=False)
            assert result.failed == 0, "".join(said)
            namespace.update(test.globs)  # the parser took a copy
        else:
            continue
        count += 1
    return count


@pytest.mark.parametrize(
    "page", [page for page in ["README", *PAGES] if any(block.is_python for block in blocks(page))]
)
@pytest.mark.usefixtures("own_database")
def test_python_of_a_page(page: str, tmp_path: Path) -> None:
    namespace: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        (tmp_path / "examples").symlink_to(ROOT / "examples")
        patch.chdir(tmp_path)
        for variable in VARIABLES:  # what the page sets is taken back at the end
            patch.setenv(variable.name, os.environ.get(variable.name, ""))
        try:
            assert run_examples(page, namespace)
        finally:
            for value in namespace.values():
                if isinstance(value, GraphDatabase):
                    value.disconnect()
                    (value.cache or GraphCache()).close()
                elif isinstance(value, GraphCache):
                    value.close()


@pytest.mark.parametrize("wrong", ["1 + 1\n3", "missing"])
def test_a_wrong_result_fails(wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.rst").write_text(f".. code-block:: pycon\n\n   >>> {wrong}".replace("\n3", "\n   3") + "\n")
    monkeypatch.setattr(sys.modules[__name__], "DOCS", tmp_path)
    with pytest.raises(AssertionError):
        run_examples("page", {})


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy of the checkout that every account can go through, with the model of the pages and a shell's commands."""
    folder = Path(tempfile.mkdtemp(prefix="thoth-docs-"))
    folder.chmod(0o755)
    for name in ("alembic", "examples", "thoth"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "thoth-storages"):
        shutil.copy(ROOT / name, folder)
    (model,) = (block.body for page in PAGES for block in blocks(page) if block.file == MODELS_FILE.name)
    source = (folder / MODELS_FILE).read_text(encoding="utf-8")
    before, mark, after = source.partition("ALL_PERFORMANCE_MODELS: ")
    assert mark
    (folder / MODELS_FILE).write_text(f"{before}{model}\n\n{mark}{after}", encoding="utf-8")
    programs = folder / "bin"
    programs.mkdir()
    for name, start in (("thoth-storages", str(folder / "thoth-storages")), ("alembic", "-m alembic")):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {start} "$@"\n')
        (programs / name).chmod(0o755)
    yield folder
    EmbeddedServer(folder / "server").stop()
    shutil.rmtree(folder)


def shell(folder: Path, lines: list[str]) -> subprocess.CompletedProcess[str]:
    """Run lines in one shell, up to the first that fails, with nothing but an empty environment to find a database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KNOWLEDGE_GRAPH_", "PYTHON"))}
    places = {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
        "THOTH_STORAGES_EMBEDDED_DATA": str(folder / "server"),
    }
    return subprocess.run(
        ["bash", "-e", "-x", "-o", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        env=kept | places,
        capture_output=True,
        text=True,
        check=False,
    )


def test_commands_of_the_pages(checkout: Path) -> None:
    # A new page has to be given a place.
    assert {page for page in PAGES if commands(page)} == set(PAGES_WITH_COMMANDS)
    lines = [line for page in PAGES_WITH_COMMANDS for line in commands(page)]
    last = [line for line in lines if line == "thoth-storages db stop"]
    assert len(last) == 2
    older = f"{sys.executable} {ROOT / 'thoth-storages'}"
    done = shell(
        checkout,
        [
            *(line for line in lines if line not in last),
            # After it was rolled back, the older release works with the newer schema, and does not try to migrate it.
            "export PYTHONPATH=",
            f"cd {checkout / 'bin'}",
            f"{older} sync {checkout / 'examples' / 'solver-documents'}",
            f"{older} schema status || echo status $?",
            f"{older} schema upgrade 2>&1 || echo status $?",
            *last,
        ],
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    (revision,) = (checkout / "alembic" / "versions").glob("0006_*.py")
    assert re.search(r"create_table\(\s*['\"]pi_sort['\"]", revision.read_text(encoding="utf-8"))
    assert "No new upgrade operations detected" in done.stdout + done.stderr
    (refused,) = (block for block in blocks("migrations") if block.body.startswith("$ "))
    assert refused.body.splitlines()[1] in done.stdout.splitlines()
    assert "database 0006, this release 0005: this release is older\nstatus 1\n" in done.stdout
    assert re.search(r"^solver +667 +0 +667 +0$", done.stdout, re.MULTILINE)
    with GraphCache(str(checkout / "graph_cache.sqlite3")) as cache:
        assert cache.scope()["packages"] == ["boto3", "flask", "jupyterlab", "pandas", "requests", "sphinx"]
    assert not EmbeddedServer(checkout / "server").status().running


def commands_of_containers(node: object) -> Iterator[list[str]]:
    """Yield the commands in a manifest, wherever they stand."""
    if isinstance(node, dict):
        if "command" in node:
            yield node["command"]
        yield from (found for value in node.values() for found in commands_of_containers(value))
    elif isinstance(node, list):
        yield from (found for value in node for found in commands_of_containers(value))


def commands_not_run() -> Iterator[list[str]]:
    """Yield the commands that pages show and no test runs: those of containers, and of text."""
    for block in (block for page in ["README", *PAGES] for block in blocks(page)):
        if block.language == "yaml":
            yield from commands_of_containers(yaml.safe_load(block.body))
        elif block.language == "text":
            for line in re.findall(r"^(?:\$ )?(?:\w+=\S+ +)*(thoth-storages .*)$", block.body, re.MULTILINE):
                yield list(takewhile(lambda word: word not in ("|", ">", "&&", "||"), shlex.split(line)))


def test_commands_that_are_not_run_exist() -> None:
    shown = list(commands_not_run())
    assert ["thoth-storages", "schema", "upgrade"] in shown
    assert len(shown) > 15
    for program, *words in shown:
        assert program == "thoth-storages"
        command: click.Command = cli
        rest = words
        while isinstance(command, click.Group) and rest:
            _, found, rest = command.resolve_command(click.Context(command), rest)
            assert found is not None
            command = found
        command.make_context(program, rest)  # reads options and arguments


def test_every_page_is_in_the_table_of_contents_and_every_link_between_them_leads_somewhere() -> None:
    listed = re.findall(r"^   ([a-z-]+)$", (DOCS / "index.rst").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted([*listed, "index"]) == PAGES
    for page in PAGES:
        for target in re.findall(r":doc:`([^`]+)`", path_of(page).read_text(encoding="utf-8")):
            assert target in PAGES


def test_names_in_the_pages_exist() -> None:
    methods = {name for of in (GraphDatabase, GraphCache) for name, _ in inspect.getmembers(of)}
    variables = {variable.name for variable in VARIABLES}
    for page in ["README", *PAGES]:
        content = path_of(page).read_text(encoding="utf-8")
        for name in re.findall(r"``(?:GraphDatabase|GraphCache)\.(\w+)", content):
            assert name in methods, (page, name)
        for name in re.findall(r"\b(?:THOTH_STORAGES|KNOWLEDGE_GRAPH)_[A-Z_]+", content):
            assert name in variables, (page, name)


@pytest.mark.usefixtures("own_database")
def test_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    (tmp_path / "thoth-storages").write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "thoth-storages"} "$@"\n')
    (tmp_path / "thoth-storages").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    shown = [pair for pair in pairwise(blocks("query")) if (pair[0].language, pair[1].language) == ("console", "text")]
    assert len(shown) > 3
    for command, result in shown:
        done = subprocess.run(
            ["bash", "-c", command.body], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout == result.body, command.body
