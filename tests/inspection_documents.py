"""Inspections and Dependency Monkey reports made to measure, and strategies that draw them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Json: TypeAlias = dict[str, Any]

EXAMPLES = Path(__file__).parents[1] / "examples"
PYPI = "https://pypi.org/simple"
AICOE = "https://tensorflow.pypi.example.com/index/manylinux2010/AVX2/simple"
INSPECTION = "inspection-test-0a1b2c3d"
CREATED = "2020-08-05T14:41:01.756319"
USAGE: Json = {
    "ru_utime": 1.5,
    "ru_stime": 0.25,
    **dict.fromkeys(
        [
            "ru_maxrss",
            "ru_ixrss",
            "ru_idrss",
            "ru_isrss",
            "ru_minflt",
            "ru_majflt",
            "ru_nswap",
            "ru_inblock",
            "ru_oublock",
            "ru_msgsnd",
            "ru_msgrcv",
            "ru_nsignals",
            "ru_nvcsw",
            "ru_nivcsw",
        ],
        7,
    ),
}
RHEL: Json = {
    "hardware": {"cpu_family": 6, "cpu_model": 85},
    "operating_system": {"name": "ubi", "version": "8.2"},
    "python_version": "3.6",
    "cuda_version": None,
}
PYBENCH_TESTS = [
    "built_in_function_calls",
    "built_in_method_lookup",
    "compare_floats",
    "compare_floats_integers",
    "compare_integers",
    "compare_interned_strings",
    "compare_longs",
    "compare_strings",
    "compare_unicode",
    "concat_strings",
    "concat_unicode",
    "create_instances",
    "create_new_instances",
    "create_strings_with_concat",
    "create_unicode_with_concat",
    "dict_creation",
    "dict_with_float_keys",
    "dict_with_integer_keys",
    "dict_with_string_keys",
    "for_loops",
    "if_then_else",
    "list_slicing",
    "nested_for_loops",
    "normal_class_attribute",
    "normal_instance_attribute",
    "python_function_calls",
    "python_method_calls",
    "recursion",
    "second_import",
    "second_package_import",
    "second_submodule_import",
    "simple_complex_arithmetic",
    "simple_dict_manipulation",
    "simple_float_arithmetic",
    "simple_int_float_arithmetic",
    "simple_integer_arithmetic",
    "simple_list_manipulation",
    "simple_long_arithmetic",
    "small_lists",
    "small_tuples",
    "special_class_attribute",
    "special_instance_attribute",
    "string_mappings",
    "string_predicates",
    "string_slicing",
    "try_except",
    "try_raise_except",
    "tuple_slicing",
    "unicode_mappings",
    "unicode_predicates",
    "unicode_properties",
    "unicode_slicing",
    "totals",
]


def samples(folder: str) -> list[Json]:
    """Return the documents that the project ships in a folder."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted((EXAMPLES / folder).glob("*.json"))]


# Inspections ---------------------------------------------------------------------------------------------------------


def pipfile(*packages: str) -> Json:
    """Return the content of a Pipfile that requires packages."""
    return {
        "packages": dict.fromkeys(packages, "*"),
        "dev-packages": {},
        "source": [{"name": "pypi", "url": PYPI, "verify_ssl": True}],
        "requires": {"python_version": "3.6"},
    }


def lock(*packages: str, develop: Sequence[str] = (), index: str | None = "pypi") -> Json:
    """Return the content of a lock of packages, each written ``name==version``."""

    def entries(pins: Iterable[str]) -> Json:
        found = {}
        for pin in pins:
            name, _, version = pin.partition("==")
            found[name] = {"version": f"=={version}", "hashes": [f"sha256:{name}"], "index": index}
        return found

    return {
        "_meta": {
            "sources": [
                {"name": "pypi", "url": PYPI, "verify_ssl": True},
                {"name": "aicoe", "url": f"{AICOE}/", "verify_ssl": True},
            ]
        },
        "default": entries(packages),
        "develop": entries(develop),
    }


