"""Inspections from Amun: each is asked for once, when it is finished; first the graph, then the store."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.dump import logical_dump
from tests.inspection_documents import CREATED, job_log, matmul, of_2019, report, specification
from tests.stores.amun import (
    COMPLETED,
    FAILED,
    KILLED,
    LOG,
    PARTS,
    RUNNING,
    WAITING,
    A,
    Amun,
    B,
    C,
    batch,
    exit_codes,
    inspection,
)
from tests.stores.conftest import Place
from tests.stores.servers import Proxy
from thoth.storages import GraphDatabase, InspectionResultsStore, sync_inspection_documents
from thoth.storages.cli import cli
from thoth.storages.exceptions import (
    ConfigurationError,
    NotFoundError,
    PerformanceIndicatorNotRegistered,
    SchemaError,
    StoreError,
)
from thoth.storages.graph.query_log import counted_statements
from thoth.storages.sync import SyncCounts, read_failures, sync_amun_inspections


class TestEachOnce:
    def test_into_the_graph_and_on_the_store(
        self, graph: GraphDatabase, store: InspectionResultsStore, amun: Amun
    ) -> None:
        amun.answers = {A: inspection(), B: inspection()}
        assert sync_inspection_documents(amun.url, [A, B, A], graph=graph) == SyncCounts(2, 2, 0, 0)
        assert sorted(amun.requests) == sorted((name, what) for name in (A, B) for what in PARTS)
        document = store.retrieve_document(A)
        assert document == {
            "inspection_id": A,
            "created": CREATED,
            "specification": specification(),
            "status": {"build": COMPLETED, "job": COMPLETED},
            "build_log": "Step 1",
            "job_log": LOG,
        }
        stored = logical_dump(graph)
        amun.requests.clear()
        with counted_statements(graph.engine) as statements:
            assert sync_inspection_documents(amun.url, [A, B], graph=graph) == (2, 0, 2, 0)
        assert len(statements) == 1
        assert amun.requests == []
        for name in (A, B):
            graph.sync_inspection_result(store.retrieve_document(name), force=True)
        assert logical_dump(graph) == stored

    def test_anew(self, graph: GraphDatabase, store: InspectionResultsStore, amun: Amun) -> None:
        amun.answers = {A: inspection()}
        assert sync_inspection_documents(amun.url, A, graph=graph) == (1, 1, 0, 0)
        amun.answers = {A: inspection(log=job_log(matmul(component="pytorch"), exit_code=3))}
        assert sync_inspection_documents(amun.url, A, graph=graph) == (1, 0, 1, 0)
        assert sync_inspection_documents(amun.url, A, force_sync=True, graph=graph) == (1, 1, 0, 0)
        assert exit_codes(graph) == {A: [3]}
        assert graph.get_all_pi_count() == {"pytorch": 1}
        assert store.retrieve_document(A)["job_log"]["exit_code"] == 3

    @pytest.mark.usefixtures("store")
    def test_several_at_once_over_few_connections(self, graph: GraphDatabase, amun: Amun) -> None:
        names = [f"inspection-test-{number:08x}" for number in range(60)]
        amun.answers = {name: inspection() for name in names}
        report = sync_amun_inspections(amun.url, names, workers=3, graph=graph)
        assert report.counts == {"inspection": (60, 60, 0, 0)}
        assert len(amun.requests) == 60 * len(PARTS)
        assert amun.connections <= 8
        assert graph.inspection_document_ids_in(names) == set(names)

    def test_what_is_in_a_folder_of_the_store_is_there(
        self, graph: GraphDatabase, store: InspectionResultsStore, amun: Amun
    ) -> None:
        composed = {"document_id": A, "result_number": 0, "specification": specification(), "result": LOG}
        store.store_document(composed)
        graph.sync_inspection_result(composed)
        assert sync_inspection_documents(amun.url, [A], graph=graph) == (1, 0, 1, 0)
        assert amun.requests == []

    def test_only_in_the_graph(self, graph: GraphDatabase, store: InspectionResultsStore, amun: Amun) -> None:
        graph.sync_inspection_result(of_2019(job_log(matmul(), exit_code=7), document_id=A))
        amun.answers = {A: inspection()}
        assert sync_inspection_documents(amun.url, [A], graph=graph) == (1, 1, 0, 0)
        assert exit_codes(graph) == {A: [7]}
        assert store.document_exists(A)

    def test_only_on_the_store(self, graph: GraphDatabase, store: InspectionResultsStore, amun: Amun) -> None:
        document = of_2019(job_log(matmul(), exit_code=7), document_id=A)
        store.store_document(document)
        amun.answers = {A: inspection()}
        assert sync_inspection_documents(amun.url, [A], graph=graph) == (1, 1, 0, 0)
        assert exit_codes(graph) == {A: [0]}
        assert store.retrieve_document(A) == document


class TestFinished:
    @pytest.mark.parametrize(
        "answers",
        [
            inspection(WAITING, None),
            inspection(RUNNING, WAITING),
            inspection(COMPLETED, WAITING),
            inspection(COMPLETED, RUNNING),
            inspection(COMPLETED, None),
            inspection(COMPLETED, {}),
            {**inspection(), "job/log": (202, {"error": "not scheduled yet", "parameters": {}})},
            batch({"completions": 2, "nodes": []}),
            batch({"completions": 2, "nodes": [COMPLETED, RUNNING]}),
            batch({"completions": 2, "nodes": [COMPLETED]}, LOG),
            batch({"completions": 1, "nodes": [FAILED, WAITING]}, LOG, None),
            batch({"completions": 1, "nodes": [FAILED], "finished_at": None}, LOG, phase="Running"),
        ],
    )
    def test_not_yet(
        self,
        graph: GraphDatabase,
        store: InspectionResultsStore,
        amun: Amun,
        answers: Any,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        amun.answers = {A: answers, B: inspection()}
        with caplog.at_level(logging.INFO, logger="thoth.storages.sync"):
            assert sync_inspection_documents(amun.url, [A, B], graph=graph) == (2, 1, 1, 0)
        assert f"{A}: not finished yet" in caplog.messages
        assert [B] == list(exit_codes(graph)) == list(store.get_document_listing())
        amun.answers[A] = inspection()
        assert sync_inspection_documents(amun.url, [A, B], graph=graph) == (2, 1, 1, 0)
        assert store.document_exists(A)

    @pytest.mark.usefixtures("store")
    def test_what_runs_costs_one_request(self, graph: GraphDatabase, amun: Amun) -> None:
        amun.answers = {A: inspection(COMPLETED, RUNNING)}
        assert sync_inspection_documents(amun.url, [A], graph=graph) == (1, 0, 1, 0)
        assert amun.asked(A) == ["status"]

    @pytest.mark.parametrize(
        ("answers", "asked", "codes"),
        [
            (inspection(FAILED, None), False, [None]),
            (inspection(FAILED, WAITING), False, [None]),
            (inspection(COMPLETED, None, script=None), False, [None]),
            (inspection(COMPLETED, {}, script=...), False, [None]),
            (inspection(COMPLETED, FAILED, log=job_log("Traceback", exit_code=1)), True, [1]),
            (inspection(COMPLETED, KILLED, log=None), True, [137]),
            (inspection(COMPLETED, COMPLETED, build_log=None), True, [0]),
            (batch({}, build=FAILED), False, [None]),
            (batch({}, phase="Failed"), False, [None]),
        ],
    )
    def test_with_or_without_success(
        self,
        graph: GraphDatabase,
        store: InspectionResultsStore,
        amun: Amun,
        answers: Any,
        asked: bool,
        codes: list[int | None],
    ) -> None:
        amun.answers = {A: answers}
        assert sync_inspection_documents(amun.url, [A], graph=graph) == (1, 1, 0, 0)
        assert exit_codes(graph) == {A: codes}
        assert ("job/log" in amun.asked(A)) is asked
        assert (store.retrieve_document(A)["job_log"] is not None) is (asked and codes != [137])
        assert sync_inspection_documents(amun.url, [A], graph=graph) == (1, 0, 1, 0)

    @pytest.mark.parametrize(
        "answers",
        [
            batch({"completions": 2, "nodes": [COMPLETED, FAILED]}, LOG, job_log("x", exit_code=1), phase="Succeeded"),
            batch({"completions": 2, "pods": [COMPLETED, FAILED]}, LOG, job_log("x", exit_code=1)),
            batch(
                {"nodes": [COMPLETED, FAILED], "finished_at": "2020-02-12T14:58:58Z"}, LOG, job_log("x", exit_code=1)
            ),
            batch({"completions": 9, "nodes": [FAILED, COMPLETED]}, LOG, job_log("x", exit_code=1), phase="Failed"),
        ],
    )
    def test_several_runs(self, graph: GraphDatabase, store: InspectionResultsStore, amun: Amun, answers: Any) -> None:
        amun.answers = {A: answers}
        assert sync_inspection_documents(amun.url, [A], graph=graph) == (1, 1, 0, 0)
        assert exit_codes(graph) == {A: [0, 1]}
        assert sorted(amun.asked(A)) == ["build/log", "job/logs", "specification", "status"]
        document = store.retrieve_document(A)
        assert document["job_logs"] == [LOG, job_log("x", exit_code=1)]
        assert document["status"] == answers["status"][1]["status"]

    def test_run_that_left_no_log(self, graph: GraphDatabase, store: InspectionResultsStore, amun: Amun) -> None:
        amun.answers = {A: batch({"completions": 2, "nodes": [COMPLETED, KILLED]}, LOG, None)}
        assert sync_inspection_documents(amun.url, [A], graph=graph) == (1, 1, 0, 0)
        assert exit_codes(graph) == {A: [0, None]}
        assert store.retrieve_document(A)["job_logs"] == [LOG, None]


class TestFailures:
    def test_unknown_inspection(self, graph: GraphDatabase, store: InspectionResultsStore, amun: Amun) -> None:
        amun.answers = {A: inspection(), C: inspection()}
        with pytest.raises(NotFoundError, match=f"{amun.url}/inspection/{B}/status.*'{B}'.*no such inspection"):
            sync_inspection_documents(amun.url, [A, B, C], graph=graph)
        assert list(exit_codes(graph)) == [A] == list(store.get_document_listing())
        assert sync_inspection_documents(amun.url, [A, B, C], graceful=True, graph=graph) == (3, 1, 1, 1)

    @pytest.mark.usefixtures("store")
    def test_part_that_is_not_kept(self, graph: GraphDatabase, amun: Amun) -> None:
        amun.answers = {A: inspection()}
        del amun.answers[A]["build/log"]
        with pytest.raises(NotFoundError, match=f"{A}/build/log"):
            sync_inspection_documents(amun.url, [A], graph=graph)
        assert exit_codes(graph) == {}

    @pytest.mark.parametrize(
        ("what", "answer", "field"),
        [
            ("status", b'{"build": {"state": "term', r"status: not JSON"),
            ("status", b"<html>busy</html>", r"status: not JSON"),
            ("status", [], r"status: expected a JSON object, got list"),
            ("status", {}, r"status: \$: .*`build`"),
            ("status", {"build": {"state": 7}}, r"status: \$\.build\.state"),
            ("status", {"status": {"job": {}}}, r"status: \$\.status: .*`build`"),
            ("status", {"build": COMPLETED, "job": {"nodes": 1}}, r"status: \$\.job\.nodes"),
            ("specification", {"parameters": {}}, r"specification: \$\.specification: absent"),
            ("specification", {"specification": "x"}, r"specification: \$\.specification"),
            ("specification", {"specification": {}, "created": 1}, r"specification: \$\.created"),
            ("specification", {"specification": {"base": 1}}, rf"{A}: \$\.specification\.base"),
            ("specification", {"specification": {}, "created": "yesterday"}, rf"{A}: \$\.created"),
            ("build/log", {"parameters": {}}, r"build/log: \$\.log: absent"),
            ("build/log", {"log": {}}, r"build/log: \$\.log"),
            ("job/log", {"log": "text"}, r"job/log: \$\.log"),
            ("job/log", {"log": {"exit_code": "0"}}, rf"{A}: \$\.job_log\.exit_code"),
        ],
    )
    def test_answer_of_another_shape(
        self, graph: GraphDatabase, store: InspectionResultsStore, amun: Amun, what: str, answer: Any, field: str
    ) -> None:
        amun.answers = {A: inspection()}
        amun.answers[A][what] = 200, answer
        with pytest.raises(SchemaError, match=field):
            sync_inspection_documents(amun.url, [A], graph=graph)
        assert exit_codes(graph) == {}
        assert list(store.get_document_listing()) == []

    def test_what_the_graph_refuses_is_not_stored(
        self, graph: GraphDatabase, store: InspectionResultsStore, amun: Amun
    ) -> None:
        amun.answers = {A: inspection(log=job_log(matmul(name="PiNothing")))}
        with pytest.raises(PerformanceIndicatorNotRegistered, match="PiNothing"):
            sync_inspection_documents(amun.url, [A], graph=graph)
        assert list(store.get_document_listing()) == []

    @pytest.mark.usefixtures("store")
    @pytest.mark.parametrize("name", ["", "..", "a/b", "../status", "x\0", "x\ud800"])
    def test_identifier_that_is_none(self, graph: GraphDatabase, amun: Amun, name: str) -> None:
        with pytest.raises(SchemaError):
            sync_inspection_documents(amun.url, [name], graph=graph)
        assert amun.requests == []

    @pytest.mark.usefixtures("store")
    def test_identifier_that_is_none_among_others(self, graph: GraphDatabase, amun: Amun) -> None:
        amun.answers = {A: inspection()}
        assert sync_inspection_documents(amun.url, ["x\0", A, "a/b"], graceful=True, graph=graph) == (3, 1, 0, 2)

    def test_store_that_fails_after_the_graph(
        self, graph: GraphDatabase, s3: Place, proxy: Proxy, amun: Amun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("THOTH_CEPH_TRIES", "1")
        store = replace(s3, host=proxy.server.endpoint_url).inspections(monkeypatch)
        amun.answers = {A: inspection()}
        proxy.make("error", method="PUT")
        with pytest.raises(StoreError, match=f"{proxy.server.endpoint_url}.*{A}"):
            sync_inspection_documents(amun.url, [A], graph=graph)
        assert exit_codes(graph) == {A: [0]}
        assert not store.document_exists(A)
        written = logical_dump(graph)
        with counted_statements(graph.engine) as statements:
            assert sync_inspection_documents(amun.url, [A], graph=graph) == (1, 1, 0, 0)
        assert not [statement for statement in statements if "INSERT" in statement]
        assert logical_dump(graph) == written
        assert store.document_exists(A)

    def test_store_that_cannot_be_reached(
        self, graph: GraphDatabase, place: Place, amun: Amun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in replace(place, bucket="absent").variables().items():
            monkeypatch.setenv(name, value)
        with pytest.raises(StoreError, match="no such bucket"):
            sync_inspection_documents(amun.url, [A], graceful=True, graph=graph)
        assert amun.requests == []


class TestHalves:
    def test_both_halves_are_none(self, amun: Amun) -> None:
        with pytest.raises(ValueError, match="only_graph_sync, only_ceph_sync"):
            sync_inspection_documents(amun.url, [A], only_graph_sync=True, only_ceph_sync=True)

    def test_graph_alone(self, graph: GraphDatabase, amun: Amun) -> None:
        """No store is configured."""
        amun.answers = {A: inspection()}
        assert sync_inspection_documents(amun.url, [A], only_graph_sync=True, graph=graph) == (1, 1, 0, 0)
        assert sync_inspection_documents(amun.url, [A], only_graph_sync=True, graph=graph) == (1, 0, 1, 0)
        assert sync_inspection_documents(amun.url, [A], only_graph_sync=True, force_sync=True) == (1, 1, 0, 0)
        assert amun.asked(A) == [*PARTS, *PARTS]
        with pytest.raises(ConfigurationError, match="THOTH_S3_ENDPOINT_URL"):
            sync_inspection_documents(amun.url, [A], graph=graph)

    def test_store_alone(self, store: InspectionResultsStore, amun: Amun, monkeypatch: pytest.MonkeyPatch) -> None:
        """No database can be reached."""
        monkeypatch.setenv("KNOWLEDGE_GRAPH_HOST", "no-such-host.invalid")
        amun.answers = {A: inspection(log=job_log(matmul(name="PiNothing")))}
        assert sync_inspection_documents(amun.url, [A], only_ceph_sync=True) == (1, 1, 0, 0)
        assert sync_inspection_documents(amun.url, [A], only_ceph_sync=True) == (1, 0, 1, 0)
        assert sync_inspection_documents(amun.url, [A], only_ceph_sync=True, force_sync=True) == (1, 1, 0, 0)
        assert amun.asked(A) == [*PARTS, *PARTS]
        assert store.retrieve_document(A)["job_log"]["stdout"]["name"] == "PiNothing"


class TestThoseAskedFor:
    """Without identifiers: the inspections that Dependency Monkey asked for."""

    def test_that_are_not_in_the_graph(self, graph: GraphDatabase, store: InspectionResultsStore, amun: Amun) -> None:
        amun.answers = {name: inspection() for name in (A, B, C)}
        graph.sync_dependency_monkey_result(report(A, B))
        graph.sync_dependency_monkey_result(report(B, document_id="dependency-monkey-1"))
        graph.sync_inspection_result(of_2019(document_id=A))
        with counted_statements(graph.engine) as statements:
            assert sync_inspection_documents(amun.url, graph=graph) == (1, 1, 0, 0)
        assert sum("FROM requested_inspection" in statement for statement in statements) == 1
        assert {name for name, _ in amun.requests} == {B}
        assert sync_inspection_documents(amun.url, graph=graph) == (0, 0, 0, 0)
        # A is in the graph, and not on the store.
        assert sync_inspection_documents(amun.url, only_ceph_sync=True, graph=graph) == (2, 1, 1, 0)
        assert sorted(store.get_document_listing()) == [A, B]
        assert sync_inspection_documents(amun.url, force_sync=True) == (2, 2, 0, 0)

    @pytest.mark.usefixtures("store")
    def test_nobody_asked(self, graph: GraphDatabase, amun: Amun) -> None:
        assert sync_inspection_documents(amun.url, graph=graph) == (0, 0, 0, 0)
        assert sync_inspection_documents(amun.url, [], graph=graph) == (0, 0, 0, 0)
        assert amun.requests == []


@pytest.mark.usefixtures("store")
class TestCommand:
    def invoke(self, *arguments: str | Path) -> tuple[int, list[str]]:
        result = CliRunner().invoke(cli, ["sync", *map(str, arguments)])
        assert "Traceback" not in result.output
        return result.exit_code, result.stdout.splitlines()[-1].split() if result.stdout else []

    def test_failures_are_tried_again(self, graph: GraphDatabase, amun: Amun, tmp_path: Path) -> None:
        failed = tmp_path / "failed.jsonl"
        amun.answers = {A: inspection()}
        ids = ["--id", A, "--id", B]
        code, counts = self.invoke("--from-amun", amun.url, *ids, "--graceful", "--failed-to", failed, "--workers", "2")
        assert (code, counts) == (1, ["inspection", "2", "1", "0", "1"])
        (failure,) = read_failures(failed)
        assert (failure.kind, failure.document) == ("inspection", B)
        assert json.loads(failed.read_text())["reason"].startswith(f"{amun.url}/inspection/{B}/status: ")
        amun.answers[B] = inspection()
        assert self.invoke("--from-amun", amun.url, "--retry", failed) == (0, ["inspection", "1", "1", "0", "0"])
        assert self.invoke("--from-amun", amun.url, *ids, "--force") == (0, ["inspection", "2", "2", "0", "0"])

    def test_those_asked_for(self, graph: GraphDatabase, amun: Amun) -> None:
        graph.sync_dependency_monkey_result(report(A))
        amun.answers = {A: inspection()}
        assert self.invoke("--from-amun", amun.url) == (0, ["inspection", "1", "1", "0", "0"])
        assert self.invoke("--from-amun", amun.url) == (0, ["inspection", "0", "0", "0", "0"])

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--from-store"],
            ["a.json"],
            ["--kind", "inspection"],
            ["--since", "2021-07-01"],
            ["--retry", "missing.jsonl"],
            ["--retry", "missing.jsonl", "--id", A],
        ],
    )
    def test_arguments_that_do_not_fit(self, amun: Amun, arguments: list[str]) -> None:
        assert self.invoke("--from-amun", amun.url, *arguments)[0] != 0
        assert amun.requests == []

    def test_error_is_one_line_without_a_password(self, graph: GraphDatabase) -> None:
        result = CliRunner().invoke(cli, ["sync", "--from-amun", "ftp://user:pass-w0rd@amun", "--id", A])
        assert result.exit_code != 0
        assert "pass-w0rd" not in result.output + str(result.exception)
