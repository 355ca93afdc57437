"""Observations on the object store."""

from __future__ import annotations

from .result_base import ResultStorageBase


class ObservationResultsStore(ResultStorageBase):
    """What was observed of running applications."""

    RESULT_TYPE = "observations"
