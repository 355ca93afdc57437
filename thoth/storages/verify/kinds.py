"""The one table: for each kind of document, the table of its runs, and how a document tells its facts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from ..documents import kinds
from ..documents.inspection import InspectionFacts
from ..graph.models import (
    AdviserRun,
    DependencyMonkeyRun,
    InspectionRun,
    PackageAnalyzerRun,
    PackageExtractRun,
    ProvenanceCheckerRun,
    SolverRun,
)
from ..graph.models_base import Base
from .advisers import tell_adviser_document, tell_dependency_monkey_document, tell_provenance_checker_document
from .analyses import tell_analysis_document, tell_package_analysis_document
from .facts import Facts, Key
from .inspections import tell_inspection_document
from .solver import tell_solver_document


@dataclass(frozen=True)
class Reading:
    """How documents of a kind are read."""

    model: type[Base]
    """Of the runs; a document is one run, or several."""
    tell: Callable[[Facts, Any], None]
    """Adds what a document tells."""
    run_keys: Callable[[Any], list[Key]] = lambda document: [(document.document_id,)]
    """Returns the natural keys of the runs that a document tells of."""
    only: Callable[[Any, Collection[Key]], Any] = lambda document, _: document
    """Returns a document with no more than some of its runs."""

    @property
    def table(self) -> Table:
        """The table of the runs; the first column of its natural key is the identifier of the document."""
        return Base.metadata.tables[self.model.__tablename__]


def _inspection_runs(document: InspectionFacts) -> list[Key]:
    return [(document.document_id, result.result_number) for result in document.results]


def _inspection_of(document: InspectionFacts, runs: Collection[Key]) -> InspectionFacts:
    results = tuple(result for result in document.results if (document.document_id, result.result_number) in runs)
    return dataclasses.replace(document, results=results)


READINGS: Mapping[str, Reading] = {
    kinds.SOLVER: Reading(SolverRun, tell_solver_document),
    kinds.ADVISER: Reading(AdviserRun, tell_adviser_document),
    kinds.ANALYSIS: Reading(PackageExtractRun, tell_analysis_document),
    kinds.PACKAGE_ANALYSIS: Reading(PackageAnalyzerRun, tell_package_analysis_document),
    kinds.PROVENANCE_CHECKER: Reading(ProvenanceCheckerRun, tell_provenance_checker_document),
    kinds.DEPENDENCY_MONKEY: Reading(DependencyMonkeyRun, tell_dependency_monkey_document),
    kinds.INSPECTION: Reading(InspectionRun, tell_inspection_document, _inspection_runs, _inspection_of),
}
