"""Hostile documents into a real graph: each comes in, or is refused and leaves no row."""

from __future__ import annotations

import copy
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.conftest import empty
from tests.dump import Dump, logical_dump
from tests.factories import PYPI, requires, solved, solver_document
from tests.hostile import blobs, hostile_documents, valid_documents
from tests.torture import new_seed, tell
from thoth.storages import GraphDatabase
from thoth.storages.exceptions import PerformanceIndicatorNotRegistered, SchemaError
from thoth.storages.graph import upsert
from thoth.storages.normalize import normalize_python_package_name
from thoth.storages.sync import KINDS, sync_local_documents

RELAXED = list(HealthCheck)
# The document of an indicator that nobody registered is as it should be: it is the class that is missing.
REFUSALS = (SchemaError, PerformanceIndicatorNotRegistered)
LONG_RANDOM = "".join(random.Random(1).choices("abcdefghij0123456789", k=20_000))


class Checked:
    """A graph that documents are put into, and what it holds."""

    def __init__(self, graph: GraphDatabase) -> None:
        """Look at what it holds."""
        self.graph = graph
        self.counts: Counter[str] = Counter()
        self.held: Dump = logical_dump(graph)

    def sync(self, kind: str, document: Any) -> None:
        """Put a document in; one that is refused changes nothing."""
        try:
            getattr(self.graph, f"sync_{kind}_result")(document)
        except REFUSALS:
            self.counts["refused"] += 1
            assert logical_dump(self.graph) == self.held
        else:
            self.counts["in"] += 1
            self.held = logical_dump(self.graph)
        if self.counts.total() % 50 == 0:  # so that a dump takes no longer than the sync
            empty(self.graph)
            self.held = logical_dump(self.graph)


@pytest.fixture
def checked(graph: GraphDatabase) -> Checked:
    return Checked(graph)


def test_mutated_documents(checked: Checked) -> None:
    @given(hostile_documents())
    @settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=RELAXED)
    def run(drawn: tuple[str, Any]) -> None:
        checked.sync(*drawn)

    run()
    assert checked.counts["in"] and checked.counts["refused"]


@pytest.mark.torture
def test_mutated_documents_for_minutes(checked: Checked) -> None:
    number, examples = new_seed(), int(os.environ.get("TORTURE_EXAMPLES", "3000"))

    @seed(number)
    @given(hostile_documents())
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=RELAXED,
    )
    def run(drawn: tuple[str, Any]) -> None:
        checked.sync(*drawn)

    run()
    tell(number, documents=checked.counts.total(), came_in=checked.counts["in"], refused=checked.counts["refused"])
    assert checked.counts["in"] > examples / 10 < checked.counts["refused"]


def test_good_ones_among_hostile_ones(graph: GraphDatabase, tmp_path: Path) -> None:
    """A file of lines, by the loop: what comes in is what would come in alone, whichever group it was in."""
    lines: list[bytes] = []

    @given(hostile_documents())
    @settings(max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=RELAXED)
    def draw(drawn: tuple[str, Any]) -> None:
        lines.extend(blobs(drawn[1]))

    draw()
    lines += [json.dumps(valid_documents(kind)[0]).encode() for kind in KINDS]
    lines += [b"{", b"\xff", b"[]", b"null", b'{"metadata": ' + b"[" * 10_000, b'{"result": 1e400}', b'"' * 7]
    file = tmp_path / "hostile.jsonl"
    file.write_bytes(b"\n".join(lines))
    report = sync_local_documents([file], graceful=True, graph=graph)
    assert report.total.processed == len(lines)
    assert report.total.failed == len(report.failures) > 10
    assert report.total.synced > len(KINDS)
    for failure in report.failures:
        assert failure.document == str(file)
        assert len(failure.reason) < 1100
    together = logical_dump(graph)
    empty(graph)
    failed = {failure.line for failure in report.failures}
    for number, line in enumerate(lines, start=1):
        if number not in failed:
            alone = tmp_path / "alone.json"
            alone.write_bytes(line)
            sync_local_documents([alone], graph=graph)
    assert logical_dump(graph) == together


def deep(kind: str, *path: Any, value: Any) -> tuple[str, Any]:
    """Return a valid document with another value in one place."""
    document = copy.deepcopy(valid_documents(kind)[0])
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return kind, document


@pytest.mark.parametrize("text", [LONG_RANDOM, "a" * 10_000_000], ids=["20 kB at random", "10 MB of one letter"])
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("solver", ("result", "tree", 0, "package_name")),
        ("solver", ("result", "tree", 0, "index_url")),
        ("solver", ("result", "tree", 0, "sha256")),
        ("solver", ("metadata", "analyzer_version")),
        ("adviser", ("metadata", "document_id")),
        ("inspection", ("inspection_id",)),
        ("package_analysis", ("metadata", "arguments", "python", "package_name")),
    ],
)
def test_what_identifies_may_not_be_that_long(checked: Checked, kind: str, path: tuple[Any, ...], text: str) -> None:
    """Whether an index takes it, which compresses, is no matter of luck."""
    checked.sync(*deep(kind, *path, value=[text] if path[-1] == "sha256" else text))
    assert checked.counts == {"refused": 1}


def test_what_describes_may_be_long(checked: Checked) -> None:
    fields = {"importlib_metadata": {"metadata": {"Description": "d" * 3_000_000}}}
    checked.sync("solver", solver_document(tree=[solved("a") | fields]))
    checked.sync("adviser", deep("adviser", "result", "error_msg", value=LONG_RANDOM)[1])
    assert checked.counts == {"in": 2}


def test_rows_that_repeat_a_long_text(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a document says once and each of its rows holds may be more than a statement can."""
    monkeypatch.setattr(upsert, "_MAX_SIZE", 1_000_000)
    document = copy.deepcopy(valid_documents("inspection")[0])
    document["specification"]["base"] = "x" * 50_000
    for count, outcome in ((10, "in"), (100, "refused")):
        checked.sync("inspection", {**document, "inspection_id": str(count), "job_logs": [{"exit_code": 1}] * count})
        assert checked.counts[outcome] == 1


@pytest.mark.parametrize("version", ["9" * 5000, "1!" + "9" * 5000, "1.0.dev" + "9" * 4500])
def test_version_of_more_digits_than_python_reads(checked: Checked, version: str) -> None:
    """It is text like any version that PEP 440 refuses, and too long; among many that are not, too."""
    dependency = requires("b", "1.0", version)
    checked.sync("solver", solver_document(tree=[solved("a", index_url=PYPI, dependencies=[dependency])]))
    assert checked.counts == {"refused": 1}


def test_names_that_mean_something_elsewhere(checked: Checked) -> None:
    """They are text, and nothing else: they come back as they were."""
    names = [
        "x'; drop table solver_run; --",
        'x"y',
        "x\\y",
        "x/../../y",
        "x\ny",
        "%s %(x)s :x {0}",
        "\u202ex",
        "x" * 1000,
    ]
    checked.sync("solver", solver_document(tree=[solved(name, "not a version!") for name in names]))
    assert checked.counts == {"in": 1}
    spelt = {normalize_python_package_name(name) for name in names}
    assert {package[0] for package in checked.held["python_release"]} == spelt
    for name in names:
        assert checked.graph.get_all_versions_python_package(name) == [("not a version!", PYPI)]
