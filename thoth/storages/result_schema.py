"""What a document has to look like to be stored: `RESULT_SCHEMA`, and that of inspections.

It is the check of a producer's work, not of what the graph needs: what the tools of every year wrote passes, keys that
are not named here are kept and not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from .documents.base import Distribution, Metadata, Python, document_datetime, read
from .exceptions import SchemaError


@dataclass(frozen=True)
class DocumentSchema:
    """A schema: called with a document, it returns it, or raises `SchemaError` with the path to the field."""

    name: str
    check: Callable[[Mapping[str, Any]], None]

    def __call__(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the very document that was given when it fits.

        Raises:
            SchemaError: it does not; the message holds the path to the field, and what is wrong with it.

        """
        given: object = document
        if not isinstance(given, Mapping):
            raise SchemaError(f"$: expected an object, got {type(given).__name__}")
        self.check(document)
        return document

    def __repr__(self) -> str:
        """Say which schema it is."""
        return f"<schema of {self.name}>"


class _ResultMetadata(msgspec.Struct, frozen=True):
    analyzer: str
    analyzer_version: str
    arguments: dict[str, Any]
    datetime: str
    distribution: Distribution
    hostname: str
    python: Python
    # Written by the tools of later years, or by those of earlier ones.
    timestamp: float | None = None
    duration: float | None = None
    document_id: str | None = None
    os_release: dict[str, Any] | None = None
    thoth_deployment_name: str | None = None


class _Result(msgspec.Struct, frozen=True):
    metadata: _ResultMetadata


class _Inspection(msgspec.Struct, frozen=True):
    specification: dict[str, Any]
    inspection_id: str | None = None
    document_id: str | None = None
    created: str | None = None
    build_log: str | None = None
    job_log: dict[str, Any] | None = None
    job_logs: list[dict[str, Any] | None] | None = None
    status: dict[str, Any] | None = None
    result_number: int | None = None
    result: dict[str, Any] | None = None


def _check_result(document: Mapping[str, Any]) -> None:
    metadata = read(document, _Result).metadata
    document_datetime(Metadata(datetime=metadata.datetime))
    if "result" not in document:
        raise SchemaError("$: Object missing required field `result`")


def _check_inspection(document: Mapping[str, Any]) -> None:
    # What scripts print may be anything, so the logs are looked at no deeper than this.
    outside = {name: document[name] for name in _Inspection.__struct_fields__ if name in document}
    for name, value in outside.items():
        if isinstance(value, Mapping):
            outside[name] = {}
        elif name == "job_logs" and isinstance(value, list):
            outside[name] = [{} if isinstance(log, Mapping) else log for log in value]
        elif name == "build_log" and isinstance(value, str):
            outside[name] = ""
    inspection = read(outside, _Inspection)
    if not (inspection.inspection_id or inspection.document_id):
        raise SchemaError("$.inspection_id: absent, and so is $.document_id")
    if inspection.document_id and inspection.result_number is not None and inspection.result is None:
        raise SchemaError("$.result: absent, though $.result_number is there")
    if inspection.result is not None and (inspection.result_number is None or inspection.result_number < 0):
        raise SchemaError("$.result_number: expected the number of the result")


RESULT_SCHEMA = DocumentSchema("result documents", _check_result)
INSPECTION_SCHEMA = DocumentSchema("inspection documents", _check_inspection)
