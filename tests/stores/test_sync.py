"""From stores into the graph: what is in is not fetched, several write at once, and a run can be broken off."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.conftest import ROOT
from tests.dump import logical_dump
from tests.factories import Json, requires, solved, solver_document, sync
from tests.stores.conftest import Place
from thoth.storages import GraphDatabase, SolverResultsStore, sync_documents, sync_solver_documents
from thoth.storages.cli import cli
from thoth.storages.documents.local import LocalDocument
from thoth.storages.exceptions import NotFoundError, SchemaError
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.sync import (
    Failure,
    SyncCounts,
    SyncInterrupted,
    failure_writer,
    read_failures,
    sync_local_documents,
    sync_stored_documents,
)


def document(number: int) -> Json:
    day = f"2107{1 + number % 28:02}"
    return solver_document(
        f"solver-rhel-8-py38-{day}000010-{number:04x}",
        tree=[solved(f"p{number}", "1", [requires("q", "1", "2")])],
        datetime=f"2021-07-{1 + number % 28:02}T00:00:00",
    )


def ids(documents: list[Json]) -> list[str]:
    return sorted(one["metadata"]["document_id"] for one in documents)


@pytest.fixture
def store(place: Place, monkeypatch: pytest.MonkeyPatch) -> SolverResultsStore:
    """The store that the environment names."""
    for name, value in place.variables().items():
        monkeypatch.setenv(name, value)
    store = SolverResultsStore()
    store.connect()
    return store


@pytest.fixture
def documents(store: SolverResultsStore) -> list[Json]:
    """Documents on the store."""
    documents = [document(number) for number in range(130)]
    for one in documents:
        store.ceph.store_document(one, one["metadata"]["document_id"])
    return documents


def spoil(store: SolverResultsStore, document_id: str, blob: str = "{") -> None:
    store.ceph.store_blob(blob, document_id)


def test_all_that_is_there(graph: GraphDatabase, store: SolverResultsStore, documents: list[Json]) -> None:
    with counted_statements(graph.engine) as statements:
        assert sync_solver_documents(graph=graph) == (130, 130, 0, 0)
    assert len(statements) < 40
    stored = logical_dump(graph)
    for document_id in ids(documents):
        spoil(store, document_id)  # shows that what is in is not fetched
    with counted_statements(graph.engine) as statements:
        assert sync_solver_documents(None, False, False, graph) == (130, 0, 130, 0)
    assert len(statements) == 1
    assert logical_dump(graph) == stored
    with pytest.raises(SchemaError, match="not JSON"):
        sync_solver_documents(force=True, graph=graph)


def test_equal_to_the_documents_themselves(
    graph: GraphDatabase, store: SolverResultsStore, documents: list[Json]
) -> None:
    sync(graph, documents)
    expected = logical_dump(graph)
    for workers in (1, 4):
        report = sync_stored_documents({"solver": None}, force=True, workers=workers, graph=graph)
        assert report.total == (130, 130, 0, 0)
        assert logical_dump(graph) == expected


def test_some_of_them(graph: GraphDatabase, documents: list[Json]) -> None:
    some = ids(documents)[:3]
    assert sync_solver_documents([*some, some[0]], graph=graph) == (3, 3, 0, 0)
    assert sync_solver_documents(some[0], graph=graph) == (1, 0, 1, 0)
    assert sync_documents(ids(documents)[2:5], graph=graph) == {"solver": (3, 2, 1, 0)}
    assert sync_stored_documents({"solver": None}, since=dt.date(2021, 7, 28), graph=graph).total == (4, 4, 0, 0)


def test_documents_that_fail(graph: GraphDatabase, store: SolverResultsStore, documents: list[Json]) -> None:
    broken, wrong, *_ = ids(documents)
    spoil(store, broken)
    spoil(store, wrong, json.dumps(solver_document(wrong, tree=[{"package_name": 7}])))
    missing = "solver-rhel-8-py38-0000000000000000"
    with pytest.raises(NotFoundError, match=missing):
        sync_solver_documents([missing], graph=graph)
    failed: list[Failure] = []
    report = sync_stored_documents(
        {}, [*ids(documents), missing, "7"], graceful=True, graph=graph, on_failure=failed.append
    )
    assert report.counts == {"solver": (131, 128, 0, 3), "unknown": (1, 0, 0, 1)}
    assert {failure.document for failure in failed} == {broken, wrong, missing, "7"}
    reasons = {failure.document: failure.reason for failure in report.failures}
    assert "not JSON" in reasons[broken]
    assert "$.result.tree[0].package_name" in reasons[wrong]
    assert "begins with none of" in reasons["7"]
    assert graph.solver_document_ids_in(ids(documents)) == set(ids(documents)) - {broken, wrong}


def test_those_before_one_that_fails_are_in(
    graph: GraphDatabase, store: SolverResultsStore, documents: list[Json]
) -> None:
    bad = ids(documents)[110]
    spoil(store, bad)
    with pytest.raises(SchemaError, match=bad):
        sync_solver_documents(graph=graph)
    assert graph.solver_document_ids_in(ids(documents)) == set(ids(documents)[:110])


def test_failures_are_tried_again(
    graph: GraphDatabase, store: SolverResultsStore, documents: list[Json], tmp_path: Path
) -> None:
    bad = ids(documents)[7]
    spoil(store, bad)
    failed_to = tmp_path / "failed.jsonl"
    arguments = ["sync", "--from-store", "--kind", "solver", "--graceful", "--failed-to", str(failed_to)]
    result = CliRunner().invoke(cli, [*arguments, "--workers", "2"])
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1].split() == ["solver", "130", "129", "0", "1"]
    (failure,) = read_failures(failed_to)
    assert (failure.kind, failure.document) == ("solver", bad)
    store.ceph.store_document(next(one for one in documents if one["metadata"]["document_id"] == bad), bad)
    again = tmp_path / "again.jsonl"
    result = CliRunner().invoke(cli, ["sync", "--from-store", "--retry", str(failed_to), "--failed-to", str(again)])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1].split() == ["solver", "1", "1", "0", "0"]
    assert list(read_failures(again)) == []
    assert graph.solver_document_ids_in(ids(documents)) == set(ids(documents))


def test_failures_in_files_are_tried_again(graph: GraphDatabase, tmp_path: Path) -> None:
    file, failed_to = tmp_path / "all.jsonl", tmp_path / "failed.jsonl"
    lines = [json.dumps(document(number)) for number in range(5)]
    file.write_text("\n".join([*lines[:2], "{", *lines[3:]]))
    report = sync_local_documents([file], graceful=True, graph=graph, on_failure=failure_writer(failed_to))
    assert report.total == (5, 4, 0, 1)
    file.write_text("\n".join(lines))
    result = CliRunner().invoke(cli, ["sync", "--retry", str(failed_to)])
    assert result.stdout.splitlines()[1].split() == ["solver", "1", "1", "0", "0"]


def test_nothing_to_try_again(graph: GraphDatabase, documents: list[Json], tmp_path: Path) -> None:
    """An empty list is none of the documents, and not all of them."""
    nothing = tmp_path / "nothing.jsonl"
    nothing.touch()
    for arguments in (["--from-store"], []):
        result = CliRunner().invoke(cli, ["sync", *arguments, "--retry", str(nothing)])
        assert result.exit_code == 0, result.output
    assert graph.get_solver_documents_count() == 0


def test_document_of_no_kind_is_tried_again(graph: GraphDatabase, documents: list[Json], tmp_path: Path) -> None:
    failed = tmp_path / "failed.jsonl"
    write = failure_writer(failed)
    write(Failure("unknown", "7", "the kind cannot be told"))
    write(Failure("unknown", ids(documents)[0], "the server was away"))
    result = CliRunner().invoke(cli, ["sync", "--from-store", "--graceful", "--retry", str(failed)])
    assert result.exit_code == 1
    assert [line.split()[0::4] for line in result.stdout.splitlines()[1:3]] == [["solver", "0"], ["unknown", "1"]]


def test_list_of_failures_is_not_overwritten_while_it_is_tried_again(tmp_path: Path) -> None:
    failed = tmp_path / "failed.jsonl"
    failure_writer(failed)(Failure("solver", "x", "y"))
    before = failed.read_bytes()
    result = CliRunner().invoke(cli, ["sync", "--from-store", "--retry", str(failed), "--failed-to", str(failed)])
    assert result.exit_code == 2
    assert failed.read_bytes() == before


def test_several_write_at_once(graph: GraphDatabase, documents: list[Json], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two groups are written at one time: each waits for the other."""
    whole, together = GraphDatabase.sync_solver_results, threading.Barrier(2, timeout=30)

    def waiting(self: GraphDatabase, *arguments: Any, **keywords: Any) -> int:
        together.wait()
        return whole(self, *arguments, **keywords)

    monkeypatch.setattr(GraphDatabase, "sync_solver_results", waiting)
    assert sync_stored_documents({"solver": None}, workers=2, graph=graph).total == (130, 130, 0, 0)


