"""What the graph has to hold and answer over advice and provenance checks, in plain Python."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from .facts import normalize_index, normalize_name, normalize_version

Json: TypeAlias = Mapping[str, Any]
Stack: TypeAlias = tuple[dict[str, Any] | None, list[dict[str, Any]] | None]
"""Requirements and lock; None for what the document does not hold."""


class Advice:
    """Answers over adviser documents; of two with one identifier, the first counts."""

    def __init__(self, documents: Iterable[Json]) -> None:
        """Read the documents."""
        self.documents: dict[str, Json] = {}
        for document in documents:
            self.documents.setdefault(document_id(document), document)

    def get_advised_stacks(self, adviser_document_id: str) -> list[dict[str, Any]]:
        """Return the stacks that a document recommends; ``LookupError`` when it is not there."""
        answers = []
        for _, justification, project, score in products(self.documents[adviser_document_id]["result"]):
            requirements, locked = stack(project) or (None, None)
            if requirements is not None or locked is not None:
                answers.append(
                    {
                        "overall_score": score,
                        "performance_score": performance_score(justification),
                        "justification": justification,
                        "requirements": None if requirements is None else requirements["requirements"],
                        "requirements_locked": locked,
                    }
                )
        return answers

    def runs(self) -> dict[str, dict[str, Any]]:
        """Return what each run says beside its stacks, by document."""
        return {name: self._run(document) for name, document in self.documents.items()}

    def _run(self, document: Json) -> dict[str, Any]:
        result, call = document["result"], call_of(document)
        parameters = result.get("parameters") or {}
        report = result["report"] if isinstance(result["report"], dict) else {}
        of_2019 = result["report"] if isinstance(result["report"], list) else []
        reasons = [
            reason["justification"]
            for entry in of_2019
            if len(entry) == 2
            for reason in entry[0] or []
            if "justification" in reason
        ]
        limit = parameters.get("limit_latest_versions")
        details = report.get("_ERROR_DETAILS") or {}
        return {
            "debug": bool(call.get("verbose")),
            "origin": (call.get("metadata") or {}).get("origin") or None,
            "source_type": ((call.get("metadata") or {}).get("source_type") or "").upper() or None,
            "is_s2i": (call.get("metadata") or {}).get("is_s2i"),
            "re_run_adviser_document_id": (call.get("metadata") or {}).get("re_run_adviser_id"),
            "adviser_error": bool(result.get("error")),
            "error_message": result.get("error_msg") or report.get("ERROR") or "; ".join(reasons) or None,
            "additional_stack_info": bool(result.get("stack_info")) or bool(report.get("stack_info")),
            "advised_configuration_changes": bool(result.get("advised_configuration")),
            "count": parameters.get("count"),
            "stack_limit": parameters.get("limit"),
            "limit_latest_versions": None if limit == -1 else limit,
            "recommendation_type": (parameters.get("recommendation_type") or "").upper() or None,
            "requirements_format": (parameters.get("requirements_format") or "").upper() or None,
            "unresolved": sorted({normalize_name(name) for name in details.get("unresolved") or []}),
        }


class Checks:
    """Answers over provenance checker documents; of two with one identifier, the first counts."""

    def __init__(self, documents: Iterable[Json]) -> None:
        """Read the documents."""
        self.documents: dict[str, Json] = {}
        for document in documents:
            self.documents.setdefault(document_id(document), document)

    def findings(self) -> dict[str, list[dict[str, Any]]]:
        """Return what each document reports, by document, in its order."""
        return {
            name: [finding(entry) for entry in document["result"]["report"] or []]
            for name, document in self.documents.items()
        }

    def runs(self) -> dict[str, dict[str, Any]]:
        """Return what each run says beside its stack, by document."""
        runs = {}
        for name, document in self.documents.items():
            result, call = document["result"], call_of(document)
            entries = result["report"] or []
            reasons = [
                entry["justification"] for entry in entries if not entry.get("id") and entry.get("justification")
            ]
            failed = bool(result.get("error"))
            runs[name] = {
                "debug": bool(call.get("verbose")),
                "origin": (call.get("metadata") or {}).get("origin") or None,
                "provenance_checker_error": failed,
                "error_message": result.get("error_msg") or ("; ".join(reasons) if failed else None) or None,
            }
        return runs


# What documents say ----------------------------------------------------------------------------------------------


def document_id(document: Json) -> str:
    """Return the id of a document."""
    metadata = document["metadata"]
    return str(metadata.get("document_id") or metadata["hostname"].rsplit("-", 1)[0])


def call_of(document: Json) -> Json:
    """Return what thoth-adviser itself was called with."""
    call: Json = ((document["metadata"].get("arguments") or {}).get("thoth-adviser")) or {}
    return call


def products(result: Json) -> Iterator[tuple[int, list[Any], Json, float | None]]:
    """Give position, justification, project and score of what is recommended."""
    report = result["report"]
    if isinstance(report, list):
        for number, entry in enumerate(report):
            if len(entry) == 3:
                yield number, entry[0] or [], entry[1] or {}, entry[2]
    elif report:
        for number, entry in enumerate(report.get("products") or []):
            yield number, entry["justification"] or [], entry["project"] or {}, entry["score"]


def performance_score(justification: list[Any]) -> float | None:
    """Return the last performance score of a justification."""
    scores = [reason.get("performance_score") for reason in justification if isinstance(reason, dict)]
    return next((score for score in reversed(scores) if score is not None), None)


def stack_of_user(document: Json) -> Stack | None:
    """Return the stack of the project that a document is about."""
    result = document["result"]
    project = (result.get("parameters") or {}).get("project")
    return stack((result.get("input") if project is None else project) or {})


def environment_of_user(document: Json) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a document says of software and of hardware of the user."""
    result = document["result"]
    parameters = result.get("parameters") or {}
    project = (result.get("input") if parameters.get("project") is None else parameters["project"]) or {}
    for given in (project.get("runtime_environment"), parameters.get("runtime_environment")):
        software, hardware = environment(given)
        if software or hardware:
            return software, hardware
    return {}, {}


