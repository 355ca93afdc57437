"""Documents of files and folders into the graph."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.databases import missing_database
from tests.dump import logical_dump
from tests.factories import Json, requires, solved, solver_document, sync
from thoth.storages import GraphDatabase
from thoth.storages import sync as sync_module
from thoth.storages.exceptions import SchemaError
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.sync import Failure, SyncCounts, SyncReport, kind_of, sync_local_documents


def documents(count: int) -> list[Json]:
    return [
        solver_document(f"solver-rhel-8-py38-{number:04x}", tree=[solved(f"p{number}", "1", [requires("q", "1", "2")])])
        for number in range(count)
    ]


def write(path: Path, lines: list[Json]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def test_counts_and_groups(graph: GraphDatabase, tmp_path: Path) -> None:
    file = write(tmp_path / "all.jsonl", documents(250))
    progress: list[tuple[int, SyncCounts]] = []
    with counted_statements(graph.engine) as statements:
        report = sync_local_documents([file], graph=graph, progress=lambda *told: progress.append(told))
    assert report.counts == {"solver": SyncCounts(250, 250, 0, 0)}
    assert len(statements) < 60
    assert sum(advanced for advanced, _ in progress) == file.stat().st_size
    assert [counts.processed for _, counts in progress] == [100, 200, 250]
    assert sync_local_documents([file], graph=graph).total == SyncCounts(250, 0, 250, 0)
    assert sync_local_documents([file], force=True, graph=graph).total == SyncCounts(250, 250, 0, 0)


def test_statistics_are_taken_of_new_tables(database_name: str, tmp_path: Path) -> None:
    """Without any, a closure of a graph that was just filled took half a minute where it takes a tenth of a second."""
    without = text("SELECT relname FROM pg_class WHERE reltuples < 0 AND relname IN ('depends_on', 'version_set')")
    with missing_database(f"{database_name}_statistics"):
        new = GraphDatabase()
        new.initialize_schema()
        with new as graph, counted_statements(graph.engine) as statements:
            with graph.session() as session:
                assert len(session.scalars(without).all()) == 2
            sync_local_documents([write(tmp_path / "a.jsonl", documents(30))], graph=graph)
            with graph.session() as session:
                assert session.scalars(without).all() == []
            statements.clear()
            sync_local_documents([write(tmp_path / "a.jsonl", documents(60))], graph=graph)
            assert statements
            assert not [statement for statement in statements if "ANALYZE" in statement]


def test_nothing_synced_takes_no_statistics(graph: GraphDatabase, tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", documents(3))
    sync_local_documents([file], graph=graph)
    with counted_statements(graph.engine) as statements:
        sync_local_documents([file], graph=graph)
    assert len(statements) == 1


def test_equal_to_one_by_one(graph: GraphDatabase, tmp_path: Path) -> None:
    sync(graph, documents(30), size=1)
    one_by_one = logical_dump(graph)
    report = sync_local_documents([write(tmp_path / "a.jsonl", documents(30))], force=True, graph=graph)
    assert report.total.synced == 30
    assert logical_dump(graph) == one_by_one


def test_bad_document_among_good_ones(graph: GraphDatabase, tmp_path: Path) -> None:
    lines = documents(20)
    lines[7]["result"]["tree"][0]["package_name"] = 7
    file = write(tmp_path / "all.jsonl", lines)
    with pytest.raises(SchemaError) as error:
        sync_local_documents([file], graph=graph)
    assert f"{file}:8: $.result.tree[0].package_name" in str(error.value)
    assert graph.get_solver_documents_count() == 7
    report = sync_local_documents([file], graceful=True, graph=graph)
    assert report.total == SyncCounts(20, 12, 7, 1)
    (failure,) = report.failures
    assert failure.source == f"{file}:8"
    assert "package_name" in failure.reason
    assert graph.get_solver_documents_count() == 19


def test_group_that_fails_goes_one_by_one(
    graph: GraphDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = documents(20)
    # An index entry of PostgreSQL has some 2,700 bytes: the database refuses the name, and no check before it does.
    lines[3]["result"]["tree"][0]["package_name"] = "".join(f"{number:x}" for number in range(4000))
    report = sync_local_documents([write(tmp_path / "all.jsonl", lines)], graceful=True, graph=graph)
    assert report.total == SyncCounts(20, 19, 0, 1)
    assert report.failures[0].line == 4
    assert graph.get_solver_documents_count() == 19


def test_mixed_folder(graph: GraphDatabase, tmp_path: Path) -> None:
    write(tmp_path / "good.jsonl", documents(2))
    (tmp_path / "adviser.json").write_text(json.dumps({"metadata": {"analyzer": "thoth-nothing"}, "result": {}}))
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "broken.jsonl.gz").write_bytes(b"x")
    (tmp_path / "README.txt").write_text("not a document")
    report = sync_local_documents([tmp_path], graceful=True, graph=graph)
    assert report.counts == {"solver": SyncCounts(2, 2, 0, 0), "unknown": SyncCounts(3, 0, 0, 3)}
    names = {Path(failure.document).name for failure in report.failures}
    assert names == {"adviser.json", "broken.json", "broken.jsonl.gz"}
    assert any("thoth-nothing" in failure.reason for failure in report.failures)


def test_adapter_of_its_own(graph: GraphDatabase, tmp_path: Path) -> None:
    assert sync_local_documents([write(tmp_path / "a.jsonl", documents(1))]).total.synced == 1
    assert graph.get_solver_documents_count() == 1


@pytest.mark.parametrize(
    "metadata",
    [
        {"analyzer": "thoth-solver"},
        {"analyzer": "thoth_solver"},
        {"document_id": "solver-x"},
        {"hostname": "solver-y-1"},
    ],
)
def test_kind_by_tool_and_by_identifier(metadata: Json) -> None:
    assert kind_of({"metadata": metadata}).name == "solver"


def test_every_kind_has_a_name_of_its_own() -> None:
    assert all(kind.name == name for name, kind in sync_module.KINDS.items())
    with pytest.raises(SchemaError, match=r"metadata\.analyzer"):
        kind_of({"metadata": None})


def test_report_in_a_notebook() -> None:
    report = SyncReport({"solver": SyncCounts(3, 1, 1, 1)})
    shown = report._repr_html_()
    assert "<th>kind</th><th>processed</th><th>synced</th><th>skipped</th><th>failed</th>" in shown
    assert "<tr><td>solver</td><td>3</td><td>1</td><td>1</td><td>1</td></tr>" in shown
    assert "details" not in shown
    report.failures.append(Failure("solver", "a<b>\udcff.jsonl", "$: expected <object>", 7))
    shown = report._repr_html_()
    assert "<summary>1 failed</summary>" in shown
    assert "<td>a&lt;b&gt;\\udcff.jsonl:7</td><td>$: expected &lt;object&gt;</td>" in shown
    assert shown.encode()
