"""The database and a cache file give the answers of the oracle, in every form of output."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.factories import PYPI, RHEL
from tests.oracle import Oracle
from tests.query.questions import MANY, QUESTIONS, RHEL_8, Json, Rows, questions, table
from tests.test_cli import ok, run
from thoth.storages.cli.query import answers
from thoth.storages.cli.query.arguments import Package, Question
from thoth.storages.cli.query.sources import opened
from thoth.storages.config import DATABASE
from thoth.storages.exceptions import NotFoundError
from thoth.storages.identifiers import Environment


@questions
def test_the_database_gives_the_answer_of_the_oracle(tmp_path: Path, oracle: Oracle, question: str) -> None:
    words, expected, _ = QUESTIONS[question]
    finished = run(tmp_path, "query", *words, "--json")
    document = json.loads(finished.stdout)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert document["answer"] == expected(oracle)
    assert document["answer"]
    assert document["query"] == words[0]
    assert document["more"] is ("--page" in words)
    assert os.environ[DATABASE.name] in document["source"]
    assert list(tmp_path.iterdir()) == []


@questions
def test_a_cache_file_gives_the_same_answer_or_says_that_it_does_not(
    asked: Callable[..., str],
    refused_here: Callable[..., str],
    oracle: Oracle,
    cache_file: Path,
    question: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words, expected, is_known = QUESTIONS[question]
    before = {path: path.stat().st_mtime_ns for path in cache_file.parent.iterdir()}
    monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "no-such-host.invalid")
    if is_known:
        document = json.loads(asked(*words, "--json", "--cache", cache_file))
        assert document["answer"] == expected(oracle)
        assert document["source"] == str(cache_file)
    else:
        message = refused_here(*words, "--cache", cache_file)
        assert re.search(r"a graph cache file holds no \w+|--solver goes without --cache", message)
    assert before == {path: path.stat().st_mtime_ns for path in cache_file.parent.iterdir()}


def test_a_cache_file_by_the_real_executable(tmp_path: Path, cache_file: Path, oracle: Oracle) -> None:
    words, expected, _ = QUESTIONS["depends-on"]
    nowhere = {"KNOWLEDGE_GRAPH_HOST": "no-such-host.invalid"}
    document = json.loads(ok(tmp_path, "query", *words, "--json", "--cache", cache_file, **nowhere))
    assert document["answer"] == expected(oracle)
    assert list(tmp_path.iterdir()) == []


def test_json_says_what_was_asked(asked: Callable[..., str]) -> None:
    words = ["closure", "Flask==1.0.2", "requests==2.27.1", *RHEL_8, "--extra", "socks", "--marker-evaluation-result"]
    document = json.loads(asked(*words, "--json", "--index-url", f"{PYPI}/"))
    assert {name: value for name, value in document.items() if name not in ("answer", "source")} == {
        "query": "closure",
        "packages": ["flask==1.0.2", "requests==2.27.1"],
        "index_url": PYPI,
        "os_name": "rhel",
        "os_version": "8",
        "python_version": "3.8",
        "extras": ["socks"],
        "marker_evaluation_result": True,
        "more": False,
    }


def cell(value: Any) -> str:
    """Return how CSV has a value of the document."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


@questions
@pytest.mark.parametrize("from_file", [False, True])
def test_every_form_says_the_same(asked: Callable[..., str], cache_file: Path, question: str, from_file: bool) -> None:
    words, _, is_known = QUESTIONS[question]
    if from_file:
        words = [*words, "--cache", str(cache_file)] if is_known else ["stats", "--cache", str(cache_file)]
    rows: Rows = json.loads(asked(*words, "--json"))["answer"]
    as_csv = list(csv.DictReader(io.StringIO(asked(*words, "--csv"), newline="")))
    assert as_csv == [{name: cell(value) for name, value in row.items()} for row in rows]
    header, *lines = asked(*words).splitlines()
    assert header.split() == list(rows[0])
    starts = [match.start() for match in re.finditer(r"\S+", header)]
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line == line.rstrip()
        assert all(sign.isprintable() for sign in line)
        shown = re.split(r" {2,}", line.strip())
        special = {None: "-", True: "yes", False: "no"}
        expected = [
            special[value] if value is None or isinstance(value, bool) else " ".join(str(value).split())
            for value in row.values()
        ]
        assert shown == [text.replace("\x1b", "\N{REPLACEMENT CHARACTER}") for text in expected]
    assert starts == sorted(starts)


