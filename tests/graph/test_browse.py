"""`thoth-storages browse`: a cache file in Datasette, by its real executables."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.factories import RHEL
from thoth.storages import GraphCache, GraphDatabase
from thoth.storages.graph.cache_builder import build_graph_cache
from thoth.storages.graph.cache_functions import register_functions
from thoth.storages.graph.models_cache import VIEWS
from thoth.storages.identifiers import Environment

COMMAND = [sys.executable, str(ROOT / "thoth-storages"), "browse"]
_SERVES = re.compile(r"Uvicorn running on (http://127\.0\.0\.1:\d+)")


@pytest.fixture
def path(samples: GraphDatabase, tmp_path: Path) -> Path:
    """A cache file of all packages of the samples."""
    path = tmp_path / "cache file.sqlite3"
    build_graph_cache(samples, str(path), sorted(samples.get_python_packages()), environment=Environment())
    return path


def version_with_dependencies(samples: GraphDatabase) -> tuple[str, str, str]:
    """Return a solved package version that depends on something."""
    for version, url in samples.get_all_versions_python_package("flask", **RHEL):
        if samples.get_depends_on("flask", version, url, **RHEL):
            return "flask", version, url
    raise AssertionError("no such version")


@contextmanager
def served(path: Path) -> Iterator[str]:
    """Serve a file until the context ends; give the address."""
    process = subprocess.Popen(
        [*COMMAND, "--cache", path, "--port", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            found = _SERVES.search(line)
            if found:
                yield found[1]
                break
        else:
            raise AssertionError(f"it did not start: {lines}")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def get(address: str, place: str, **arguments: str) -> Any:
    query = urllib.parse.urlencode({"_shape": "array", **arguments})
    with urllib.request.urlopen(f"{address}/cache+file/{place}.json?{query}", timeout=30) as answer:
        return json.load(answer)


def test_in_datasette(path: Path, samples: GraphDatabase) -> None:
    package = version_with_dependencies(samples)
    asked = {**dict(zip(("package_name", "package_version", "index_url"), package, strict=True)), **RHEL}
    before = path.read_bytes()
    with served(path) as address:
        with urllib.request.urlopen(f"{address}/cache+file", timeout=30) as answer:
            page = answer.read().decode()
        assert all(name in page for name in (*VIEWS, "What could pull a package in"))
        versions = get(address, "v_package_version", package_name="flask", _size="max")
        assert package[1] in {row["package_version"] for row in versions}
        found = get(address, "depends_on", **asked)
        expected = samples.get_depends_on(*package, **RHEL)
        assert [(row["package_name"], row["package_version"]) for row in found] == expected
        assert get(address, "records", **asked)[0]["os_name"] == "rhel"
        edges = get(address, "closure", **asked)
        closure = samples.closure(package, **RHEL)
        assert len(edges) == len({(*edge[0][:2], *edge[1][:2]) for edge in closure.tuples()})
        (unknown,) = get(address, "depends_on", **{**asked, "package_name": "no-such-package"})
        assert unknown == {"package_name": "not in this file", "package_version": None}
    assert path.read_bytes() == before


def test_functions_answer_as_the_cache_does(path: Path, samples: GraphDatabase) -> None:
    package = version_with_dependencies(samples)
    name, version, url = package
    with GraphCache(str(path)) as cache, closing(sqlite3.connect(":memory:")) as connection:
        register_functions(connection, cache)

        def ask(function: str, *arguments: str | None) -> Any:
            (answer,) = connection.execute(f"SELECT {function}(?, ?, ?, ?, ?, ?)", arguments).fetchone()
            return None if answer is None else json.loads(answer)

        where = tuple(RHEL.values())
        assert list(map(tuple, ask("depends_on", *package, *where))) == cache.get_depends_on(*package, **RHEL)
        assert [url, *where] in ask("records", name, version, "", *where)
        dependents = cache.retrieve_transitive_dependents_python("markupsafe", **RHEL, count=10_000)
        assert dependents
        assert list(map(tuple, ask("dependents", "markupsafe", None, None, *where))) == dependents
        for missing in (("", version, url), (name, "99", url), (None, None, None), (name, version, None)):
            assert ask("depends_on", *missing, *where) is None
        assert ask("closure", name, "", url, *where) is None
        assert ask("records", name, None, url, *where) is None
        assert ask("dependents", "", "", "", *where) is None


def refused(*arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_what_cannot_be_served(tmp_path: Path) -> None:
    assert "give --cache, or set THOTH_STORAGES_GRAPH_CACHE" in refused()
    assert f"{tmp_path}/a: no such file" in refused("--cache", f"{tmp_path}/a")
    assert not (tmp_path / "a").exists()
    assert f"{tmp_path}: not a file" in refused(THOTH_STORAGES_GRAPH_CACHE=str(tmp_path))
    other = tmp_path / "other.sqlite3"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE a (b)")
    assert "not a graph cache" in refused("--cache", str(other))


def test_without_datasette(path: Path, tmp_path: Path) -> None:
    """A name that Python finds first, and that is no package, stands for one that is not installed."""
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text("import sys\nsys.modules['datasette'] = None\n")
    told = refused("--cache", str(path), PYTHONPATH=str(tmp_path))
    assert "pip install 'thoth-storages[browse]'" in told
