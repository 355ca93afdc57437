"""Package analyses into the graph."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from ...documents.package_analysis import PackageAnalysisFacts, read_package_analysis_document
from ..models import (
    IncludedFile,
    InvestigatedArtifact,
    PackageAnalyzerRun,
    PythonArtifact,
    PythonFileDigest,
    PythonPackageIndex,
    PythonRelease,
    RequiresSymbol,
    VersionedSymbol,
)
from ..upsert import insert, insert_run
from .lookup import known_or_new_ids
from .writers import documents_to_write


def sync_package_analysis_result(session: Session, document: Mapping[str, Any], *, force: bool = False) -> None:
    """Put what a package analysis says into the graph; one that is in already is left alone.

    An index that is not registered is registered, disabled.

    Args:
        session: an open session.
        document: a package analysis of any year, as parsed from JSON.
        force: replace what this document said before.

    Raises:
        SchemaError: the document does not have the shape of a package analysis; nothing is written.

    """
    sync_package_analysis_facts(session, read_package_analysis_document(document), force=force)


def sync_package_analysis_facts(session: Session, facts: PackageAnalysisFacts, *, force: bool = False) -> bool:
    """Put what a package analysis states into the graph.

    Args:
        session: an open session.
        facts: what the document states.
        force: replace what this document said before.

    Returns:
        Whether it was written; otherwise it was in already.

    Raises:
        RetryTransaction: a document that has to be replaced came in while this began.

    """
    if not documents_to_write(session, PackageAnalyzerRun, [facts.document_id], force=force):
        return False
    # Before releases, as in the function that solver documents go in by: one order for all writers.
    artifact_ids = known_or_new_ids(
        session, PythonArtifact, ({"artifact_hash_sha256": digest} for digest in facts.artifacts), remember=False
    )
    urls = [{"url": facts.index_url}] if facts.index_url else []
    index_ids = known_or_new_ids(session, PythonPackageIndex, urls)
    release = {"package_name": facts.package_name, "package_version": facts.package_version}
    (release_id,) = known_or_new_ids(session, PythonRelease, [release]).values()
    ids = _content_ids(session, facts, artifact_ids)
    run_id = insert_run(
        session,
        PackageAnalyzerRun,
        {
            "document_id": facts.document_id,
            "datetime": facts.datetime,
            "duration": facts.duration,
            "package_analyzer_name": facts.package_analyzer_name,
            "package_analyzer_version": facts.package_analyzer_version,
            "debug": facts.debug,
            "package_analyzer_error": facts.error,
            "error_message": facts.error_message,
            "python_release_id": release_id,
            "python_package_index_id": index_ids[facts.index_url] if facts.index_url else None,
        },
    )
    if run_id is None:
        return False
    _insert_artifacts(session, run_id, facts, ids)
    return True


class _ContentIds(NamedTuple):
    """Ids of what artifacts hold, and of themselves, by what identifies each."""

    artifacts: Mapping[Hashable, int]
    digests: Mapping[Hashable, int]
    symbols: Mapping[Hashable, int]


def _content_ids(session: Session, facts: PackageAnalysisFacts, artifact_ids: Mapping[Hashable, int]) -> _ContentIds:
    digest_ids = known_or_new_ids(
        session,
        PythonFileDigest,
        ({"sha256": digest} for artifact in facts.artifacts.values() for digest in artifact.python_files),
        remember=False,
    )
    symbol_ids = known_or_new_ids(
        session,
        VersionedSymbol,
        (
            {"library_name": library, "symbol": symbol}
            for artifact in facts.artifacts.values()
            for library, symbol in artifact.symbols
        ),
        remember=False,
    )
    return _ContentIds(artifact_ids, digest_ids, symbol_ids)


def _insert_artifacts(session: Session, run_id: int, facts: PackageAnalysisFacts, ids: _ContentIds) -> None:
    artifacts = [
        ({"package_analyzer_run_id": run_id, "python_artifact_id": ids.artifacts[digest]}, artifact)
        for digest, artifact in facts.artifacts.items()
    ]
    insert(
        session,
        InvestigatedArtifact,
        [{**key, "artifact_name": artifact.artifact_name} for key, artifact in artifacts],
    )
    insert(
        session,
        IncludedFile,
        [
            {**key, "python_file_digest_id": ids.digests[digest], "files": paths}
            for key, artifact in artifacts
            for digest, paths in artifact.python_files.items()
        ],
    )
    insert(
        session,
        RequiresSymbol,
        [
            {**key, "versioned_symbol_id": ids.symbols[symbol]}
            for key, artifact in artifacts
            for symbol in artifact.symbols
        ],
    )
