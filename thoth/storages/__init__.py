"""Storage library of project Thoth.

Names are imported when they are first used: who wants a store alone does not wait for SQLAlchemy, and who wants the
graph alone does not wait for the stores. https://peps.python.org/pep-0562/
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .advisers import AdvisersResultsStore
    from .advisers_cache import AdvisersCacheStore
    from .analyses import AnalysisResultsStore
    from .analyses_by_digest import AnalysisByDigest
    from .analyses_cache import AnalysesCacheStore
    from .buildlogs import BuildLogsStore
    from .buildlogs_analyses import BuildLogsAnalysisResultsStore
    from .buildlogs_analyses_cache import BuildLogsAnalysesCacheStore
    from .ceph import CephStore
    from .dependency_monkey_reports import DependencyMonkeyReportsStore
    from .graph import GraphCache, GraphDatabase
    from .graph_cache import GraphCacheStore
    from .inspections import InspectionResultsStore
    from .package_analyses import PackageAnalysisResultsStore
    from .provenance import ProvenanceResultsStore
    from .provenance_cache import ProvenanceCacheStore
    from .result_schema import RESULT_SCHEMA
    from .solvers import SolverResultsStore
    from .sync import (
        sync_adviser_documents,
        sync_analysis_documents,
        sync_dependency_monkey_documents,
        sync_documents,
        sync_inspection_documents,
        sync_package_analysis_documents,
        sync_provenance_checker_documents,
        sync_solver_documents,
    )

__version__ = "1.0.0.dev0"

__all__ = [
    "RESULT_SCHEMA",
    "AdvisersCacheStore",
    "AdvisersResultsStore",
    "AnalysesCacheStore",
    "AnalysisByDigest",
    "AnalysisResultsStore",
    "BuildLogsAnalysesCacheStore",
    "BuildLogsAnalysisResultsStore",
    "BuildLogsStore",
    "CephStore",
    "DependencyMonkeyReportsStore",
    "GraphCache",
    "GraphCacheStore",
    "GraphDatabase",
    "InspectionResultsStore",
    "PackageAnalysisResultsStore",
    "ProvenanceCacheStore",
    "ProvenanceResultsStore",
    "SolverResultsStore",
    "__version__",
    "sync_adviser_documents",
    "sync_analysis_documents",
    "sync_dependency_monkey_documents",
    "sync_documents",
    "sync_inspection_documents",
    "sync_package_analysis_documents",
    "sync_provenance_checker_documents",
    "sync_solver_documents",
]

_MODULES = {
    "AdvisersResultsStore": "advisers",
    "AdvisersCacheStore": "advisers_cache",
    "AnalysisResultsStore": "analyses",
    "AnalysisByDigest": "analyses_by_digest",
    "AnalysesCacheStore": "analyses_cache",
    "BuildLogsStore": "buildlogs",
    "BuildLogsAnalysisResultsStore": "buildlogs_analyses",
    "BuildLogsAnalysesCacheStore": "buildlogs_analyses_cache",
    "CephStore": "ceph",
    "DependencyMonkeyReportsStore": "dependency_monkey_reports",
    "GraphCache": "graph",
    "GraphDatabase": "graph",
    "GraphCacheStore": "graph_cache",
    "InspectionResultsStore": "inspections",
    "PackageAnalysisResultsStore": "package_analyses",
    "ProvenanceResultsStore": "provenance",
    "ProvenanceCacheStore": "provenance_cache",
    "RESULT_SCHEMA": "result_schema",
    "SolverResultsStore": "solvers",
    "sync_adviser_documents": "sync",
    "sync_analysis_documents": "sync",
    "sync_dependency_monkey_documents": "sync",
    "sync_documents": "sync",
    "sync_inspection_documents": "sync",
    "sync_package_analysis_documents": "sync",
    "sync_provenance_checker_documents": "sync",
    "sync_solver_documents": "sync",
}
"""Where each name is defined."""


if not TYPE_CHECKING:  # a type checker takes any name for one that this function knows, misspelt ones, too

    def __getattr__(name: str) -> Any:
        """Import a name, or a module that defines one."""
        if name in _MODULES.values():
            return import_module(f".{name}", __name__)
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f".{_MODULES[name]}", __name__), name)
        return value


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted({*globals(), *__all__})
