"""Documents of every kind, and how each store is told to keep one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.stores.conftest import Place
from thoth.storages.advisers import AdvisersResultsStore
from thoth.storages.advisers_cache import AdvisersCacheStore
from thoth.storages.analyses import AnalysisResultsStore
from thoth.storages.analyses_by_digest import AnalysisByDigest
from thoth.storages.analyses_cache import AnalysesCacheStore
from thoth.storages.buildlogs import BuildLogsStore
from thoth.storages.buildlogs_analyses import BuildLogsAnalysisResultsStore
from thoth.storages.buildlogs_analyses_cache import BuildLogsAnalysesCacheStore
from thoth.storages.ceph import CephStore
from thoth.storages.ceph_cache import CephCache
from thoth.storages.dependency_monkey_reports import DependencyMonkeyReportsStore
from thoth.storages.inspections import InspectionResultsStore
from thoth.storages.observations import ObservationResultsStore
from thoth.storages.package_analyses import PackageAnalysisResultsStore
from thoth.storages.provenance import ProvenanceResultsStore
from thoth.storages.provenance_cache import ProvenanceCacheStore
from thoth.storages.result_base import DocumentStoreBase, ResultStorageBase
from thoth.storages.solvers import SolverResultsStore

Json = dict[str, Any]


def store_at(place: Place, prefix: str = "store", **changes: Any) -> CephStore:
    """A store by keys that is not yet connected."""
    return CephStore(f"{place.prefix}/{prefix}", **{**place.access, **changes})


def result_document(document_id: str | None = "adviser-220301120000-0123456789abcdef", **result: Any) -> Json:
    """A document in the envelope that all tools write, with the keys of 2022."""
    metadata: Json = {
        "analyzer": "thoth-adviser",
        "analyzer_version": "0.52.0",
        "arguments": {"thoth-adviser": {"verbose": True}, "advise": {"count": 1}},
        "datetime": "2022-03-01T12:00:00.000001",
        "distribution": {"codename": "Ootpa", "id": "rhel", "like": "fedora", "version": "8.5", "version_parts": {}},
        "hostname": f"{document_id}-1234567890",
        "python": {"api_version": 1013, "implementation_name": "cpython", "major": 3, "minor": 8, "micro": 6},
        "timestamp": 1646136000,
        "duration": 12,
        "document_id": document_id,
        "os_release": {"id": "rhel", "name": "Red Hat Enterprise Linux"},
        "thoth_deployment_name": "ocp4-stage",
    }
    return {"metadata": metadata, "result": result}


def inspection_document(inspection_id: str, **more: Any) -> Json:
    """An inspection of 2019, as one document."""
    return {
        "inspection_id": inspection_id,
        "created": "2019-09-01T10:00:00",
        "build_log": "STEP 1: FROM fedora\n",
        "job_log": {"exit_code": 0, "stdout": {"name": "PiMatmul"}, "stderr": ""},
        "specification": {"base": "fedora", "script": "matmul.py"},
        "status": {"build": {}, "job": {}},
        **more,
    }


@dataclass(frozen=True)
class Case:
    """A store, and the documents that tests give to it."""

    store: type[DocumentStoreBase]
    result_type: str
    document: Callable[[int], Json]
    """Makes the document with a number."""
    id_of: Callable[[int], str] | None = None
    """Makes the identifier, when the caller gives one."""

    def make(self, place: Place) -> DocumentStoreBase:
        name = "bucket_prefix" if self.store is BuildLogsStore else "prefix"
        return self.store("test", **place.access, **{name: place.prefix})

    def connected(self, place: Place) -> DocumentStoreBase:
        store = self.make(place)
        store.connect()
        return store

    def put(self, store: DocumentStoreBase, number: int) -> str:
        """Store the document with a number; return its identifier."""
        document = self.document(number)
        if isinstance(store, CephCache):
            assert self.id_of is not None
            return store.store_document_record(self.id_of(number), document)
        if isinstance(store, AnalysisByDigest):
            assert self.id_of is not None
            return store.store_document(self.id_of(number), document)
        assert isinstance(store, (ResultStorageBase, BuildLogsStore))
        return store.store_document(document)


def _result(store: type[DocumentStoreBase], result_type: str, name: str) -> Case:
    return Case(store, result_type, lambda number: result_document(f"{name}-2203011200{number:02}-{number:016x}"))


def _cache(store: type[DocumentStoreBase], result_type: str) -> Case:
    return Case(
        store,
        result_type,
        lambda number: {"analysis_id": f"analysis-{number}"},
        lambda number: hashlib.sha256(str(number).encode()).hexdigest(),
    )


CASES = [
    _result(SolverResultsStore, "solver", "solver-rhel-8-py38"),
    _result(AdvisersResultsStore, "adviser", "adviser"),
    _result(AnalysisResultsStore, "analysis", "package-extract"),
    _result(PackageAnalysisResultsStore, "package-analysis", "package-analyzer"),
    _result(ProvenanceResultsStore, "provenance", "provenance-checker"),
    _result(DependencyMonkeyReportsStore, "dependency-monkey-reports", "dependency-monkey"),
    _result(BuildLogsAnalysisResultsStore, "buildlogs-analysis", "buildlogs-analysis"),
    _result(ObservationResultsStore, "observations", "observation"),
    Case(InspectionResultsStore, "inspection", lambda number: inspection_document(f"inspection-test-{number:08x}")),
    Case(BuildLogsStore, "buildlogs", lambda number: {"log": f"line {number}\nünïcode"}),
    Case(
        AnalysisByDigest,
        "analysis-by-digest",
        lambda number: {"analysis_id": f"package-extract-{number}"},
        lambda number: f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}",
    ),
    _cache(AdvisersCacheStore, "adviser-cache"),
    _cache(AnalysesCacheStore, "analysis-cache"),
    _cache(ProvenanceCacheStore, "provenance-cache"),
    _cache(BuildLogsAnalysesCacheStore, "buildlogs-analysis-cache"),
]