def environment(given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a runtime environment says, without what it leaves open."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    if not isinstance(given, dict):
        return {}, {}
    system = given.get("operating_system") or {}
    os_name = (system.get("name") or given.get("os_name") or "").lower() or None
    os_version = system.get("version") or given.get("os_version")
    os_name = "rhel" if os_name == "ubi" else os_name
    if os_version is not None:
        os_version = str(os_version).split(".")[0] if os_name == "rhel" else str(os_version)
    software = {
        "environment_name": given.get("name") or given.get("environment_name"),
        "os_name": os_name,
        "os_version": os_version,
        "python_version": given.get("python_version"),
        "cuda_version": given.get("cuda_version"),
    }
    hardware = given.get("hardware") or {}
    return (
        {name: value for name, value in software.items() if value is not None},
        {name: value for name, value in hardware.items() if value is not None},
    )


def finding(entry: Json) -> dict[str, Any]:
    """Return an entry of a provenance report."""
    name = entry.get("package_name")
    url = (entry.get("source") or {}).get("url")
    return {
        "entry_type": (entry.get("type") or "").upper() or None,
        "entry_id": entry.get("id"),
        "justification": entry.get("justification"),
        "package_name": normalize_name(name) if name else None,
        "package_version": pinned(entry.get("package_version")) if name else None,
        "index_url": normalize_index(url) if url else None,
    }


# Stacks ----------------------------------------------------------------------------------------------------------


def stack(project: Json) -> Stack | None:
    """Return the stack of a project, or None when it has none."""
    required, locked = project.get("requirements"), project.get("requirements_locked")
    if required is None and locked is None:
        return None
    return (
        None if required is None else requirements_of(required),
        None if locked is None else lock_of(locked),
    )


def requirements_of(pipfile: Json) -> dict[str, Any]:
    """Return what a Pipfile says."""
    urls = {
        source.get("name") or source["url"]: normalize_index(source["url"]) for source in pipfile.get("source") or []
    }
    requires = pipfile.get("requires") or {}
    entries = []
    for section in ("packages", "dev-packages"):
        for name, value in (pipfile.get(section) or {}).items():
            fields = dict(value) if isinstance(value, dict) else {"version": value}
            entries.append({**common(name, fields, urls, section), "specifier": fields.pop("version", None) or "*"})
            entries[-1]["other_fields"] = others(fields)
    sections = {
        name: value
        for name, value in pipfile.items()
        if name not in {"packages", "dev-packages", "source", "requires"} and value is not None
    }
    return {
        "requirements": canonical(entries),
        "python_version": requires.get("python_version") or requires.get("python_full_version"),
        "index_urls": list(dict.fromkeys(urls.values())),
        "other_fields": sections,
    }


def lock_of(lock: Json) -> list[dict[str, Any]]:
    """Return the packages of a lock."""
    sources = (lock.get("_meta") or {}).get("sources") or []
    urls = {source.get("name") or source["url"]: normalize_index(source["url"]) for source in sources}
    entries = []
    for section in ("default", "develop"):
        for name, value in (lock.get(section) or {}).items():
            fields = dict(value or {})
            version = pinned(fields.get("version"))
            if version is not None:
                del fields["version"]
                if not fields.get("index") and len(set(urls.values())) == 1:
                    fields["index"] = next(iter(urls.values()))
            hashes = sorted({digest.lower() for digest in fields.pop("hashes", None) or []})
            entry = {**common(name, fields, urls, section), "package_version": version, "hashes": hashes}
            entries.append({**entry, "other_fields": others(fields)})
    return canonical(entries)


def common(name: str, fields: dict[str, Any], urls: Mapping[str, str], section: str) -> dict[str, Any]:
    """Take out of an entry what requirements and locked packages have alike."""
    index = fields.get("index") or ""
    index_url = normalize_index(index) if "://" in index else urls.get(index)
    if index_url:
        del fields["index"]
    return {
        "package_name": normalize_name(name),
        "extras": sorted({normalize_name(extra) for extra in fields.pop("extras", None) or []}),
        "marker": fields.pop("markers", None) or None,
        "develop": section in {"dev-packages", "develop"},
        "index_url": index_url or None,
    }


def others(fields: Json) -> dict[str, Any]:
    """Return what is left of an entry, but for what says nothing."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def pinned(specifier: str | None) -> str | None:
    """Return the version that a specifier pins, if it does."""
    version = (specifier or "").replace(" ", "").lstrip("=")
    if not version or re.search(r"^!|!=|[<>~*,]", version):
        return None
    return normalize_version(version)


def canonical(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return entries in an order of their own, each once."""
    by_text = {json.dumps(entry, sort_keys=True): entry for entry in entries}
    return [by_text[text] for text in sorted(by_text)]
