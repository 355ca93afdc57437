"""Results of build log analyses on the object store."""

from __future__ import annotations

from .result_base import ResultStorageBase


class BuildLogsAnalysisResultsStore(ResultStorageBase):
    """What was found in the logs of builds."""

    RESULT_TYPE = "buildlogs-analysis"
