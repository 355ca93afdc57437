"""Image analyses by the digest of the image, on the object store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .result_base import DocumentStoreBase


class AnalysisByDigest(DocumentStoreBase):
    """Which analysis there is of an image."""

    RESULT_TYPE = "analysis-by-digest"
    HAS_TIMES = False

    def store_document(self, digest: str, document: Mapping[str, Any]) -> str:
        """Store a document about an image, and return the digest; one that is there is replaced.

        Raises:
            SchemaError: it is no JSON object, or holds what JSON has no form for.
            ValueError: the digest cannot be part of a key.

        """
        return self.ceph.store_document(document, digest)
