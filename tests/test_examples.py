"""The sample solver documents: what the script makes, and every case that a reader of solver documents must know."""

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.utils import canonicalize_name
from packaging.version import Version

from examples.sample_documents import command, package_metadata
from thoth.storages.documents.solver import read_solver_document
from thoth.storages.identifiers import Environment

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ROOT / "examples" / "solver-documents"
SCRIPT = ROOT / "examples" / "make_solver_documents.py"
PYPI = "https://pypi.org/simple"
PYTORCH = "https://download.pytorch.org/whl/cpu"

Document = dict[str, Any]
Node = tuple[str, str]


def identifier(document: Document) -> str:
    metadata = document["metadata"]
    return str(metadata.get("document_id") or metadata["hostname"].rpartition("-")[0])


def read(path: Path) -> list[Document]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


@pytest.fixture(scope="module")
def by_file() -> dict[str, list[Document]]:
    return {path.name.removesuffix(".jsonl.gz"): read(path) for path in sorted(DOCUMENTS.iterdir())}


@pytest.fixture(scope="module")
def documents(by_file: dict[str, list[Document]]) -> list[Document]:
    return [document for found in by_file.values() for document in found]


@pytest.fixture
def one(documents: list[Document]) -> Any:
    def find(requirement: str, solver: str) -> Document:
        """Return the one document of a solver that answers a request."""

        def asked(document: Document) -> str:
            arguments = document["metadata"]["arguments"]
            return str((arguments.get("python") or arguments["pypi"])["requirements"])

        (found,) = [d for d in documents if requirement == asked(d) and identifier(d).startswith(solver)]
        return found

    return find


def is_of_2019(document: Document) -> bool:
    return isinstance(document["result"]["environment"], list)


def entries(documents: list[Document], name: str, version: str) -> Iterator[tuple[Document, dict[str, Any]]]:
    for document in documents:
        for entry in document["result"]["tree"]:
            if (canonicalize_name(entry["package_name"]), entry["package_version"]) == (name, version):
                yield document, entry


