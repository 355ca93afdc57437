"""Results of package analyses on the object store."""

from __future__ import annotations

from .result_base import ResultStorageBase


class PackageAnalysisResultsStore(ResultStorageBase):
    """Files and symbols that were found in artifacts of packages."""

    RESULT_TYPE = "package-analysis"