def test_the_file_of_the_environment_answers_alone(
    asked: Callable[..., str], refused_here: Callable[..., str], cache_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE_OFFLINE", "1")
    monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "no-such-host.invalid")
    words = ["versions", "flask", "--json"]
    assert "THOTH_STORAGES_GRAPH_CACHE" in refused_here(*words)
    monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE", "missing")
    assert "missing: no such file" in refused_here(*words)
    monkeypatch.setenv("THOTH_STORAGES_GRAPH_CACHE", str(cache_file))
    assert json.loads(asked(*words))["source"] == str(cache_file)


def test_pages_of_dependents(asked: Callable[..., str], oracle: Oracle) -> None:
    for more in ([], ["--transitive"]):
        rows: Rows = []
        for page in range(1, 100):
            words = ["dependents", "markupsafe", *more, "--per-page", 7, "--page", page, "--json"]
            document = json.loads(asked(*words))
            rows += document["answer"]
            assert len(document["answer"]) == 7 or not document["more"]
            if not document["more"]:
                break
        assert json.loads(asked("dependents", "markupsafe", *more, "--count", "--json"))["answer"] == [
            {"count": len(rows)}
        ]
        if more:
            expected: list[Any] = oracle.retrieve_transitive_dependents_python("markupsafe", count=MANY)
            assert rows == table("package_name package_version index_url", expected)
        else:
            of_name = oracle.retrieve_dependent_packages("markupsafe")
            assert len(rows) == sum(map(len, of_name.values()))


def test_an_answer_that_is_empty(asked: Callable[..., str]) -> None:
    assert asked("cve", "flask==1.1.1") == "cve_id  cve_name  version_range  advisory\n"
    assert asked("cve", "flask==1.1.1", "--csv") == "cve_id,cve_name,version_range,advisory\n"
    assert json.loads(asked("cve", "flask==1.1.1", "--json"))["answer"] == []
    assert asked("depends-on", "markupsafe==2.0.1", *RHEL_8) == "package_name  package_version\n"


@pytest.mark.parametrize("env", [RHEL, {}], ids=str)
def test_file_and_database_agree_about_everything_in_the_file(cache_file: Path, oracle: Oracle, env: Json) -> None:
    question = Question(Environment(**env))
    with opened(None) as database, opened(cache_file) as file:
        whole = database.closure([Package("jupyterlab", "3.4.8"), Package("flask", "1.0.2")], question)
        solved = sorted({Package(*package[:2]) for package in whole.packages if package[2] is not None}, key=str)
        agreed = 0
        for package in solved[::3]:
            try:
                found = answers.depends_on(file, question, package)
            except NotFoundError as error:
                # In another environment, the file was not asked about this version.
                assert not env and f"not complete for {package}" in str(error)
                continue
            agreed += 1
            assert found == answers.depends_on(database, question, package)
            assert set(found.rows) == set(oracle.get_depends_on(package.name, str(package.version), None, **env))
            assert answers.records(file, question, package) == answers.records(database, question, package)
            try:
                reached = answers.closure(file, question, [package], edges=True, graph=None)
            except NotFoundError as error:
                assert not env and "not complete for everything" in str(error)
                continue
            assert reached == answers.closure(database, question, [package], edges=True, graph=None)
    assert agreed > (20 if env else 3)