def specification(**fields: Any) -> Json:
    """Return what was to be inspected; a keyword that is `...` leaves a key out."""
    whole = {
        "base": "quay.io/thoth-station/s2i-thoth-ubi8-py36",
        "identifier": "test",
        "packages": ["which"],
        "python_packages": ["pipenv"],
        "files": [],
        "python": {
            "requirements": pipfile("tensorflow"),
            "requirements_locked": lock("tensorflow==2.2.0", "numpy==1.19.1"),
        },
        "script": "https://example.org/matmul.py",
        "build": {"requests": {"cpu": "500m", "memory": "256Mi"}},
        "run": {"requests": {"cpu": "2", "memory": "4Gi"}},
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def matmul(**fields: Any) -> Json:
    """Return what a script prints that multiplies matrices; keywords replace top-level keys."""
    return {
        "name": "PiMatmul",
        "component": "tensorflow",
        "@parameters": {"device": "cpu", "dtype": "float32", "matrix_size": 512, "reps": 2000},
        "@result": {"rate": 217.6, "elapsed": 1.23},
        "tensorflow_upstream_buildinfo": None,
        **fields,
    }


def conv1d(**parameters: Any) -> Json:
    """Return what a script prints that convolves over one dimension; keywords replace parameters."""
    return {
        "name": "PiConv1D",
        "component": "tensorflow",
        "@parameters": {
            "device": "cpu",
            "dtype": "float32",
            "data_format": "NWC",
            "reps": 2000,
            "batch": 4,
            "input_width": 161,
            "input_channels": 1,
            "filter_width": 5,
            "output_channels": 32,
            "strides": 2,
            "padding": "SAME",
            **parameters,
        },
        "@result": {"rate": 56.5, "elapsed": 12.5},
    }


def conv2d(**parameters: Any) -> Json:
    """Return what a script prints that convolves over two dimensions; keywords replace parameters."""
    printed = conv1d(data_format="NHWC", input_height=700, filter_height=20, **parameters)
    return {**printed, "name": "PiConv2D"}


def pybench(**fields: Any) -> Json:
    """Return what the script prints that runs pybench; keywords replace top-level keys."""
    return {
        "name": "PiPyBench",
        "framework": "pybench",
        "@parameters": {"rounds": 10},
        "@result": {f"{test}_average": float(number) for number, test in enumerate(PYBENCH_TESTS)},
        "overall_score": 1.5,
        **fields,
    }


def job_log(stdout: object, **fields: Any) -> Json:
    """Return how a run went; a keyword that is `...` leaves a key out."""
    whole = {
        "exit_code": 0,
        "hwinfo": {},
        "script_sha256": "e" * 64,
        "stderr": "",
        "stdout": stdout,
        "usage": USAGE,
        "runtime_environment": RHEL,
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def composed(result: object = ..., *, document_id: str = INSPECTION, result_number: int = 0, **fields: Any) -> Json:
    """Return one result of an inspection that is a folder; keywords are fields of the specification."""
    return {
        "document_id": document_id,
        "result_number": result_number,
        "specification": specification(**{"@created": CREATED, **fields}),
        "result": job_log(matmul()) if result is ... else result,
    }


def batch(*logs: object, document_id: str = INSPECTION, **fields: Any) -> Json:
    """Return an inspection of early 2020 with several results; keywords are fields of the specification."""
    return {
        "inspection_id": document_id,
        "created": CREATED,
        "build_log": "Step 1/17 ...",
        "specification": specification(batch_size=len(logs), **fields),
        "status": {},
        "job_logs": list(logs),
    }


def of_2019(log: object = ..., *, document_id: str = INSPECTION, **fields: Any) -> Json:
    """Return an inspection of 2019; keywords are fields of the specification."""
    if log is ...:
        log = job_log(matmul(), runtime_environment=...)
    return {
        "inspection_id": document_id,
        "created": CREATED,
        "build_log": "Step 1/17 ...",
        "specification": specification(**fields),
        "status": {"build": {}, "job": {}},
        "job_log": log,
    }


STACKS = (
    {"requirements": pipfile("tensorflow"), "requirements_locked": lock("tensorflow==2.2.0", "numpy==1.19.1")},
    {"requirements": pipfile("torch"), "requirements_locked": lock("torch==1.5.0", develop=["pytest==5.4.0"])},
    {"requirements": pipfile("numpy"), "requirements_locked": None},
    {"requirements": None, "requirements_locked": lock("tensorflow==2.2.0", index="aicoe")},
    {"requirements": pipfile("flask"), "requirements_locked": lock("Flask==1.0.0-beta", index=None)},
    None,
)
REQUESTS = (
    {"cpu": "500m", "memory": "256Mi"},
    {"cpu": 2, "memory": 1073741824, "hardware": {"cpu_family": 6, "cpu_model": 94, "physical_cpus": 32}},
    {"cpu": None, "memory": "1G"},
    None,
)
ENVIRONMENTS: tuple[Json | None, ...] = (
    RHEL,
    {"operating_system": {"name": "fedora", "version": "31"}, "python_version": "3.7", "hardware": None},
    {},
    None,
)
FRAMEWORKS = ("tensorflow", "pytorch", None)


@st.composite
def printed(draw: st.DrawFn) -> object:
    """Draw what a script printed: an indicator, or something else."""
    framework = {draw(st.sampled_from(("framework", "component", "library"))): draw(st.sampled_from(FRAMEWORKS))}
    device = draw(st.sampled_from(("cpu", "gpu")))
    number = draw(st.integers(0, 2))
    choices: tuple[object, ...] = (
        {**matmul(component=None), **framework, "@parameters": {**matmul()["@parameters"], "device": device}},
        {**conv1d(component=None, padding=number, mini_batch=number, device=device), **framework},
        {**conv2d(padding="VALID", device=device), "component": None, **framework},
        {**pybench(overall_score=float(number)), "framework": None, **framework},
        matmul(version="1.0", **{"@result": {"rate": 1, "elapsed": 2.0, "peak": number}}),
        {"512": {"elapsed_ms": 1.5, "rate": 173.5}},
        "Traceback (most recent call last):\n",
        "",
        None,
        [1, 2],
    )
    return draw(st.sampled_from(choices))


@st.composite
def job_logs(draw: st.DrawFn) -> object:
    """Draw how a run went."""
    if draw(st.integers(0, 9)) == 9:
        return None
    shown = draw(printed())
    log = job_log(
        shown,
        exit_code=draw(st.sampled_from((0, 1, None))),
        usage=draw(st.sampled_from((USAGE, ...))),
        runtime_environment=draw(st.sampled_from((*ENVIRONMENTS, ...))),
    )
    if isinstance(shown, dict) and draw(st.booleans()):  # at the top, as one release wanted it
        log = {**log, **shown, "stdout": draw(st.sampled_from(("text", "", None)))}
    return log


@st.composite
def inspections(draw: st.DrawFn, *, max_size: int = 5) -> list[Json]:
    """Draw documents of different inspections, each in one of the forms."""
    documents: list[Json] = []
    for number in range(draw(st.integers(1, max_size))):
        identifier = f"inspection-test-{number:08x}"
        fields = {
            "python": draw(st.sampled_from(STACKS)),
            "build": draw(st.sampled_from(({"requests": draw(st.sampled_from(REQUESTS))}, None))),
            "run": {"requests": draw(st.sampled_from(REQUESTS))},
            "script": draw(st.sampled_from(("https://example.org/matmul.py", None))),
        }
        logs = draw(st.lists(job_logs(), max_size=3))
        form = draw(st.sampled_from(("2019", "batch", "composed")))
        if form == "batch" and draw(st.booleans()):  # a folder, in which results may be missing
            start = draw(st.integers(0, 2))
            logs = [
                {**log, "result_number": start + 2 * number} for number, log in enumerate(logs) if isinstance(log, dict)
            ]
        if form == "2019":
            documents.append(of_2019(logs[0] if logs else None, document_id=identifier, **fields))
        elif form == "batch":
            documents.append(batch(*logs, document_id=identifier, **fields))
        else:
            documents += [
                composed(log, document_id=identifier, result_number=number, **fields) for number, log in enumerate(logs)
            ]
    return documents


# Dependency Monkey ---------------------------------------------------------------------------------------------------


def report_of_2019(
    output: object = (INSPECTION,), *, document_id: str = "dependency-monkey-0123456789abcdef", **result: Any
) -> Json:
    """Return a report of 2019; further keywords are fields of its result."""
    parameters = {
        "requirements": pipfile("flask"),
        "runtime_environment": RHEL,
        "seed": 42,
        "decision_type": "ALL",
        "count": 10,
    }
    return {
        "metadata": {
            "analyzer": "thoth-adviser",
            "analyzer_version": "0.5.0",
            "arguments": {"dependency-monkey": {}, "thoth-adviser": {"verbose": True, "metadata": None}},
            "datetime": "2019-09-19T12:00:00.000001",
            "hostname": f"{document_id}-x7k2p",
        },
        "result": {
            "error": None,
            "input": None,
            "computed": 1,
            "stack_info": [],
            "output": list(output) if isinstance(output, tuple) else output,
            "parameters": parameters,
            **result,
        },
    }


def report(
    *responses: object, document_id: str = "dependency-monkey-200907104341-0123456789abcdef", **parameters: Any
) -> Json:
    """Return a report of 2020; keywords are parameters."""
    return {
        "metadata": {
            "analyzer": "thoth-adviser",
            "analyzer_version": "0.15.1",
            "arguments": {"dependency-monkey": {}, "thoth-adviser": {"verbose": False, "metadata": None}},
            "datetime": "2020-09-07T10:43:41.569182",
            "document_id": document_id,
            "duration": 167,
        },
        "result": {
            "error": False,
            "error_msg": None,
            "parameters": {
                "requirements": "Pipfile",
                "runtime_environment": "environment.json",
                "seed": 9955,
                "decision_type": "random",
                "count": 20,
                "limit_latest_versions": -1,
                "project": {
                    "requirements": pipfile("tensorflow"),
                    "requirements_locked": None,
                    "runtime_environment": RHEL,
                },
                **parameters,
            },
            "report": {
                "skipped": 0,
                "responses": [{"response": response, "product": {}} for response in responses],
            },
        },
    }


ANSWERS = (INSPECTION, "inspection-test-00000000", "inspection-test-00000001", "/tmp/stacks/0", "", None)


@st.composite
def reports(draw: st.DrawFn, *, max_size: int = 5) -> list[Json]:
    """Draw reports with different identifiers."""
    documents = []
    answers = st.lists(st.sampled_from(ANSWERS), max_size=5)
    errors: SearchStrategy[Any] = st.sampled_from((None, False, True, "", "Traceback (most recent call last):\n"))
    seeds = st.sampled_from((None, 0, 2**40))
    for number in range(draw(st.integers(1, max_size))):
        identifier = f"dependency-monkey-{number:016x}"
        if draw(st.booleans()):
            document = report_of_2019(draw(answers), document_id=identifier, error=draw(errors))
            environment = draw(st.sampled_from((*ENVIRONMENTS, '{"python_version": "3.6"}', "environment.json")))
            document["result"]["parameters"]["runtime_environment"] = environment
        else:
            project = {
                "requirements": draw(st.sampled_from((pipfile("tensorflow"), pipfile("flask"), None))),
                "runtime_environment": draw(st.sampled_from(ENVIRONMENTS)),
            }
            document = report(
                *draw(answers),
                document_id=identifier,
                project=draw(st.sampled_from((project, None))),
                seed=draw(seeds),
                count=draw(st.sampled_from((None, 1))),
                limit_latest_versions=draw(st.sampled_from((None, -1, 3))),
            )
            document["result"]["error"] = draw(errors)
        documents.append(document)
    return documents


def changed(document: Mapping[str, Any], path: Sequence[str | int], value: Any) -> Json:
    """Return a copy of a document with a value put at a path; `...` removes what is there."""
    first, *rest = path
    if isinstance(document, list):
        copy: Any = list(document)
    else:
        copy = dict(document)
    if rest:
        copy[first] = changed(copy[first], rest, value)
    elif value is ...:
        del copy[first]
    else:
        copy[first] = value
    return copy  # type: ignore[no-any-return]
