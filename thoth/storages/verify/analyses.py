"""What analyses of images and of packages tell."""

from __future__ import annotations

from ..documents.analysis import AnalysisFacts
from ..documents.package_analysis import PackageAnalysisFacts
from .facts import Facts
from .shared import tell_interned


def tell_analysis_document(facts: Facts, document: AnalysisFacts) -> None:
    """Tell a run of package-extract, and what it found in the image."""
    document_id = document.document_id
    facts.add(
        "package_extract_run",
        document_id,
        document_id=document_id,
        datetime=document.datetime,
        duration=document.duration,
        package_extract_name=document.package_extract_name,
        package_extract_version=document.package_extract_version,
        debug=document.debug,
        origin=document.origin,
        software_environment_id=tell_interned(facts, document_id, "software_environment", document.environment),
        image_name=document.image_name,
        image_tag=document.image_tag,
        layers=document.layers,
        image_size=document.image_size,
        os_id=document.os_id,
        os_version_id=document.os_version_id,
        thoth_image_name=document.thoth_image_name,
        thoth_image_version=document.thoth_image_version,
        env_image_name=document.env_image_name,
        env_image_tag=document.env_image_tag,
    )
    run = {"package_extract_run_id": document_id}
    for rpm in document.rpm_packages:
        digest = tell_interned(facts, document_id, "rpm_package_version", rpm)
        facts.add("found_rpm", document_id, **run, rpm_package_version_id=digest)
    for deb in document.deb_packages:
        digest = tell_interned(facts, document_id, "deb_package_version", deb)
        facts.add("found_deb", document_id, **run, deb_package_version_id=digest)
    for release, locations in document.python_packages.items():
        facts.add("identified_python_package", document_id, **run, python_release_id=release, locations=locations)
    for content, files in document.python_files.items():
        facts.add("found_python_file", document_id, **run, python_file_digest_id=content, files=files)
    for interpreter in document.interpreters:
        facts.add(
            "found_python_interpreter",
            document_id,
            **run,
            path=interpreter.path,
            link=interpreter.link,
            version=interpreter.version,
        )
    for symbol in document.symbols:
        facts.add("detected_symbol", document_id, **run, versioned_symbol_id=symbol)


def tell_package_analysis_document(facts: Facts, document: PackageAnalysisFacts) -> None:
    """Tell a run of package-analyzer, and what it found in the files of the release."""
    document_id = document.document_id
    facts.add(
        "package_analyzer_run",
        document_id,
        document_id=document_id,
        datetime=document.datetime,
        duration=document.duration,
        package_analyzer_name=document.package_analyzer_name,
        package_analyzer_version=document.package_analyzer_version,
        debug=document.debug,
        package_analyzer_error=document.error,
        error_message=document.error_message,
        python_release_id=(document.package_name, document.package_version),
        python_package_index_id=document.index_url,
    )
    for sha256, artifact in document.artifacts.items():
        of = {"package_analyzer_run_id": document_id, "python_artifact_id": sha256}
        facts.add("investigated_artifact", document_id, **of, artifact_name=artifact.artifact_name)
        for content, files in artifact.python_files.items():
            facts.add("included_file", document_id, **of, python_file_digest_id=content, files=files)
        for symbol in artifact.symbols:
            facts.add("requires_symbol", document_id, **of, versioned_symbol_id=symbol)
