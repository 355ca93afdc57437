"""Package analyses of every year, written by package-analyzer: the shape that is read, and what one states.

Until August 2019 the result was an object, files by the index that has them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ..exceptions import SchemaError
from ..normalize import (
    normalize_python_index_url,
    normalize_python_package_name,
    normalize_python_package_version,
)
from . import base
from .contents import PythonFile, paths_by_digest, symbols_of_libraries
from .environments import Number

_SOURCE_FILE = ".py"


class AnalyzePython(msgspec.Struct, frozen=True):
    """Arguments of the command that analyses a Python package.

    Until September 2019 an argument that reads as JSON was taken for such: version ``1.10`` became a number.
    """

    package_name: Number = None
    package_version: Number = None
    index_url: str | None = None


class Call(msgspec.Struct, frozen=True):
    """Arguments of package-analyzer, whatever its command."""

    verbose: bool | None = None


class Arguments(msgspec.Struct, frozen=True, rename="kebab"):
    """Arguments by command."""

    python: AnalyzePython
    thoth_package_analyzer: Call | None = None


class PackageAnalysisMetadata(base.Metadata, frozen=True, kw_only=True):
    """``metadata`` of a package analysis."""

    arguments: Arguments


class Artifact(msgspec.Struct, frozen=True):
    """A wheel or a source distribution."""

    sha256: str
    name: str | None = None
    digests: list[PythonFile] | None = None
    symbols: dict[str, list[str] | None] | None = None


class Result(msgspec.Struct, frozen=True):
    """What package-analyzer found."""

    artifacts: list[Artifact] | None = None
    error: bool | None = None
    error_message: str | None = None
    package_name: str | None = None
    package_version: str | None = None
    index_url: str | None = None


class ResultOfIndex(msgspec.Struct, frozen=True):
    """What package-analyzer of July 2019 found on an index."""

    files: list[Artifact]
    package_name: str | None = None
    package_version: str | None = None
    index_url: str | None = None


class PackageAnalysisDocument(msgspec.Struct, frozen=True):
    """A package analysis."""

    metadata: PackageAnalysisMetadata
    result: dict[str, Any]


@dataclass(slots=True)
class ArtifactFact:
    """What a document states of a file of a release."""

    artifact_name: str | None
    python_files: dict[bytes, list[str]] = field(default_factory=dict)
    """Paths inside the artifact by SHA-256 digest of the content, distinct, sorted."""
    symbols: set[tuple[str, str]] = field(default_factory=set)
    """Names of libraries, each with a versioned symbol that a binary needs of it."""

    def unite(self, other: ArtifactFact) -> None:
        """Take in what the same document says of the same content in another place."""
        self.artifact_name = self.artifact_name or other.artifact_name
        self.symbols |= other.symbols
        for digest, paths in other.python_files.items():
            self.python_files[digest] = sorted({*self.python_files.get(digest, ()), *paths})


@dataclass(frozen=True, slots=True)
class PackageAnalysisFacts:
    """What a package analysis states, in one spelling whatever its year."""

    document_id: str
    datetime: dt.datetime
    duration: int | None
    package_analyzer_name: str | None
    package_analyzer_version: str | None
    debug: bool
    error: bool
    error_message: str | None
    package_name: str
    package_version: str | None
    index_url: str | None
    artifacts: dict[str, ArtifactFact] = field(default_factory=dict)
    """By SHA-256 digest of the file."""


def read_package_analysis_document(document: Mapping[str, Any]) -> PackageAnalysisFacts:
    """Return what a package analysis states.

    Args:
        document: a package analysis of any year, as parsed from JSON; it is not changed.

    Returns:
        Its facts, normalised.

    Raises:
        SchemaError: the document does not have the shape of a package analysis; the message holds the path to the
            field.

    """
    struct = base.read(document, PackageAnalysisDocument)
    metadata = struct.metadata
    arguments, call = metadata.arguments.python, metadata.arguments.thoth_package_analyzer or Call()
    result, artifacts = _result(struct.result)
    name = _told(arguments.package_name, result.package_name)
    if name is None:
        raise SchemaError("$.metadata.arguments.python.package_name: absent or empty")
    version = _told(arguments.package_version, result.package_version)
    index_url = _told(arguments.index_url, result.index_url)
    return PackageAnalysisFacts(
        document_id=base.document_id(metadata),
        datetime=base.document_datetime(metadata),
        duration=base.document_duration(metadata),
        package_analyzer_name=metadata.analyzer,
        package_analyzer_version=metadata.analyzer_version,
        debug=bool(call.verbose),
        error=bool(result.error),
        error_message=result.error_message or None,
        package_name=normalize_python_package_name(name),
        package_version=None if version is None else normalize_python_package_version(version),
        index_url=None if index_url is None else normalize_python_index_url(index_url),
        artifacts=artifacts,
    )


def _result(value: dict[str, Any]) -> tuple[Result, dict[str, ArtifactFact]]:
    result = base.convert(value, Result, "$.result")
    if result.artifacts is not None:
        return result, _artifacts([(f"$.result.artifacts[{n}]", file) for n, file in enumerate(result.artifacts)])
    if result.error:
        return result, {}
    # Of 2019-07: a URL leads to what its index has. Whatever else is there is of no known form.
    by_url = {url: entry for url, entry in value.items() if isinstance(entry, Mapping) and "files" in entry}
    if not by_url:
        raise SchemaError("$.result.artifacts: absent")
    of_indexes = {url: base.convert(entry, ResultOfIndex, f"$.result.{url}") for url, entry in by_url.items()}
    first = next(iter(of_indexes.values()))
    urls = {of_index.index_url or url for url, of_index in of_indexes.items()}
    result = Result(
        package_name=first.package_name,
        package_version=first.package_version,
        index_url=urls.pop() if len(urls) == 1 else None,
    )
    return result, _artifacts(
        [
            (f"$.result.{url}.files[{number}]", file)
            for url, of_index in of_indexes.items()
            for number, file in enumerate(of_index.files)
        ]
    )


def _artifacts(files: list[tuple[str, Artifact]]) -> dict[str, ArtifactFact]:
    found: dict[str, ArtifactFact] = {}
    for path, file in files:
        digest = file.sha256.lower().removeprefix("sha256:")
        if not digest:
            raise SchemaError(f"{path}.sha256: empty")
        fact = ArtifactFact(
            artifact_name=file.name or None,
            python_files=paths_by_digest(
                (
                    (number, included.filepath, included.sha256)
                    for number, included in enumerate(file.digests or ())
                    if included.filepath.endswith(_SOURCE_FILE)
                ),
                f"{path}.digests",
            ),
            symbols=symbols_of_libraries(file.symbols, f"{path}.symbols"),
        )
        found.setdefault(digest, fact)
        if found[digest] is not fact:
            found[digest].unite(fact)
    return found


def _told(argument: Number, of_result: str | None) -> str | None:
    """Return what an argument says; text of the result, where the argument was taken for a number."""
    texts = (argument if isinstance(argument, str) else None, of_result, None if argument is None else str(argument))
    return next((text.strip() for text in texts if text and text.strip()), None)
