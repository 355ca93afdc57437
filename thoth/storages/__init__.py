"""Storage library of project Thoth."""

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