def dependency(entry: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [d for d in entry["dependencies"] if canonicalize_name(d["package_name"]) == name]


def versions(dependency: dict[str, Any]) -> list[str]:
    return [version for found in dependency["resolved_versions"] for version in found["versions"]]


def needs(documents: list[Document], *solvers: str) -> dict[Node, set[Node]]:
    """What the latest document says of each release in an environment: what it needs without extras, on PyPI."""
    latest: dict[Node, tuple[str, set[Node]]] = {}
    for document in documents:
        if not identifier(document).startswith(solvers):
            continue
        time = document["metadata"]["datetime"]
        for entry in document["result"]["tree"]:
            node = canonicalize_name(entry["package_name"]), str(Version(entry["package_version"]))
            if entry["index_url"] != PYPI or time < latest.get(node, ("", set()))[0]:
                continue
            held = [d for d in entry["dependencies"] if not d["extra"] and d["marker_evaluation_result"] is not False]
            latest[node] = time, {(canonicalize_name(d["package_name"]), v) for d in held for v in versions(d)}
    return {node: needed for node, (_, needed) in latest.items()}


def reached(graph: dict[Node, set[Node]], start: Node) -> set[Node]:
    """Everything that a walk over what is needed comes to; the start is in it when the walk comes back."""
    found: set[Node] = set()
    todo = [start]
    while todo:
        new = graph.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found


def test_script_makes_what_is_shipped(tmp_path: Path) -> None:
    # From another directory: the script finds its checkout by itself.
    command_line = [sys.executable, "-B", str(SCRIPT), "--check"]
    done = subprocess.run(command_line, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "667 documents in 7 files, 0 of them written\n", "")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(command, "make", lambda: {"a.jsonl.gz": b"{}\n", "b.jsonl.gz": b"[]\n"})
    return tmp_path / "documents"


def test_missing_files_are_made(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([], elsewhere) == 0
    assert capsys.readouterr().out == "2 documents in 2 files, 2 of them written\n"
    assert {path.name: gzip.decompress(path.read_bytes()) for path in elsewhere.iterdir()} == command.make()
    # Repeatable to the byte: no time, and no flag that says a file name follows.
    assert {path.read_bytes()[3:8] for path in elsewhere.iterdir()} == {bytes(5)}


def test_other_documents_are_not_replaced_unasked(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere.mkdir()
    (elsewhere / "a.jsonl.gz").write_bytes(gzip.compress(b'{"mine": 1}\n'))
    assert command.main([], elsewhere) == 1
    assert capsys.readouterr().err == "a.jsonl.gz: not what is made from package-metadata.json.gz\n"
    assert [gzip.decompress(path.read_bytes()) for path in elsewhere.iterdir()] == [b'{"mine": 1}\n']

    assert command.main(["--overwrite"], elsewhere) == 0
    assert gzip.decompress((elsewhere / "a.jsonl.gz").read_bytes()) == b"{}\n"


def test_check_tells_what_is_missing_and_too_much(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([], elsewhere) == 0
    (elsewhere / "b.jsonl.gz").rename(elsewhere / "c.jsonl.gz")
    assert command.main(["--check"], elsewhere) == 1
    assert "b.jsonl.gz, c.jsonl.gz: not what is made" in capsys.readouterr().err
    assert sorted(path.name for path in elsewhere.iterdir()) == ["a.jsonl.gz", "c.jsonl.gz"]


def test_snapshot_keeps_what_it_is_given_and_is_small(tmp_path: Path) -> None:
    releases = package_metadata.load(command.SNAPSHOT)
    package_metadata.dump(releases, tmp_path / "snapshot.gz")
    assert package_metadata.load(tmp_path / "snapshot.gz") == releases
    assert len(releases) == 572
    assert len({canonicalize_name(release.name) for release in releases}) == 149
    assert command.SNAPSHOT.stat().st_size < 200_000
    assert sum(path.stat().st_size for path in DOCUMENTS.iterdir()) < 1_000_000


def test_no_address_but_public_ones_of_the_domain(documents: list[Document]) -> None:
    indexes = set()
    for document in documents:
        arguments = document["metadata"]["arguments"]
        indexes.update((arguments.get("python") or arguments["pypi"])["index"].split(","))
        result = document["result"]
        indexes.update(entry["index_url"] for entry in result["tree"])
        indexes.update(
            found["index"] for e in result["tree"] for d in e["dependencies"] for found in d["resolved_versions"]
        )
        indexes.update(f.get("index_url") or f["index"] for f in result["errors"] + result["unresolved"])
    assert indexes == {PYPI, PYTORCH}
    for path in [*DOCUMENTS.iterdir(), command.SNAPSHOT]:
        text = gzip.decompress(path.read_bytes()).decode()
        assert not re.search(r"file://|https?://(localhost|\d+\.\d+\.\d+\.\d+|[^/\s\"]*@)", text), path.name


def test_ids_are_unique_and_of_the_form_of_their_year(by_file: dict[str, list[Document]]) -> None:
    forms = {
        "thinkpad": r"thinkpad-fc28-\d{4}",
        "solver-fedora-30-py37": r"solver-fedora-30-py37-[0-9a-f]{16}",
        "solver-fedora-31-py37": r"solver-fedora-31-py37-[0-9a-f]{8}",
    }
    ids = Counter(identifier(document) for documents in by_file.values() for document in documents)
    assert set(ids.values()) == {1}
    for solver, documents in by_file.items():
        form = forms.get(solver, solver + r"-\d{12}-[0-9a-f]{16}")
        assert [identifier(d) for d in documents if not re.fullmatch(form, identifier(d))] == []
    assert any(i.startswith("solver-rhel-8-py38-210701000010-") for i in ids)


def test_environments_and_that_the_library_reads_all(by_file: dict[str, list[Document]]) -> None:
    assert {len(by_file[name]) for name in ("solver-rhel-8-py38", "solver-ubi-8-py38")} == {417, 5}
    environments = Counter(read_solver_document(d).environment for documents in by_file.values() for d in documents)
    assert environments == {
        Environment("fedora", "28", "3.6"): 2,  # the laptop: its name says nothing
        Environment("fedora", "30", "3.7"): 50,
        Environment("fedora", "31", "3.7"): 47,
        Environment("fedora", "35", "3.10"): 21,
        Environment("rhel", "8", "3.8"): 422,
        Environment("rhel", "9", "3.11"): 125,
    }


def test_both_generations(one: Any, documents: list[Document]) -> None:
    assert Counter(is_of_2019(document) for document in documents) == {True: 52, False: 615}
    (old,) = one("Flask==1.1.1", "solver-fedora-30")["result"]["tree"]
    assert set(old) == {"package_name", "package_version", "index_url", "sha256", "dependencies"}
    assert {frozenset(d) for d in old["dependencies"]} == {
        frozenset({"package_name", "required_version", "resolved_versions"})
    }
    assert old["package_name"] == "Flask"

    new_keys = {"importlib_metadata", "package_version_requested"}
    added: dict[str, set[str]] = {
        "solver-fedora-31": set(),
        "solver-rhel-8": {"packages"},
        "solver-rhel-9": {"packages", "package_license"},
    }
    for solver, more in added.items():
        keys = [
            frozenset(entry)
            for document in documents
            if identifier(document).startswith(solver) and document["metadata"]["analyzer_version"] != "1.12.0"
            for entry in document["result"]["tree"]
        ]
        assert set(keys) == {frozenset(set(old) | new_keys | more)}
    assert [is_of_2019(d) for d in documents if "document_id" not in d["metadata"]] == [True] * 52


def test_core_metadata_licence_and_digests(one: Any, documents: list[Document]) -> None:
    (entry,) = one("requests===2.28.1", "solver-fedora-35-py310")["result"]["tree"]
    assert entry["sha256"] == ["8fefa2a1a1365bf5520aac41836fbee479da67864514bdb821f31ce07ce65349"]
    assert entry["packages"] == ["requests"]
    assert entry["package_license"]["license"] == {"full_name": "Apache License 2.0", "identifier_spdx": "Apache-2.0"}
    metadata = entry["importlib_metadata"]["metadata"]
    assert metadata["Requires-Python"] == ">=3.7, <4"
    assert metadata["Provides-Extra"] == ["security", "socks", "use_chardet_on_py3"]
    assert "certifi (>=2017.4.17)" in metadata["Requires-Dist"]
    digests = [entry["sha256"] for document in documents for entry in document["result"]["tree"]]
    assert all(found and all(re.fullmatch("[0-9a-f]{64}", digest) for digest in found) for found in digests)


def test_same_release_in_several_environments(documents: list[Document]) -> None:
    found = {re.split(r"-(?=\d{12}-)", identifier(d))[0] for d, _ in entries(documents, "six", "1.16.0")}
    assert found == {"solver-rhel-8-py38", "solver-rhel-9-py311", "solver-fedora-35-py310"}


def test_second_index(one: Any, documents: list[Document]) -> None:
    found = [(d, e) for d, e in entries(documents, "requests", "2.26.0") if identifier(d).startswith("solver-rhel-8")]
    on = {entry["index_url"]: versions(dependency(entry, "urllib3")[0]) for _, entry in found}
    assert on[PYTORCH] == ["1.26.12", "1.26.7"]
    assert set(on[PYTORCH]) < set(on[PYPI])

    both = one("Jinja2===3.1.2", "solver-rhel-8-py38-221109")["result"]["tree"]
    assert [entry["index_url"] for entry in both] == [PYPI, PYTORCH]
    (markupsafe,) = dependency(both[0], "markupsafe")
    assert markupsafe["resolved_versions"] == [
        {"index": PYPI, "versions": ["2.0.1", "2.1.1"]},
        {"index": PYTORCH, "versions": ["2.0.1", "2.1.1"]},
    ]


def test_extras_and_markers_that_hold_and_do_not(one: Any) -> None:
    (entry,) = one("requests===2.28.1", "solver-fedora-35-py310")["result"]["tree"]
    (socks,) = dependency(entry, "pysocks")
    assert (socks["extra"], socks["specifier"], versions(socks)) == (["socks"], "!=1.5.7,>=1.5.6", ["1.7.0", "1.7.1"])
    assert (socks["marker"], socks["marker_evaluated"]) == ('extra == "socks"', 'python_version >= "0.0"')

    (old,) = one("Flask===2.2.2", "solver-fedora-35-py310")["result"]["tree"]
    (new,) = one("Flask===2.2.2", "solver-rhel-8-py38")["result"]["tree"]
    for entry, held in ((old, False), (new, True)):
        (found,) = dependency(entry, "importlib-metadata")
        assert (found["marker"], found["marker_evaluation_result"]) == ('python_version < "3.10"', held)


def test_one_name_required_twice_with_different_markers_some_not_evaluated(one: Any) -> None:
    (entry,) = one("pandas===1.3.5", "solver-ubi-8-py38")["result"]["tree"]
    found = dependency(entry, "numpy")
    assert [(d["specifier"], d["marker_evaluation_result"]) for d in found] == [
        (">=1.17.3", None),
        (">=1.19.2", None),
        (">=1.20.0", None),
        (">=1.21.0", False),
    ]
    assert found[0]["marker_evaluation_error"] == "'platform_machine' does not exist in evaluation environment."


def test_cycle(documents: list[Document]) -> None:
    graph = needs(documents, "solver-rhel-9-py311")
    root = "sphinx", "7.1.2"
    assert ("sphinxcontrib-applehelp", "1.0.6") in graph[root]
    assert root in graph["sphinxcontrib-applehelp", "1.0.6"]
    assert root in reached(graph, root)


def test_dependencies_that_no_document_solves_and_none_at_all(documents: list[Document], one: Any) -> None:
    graph = needs(documents, "solver-rhel-8-py38", "solver-ubi-8-py38")
    assert ("webencodings", "0.5.1") in graph["bleach", "5.0.1"]
    assert ("webencodings", "0.5.1") not in graph
    (new,) = one("six===1.16.0", "solver-rhel-9-py311")["result"]["tree"]
    (old,) = one("six==1.12.0", "solver-fedora-30-py37")["result"]["tree"]
    assert new["dependencies"] == old["dependencies"] == []


def test_errors_of_the_newer_form(one: Any) -> None:
    (python,) = one("sphinxcontrib-applehelp===1.0.6", "solver-rhel-8-py38")["result"]["errors"]
    assert (python["type"], python["package_version"], python["index_url"]) == ("command_error", "1.0.6", PYPI)
    assert (python["is_provided_package"], python["is_provided_package_version"]) == (True, True)
    assert "requires a different Python: 3.8.13 not in '>=3.9'" in python["details"]["stderr"]

    (missing,) = one("pandas===1.99.0", "solver-rhel-8-py38")["result"]["errors"]
    assert (missing["is_provided_package"], missing["is_provided_package_version"]) == (True, False)
    (not_found,) = one("ruamel.yaml===0.15.35", "solver-fedora-31-py37")["result"]["errors"]
    assert (not_found["type"], list(not_found["details"])) == ("not_site_package", ["message"])


def test_errors_of_the_older_form(one: Any) -> None:
    (killed,) = one("tensorflow==1.14.0", "solver-fedora-30-py37")["result"]["errors"]
    assert (killed["type"], killed["version"], killed["index"]) == ("command_error", "1.14.0", PYPI)
    assert (killed["is_provided"], killed["details"]["return_code"]) == (True, -9)
    (missing,) = one("thoth-solver==99.0.0", "solver-fedora-30-py37")["result"]["errors"]
    assert missing["is_provided"] is False
    (not_found,) = one("ruamel.yaml==0.15.35", "solver-fedora-30-py37")["result"]["errors"]
    assert not_found["type"] == "not_site_package"
    assert "is_provided" not in not_found


def test_unresolved_and_unparsed(documents: list[Document]) -> None:
    unresolved = {
        (u["package_name"], u["version_spec"], u.get("is_provided_package"), u.get("is_provided_package_version"))
        for document in documents
        for u in document["result"]["unresolved"]
    }
    assert unresolved == {
        ("pytest", "==39.1.0", None, None),
        ("numpy", ">=99", None, None),
        ("jupyterlab", "===3.99.0", True, False),
        ("pandas", ">=99", True, False),
        ("thoth-station-internal", "===0.3.0", False, None),
    }
    unparsed = {u["requirement"] for document in documents for u in document["result"]["unparsed"]}
    assert unparsed == {"ipython doctest plugin==0.1", "ipython doctest plugin===0.1", "-e ."}


def test_names_and_versions_that_are_not_normalised(one: Any, documents: list[Document]) -> None:
    (padded,) = one("certifi===2021.10.08", "solver-rhel-8-py38")["result"]["tree"]
    assert (padded["package_version"], padded["package_version_requested"]) == ("2021.10.8", "2021.10.08")
    (spelt,) = one("python_dateutil===2.8.2", "solver-rhel-8-py38")["result"]["tree"]
    assert spelt["package_name"] == "python_dateutil"
    names = {entry["package_name"] for document in documents for entry in document["result"]["tree"]}
    assert {"Jinja2", "MarkupSafe", "PyYAML", "jupyter_core", "jupyter-core"} <= names


def test_newer_document_corrects_an_older_one(one: Any, documents: list[Document]) -> None:
    answers = {}
    for document, entry in entries(documents, "flask", "1.1.2"):
        if identifier(document).startswith("solver-rhel-8-py38"):
            answers[identifier(document).split("-")[4][:6]] = versions(dependency(entry, "click")[0])
    assert answers == {
        "210701": ["7.0", "7.1.1", "7.1.2", "8.0.1"],
        "221107": ["7.0", "7.1.1", "7.1.2", "8.0.1", "8.0.3", "8.1.3"],
    }

    failed = one("pandas===1.2.5", "solver-rhel-8-py38-210630")
    solved = one("pandas===1.2.5", "solver-rhel-8-py38-210701")
    assert [error["package_version"] for error in failed["result"]["errors"]] == ["1.2.5"]
    assert [entry["package_version"] for entry in solved["result"]["tree"]] == ["1.2.5"]
    assert failed["metadata"]["datetime"] < solved["metadata"]["datetime"]

    times = [d["metadata"]["datetime"] for d in documents if identifier(d).startswith("solver-rhel-8-py38")]
    assert times != sorted(times)


def test_whole_stack_in_one_document(one: Any, documents: list[Document]) -> None:
    names = {canonicalize_name(e["package_name"]) for e in one("flask==1.0.2", "thinkpad")["result"]["tree"]}
    assert names == {"click", "flask", "itsdangerous", "jinja2", "markupsafe", "werkzeug"}
    sizes = [len(d["result"]["tree"]) for d, _ in entries(documents, "sphinx", "2.2.0") if is_of_2019(d)]
    assert sorted(sizes) == [1, 26]


def test_packages_of_the_demonstration(documents: list[Document]) -> None:
    names = yaml.safe_load((ROOT / "examples" / "cache_conf.yaml").read_text())["python-packages"]
    graph = needs(documents, "solver-rhel-8-py38", "solver-ubi-8-py38")
    assert set(names) <= {name for name, _ in graph}

    root = "jupyterlab", "3.4.8"
    found = reached(graph, root) | {root}
    edges = sum(len(graph.get(node, ())) for node in found)
    assert (len(found), edges, len(found - graph.keys())) == (218, 1131, 18)


def test_demonstration_runs_twice_in_one_folder() -> None:
    # Short: a socket's path has some 100 characters at most.
    with tempfile.TemporaryDirectory(prefix="demo") as folder:
        first, second = (demonstration(Path(folder)) for _ in range(2))
        made = {path.name for path in Path(folder).iterdir()}
    assert {"graph_cache.sqlite3", "schema.png", "schema_cache.png", "jupyterlab.png"} <= made
    assert "667 synced, 0 were in already" in first
    assert "0 synced, 667 were in already" in second
    for output in (first, second):
        assert "1,265 edges, 74 of them to what was not solved" in output
        assert "click 8.0.3, flask 2.0.2, itsdangerous 2.0.1, jinja2 3.0.3" in output
        assert "quay.io/thoth-station/s2i-thoth-ubi8-py38:v0.28.0: 68 symbols" in output
        assert "on Intel Core Processor (Skylake, IBRS): 1.7 ms, 157.8 GFLOP/s" in output


def demonstration(folder: Path) -> str:
    """Run the demonstration in a wide terminal, and return what it printed."""
    command_line = [sys.executable, str(ROOT / "examples" / "demo.py"), str(folder)]
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(command_line, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
