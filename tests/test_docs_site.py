"""The built pages: no warning, every method, command and variable is there, and every link leads somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from docs import reference
from docs.links import broken_links
from tests.conftest import ROOT
from tests.test_docs_methods import STORES, described, public_names
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.config import VARIABLES
from thoth.storages.graph.closure import Closure

# Built once, by one process.
pytestmark = pytest.mark.xdist_group("site")

_OBJECT = re.compile(r"(.+?)\s+(\S+)\s+-?\d+\s+(\S+)\s+.*")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages."""
    folder = tmp_path_factory.mktemp("site")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    build = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", ROOT / "docs", folder],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert (build.returncode, build.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def objects(site: Path) -> dict[tuple[str, str], str]:
    """What the pages describe, by role and name, with its page: https://sphobjinv.readthedocs.io/en/stable/syntax.html."""
    packed = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    lines = zlib.decompress(packed).decode().splitlines()
    matches = [match for match in map(_OBJECT.fullmatch, lines) if match]
    assert len(matches) == len(lines)
    return {(match[2], match[1]): match[3].partition("#")[0] for match in matches}


def test_every_method(objects: dict[tuple[str, str], str]) -> None:
    names = {name.rpartition(".")[2] for role, name in objects if role in ("py:method", "py:property")}
    for of in (GraphDatabase, GraphCache, Closure, *STORES):
        assert set(public_names(of)) <= names
    assert objects["py:method", "thoth.storages.GraphDatabase.get_depends_on"] == "methods-dependencies.html"
    assert described(GraphDatabase, "get_depends_on") is not None


def test_every_command_and_option(site: Path, objects: dict[tuple[str, str], str]) -> None:
    page = (site / "commands.html").read_text(encoding="utf-8")
    names = [name for name, _ in reference.commands()]
    assert {"thoth-storages sync", "thoth-storages db roles", "thoth-storages query why"} <= set(names)
    assert "thoth-storages create-cache" not in names  # an older name, and hidden
    for name, command in reference.commands():
        assert f"<h2>{name}<" in page
        for option in reference.names_of_options(command):
            assert objects["std:cmdoption", f"{name.replace(' ', '-')}.{option}"] == "commands.html"


def test_every_variable(objects: dict[tuple[str, str], str]) -> None:
    listed = {name: page for (role, name), page in objects.items() if role == "std:envvar"}
    assert listed == {variable.name: "variables.html" for variable in VARIABLES}


def test_every_link_leads_somewhere(site: Path) -> None:
    assert not list(broken_links(site))


@pytest.mark.parametrize(
    "link",
    [
        "nowhere.html",
        "#nowhere",
        "other.html#nowhere",
        "picture.svg",
        "http://example.org",
        "https:/example.org",
        "http://localhost/x",
        "ftp://a.b",
    ],
)
def test_a_broken_link_is_found(link: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        f'<a href="other.html#here">good</a><a href="https://example.org/a">out</a><a href="{link}">bad</a>'
    )
    (tmp_path / "other.html").write_text('<p id="here"><a href="">top</a>')
    assert list(broken_links(tmp_path)) == [f"index.html: {link}"]


def test_text_of_help_is_text_of_the_page() -> None:
    assert reference._prose("see --from-store, *all* of FILE_NAME and KNOWLEDGE_GRAPH_HOST") == (
        "see ``--from-store``, \\*all\\* of ``FILE_NAME`` and :envvar:`KNOWLEDGE_GRAPH_HOST`"
    )
    with pytest.raises(ValueError, match="no variable begins with NOTHING_"):
        reference.variables_text("NOTHING_")
