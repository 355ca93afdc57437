"""Core metadata of a distribution, as solvers read it from an installed package.

Fields: https://packaging.python.org/en/latest/specifications/core-metadata/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..exceptions import SchemaError
from .base import Interned


class CoreMetadata(Interned, frozen=True, kw_only=True):
    """Core metadata in one form, whatever the version of the tool."""

    metadata_version: str | None
    name: str | None
    version: str | None
    summary: str | None
    description: str | None
    description_content_type: str | None
    keywords: str | None
    home_page: str | None
    download_url: str | None
    author: str | None
    author_email: str | None
    maintainer: str | None
    maintainer_email: str | None
    license: str | None
    requires_python: str | None
    classifiers: list[str]
    platforms: list[str]
    supported_platforms: list[str]
    requires_external: list[str]
    project_urls: list[str]
    provides_extra: list[str]
    requires_dist: list[str]
    provides_dist: list[str]
    obsoletes_dist: list[str]
    other_fields: dict[str, Any]


_SEVERAL = {
    "classifier": "classifiers",
    "platform": "platforms",
    "supported_platform": "supported_platforms",
    "requires_external": "requires_external",
    "project_url": "project_urls",
    "provides_extra": "provides_extra",
    "requires_dist": "requires_dist",
    "provides_dist": "provides_dist",
    "obsoletes_dist": "obsoletes_dist",
}
_ONE = frozenset(CoreMetadata.__struct_fields__) - {*_SEVERAL.values(), "other_fields"}


def read_core_metadata(fields: Mapping[str, Any], path: str) -> CoreMetadata:
    """Return the core metadata that a document holds; names of fields are read whatever their case.

    Args:
        fields: values by name of field; a field that may occur several times is a list, or text where a tool erred.
        path: where in the document they are, for the error.

    Raises:
        SchemaError: a value is neither text nor a list of text; the message holds the path to the field.

    """
    values: dict[str, Any] = dict.fromkeys(_ONE)
    values.update({name: [] for name in _SEVERAL.values()}, other_fields={})
    for field, value in fields.items():
        name = field.lower().replace("-", "_")
        if value is None:
            continue
        if name not in _ONE and name not in _SEVERAL:
            values["other_fields"][field] = value
            continue
        entries = [value] if isinstance(value, str) else value
        if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
            raise SchemaError(f"{path}.{field}: expected text or a list of text, got {type(value).__name__}")
        if name in _ONE:
            values[name] = ",".join(entries)
        else:
            values[_SEVERAL[name]] += entries
    return CoreMetadata(**values)
