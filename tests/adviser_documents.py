"""Advice and provenance checks made to measure, and strategies that draw them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Json: TypeAlias = dict[str, Any]

PYPI = "https://pypi.org/simple"
OTHER = "https://index.example.com/simple"
ADVISER, CHECK = "adviser-211215093012-0a1b2c3d4e5f6071", "provenance-checker-211215092507-0a1b2c3d4e5f6071"
SOURCES = ({"name": "pypi", "url": PYPI, "verify_ssl": True},)
TWO_SOURCES = (*SOURCES, {"name": "other", "url": f"{OTHER}/", "verify_ssl": False})
UBI: Json = {
    "name": "ubi8",
    "operating_system": {"name": "ubi", "version": "8.4"},
    "hardware": {"cpu_family": 6, "cpu_model": 94},
    "python_version": "3.8",
    "cuda_version": None,
}


# Made to measure -----------------------------------------------------------------------------------------------------


def pipfile(packages: Mapping[str, Any], sources: Iterable[Json] = SOURCES, **sections: Any) -> Json:
    """Return the content of a Pipfile."""
    return {
        "packages": dict(packages),
        "dev-packages": {},
        "source": list(sources),
        "requires": {"python_version": "3.8"},
        **sections,
    }


def lock(default: Mapping[str, Any], sources: Iterable[Json] = SOURCES, *, develop: Mapping[str, Any] = {}) -> Json:
    """Return the content of a Pipfile.lock; text in the place of an entry is a version."""

    def entries(packages: Mapping[str, Any]) -> Json:
        return {
            name: {"version": f"=={entry}", "hashes": [f"sha256:{entry}"]} if isinstance(entry, str) else entry
            for name, entry in packages.items()
        }

    meta = {"hash": {"sha256": "0" * 64}, "pipfile-spec": 6, "requires": {}, "sources": list(sources)}
    return {"_meta": meta, "default": entries(default), "develop": entries(develop)}


def project(requirements: Json | None = None, requirements_locked: Json | None = None, **fields: Any) -> Json:
    """Return a project."""
    return {"requirements": requirements, "requirements_locked": requirements_locked, **fields}


def product(score: float | None, *, justification: Iterable[Any] = (), **fields: Any) -> Json:
    """Return a product of a report; further keywords are those of `project`."""
    return {"score": score, "justification": list(justification), "project": project(**fields)}


def metadata(document_id: str, fields: Json, call: Json, command: str = "advise") -> Json:
    """Return the metadata of what thoth-adviser writes; fields that are None are left out."""
    given: Json = {
        "analyzer": "thoth-adviser",
        "analyzer_version": "0.41.0",
        "arguments": {command: {}, "thoth-adviser": {"verbose": False, "metadata": call}},
        "datetime": "2021-12-15T09:31:57.204518",
        "document_id": document_id,
        "duration": 81,
        **fields,
    }
    return {name: value for name, value in given.items() if value is not None}


def adviser_document(
    document_id: str = ADVISER,
    *,
    of_user: Json | None = None,
    products: Iterable[Json] = (),
    parameters: Mapping[str, Any] = {},
    call: Mapping[str, Any] = {},
    of_2019: bool = False,
    **result: Any,
) -> Json:
    """Return an adviser document; further keywords are fields of its result."""
    given: Json = {
        "count": 2,
        "limit": 1000,
        "limit_latest_versions": 5,
        "recommendation_type": "latest",
        "requirements_format": "pipenv",
        **parameters,
    }
    listed = list(products)
    if of_2019:
        triples = [[entry["justification"], entry["project"], entry["score"]] for entry in listed]
        found: Json = {"error": False, "input": of_user, "parameters": given, "report": triples, "stack_info": []}
        fields: Json = {"document_id": None, "duration": None, "hostname": f"{document_id}-x7k2p"}
    else:
        report = {"products": listed, "stack_info": [], "pipeline": None}
        found = {"error": False, "error_msg": None, "parameters": {**given, "project": of_user}, "report": report}
        fields = {}
    return {"metadata": metadata(document_id, fields, dict(call)), "result": {**found, **result}}


def finding(package_name: str | None = None, package_version: str | None = None, **fields: Any) -> Json:
    """Return an entry of a provenance report."""
    return {
        "type": "ERROR",
        "id": "MISSING-PACKAGE",
        "justification": "not there",
        "package_name": package_name,
        "package_version": package_version,
        "source": {"name": "pypi", "url": PYPI},
        **fields,
    }


def provenance_document(
    document_id: str = CHECK,
    *,
    of_user: Json | None = None,
    report: Iterable[Json] | None = (),
    of_2019: bool = False,
    call: Mapping[str, Any] = {},
    **result: Any,
) -> Json:
    """Return a provenance checker document; further keywords are fields of its result."""
    parameters: Json = {"whitelisted_indexes": []}
    found: Json = {
        "error": False,
        "input": of_user if of_2019 else None,
        "parameters": parameters if of_2019 else {**parameters, "project": of_user},
        "report": None if report is None else list(report),
    }
    fields: Json = {"document_id": None, "hostname": f"{document_id}-x7k2p"} if of_2019 else {}
    return {"metadata": metadata(document_id, fields, dict(call), "provenance"), "result": {**found, **result}}


def large_adviser_document(document_id: str, products: int, packages: int, hashes: int) -> Json:
    """Return a document that recommends so many stacks of so many packages with so many digests each."""
    requirements = pipfile({f"package-{number}": "*" for number in range(packages)})
    return adviser_document(
        document_id,
        of_user=project(requirements, runtime_environment=UBI),
        products=[
            product(
                float(-number),
                requirements=requirements,
                requirements_locked=lock(
                    {
                        f"package-{package}": {
                            "version": f"=={number}.{package}",
                            "hashes": [f"sha256:{number * 1000 + digest:064x}" for digest in range(hashes)],
                            "index": "pypi",
                        }
                        for package in range(packages)
                    }
                ),
            )
            for number in range(products)
        ],
    )


# Drawn ---------------------------------------------------------------------------------------------------------------

_NAMES = st.sampled_from(("a", "PyYAML", "pyyaml", "Foo_Bar", "foo-bar"))
_VERSIONS = st.sampled_from(
    ("==1.0", "1.0", "===1.0", "==2.0.0-beta", "==2.0.0b0", "==2004d", "==1!0.1", "!=1.0", "== 1.0", "*", ">=1", "")
)
_INDEXES = st.sampled_from((None, "pypi", "other", "gone", f"{PYPI}/", OTHER))
_MARKERS = st.sampled_from((None, "", "python_version < '3.9'"))
_EXTRAS = st.sampled_from((None, [], ["S3"], ["s3", "all_", "all-"]))
_HASHES = st.sampled_from((None, [], ["sha256:AA"], ["sha256:bb", "sha256:aa", "sha256:aa"]))
_SOURCES = st.sampled_from((None, [], list(SOURCES), list(TWO_SOURCES), [{"url": PYPI}]))
_OTHERS = st.sampled_from(({}, {"git": "https://github.com/pallets/flask.git", "ref": "main"}, {"editable": True}))


def _entries(**fields: SearchStrategy[Any]) -> SearchStrategy[Json]:
    """Draw entries of which some lack some fields."""
    return st.builds(
        lambda others, entry: {**entry, **others}, _OTHERS, st.fixed_dictionaries({}, optional=dict(fields))
    )


_REQUIRED = _entries(version=_VERSIONS, index=_INDEXES, markers=_MARKERS, extras=_EXTRAS)
_LOCKED = _entries(version=_VERSIONS, index=_INDEXES, markers=_MARKERS, extras=_EXTRAS, hashes=_HASHES)

PIPFILES = st.fixed_dictionaries(
    {},
    optional={
        "packages": st.none()
        | st.dictionaries(_NAMES, st.none() | st.sampled_from(("*", "", ">=1.0", "==1.0")) | _REQUIRED, max_size=3),
        "dev-packages": st.none() | st.dictionaries(_NAMES, st.just("*") | _REQUIRED, max_size=2),
        "source": _SOURCES,
        "requires": st.sampled_from((None, {}, {"python_version": "3.8"}, {"python_full_version": "3.8.1"})),
        "pipenv": st.sampled_from((None, {"allow_prereleases": True}, {"allow_prereleases": False})),
    },
)
LOCKS = st.fixed_dictionaries(
    {
        "default": st.none() | st.dictionaries(_NAMES, st.none() | _LOCKED, max_size=3),
        "develop": st.none() | st.dictionaries(_NAMES, _LOCKED, max_size=2),
    },
    optional={"_meta": st.none() | st.builds(lambda sources: {"sources": sources}, _SOURCES)},
)
_NESTED: tuple[Any, ...] = (
    UBI,
    {**UBI, "hardware": None, "operating_system": None},
    {"os_name": "ubi", "os_version": 8, "python_version": "3.8", "environment_name": "ubi8"},
    {"name": None, "operating_system": {"name": None, "version": None}, "hardware": {"cpu_family": None}},
)
ENVIRONMENTS = st.sampled_from(
    (None, *_NESTED, *(json.dumps(nested) for nested in _NESTED), "input/runtime_environment.json", "{", "null", "[]")
)
PROJECTS = st.fixed_dictionaries(
    {},
    optional={
        "requirements": st.none() | PIPFILES,
        "requirements_locked": st.none() | LOCKS,
        "runtime_environment": ENVIRONMENTS,
    },
)
_SCORES = st.sampled_from((None, 1, 0.5, -0.25, 0))
_REASONS = st.sampled_from(
    (
        {"type": "INFO", "message": "good"},
        {"performance_score": 0.5},
        {"performance_score": 1, "type": "INFO"},
        {"performance_score": None},
        "text",
    )
)
_PRODUCTS = st.fixed_dictionaries(
    {
        "justification": st.none() | st.lists(_REASONS, max_size=3),
        "project": st.none() | PROJECTS,
        "score": _SCORES,
    }
)
_PAIRS = st.sampled_from(([[{"justification": "killed", "type": "ERROR"}], None], [], [None, None], [None] * 4))


def _of_2019(products: list[Json], pairs: list[Any]) -> list[Any]:
    return [*([each["justification"], each["project"], each["score"]] for each in products), *pairs]


_REPORTS = (
    st.none()
    | st.builds(_of_2019, st.lists(_PRODUCTS, max_size=3), st.lists(_PAIRS, max_size=1))
    | st.fixed_dictionaries(
        {"products": st.none() | st.lists(_PRODUCTS, max_size=3)}, optional={"stack_info": st.sampled_from(([], [{}]))}
    )
    | st.sampled_from(
        (
            {"ERROR": "no stack", "_ERROR_DETAILS": {"unresolved": ["Foo_Bar", "foo-bar", "a"]}, "stack_info": []},
            {"ERROR": "no stack", "_ERROR_DETAILS": None},
            {"ERROR": "no stack", "_ERROR_DETAILS": {"unresolved": None}},
        )
    )
)
_CALLS = st.sampled_from(
    (
        None,
        {},
        {"verbose": True, "metadata": None},
        {
            "verbose": None,
            "metadata": {"origin": "https://github.com/example/guestbook", "source_type": "cli", "is_s2i": True},
        },
        {"metadata": {"origin": "", "source_type": None, "re_run_adviser_id": ADVISER}},
    )
)


def _metadata(prefix: str) -> SearchStrategy[Json]:
    def make(end: str, call: Json | None, *, by_host_name: bool) -> Json:
        named: Json = {"hostname": f"{prefix}-{end}-x7k2p"} if by_host_name else {"document_id": f"{prefix}-{end}"}
        return {
            "analyzer": "thoth-adviser",
            "arguments": None if call is None else {"thoth-adviser": call},
            "datetime": "2021-12-15T09:31:57.204518",
            **named,
        }

    return st.builds(make, st.sampled_from(("0a", "0b", "1a", "1b", "2a")), _CALLS, by_host_name=st.booleans())


_ADVICE = st.builds(
    lambda metadata, result: {"metadata": metadata, "result": result},
    _metadata("adviser"),
    st.fixed_dictionaries(
        {"report": _REPORTS},
        optional={
            "error": st.none() | st.booleans(),
            "error_msg": st.sampled_from((None, "", "killed")),
            "input": st.none() | PROJECTS,
            "stack_info": st.sampled_from((None, [], [{"type": "INFO"}])),
            "advised_configuration": st.sampled_from((None, {}, {"replicas": 2})),
            "parameters": st.none()
            | st.fixed_dictionaries(
                {},
                optional={
                    "project": st.none() | PROJECTS,
                    "runtime_environment": ENVIRONMENTS,
                    "count": st.sampled_from((None, 1)),
                    "limit": st.sampled_from((None, 1000)),
                    "limit_latest_versions": st.sampled_from((None, -1, 5)),
                    "recommendation_type": st.sampled_from((None, "", "latest", "STABLE")),
                    "requirements_format": st.sampled_from((None, "pipenv", "PIPENV")),
                },
            ),
        },
    ),
)
_FINDINGS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from((None, "ERROR", "warning")),
        "id": st.sampled_from((None, "MISSING-PACKAGE", "INVALID-ARTIFACT-HASH")),
        "justification": st.sampled_from((None, "not there", "failed")),
        "package_name": st.none() | _NAMES,
        "package_version": st.none() | _VERSIONS,
        "source": st.sampled_from((None, {}, {"url": None}, {"url": f"{PYPI}/", "name": "pypi"}, {"url": OTHER})),
    },
)
_CHECKS = st.builds(
    lambda metadata, result: {"metadata": metadata, "result": result},
    _metadata("provenance-checker"),
    st.fixed_dictionaries(
        {"report": st.none() | st.lists(_FINDINGS, max_size=4)},
        optional={
            "error": st.none() | st.booleans(),
            "error_msg": st.sampled_from((None, "killed")),
            "input": st.none() | PROJECTS,
            "parameters": st.none() | st.fixed_dictionaries({}, optional={"project": st.none() | PROJECTS}),
        },
    ),
)


def adviser_documents(*, max_size: int = 4, unique_ids: bool = True) -> SearchStrategy[list[Json]]:
    """Draw adviser documents of all years; without ``unique_ids``, ids recur with another content."""
    return st.lists(_ADVICE, min_size=1, max_size=max_size, unique_by=document_id_of if unique_ids else None)


def provenance_documents(*, max_size: int = 4, unique_ids: bool = True) -> SearchStrategy[list[Json]]:
    """Draw provenance checker documents of all years; without ``unique_ids``, ids recur with another content."""
    return st.lists(_CHECKS, min_size=1, max_size=max_size, unique_by=document_id_of if unique_ids else None)


def document_id_of(document: Mapping[str, Any]) -> str:
    """Return the id of a document that is made here."""
    fields = document["metadata"]
    return str(fields.get("document_id") or fields["hostname"].rpartition("-")[0])
