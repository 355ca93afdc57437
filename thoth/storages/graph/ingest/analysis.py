"""Image analyses into the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from ...documents.analysis import AnalysisFacts, read_analysis_document
from ..models import (
    DebPackageVersion,
    DetectedSymbol,
    FoundDeb,
    FoundPythonFile,
    FoundPythonInterpreter,
    FoundRPM,
    IdentifiedPythonPackage,
    PackageExtractRun,
    PythonFileDigest,
    PythonRelease,
    RPMPackageVersion,
    VersionedSymbol,
)
from ..upsert import insert, insert_run
from .environments import interned_ids, software_environment_ids
from .lookup import known_or_new_ids
from .writers import documents_to_write

_RUN_COLUMNS = (
    "document_id",
    "datetime",
    "duration",
    "package_extract_name",
    "package_extract_version",
    "debug",
    "origin",
    "image_name",
    "image_tag",
    "layers",
    "image_size",
    "os_id",
    "os_version_id",
    "thoth_image_name",
    "thoth_image_version",
    "env_image_name",
    "env_image_tag",
)


def sync_analysis_result(session: Session, document: Mapping[str, Any], *, force: bool = False) -> None:
    """Put what an image analysis says into the graph; one that is in already is left alone.

    Args:
        session: an open session.
        document: an image analysis of any year, as parsed from JSON.
        force: replace what this document said before.

    Raises:
        SchemaError: the document does not have the shape of an image analysis; nothing is written.

    """
    sync_analysis_facts(session, read_analysis_document(document), force=force)


def sync_analysis_facts(session: Session, facts: AnalysisFacts, *, force: bool = False) -> bool:
    """Put what an image analysis states into the graph.

    Args:
        session: an open session.
        facts: what the document states.
        force: replace what this document said before.

    Returns:
        Whether it was written; otherwise it was in already.

    Raises:
        RetryTransaction: a document that has to be replaced came in while this began.

    """
    if not documents_to_write(session, PackageExtractRun, [facts.document_id], force=force):
        return False
    (environment_id,) = software_environment_ids(session, [facts.environment])
    release_ids = known_or_new_ids(
        session,
        PythonRelease,
        ({"package_name": name, "package_version": version} for name, version in facts.python_packages),
    )
    # Images are many, and so is what is in them: it is not remembered.
    digest_ids = known_or_new_ids(
        session, PythonFileDigest, ({"sha256": digest} for digest in facts.python_files), remember=False
    )
    symbol_ids = known_or_new_ids(
        session,
        VersionedSymbol,
        ({"library_name": library, "symbol": symbol} for library, symbol in facts.symbols),
        remember=False,
    )
    rpm_ids = interned_ids(session, RPMPackageVersion, facts.rpm_packages, remember=False)
    deb_ids = interned_ids(session, DebPackageVersion, facts.deb_packages, remember=False)
    run_id = insert_run(
        session,
        PackageExtractRun,
        {name: getattr(facts, name) for name in _RUN_COLUMNS} | {"software_environment_id": environment_id},
    )
    if run_id is None:
        return False
    run = {"package_extract_run_id": run_id}
    insert(session, FoundRPM, [{**run, "rpm_package_version_id": id_} for id_ in rpm_ids])
    insert(session, FoundDeb, [{**run, "deb_package_version_id": id_} for id_ in deb_ids])
    insert(
        session,
        IdentifiedPythonPackage,
        [
            {**run, "python_release_id": release_ids[release], "locations": locations}
            for release, locations in facts.python_packages.items()
        ],
    )
    insert(
        session,
        FoundPythonFile,
        [
            {**run, "python_file_digest_id": digest_ids[digest], "files": paths}
            for digest, paths in facts.python_files.items()
        ],
    )
    insert(session, FoundPythonInterpreter, [{**run, **entry._asdict()} for entry in facts.interpreters])
    insert(session, DetectedSymbol, [{**run, "versioned_symbol_id": symbol_ids[symbol]} for symbol in facts.symbols])
    return True
