"""Inspections of every year are read alike; one that does not fit is refused with the path to the field."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings

from tests.inspection_documents import (
    CREATED,
    INSPECTION,
    USAGE,
    Json,
    batch,
    changed,
    composed,
    inspections,
    job_log,
    lock,
    matmul,
    of_2019,
    pipfile,
    specification,
)
from thoth.storages.documents.inspection import InspectionResultFact, read_inspection_document
from thoth.storages.documents.quantities import cores, gibibytes
from thoth.storages.exceptions import SchemaError, shown

NOTHING: Any = ...


class TestForms:
    def test_one_result_of_a_folder(self) -> None:
        facts = read_inspection_document(composed(result_number=7, **{"@amun_service_version": "0.6.1"}))
        assert (facts.document_id, facts.amun_version) == (INSPECTION, "0.6.1")
        assert facts.base_image == "quay.io/thoth-station/s2i-thoth-ubi8-py36"
        assert facts.origin == "https://example.org/matmul.py"
        assert facts.datetime == dt.datetime.fromisoformat(f"{CREATED}+00:00")
        (result,) = facts.results
        assert (result.result_number, result.exit_code) == (7, 0)
        assert result.indicator is not None

    def test_one_document_of_2019(self) -> None:
        facts = read_inspection_document(of_2019())
        (result,) = facts.results
        assert (facts.document_id, result.result_number) == (INSPECTION, 0)
        assert facts.datetime == read_inspection_document(composed()).datetime
        assert result.indicator is not None
        assert (result.run_software_environment, result.run_hardware) == (None, None)

    def test_identifier_as_stores_tell_it(self) -> None:
        both = {**of_2019(), "document_id": "inspection-other"}
        assert read_inspection_document(both).document_id == INSPECTION
        assert read_inspection_document({**both, "inspection_id": None}).document_id == "inspection-other"

    def test_batch_is_numbered_by_position(self) -> None:
        facts = read_inspection_document(batch(job_log(matmul()), None, job_log("text", exit_code=1)))
        assert [result.result_number for result in facts.results] == [0, 1, 2]
        assert [result.indicator is None for result in facts.results] == [False, True, True]
        assert [result.exit_code for result in facts.results] == [0, None, 1]

    def test_numbers_that_logs_tell(self) -> None:
        """Logs of a folder do: a result may be missing between others."""
        logs = [job_log("x", result_number=5), job_log("x", result_number=1, exit_code=1), job_log("x")]
        facts = read_inspection_document(batch(*logs))
        assert [(result.result_number, result.exit_code) for result in facts.results] == [(1, 1), (2, 0), (5, 0)]
        with pytest.raises(SchemaError, match=r"\$\.job_logs\[2\]\.result_number: 1 is that of \$\.job_logs\[0\]"):
            read_inspection_document(batch(logs[1], logs[0], job_log("x", result_number=1)))

    @pytest.mark.parametrize(
        "document",
        [
            of_2019(None),
            batch(),
            changed(batch(), ["job_logs"], ...),
            changed(batch(), ["job_logs"], None),
            composed(None),
        ],
    )
    def test_what_did_not_run_has_a_result_that_says_nothing(self, document: Json) -> None:
        assert read_inspection_document(document).results == (InspectionResultFact(0),)

    @pytest.mark.parametrize(("code", "expected"), [(137, 137), (0, 0), (None, None), ("1", None), (2**31, None)])
    def test_exit_code_of_a_run_that_left_no_log(self, code: object, expected: int | None) -> None:
        killed = {**of_2019(None), "status": {"build": {"exit_code": 1}, "job": {"exit_code": code}}}
        assert read_inspection_document(killed).results == (InspectionResultFact(0, exit_code=expected),)
        assert read_inspection_document({**killed, "status": {"job": None}}).results == (InspectionResultFact(0),)

    def test_folder_without_results_says_nothing_at_all(self) -> None:
        """It may be that they come later; what did not run and was put together by Amun has a status."""
        assert read_inspection_document(changed(batch(), ["status"], ...)).results == ()
        assert read_inspection_document(changed(batch(), ["status"], None)).results == ()

    @pytest.mark.parametrize("document", [composed(), of_2019(), batch(job_log(matmul()))])
    def test_what_earlier_or_later_tools_lack(self, document: Json) -> None:
        bare: Json = {**document, "specification": {}}
        bare.pop("created", None)
        facts = read_inspection_document(bare)
        assert (facts.datetime, facts.base_image, facts.stack, facts.origin) == (None, None, None, None)
        assert (facts.build_requests_cpu, facts.run_requests_memory, facts.build_hardware) == (None, None, None)
        nulls = {**bare, "specification": dict.fromkeys(specification(**{"@created": CREATED}))}
        assert read_inspection_document(nulls) == facts


class TestEnvironments:
    def test_hardware_that_ran_counts_more_than_what_was_asked_for(self) -> None:
        asked = {"cpu_family": 6, "cpu_model": 94, "physical_cpus": 32, "processor": "Skylake"}
        requests = {"requests": {"cpu": "1", "memory": "1Gi", "hardware": asked}}
        facts = read_inspection_document(batch(job_log("x"), job_log("x", runtime_environment=None), run=requests))
        ran, not_told = (result.run_hardware for result in facts.results)
        assert ran is not None
        assert (ran.cpu_model, ran.cpu_model_name) == (85, None)
        assert not_told is not None
        assert (not_told.cpu_model, not_told.cpu_model_name, not_told.cpu_physical_cpus) == (94, "Skylake", 32)
        assert facts.build_hardware is None

    def test_software(self) -> None:
        (result,) = read_inspection_document(composed()).results
        run, build = result.run_software_environment, result.build_software_environment
        assert run is not None
        assert build is not None
        assert (run.environment_type, build.environment_type) == ("RUNTIME", "BUILDTIME")
        assert (run.os_name, run.os_version, run.python_version, run.is_external) == ("rhel", "8", "3.6", False)

    @pytest.mark.parametrize("environment", [None, {}, "environment.json", {"cuda_version": None, "hardware": {}}])
    def test_environment_of_which_nothing_is_said(self, environment: Any) -> None:
        (result,) = read_inspection_document(composed(job_log("x", runtime_environment=environment))).results
        assert result == InspectionResultFact(0, exit_code=0)

    def test_stack(self) -> None:
        stack = read_inspection_document(composed()).stack
        assert stack is not None
        assert stack.software_stack_type == "INSPECTION"
        assert stack.lock is not None
        assert [package.package_name for package in stack.lock.packages] == ["numpy", "tensorflow"]
        alone = read_inspection_document(composed(python={"requirements": pipfile("a")})).stack
        assert alone is not None
        assert alone.lock is None


class TestIndicators:
    def indicator(self, **log: Any) -> Any:
        stdout = log.pop("stdout", None)
        return read_inspection_document(composed(job_log(stdout, **log))).results[0].indicator

    def test_below_stdout_and_at_the_top(self) -> None:
        below, top = self.indicator(stdout=matmul()), self.indicator(**matmul())
        assert (below.path, top.path) == ("$.result.stdout", "$.result")
        assert (below.name, below.framework, below.usage) == ("PiMatmul", "tensorflow", USAGE)
        assert (below.parameters, below.result) == (top.parameters, top.result)
        both = self.indicator(stdout=matmul(component="below"), **matmul(component="top"))
        assert both.framework == "below"
        assert self.indicator(stdout="text", **matmul()).name == "PiMatmul"
        assert self.indicator(stdout={"512": {}}, **matmul()).name == "PiMatmul"

    @pytest.mark.parametrize("stdout", [None, "", "text\0", {}, {"512": {"rate": 1.0}}, [1], 1, True, matmul(name="")])
    def test_output_that_is_no_indicator(self, stdout: object) -> None:
        assert self.indicator(stdout=stdout) is None

    @pytest.mark.parametrize(
        ("names", "framework"),
        [
            ({"framework": "a", "component": "b", "library": "c"}, "a"),
            ({"framework": "", "component": "b", "library": "c"}, "b"),
            ({"framework": None, "component": None, "library": "c"}, "c"),
            ({"component": None}, None),
        ],
    )
    def test_framework_has_three_names(self, names: Json, framework: str | None) -> None:
        assert self.indicator(stdout=matmul(**{"component": None, **names})).framework == framework

    @pytest.mark.parametrize(("version", "stored"), [("1.2", "1.2"), (2, "2"), (None, "e" * 64), ("", "e" * 64)])
    def test_version(self, version: object, stored: str) -> None:
        assert self.indicator(stdout=matmul(version=version)).version == stored

    def test_what_is_absent(self) -> None:
        found = self.indicator(
            stdout={"name": "PiMatmul", "@parameters": None}, usage=..., script_sha256=..., exit_code=...
        )
        assert (found.parameters, found.result, found.usage, found.version) == ({}, {}, {}, None)


class TestQuantities:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (None, None),
            ("500m", 0.5),
            ("700m", 0.7),
            ("2", 2.0),
            ("0.1", 0.1),
            (".5", 0.5),
            ("1.", 1.0),
            (3, 3.0),
            (1.5, 1.5),
            (0, 0.0),
            ("1e1", 10.0),
            ("1E1", 10.0),
            ("2k", 2000.0),
            ("100000000n", 0.1),
            ("+2", 2.0),
        ],
    )
    def test_cores(self, value: Any, expected: float | None) -> None:
        assert cores(value, "$") == expected

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (None, None),
            ("256Mi", 0.25),
            ("4Gi", 4.0),
            ("1Ti", 1024.0),
            ("1G", 10**9 / 2**30),
            (1073741824, 1.0),
            ("1073741824", 1.0),
            ("1e9", 10**9 / 2**30),
            ("1E", 10**18 / 2**30),
            ("1048576Ki", 1.0),
        ],
    )
    def test_gibibytes(self, value: Any, expected: float | None) -> None:
        assert gibibytes(value, "$") == expected

    @pytest.mark.parametrize(
        "value",
        ["", "much", "-1", -1, "1 Gi", "4GiB", "4gi", "1e", "1e999", 10**400, float("nan"), float("inf"), "½", "١"],
    )
    def test_what_is_none(self, value: Any) -> None:
        for read in (cores, gibibytes):
            with pytest.raises(SchemaError, match=r"^\$\.a: ") as error:
                read(value, "$.a")
            assert shown(value) in str(error.value)


BAD: list[tuple[list[str], list[str | int], Any, str]] = [
    ([], ["specification"], ..., "$: Object missing required field `specification`"),
    ([], ["specification"], None, "$.specification"),
    ([], ["specification"], [], "$.specification"),
    ([], ["specification", "base"], 1, "$.specification.base"),
    ([], ["specification", "script"], {}, "$.specification.script"),
    ([], ["specification", "script"], "a\0", "$.specification.script"),
    ([], ["specification", "build"], "x", "$.specification.build"),
    ([], ["specification", "build", "requests"], 1, "$.specification.build.requests"),
    ([], ["specification", "build", "requests", "cpu"], True, "$.specification.build.requests.cpu"),
    ([], ["specification", "build", "requests", "cpu"], "half", "$.specification.build.requests.cpu: not a quantity"),
    ([], ["specification", "run", "requests", "memory"], "4 GB", "$.specification.run.requests.memory: not a quantity"),
    (
        [],
        ["specification", "run", "requests", "hardware"],
        {"cpu_family": "x"},
        "$.specification.run.requests.hardware.cpu_family",
    ),
    ([], ["specification", "python", "requirements"], "Pipfile", "$.specification.python.requirements"),
    (
        [],
        ["specification", "python", "requirements_locked", "default", "numpy", "version"],
        1,
        "$.specification.python.requirements_locked.default",
    ),
    (["composed"], ["document_id"], ..., "$.inspection_id: absent"),
    (["composed"], ["document_id"], "", "$.inspection_id: absent"),
    (["composed"], ["document_id"], 1, "$.document_id"),
    (["composed"], ["document_id"], "a\ud800", "$.document_id"),
    (["2019", "batch"], ["inspection_id"], ..., "$.inspection_id: absent"),
    (["2019", "batch"], ["inspection_id"], None, "$.inspection_id: absent"),
    (["2019", "batch"], ["inspection_id"], [], "$.inspection_id"),
    (["2019", "batch"], ["created"], "yesterday", "$.created: not a time"),
    (["2019", "batch"], ["created"], 1, "$.created"),
    (["composed"], ["specification", "@created"], "yesterday", "$.specification.@created: not a time"),
    (["composed"], ["result_number"], ..., "$.result_number: absent"),
    (["composed"], ["result_number"], None, "$.result_number: absent"),
    (["composed"], ["result_number"], "0", "$.result_number"),
    (["composed"], ["result_number"], -1, "$.result_number"),
    (["composed"], ["result_number"], 2**31, "$.result_number"),
    (["composed"], ["result"], "x", "$.result"),
    (["2019"], ["job_log"], "x", "$.job_log"),
    (["batch"], ["job_logs"], {}, "$.job_logs"),
    (["batch"], ["job_logs", 0], 1, "$.job_logs[0]"),
    (["batch"], ["job_logs", 0, "exit_code"], 2**31, "$.job_logs[0].exit_code"),
    (["batch"], ["job_logs", 0, "exit_code"], "0", "$.job_logs[0].exit_code"),
    (["batch"], ["job_logs", 0, "usage"], [], "$.job_logs[0].usage"),
    (["batch"], ["job_logs", 0, "script_sha256"], 1, "$.job_logs[0].script_sha256"),
    (["batch"], ["job_logs", 0, "runtime_environment"], 1, "$.job_logs[0].runtime_environment"),
    (
        ["batch"],
        ["job_logs", 0, "runtime_environment", "operating_system"],
        "x",
        "$.job_logs[0].runtime_environment.operating_system",
    ),
    (
        ["batch"],
        ["job_logs", 0, "runtime_environment", "hardware", "cpu_model"],
        2**31,
        "$.job_logs[0].runtime_environment.hardware.cpu_model",
    ),
    (["batch"], ["job_logs", 0, "stdout", "name"], 1, "$.job_logs[0].stdout.name"),
    (["batch"], ["job_logs", 0, "stdout", "component"], 1, "$.job_logs[0].stdout.component"),
    (["batch"], ["job_logs", 0, "stdout", "version"], [], "$.job_logs[0].stdout.version"),
    (["batch"], ["job_logs", 0, "stdout", "overall_score"], "1", "$.job_logs[0].stdout.overall_score"),
    (["batch"], ["job_logs", 0, "stdout", "@parameters"], [], "$.job_logs[0].stdout.@parameters"),
    (["batch"], ["job_logs", 0, "stdout", "@result"], 1, "$.job_logs[0].stdout.@result"),
    (["batch"], ["job_logs", 0, "stdout", "@result"], {"a\0": 1}, "$.job_logs[0].stdout.@result"),
]
FORMS = {"composed": composed(), "2019": of_2019(), "batch": batch(job_log(matmul()))}
BAD_DOCUMENTS = [
    pytest.param(changed(FORMS[form], path, value), message, id=f"{form}: {message} ({value!r})"[:90])
    for forms, path, value, message in BAD
    for form in forms or FORMS
]


@pytest.mark.parametrize(("document", "message"), BAD_DOCUMENTS)
def test_path_to_the_bad_field(document: Json, message: str) -> None:
    with pytest.raises(SchemaError) as error:
        read_inspection_document(document)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_not_an_object(document: Any) -> None:
    with pytest.raises(SchemaError, match=r"^\$: expected an object"):
        read_inspection_document(document)


@settings(deadline=None, max_examples=50)
@given(documents=inspections())
def test_reading_changes_nothing_and_ignores_what_it_does_not_know(documents: list[Json]) -> None:
    for document in documents:
        before = copy.deepcopy(document)
        facts = read_inspection_document(document)
        assert document == before
        more = {**document, "new": 1, "specification": {**document["specification"], "new": {}}}
        assert read_inspection_document(more) == facts


def test_lock_of_a_package_without_an_index() -> None:
    python = {"requirements_locked": lock("a==1.0", index=None)}
    stack = read_inspection_document(composed(python=python)).stack
    assert stack is not None
    assert stack.lock is not None
    assert stack.lock.packages[0].index_url == ""
