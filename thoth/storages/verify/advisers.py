"""What documents of thoth-adviser tell: advice, provenance checks, reports of Dependency Monkey."""

from __future__ import annotations

from typing import Any

from ..documents.adviser import AdviserFacts, ProjectFact
from ..documents.dependency_monkey import DependencyMonkeyFacts
from ..documents.provenance_checker import ProvenanceCheckerFacts
from .facts import Facts
from .shared import tell_hardware, tell_requirements, tell_software_environment, tell_stack


def tell_adviser_document(facts: Facts, document: AdviserFacts) -> None:
    """Tell a run of the adviser, and the stacks that it recommends."""
    document_id = document.document_id
    facts.add(
        "adviser_run",
        document_id,
        document_id=document_id,
        datetime=document.datetime,
        duration=document.duration,
        adviser_name=document.adviser_name,
        adviser_version=document.adviser_version,
        debug=document.debug,
        origin=document.origin,
        source_type=document.source_type,
        is_s2i=document.is_s2i,
        re_run_adviser_document_id=document.re_run_adviser_document_id,
        adviser_error=document.adviser_error,
        error_message=document.error_message,
        additional_stack_info=document.additional_stack_info,
        advised_configuration_changes=document.advised_configuration_changes,
        count=document.count,
        stack_limit=document.stack_limit,
        limit_latest_versions=document.limit_latest_versions,
        recommendation_type=document.recommendation_type,
        requirements_format=document.requirements_format,
        unresolved=document.unresolved,
        **_project(facts, document_id, document.project),
    )
    for product in document.products:
        facts.add(
            "advised",
            document_id,
            adviser_run_id=document_id,
            product_number=product.product_number,
            python_software_stack_id=tell_stack(facts, document_id, product.stack),
            overall_score=product.overall_score,
            performance_score=product.performance_score,
            justification=product.justification,
        )


def tell_provenance_checker_document(facts: Facts, document: ProvenanceCheckerFacts) -> None:
    """Tell a run of the provenance checker, and what it found."""
    document_id = document.document_id
    facts.add(
        "provenance_checker_run",
        document_id,
        document_id=document_id,
        datetime=document.datetime,
        duration=document.duration,
        provenance_checker_name=document.provenance_checker_name,
        provenance_checker_version=document.provenance_checker_version,
        debug=document.debug,
        origin=document.origin,
        provenance_checker_error=document.provenance_checker_error,
        error_message=document.error_message,
        **_project(facts, document_id, document.project),
    )
    for number, finding in enumerate(document.findings):
        release = None if finding.package_name is None else (finding.package_name, finding.package_version)
        facts.add(
            "provenance_report_entry",
            document_id,
            provenance_checker_run_id=document_id,
            entry_number=number,
            entry_type=finding.entry_type,
            entry_id=finding.entry_id,
            justification=finding.justification,
            python_release_id=release,
            python_package_index_id=finding.index_url,
        )


def tell_dependency_monkey_document(facts: Facts, document: DependencyMonkeyFacts) -> None:
    """Tell a run of Dependency Monkey, and the inspections that it asked for."""
    document_id = document.document_id
    run_environment, build_environment = (
        tell_software_environment(facts, document_id, environment)
        for environment in (document.run_software_environment, document.build_software_environment)
    )
    facts.add(
        "dependency_monkey_run",
        document_id,
        document_id=document_id,
        datetime=document.datetime,
        duration=document.duration,
        dependency_monkey_name=document.name,
        dependency_monkey_version=document.version,
        debug=document.debug,
        dependency_monkey_error=document.error,
        error_message=document.error_message,
        seed=document.seed,
        decision=document.decision,
        count=document.count,
        limit_latest_versions=document.limit_latest_versions,
        skipped=document.skipped,
        python_requirements_id=tell_requirements(facts, document_id, document.requirements),
        run_software_environment_id=run_environment,
        build_software_environment_id=build_environment,
        hardware_information_id=tell_hardware(facts, document_id, document.hardware),
    )
    for inspection_document_id in document.inspection_document_ids:
        facts.add(
            "requested_inspection",
            document_id,
            dependency_monkey_run_id=document_id,
            inspection_document_id=inspection_document_id,
        )


def _project(facts: Facts, document_id: str, project: ProjectFact) -> dict[str, Any]:
    """Tell the project of a user; return the columns of a run that refer to it."""
    return {
        "python_software_stack_id": tell_stack(facts, document_id, project.stack),
        "software_environment_id": tell_software_environment(facts, document_id, project.software_environment),
        "hardware_information_id": tell_hardware(facts, document_id, project.hardware),
    }
