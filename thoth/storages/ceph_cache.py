"""What the caches on the object store have in common; a record is kept until it is replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .ceph import Document
from .exceptions import CacheMiss, NotFoundError
from .result_base import DocumentStoreBase


class CephCache(DocumentStoreBase):
    """Records by identifiers that the caller makes."""

    HAS_TIMES = False

    def store_document_record(self, document_id: str, document: Mapping[str, Any]) -> str:
        """Store a record, and return its identifier; one that is there is replaced.

        Raises:
            SchemaError: it is no JSON object, or holds what JSON has no form for.
            ValueError: the identifier cannot be part of a key.

        """
        return self.ceph.store_document(document, document_id)

    def retrieve_document_record(self, document_id: str) -> Document:
        """Return a record.

        Raises:
            CacheMiss: there is none.
            SchemaError: what is stored is no JSON object; the message names the key.

        """
        try:
            return self.ceph.retrieve_document(document_id)
        except NotFoundError as error:
            raise CacheMiss(str(error)) from None
