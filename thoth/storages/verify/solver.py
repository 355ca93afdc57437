"""What solver documents tell."""

from __future__ import annotations

import hashlib

from ..documents.solver import PackageFact, Requirement, SolverFacts
from .facts import Facts, Key
from .shared import tell_interned

_ECOSYSTEM = "python"


def tell_solver_document(facts: Facts, document: SolverFacts) -> None:
    """Tell a run of a solver, and all that it says of package versions."""
    of = document.environment
    environment = (of.os_name, of.os_version, of.python_version)
    facts.add(
        "solver_run",
        document.document_id,
        document_id=document.document_id,
        datetime=document.datetime,
        duration=document.duration,
        ecosystem_solver_id=(_ECOSYSTEM, document.solver_name, document.solver_version, environment),
    )
    for package in document.packages:
        version = ((package.package_name, package.package_version), environment, package.index_url)
        _tell_solved(facts, document.document_id, version, package)
        for number, requirement in enumerate(package.requirements):
            facts.add(
                "depends_on",
                document.document_id,
                python_package_version_id=version,
                solver_run_id=document.document_id,
                requirement_number=number,
                version_set_id=_tell_version_set(facts, document.document_id, requirement),
                specifier=requirement.specifier,
                marker=requirement.marker,
                extra=requirement.extra,
                marker_evaluation_result=requirement.marker_evaluation_result,
            )
        for digest in package.sha256:
            facts.add(
                "has_artifact",
                document.document_id,
                python_package_version_id=version,
                solver_run_id=document.document_id,
                python_artifact_id=digest,
            )


def _tell_solved(facts: Facts, document_id: str, version: Key, package: PackageFact) -> None:
    metadata = package.core_metadata
    facts.add(
        "solved",
        document_id,
        python_package_version_id=version,
        solver_run_id=document_id,
        error=package.error,
        error_unsolvable=package.error_unsolvable,
        error_unparseable=package.error_unparseable,
        is_provided=package.is_provided,
        python_package_metadata_id=(
            tell_interned(facts, document_id, "python_package_metadata", metadata) if metadata else None
        ),
        python_package_license_id=package.license,
        package_license_warning=package.license_warning,
        import_packages=package.import_packages,
    )


def _tell_version_set(facts: Facts, document_id: str, requirement: Requirement) -> str:
    """Tell the versions that a requirement admits; return their digest: that of the name and the sorted versions."""
    name, versions = requirement.package_name, sorted(requirement.versions)
    digest = hashlib.sha256("".join(f"{part}\0" for part in [name, *versions]).encode()).hexdigest()
    if not facts.has("version_set", digest):
        releases = [(name, version) for version in versions]
        facts.add("version_set", document_id, digest=digest, package_name=name, python_release_ids=releases)
    return digest
