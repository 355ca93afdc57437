"""Results of advisers on the object store."""

from __future__ import annotations

from .result_base import ResultStorageBase


class AdvisersResultsStore(ResultStorageBase):
    """Recommended software stacks."""

    RESULT_TYPE = "adviser"
