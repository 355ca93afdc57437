"""Results of image analyses on the object store."""

from __future__ import annotations

from .result_base import ResultStorageBase


class AnalysisResultsStore(ResultStorageBase):
    """Packages and files that were found in container images."""

    RESULT_TYPE = "analysis"
