"""Results of provenance checks on the object store."""

from __future__ import annotations

from .result_base import ResultStorageBase


class ProvenanceResultsStore(ResultStorageBase):
    """Whether locked packages come from where they should."""

    RESULT_TYPE = "provenance"
