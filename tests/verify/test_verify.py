"""Documents compared with a graph: which documents, what is told of them, and what it costs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests import adviser_documents, factories_images, inspection_documents, strategies
from tests.conftest import EXAMPLES, empty
from tests.factories import SOLVER, Json, requires, solved, solver_document, sync
from thoth.storages import GraphDatabase, SolverResultsStore
from thoth.storages.cli import cli
from thoth.storages.documents.kinds import KIND_NAMES
from thoth.storages.exceptions import NotFoundError, SchemaError
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.natural_rows import tables_of_runs
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.sync import KINDS, sync_local_documents
from thoth.storages.verify import Difference, verify_local_documents, verify_stored_documents
from thoth.storages.verify.facts import same
from thoth.storages.verify.kinds import READINGS

FOLDERS = [EXAMPLES / f"{kind.replace('_', '-')}-documents" for kind in KIND_NAMES]
UBI = EXAMPLES / "solver-documents" / "solver-ubi-8-py38.jsonl.gz"


def document(number: int, **fields: Any) -> Json:
    return solver_document(
        f"{SOLVER}-{number:03}", tree=[solved(f"p{number}", "1", [requires("q", "1", "2")])], **fields
    )


def written(folder: Path, *documents: Json) -> Path:
    file = folder / "all.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in documents))
    return file


def execute(graph: GraphDatabase, statement: str) -> None:
    with graph.engine.begin() as connection:
        connection.execute(text(statement))


def told(difference: Difference) -> tuple[str, str, str]:
    return difference.document_id, difference.table, difference.what


def test_every_kind_is_read() -> None:
    assert READINGS.keys() == KINDS.keys() == {*KIND_NAMES}
    for name, reading in READINGS.items():
        assert tables_of_runs(reading.table), name
    cascading = {
        key.table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_key_constraints
        if key.ondelete == "CASCADE" and key.referred_table in [reading.table for reading in READINGS.values()]
    }
    assert cascading <= {table.name for reading in READINGS.values() for table in tables_of_runs(reading.table)}


@pytest.mark.parametrize("workers", [1, 3])
def test_sample_documents(graph: GraphDatabase, workers: int) -> None:
    synced = sync_local_documents(FOLDERS, graph=graph)
    report = verify_local_documents(FOLDERS, graph=graph, workers=workers)
    assert report.is_clean
    assert report.differences == []
    assert report.counts.keys() == {*KIND_NAMES}
    # Results of one inspection count as one document there, as several here.
    assert {name: counts.documents for name, counts in report.counts.items() if name != "inspection"} == {
        name: counts.synced for name, counts in synced.counts.items() if name != "inspection"
    }


def test_statements_do_not_grow_with_documents(graph: GraphDatabase, tmp_path: Path) -> None:
    counts = []
    for size in (2, 90):
        documents = [document(number) for number in range(size)]
        sync(graph, documents)
        with counted_statements(graph.engine) as statements:
            assert verify_local_documents([written(tmp_path, *documents)], partial=True, graph=graph).is_clean
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6


def test_statements_of_a_batch_of_each_kind(graph: GraphDatabase) -> None:
    sync_local_documents(FOLDERS[1:], graph=graph)
    for folder in FOLDERS[1:]:
        with counted_statements(graph.engine) as statements:
            assert verify_local_documents([folder], partial=True, graph=graph).is_clean
        assert 0 < len(statements) <= 16, folder
    with counted_statements(graph.engine) as statements:
        verify_local_documents(FOLDERS[1:2], graph=graph)
    assert len(statements) <= 40  # with what is asked of the whole graph


OF_KINDS: dict[str, st.SearchStrategy[list[Json]]] = {
    "solver": strategies.solver_documents(max_size=4),
    "adviser": adviser_documents.adviser_documents(max_size=3),
    "provenance_checker": adviser_documents.provenance_documents(max_size=3),
    "analysis": factories_images.analyses(max_size=3),
    "package_analysis": factories_images.package_analyses(max_size=3),
    "inspection": inspection_documents.inspections(max_size=3),
    "dependency_monkey": inspection_documents.reports(max_size=3),
}


@pytest.mark.parametrize("kind", KIND_NAMES)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_whatever_documents_say(graph: GraphDatabase, tmp_path: Path, kind: str, data: st.DataObject) -> None:
    """What the one reading writes is what the other expects."""
    documents = data.draw(OF_KINDS[kind])
    empty(graph)
    file = written(tmp_path, *documents)
    report = sync_local_documents([file], graceful=True, graph=graph)
    found = verify_local_documents([file], graph=graph)
    refused = report.total.failed
    assert [difference for difference in found.differences if difference.what not in ("unreadable", "missing")] == []
    # A document that was refused is not in; whether it can be read decides how that is told.
    assert (found.total.unreadable + found.total.missing > 0) == (refused > 0)


class TestWhichDocuments:
    def test_documents_that_are_not_in(self, graph: GraphDatabase, tmp_path: Path) -> None:
        documents = [document(number) for number in range(4)]
        sync(graph, documents[:2])
        report = verify_local_documents([written(tmp_path, *documents)], graph=graph)
        assert [told(each) for each in report.differences] == [
            (f"{SOLVER}-002", "solver_run", "missing"),
            (f"{SOLVER}-003", "solver_run", "missing"),
        ]
        assert report.counts == {"solver": (2, 7, 2, 0, 0, 0)}

    def test_runs_without_a_document(self, graph: GraphDatabase, tmp_path: Path) -> None:
        documents = [document(number) for number in range(4)]
        sync(graph, documents)
        graph.sync_adviser_result(adviser_documents.adviser_document())
        file = written(tmp_path, *documents[1:3])
        report = verify_local_documents([file], graph=graph)
        assert [told(each) for each in report.differences] == [
            (f"{SOLVER}-000", "solver_run", "unsupported"),
            (f"{SOLVER}-003", "solver_run", "unsupported"),
        ]
        assert verify_local_documents([file], graph=graph, partial=True).is_clean
        assert verify_local_documents([file], graph=graph, sample=2).is_clean
        # No documents of a kind that is named are all of them, too.
        report = verify_local_documents([written(tmp_path, *documents)], kinds=["solver", "adviser"], graph=graph)
        assert [told(each)[1:] for each in report.differences] == [("adviser_run", "unsupported")]
        assert report.counts["adviser"].unsupported == 1

    def test_one_result_of_an_inspection(self, graph: GraphDatabase, tmp_path: Path) -> None:
        results = [inspection_documents.composed(result_number=number) for number in range(3)]
        for result in results:
            graph.sync_inspection_result(result)
        assert verify_local_documents([written(tmp_path, *results)], graph=graph).is_clean
        file = written(tmp_path, results[0], results[2])
        (difference,) = verify_local_documents([file], graph=graph).differences
        assert (difference.table, difference.what) == ("inspection_run", "unsupported")
        assert difference.key["inspection_result_number"] == 1
        assert verify_local_documents([file], partial=True, graph=graph).is_clean

    def test_the_first_of_two_with_one_identifier_counts(self, graph: GraphDatabase, tmp_path: Path) -> None:
        other = {**document(0), "result": {"tree": []}}
        file = written(tmp_path, document(0), other)
        sync_local_documents([file], graph=graph)
        assert verify_local_documents([file], graph=graph).is_clean
        assert not verify_local_documents([written(tmp_path, other, document(0))], graph=graph).is_clean

    def test_documents_that_cannot_be_read(self, graph: GraphDatabase, tmp_path: Path) -> None:
        sync(graph, [document(0)])
        file = written(tmp_path, document(0), {"metadata": {"analyzer": "thoth-solver"}}, {"metadata": {}})
        report = verify_local_documents([file], graph=graph)
        assert [each.what for each in report.differences] == ["unreadable", "unreadable"]
        assert report.differences[0].document_id == f"{file}:2"
        assert "$: Object missing required field" in report.differences[0].found
        assert {name: counts.unreadable for name, counts in report.counts.items()} == {"solver": 1, "unknown": 1}

    def test_kinds(self, graph: GraphDatabase) -> None:
        sync_local_documents(FOLDERS[1:], graph=graph)
        report = verify_local_documents(FOLDERS, kinds=["adviser", "package-analysis"], graph=graph)
        assert report.counts.keys() == {"adviser", "package_analysis"}
        assert report.is_clean
        with pytest.raises(SchemaError, match="'other'"):
            verify_local_documents(FOLDERS, kinds=["other"], graph=graph)
        with pytest.raises(NotFoundError, match="no-such"):
            verify_local_documents(["no-such"], graph=graph)

    def test_sample_is_repeatable(self, graph: GraphDatabase, tmp_path: Path) -> None:
        """In an empty graph each document of a sample is missing, and so tells its name."""
        file = written(tmp_path, *(document(number) for number in range(50)))

        def drawn(seed: int | None = None, *paths: Path) -> tuple[set[str], int | None]:
            report = verify_local_documents(paths or [file], sample=7, seed=seed, graph=graph)
            return {each.document_id for each in report.differences}, report.seed

        first, seed = drawn()
        assert len(first) == 7
        assert drawn(seed) == (first, seed)
        assert drawn(seed, tmp_path) == (first, seed)
        samples = [frozenset(drawn(number)[0]) for number in range(10)]
        assert len(set(samples)) > 5
        assert Counter(map(len, samples)) == {7: 10}
        every = verify_local_documents([file], sample=1000, seed=1, graph=graph)
        assert every.total.missing == 50
        assert verify_local_documents([file], sample=3, kinds=["adviser"], graph=graph).counts == {}


class TestLatest:
    """What a package version depends on is what its latest document says."""

    def test_older_document(self, graph: GraphDatabase, tmp_path: Path) -> None:
        documents = [
            solver_document(f"{SOLVER}-{name}", datetime=f"2021-07-0{day}T00:00:00", tree=[solved("a", "1")])
            for name, day in (("x", 2), ("y", 1), ("z", 2), ("v", 2))
        ]
        file = written(tmp_path, *documents)
        sync_local_documents([file], graph=graph)
        assert verify_local_documents([file], graph=graph).is_clean
        for wrong in "xyv":
            execute(
                graph,
                "UPDATE python_package_version SET solver_run_id = solver_run.id FROM solver_run "
                f"WHERE document_id = '{SOLVER}-{wrong}'",
            )
            (difference,) = verify_local_documents([file], graph=graph).differences
            assert told(difference) == (f"{SOLVER}-z", "python_package_version", "differs")
            assert difference.key["python_release_id"] == ("a", "1")
            assert difference.expected == {"solver_run_id": f"{SOLVER}-z"}
            assert difference.found == {"solver_run_id": f"{SOLVER}-{wrong}"}


class TestWhole:
    """What no single document is answerable for."""

    def test_id_that_leads_nowhere(self, graph: GraphDatabase, tmp_path: Path) -> None:
        """In a set that a document tells, it is told of once; in one that none tells, too."""
        sync(graph, [document(0)])
        file = written(tmp_path, document(0))
        execute(graph, "UPDATE version_set SET python_release_ids = python_release_ids || 4711")
        (difference,) = verify_local_documents([file], graph=graph).differences
        assert told(difference) == (f"{SOLVER}-000", "version_set", "differs")
        assert "4711" in str(difference)
        (difference,) = verify_local_documents([], kinds=["adviser"], graph=graph).differences
        assert told(difference) == ("", "version_set", "dangling")
        assert difference.found == {"python_release_ids": ["no such id: 4711"]}

    def test_rows_that_nothing_refers_to(self, graph: GraphDatabase, tmp_path: Path) -> None:
        sync(graph, [document(0)])
        graph.create_python_package_version_entity("announced", "1")
        file = written(tmp_path, document(0))
        assert verify_local_documents([file], graph=graph).is_clean
        execute(graph, "INSERT INTO python_release (package_name, package_version) VALUES ('lost', '1')")
        execute(graph, "INSERT INTO python_artifact (artifact_hash_sha256) VALUES ('00')")
        execute(graph, "INSERT INTO python_requirements_lock (digest) VALUES ('x')")
        execute(
            graph,
            "INSERT INTO locked_python_package (python_requirements_lock_id, package_number, python_release_id, "
            "develop, extras, hashes, other_fields) SELECT python_requirements_lock.id, 0, python_release.id, false, "
            "'{}', '{}', '{}' FROM python_requirements_lock, python_release WHERE package_name = 'announced'",
        )
        report = verify_local_documents([file], graph=graph)
        assert [told(each) for each in report.differences] == [
            ("", "python_artifact", "unused"),
            ("", "python_release", "unused"),
            ("", "python_requirements_lock", "unused"),
        ]
        assert report.counts["graph"].unsupported == 3
        assert verify_local_documents([file], partial=True, graph=graph).is_clean


def test_shared_row_is_told_of_once(graph: GraphDatabase, tmp_path: Path) -> None:
    """Many documents of several batches name one set of versions."""
    documents = [document(number) for number in range(250)]
    sync(graph, documents)
    execute(graph, "UPDATE version_set SET package_name = 'other'")
    report = verify_local_documents([written(tmp_path, *documents)], graph=graph)
    assert [told(each) for each in report.differences] == [(f"{SOLVER}-000", "version_set", "differs")]


def test_true_is_not_one() -> None:
    assert same({"a": (1, 2.0)}, {"a": (1.0, 2)})
    assert not same({"a": (True,)}, {"a": (1,)})
    assert not same({"a": 0}, {"a": False})
    assert not same((1,), (1, 1))
    assert not same({"a": 1}, {"b": 1})


class TestCommand:
    def invoke(self, *arguments: object) -> tuple[int, list[str]]:
        result = CliRunner().invoke(cli, ["verify", *map(str, arguments)])
        assert "Traceback" not in result.output
        return result.exit_code, result.output.splitlines()

    def test_clean(self, graph: GraphDatabase) -> None:
        sync_local_documents([UBI], graph=graph)
        status, lines = self.invoke(UBI)
        assert status == 0
        header, solver = lines
        assert header.split() == ["kind", "documents", "facts", "missing", "unsupported", "differing", "unreadable"]
        assert solver.split()[:2] == ["solver", "5"]
        assert solver.split()[3:] == ["0"] * 4

    def test_differences(self, graph: GraphDatabase, tmp_path: Path) -> None:
        sync(graph, [document(0)])
        execute(graph, "UPDATE solved SET error = true")
        status, lines = self.invoke(written(tmp_path, document(0), document(1)))
        assert status == 1
        fields = [line.split("\t") for line in lines[:2]]
        assert fields[0] == [
            f"{SOLVER}-001",
            "solver_run",
            "missing",
            json.dumps({"document_id": f"{SOLVER}-001"}, separators=(",", ":")),
            "-",
            "-",
        ]
        assert fields[1][:3] == [f"{SOLVER}-000", "solved", "differs"]
        assert json.loads(fields[1][3])["solver_run_id"] == f"{SOLVER}-000"
        assert [json.loads(part) for part in fields[1][4:]] == [{"error": False}, {"error": True}]
        assert lines[3].split() == ["solver", "1", "4", "1", "0", "1", "0"]

    def test_sample(self, graph: GraphDatabase) -> None:
        status, lines = self.invoke(UBI, "--sample", 2, "--seed", 3)
        assert status == 1
        assert [line.split("\t")[2] for line in lines[:2]] == ["missing", "missing"]
        assert lines[-1] == "sample drawn with --seed 3"
        assert self.invoke(UBI, "--sample", 2, "--seed", 3) == (status, lines)

    def test_partial_and_kind(self, graph: GraphDatabase, tmp_path: Path) -> None:
        sync(graph, [document(0), document(1)])
        file = written(tmp_path, document(0))
        assert self.invoke(file)[0] == 1
        assert self.invoke("--partial", file)[0] == 0
        assert self.invoke("--kind", "adviser", file)[0] == 0

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            [UBI, "--from-store"],
            ["--from-store", "--partial"],
            [UBI, "--seed", 1],
            [UBI, "--sample", 0],
            ["no-such-file"],
            [UBI, "--kind", "other"],
        ],
    )
    def test_failed(self, graph: GraphDatabase, arguments: list[object]) -> None:
        status, lines = self.invoke(*arguments)
        assert status == 2
        assert lines[-1].startswith("Error: ")

    def test_server_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "127.0.0.1")
        monkeypatch.setenv("KNOWLEDGE_GRAPH_PORT", "1")
        status, (line,) = self.invoke(UBI)
        assert status == 2
        assert "127.0.0.1:1/" in line


class TestStored:
    @pytest.fixture
    def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SolverResultsStore:
        """A store in a folder; the contract of stores is tested elsewhere, for all that can be one."""
        (tmp_path / "store" / "thoth").mkdir(parents=True)
        monkeypatch.setenv("THOTH_S3_ENDPOINT_URL", (tmp_path / "store").as_uri())
        monkeypatch.setenv("THOTH_CEPH_BUCKET", "thoth")
        monkeypatch.setenv("THOTH_CEPH_BUCKET_PREFIX", "data")
        monkeypatch.setenv("THOTH_DEPLOYMENT_NAME", "test")
        store = SolverResultsStore()
        store.connect()
        for number in range(120):
            store.ceph.store_document(document(number), f"{SOLVER}-{number:03}")
        return store

    def test_clean_and_both_ways(self, graph: GraphDatabase, store: SolverResultsStore) -> None:
        sync(graph, [document(number) for number in range(120)])
        report = verify_stored_documents(graph=graph)
        assert report.is_clean
        assert report.counts == {"solver": (120, 120 * 3 + 2, 0, 0, 0, 0)}
        graph.delete_solver_result(f"{SOLVER}-005")
        sync(graph, [document(777)])
        graph.sync_adviser_result(adviser_documents.adviser_document())
        report = verify_stored_documents(["solver"], graph=graph)
        assert [told(each) for each in report.differences] == [
            (f"{SOLVER}-005", "solver_run", "missing"),
            (f"{SOLVER}-777", "solver_run", "unsupported"),
        ]
        report = verify_stored_documents(graph=graph)
        assert sorted(each.table for each in report.differences) == ["adviser_run", "solver_run", "solver_run"]

    def test_document_that_cannot_be_read(self, graph: GraphDatabase, store: SolverResultsStore) -> None:
        """Its run is not one without a document."""
        sync(graph, [document(number) for number in range(120)])
        store.ceph.store_blob("{", f"{SOLVER}-007")
        (difference,) = verify_stored_documents(["solver"], graph=graph).differences
        assert told(difference) == (f"{SOLVER}-007", "", "unreadable")

    def test_sample(self, graph: GraphDatabase, store: SolverResultsStore) -> None:
        first = verify_stored_documents(sample=5, graph=graph)
        again = verify_stored_documents(sample=5, seed=first.seed, graph=graph)
        assert first.total.missing == 5
        assert again == first
        assert (
            verify_stored_documents(sample=5, seed=(first.seed or 0) + 1, graph=graph).differences != first.differences
        )

    def test_command(self, graph: GraphDatabase, store: SolverResultsStore) -> None:
        sync(graph, [document(number) for number in range(120)])
        result = CliRunner().invoke(cli, ["verify", "--from-store", "--kind", "solver", "--workers", "2"])
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines()[1].split()[:2] == ["solver", "120"]
