"""What the graph has to answer over inspections and Dependency Monkey reports, in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from .facts import normalize_index, normalize_name, normalize_version

Json: TypeAlias = Mapping[str, Any]

_CONV1D = [
    "device",
    "dtype",
    "data_format",
    "reps",
    "batch",
    "input_width",
    "input_channels",
    "filter_width",
    "output_channels",
    "strides",
    "padding",
    "rate",
    "elapsed",
]
COLUMNS = {
    "PiMatmul": ["device", "dtype", "matrix_size", "reps", "rate", "elapsed"],
    "PiConv1D": _CONV1D,
    "PiConv2D": [*_CONV1D, "input_height", "filter_height"],
    "PiPyBench": None,
}
"""Columns by indicator; pybench has one for each of its tests."""
TABLES = {"PiMatmul": "pi_matmul", "PiConv1D": "pi_conv1d", "PiConv2D": "pi_conv2d", "PiPyBench": "pi_pybench"}
_HARDWARE = [
    "cpu_vendor",
    "cpu_model",
    "cpu_cores",
    "cpu_model_name",
    "cpu_family",
    "cpu_physical_cpus",
    "gpu_model_name",
    "gpu_vendor",
    "gpu_cores",
    "gpu_memory_size",
    "ram_size",
]
_SOFTWARE = [
    "environment_name",
    "os_name",
    "os_version",
    "python_version",
    "cuda_version",
    "cudnn_version",
    "mkl_version",
    "openblas_version",
    "openmpi_version",
    "base_image",
    "platform",
]
_USAGE = [
    "utime",
    "stime",
    "maxrss",
    "ixrss",
    "idrss",
    "isrss",
    "minflt",
    "majflt",
    "nswap",
    "inblock",
    "oublock",
    "msgsnd",
    "msgrcv",
    "nsignals",
    "nvcsw",
    "nivcsw",
]


class Run(NamedTuple):
    """One result of an inspection."""

    document_id: str
    number: int
    specification: Json
    log: Json | None

    @property
    def printed(self) -> Json | None:
        """The indicator that the script printed."""
        for place in ((self.log or {}).get("stdout"), self.log):
            if isinstance(place, Mapping) and place.get("name"):
                return place
        return None


class Inspections:
    """All answers over some inspections; of two that say something of one result the first counts."""

    def __init__(self, documents: Iterable[Json]) -> None:
        """Take the documents in."""
        self.runs: dict[tuple[str, int], Run] = {}
        for document in documents:
            for run in _runs(document):
                self.runs.setdefault((run.document_id, run.number), run)

    def inspection_document_ids_in(self, document_ids: Iterable[str]) -> set[str]:
        """Return which of some inspections have a result."""
        return set(document_ids) & {document_id for document_id, _ in self.runs}

    def inspection_results_in(self, document_ids: Iterable[str]) -> dict[str, set[int]]:
        """Return which results there are of some inspections."""
        found: dict[str, set[int]] = {}
        for document_id, number in self.runs:
            if document_id in document_ids:
                found.setdefault(document_id, set()).add(number)
        return found

    def get_number_of_pi_records(self) -> dict[str, int]:
        """Return how many records each table has."""
        return {table: len(self._records(name)) for name, table in TABLES.items()}

    def get_all_pi_per_framework_count(self, framework: str) -> dict[str, int]:
        """Return how many records of a framework each table has."""
        return {
            table: sum(record["framework"] == framework for record in self._records(name))
            for name, table in TABLES.items()
        }

    def get_all_pi_count(self) -> dict[str, int]:
        """Return how many records each framework has."""
        found = Counter(record["framework"] for name in TABLES for record in self._records(name))
        return {framework: count for framework, count in found.items() if framework is not None}

    def get_performance_indicators(
        self,
        model: str,
        *,
        framework: str | None = None,
        device: str | None = None,
        start_offset: int = 0,
        count: int = 100,
    ) -> list[dict[str, Any]]:
        """Return a page of the records of an indicator."""
        chosen = [
            record
            for record in self._records(model)
            if framework in (None, record["framework"]) and (device is None or record.get("device") == device)
        ]
        return chosen[start_offset : start_offset + count]

    def _records(self, model: str) -> list[dict[str, Any]]:
        return [
            _record(run)
            for _, run in sorted(self.runs.items())
            if run.printed is not None and run.printed["name"] == model
        ]


class DependencyMonkeyReports:
    """All answers over some Dependency Monkey reports."""

    def __init__(self, documents: Iterable[Json]) -> None:
        """Take the documents in."""
        self.reports = {_id_of_report(document): document for document in documents}

    def dependency_monkey_document_ids_in(self, document_ids: Iterable[str]) -> set[str]:
        """Return which of some reports there are."""
        return set(document_ids) & set(self.reports)

    def requested_inspection_ids(self, inspections: Inspections | None = None) -> list[str]:
        """Return the inspections that they asked for, without those given."""
        present = set() if inspections is None else {document_id for document_id, _ in inspections.runs}
        return sorted({inspection for _, inspection in self.requested()} - present)

    def requested(self) -> set[tuple[str, str]]:
        """Return reports and the inspections that they asked for."""
        found = set()
        for identifier, document in self.reports.items():
            result = document["result"]
            answers = list(result.get("output") or [])
            answers += [response["response"] for response in (result.get("report") or {}).get("responses") or []]
            found |= {(identifier, answer) for answer in answers if answer and "/" not in answer}
        return found


def _id_of_report(document: Json) -> str:
    metadata = document["metadata"]
    return str(metadata.get("document_id") or metadata["hostname"].rpartition("-")[0])


def _runs(document: Json) -> Iterator[Run]:
    identifier = document.get("inspection_id") or document["document_id"]
    if "result_number" in document:
        logs = {document["result_number"]: document["result"]}
    elif document.get("job_logs"):
        logs = {(log or {}).get("result_number", number): log for number, log in enumerate(document["job_logs"])}
    elif document.get("job_logs") is None or "status" in document:
        logs = {0: document.get("job_log")}
    else:
        logs = {}
    for number, log in logs.items():
        yield Run(identifier, number, document["specification"], log)


def _record(run: Run) -> dict[str, Any]:
    assert run.log is not None
    assert run.printed is not None
    printed, usage = run.printed, run.log.get("usage") or {}
    environment = run.log.get("runtime_environment") or {}
    columns = COLUMNS[printed["name"]]
    known = {
        part: {name: value for name, value in printed[part].items() if columns is None or name in columns}
        for part in ("@parameters", "@result")
    }
    if "padding" in known["@parameters"]:
        known["@parameters"]["padding"] = str(known["@parameters"]["padding"])
    return {
        **known["@parameters"],
        **known["@result"],
        "other_parameters": {
            name: value for name, value in printed["@parameters"].items() if name not in known["@parameters"]
        },
        "other_results": {name: value for name, value in printed["@result"].items() if name not in known["@result"]},
        "framework": printed.get("framework") or printed.get("component") or printed.get("library"),
        "origin": run.specification.get("script"),
        "version": printed.get("version") or run.log["script_sha256"],
        "overall_score": printed.get("overall_score"),
        "exit_code": run.log.get("exit_code"),
        **{f"ru_{name}": usage.get(f"ru_{name}") for name in _USAGE},
        "inspection_document_id": run.document_id,
        "inspection_result_number": run.number,
        "python_software_stack": _locked(run.specification),
        "software_environment": _software(environment),
        "hardware_information": _hardware(environment.get("hardware")) or _requested_hardware(run.specification),
    }


def _locked(specification: Json) -> list[tuple[str, str, str | None]] | None:
    lock = (specification.get("python") or {}).get("requirements_locked")
    if lock is None:
        return None
    urls = {source["name"]: normalize_index(source["url"]) for source in lock["_meta"]["sources"]}
    return sorted(
        (
            normalize_name(name),
            normalize_version(entry["version"].removeprefix("==")),
            urls.get(entry.get("index")),
        )
        for name, entry in lock["default"].items()
    )


def _software(environment: Json) -> dict[str, Any] | None:
    system = environment.get("operating_system") or {}
    os_name, os_version = system.get("name"), system.get("version")
    if os_name in ("ubi", "rhel"):
        os_name, os_version = "rhel", str(os_version).split(".")[0]
    told = {"os_name": os_name, "os_version": os_version, "python_version": environment.get("python_version")}
    if not any(told.values()):
        return None
    return {**dict.fromkeys(_SOFTWARE), **told, "environment_type": "RUNTIME", "is_external": False}


def _hardware(hardware: Json | None) -> dict[str, Any] | None:
    if not hardware:
        return None
    told = {name: value for name, value in hardware.items() if name in _HARDWARE}
    for name, column in (("physical_cpus", "cpu_physical_cpus"), ("processor", "cpu_model_name")):
        if name in hardware:
            told[column] = hardware[name]
    return {**dict.fromkeys(_HARDWARE), **told}


def _requested_hardware(specification: Json) -> dict[str, Any] | None:
    requests = (specification.get("run") or {}).get("requests") or {}
    return _hardware(requests.get("hardware"))