def test_no_more_is_held_than_the_writers_have_in_hand(
    graph: GraphDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads waits for whoever writes: one group is written, two wait, one is put together."""
    file = tmp_path / "all.jsonl"
    file.write_text("".join(json.dumps(document(number)) + "\n" for number in range(1200)))
    read: list[int] = []
    ahead: list[int] = []
    whole, parse = GraphDatabase.sync_solver_results, LocalDocument.parse

    def counted(self: LocalDocument) -> Json:
        read.append(1)
        return parse(self)

    def slow(self: GraphDatabase, group: list[Any], **keywords: Any) -> int:
        time.sleep(0.1)
        ahead.append(len(read) - 100 * len(ahead))
        return whole(self, group, **keywords)

    monkeypatch.setattr(LocalDocument, "parse", counted)
    monkeypatch.setattr(GraphDatabase, "sync_solver_results", slow)
    assert sync_local_documents([file], graph=graph).total == (1200, 1200, 0, 0)
    assert len(ahead) == 12
    assert max(ahead) <= 400


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let Ctrl-C interrupt, here and in children; a shell has it ignored in what it starts in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a.json", "--from-store"],
        ["a.json", "--kind", "solver"],
        ["--from-store", "--kind", "nothing"],
        ["--from-store", "--retry", "missing.jsonl"],
        ["a.json", "--workers", "0"],
    ],
)
def test_arguments_that_do_not_fit(arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, ["sync", *arguments])
    assert result.exit_code != 0
    assert "Traceback" not in result.output


def test_retry_of_something_else(tmp_path: Path) -> None:
    file = tmp_path / "failed.jsonl"
    file.write_text('{"kind": "solver"}\n')
    with pytest.raises(SchemaError, match=f"{file}:1"):
        list(read_failures(file))


@pytest.mark.usefixtures("interruptible")
def test_interrupted_run_finishes_what_is_in_flight(
    graph: GraphDatabase, documents: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a group is written: it is in and counted, the next one is not."""
    whole = GraphDatabase.sync_solver_results

    def interrupting(self: GraphDatabase, *arguments: Any, **keywords: Any) -> int:
        signal.raise_signal(signal.SIGINT)  # taken by the main thread
        time.sleep(0.2)
        return whole(self, *arguments, **keywords)

    monkeypatch.setattr(GraphDatabase, "sync_solver_results", interrupting)
    with pytest.raises(SyncInterrupted) as interrupted:
        sync_stored_documents({"solver": None}, graph=graph)
    counts = interrupted.value.report.total
    assert counts.failed == 0
    assert graph.get_solver_documents_count() == counts.synced == counts.processed
    assert counts.synced == 100


@pytest.mark.usefixtures("interruptible")
def test_interrupted_command_prints_the_counts(graph: GraphDatabase, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    file.write_text("".join(json.dumps(document(number)) + "\n" for number in range(6000)))
    command = subprocess.Popen(
        [sys.executable, str(ROOT / "thoth-storages"), "sync", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ.copy(),
    )
    while not graph.get_solver_documents_count():
        assert command.poll() is None
    command.send_signal(signal.SIGINT)
    stdout, stderr = command.communicate(timeout=60)
    assert command.returncode == 130, stderr
    assert "Traceback" not in stderr
    counts = SyncCounts(*map(int, stdout.splitlines()[1].split()[1:]))
    assert 0 < counts.synced < 6000
    assert counts == (counts.synced, counts.synced, 0, 0)
    assert graph.get_solver_documents_count() == counts.synced
