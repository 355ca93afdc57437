"""Build logs on the object store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from .result_base import DocumentStoreBase


class BuildLogsStore(DocumentStoreBase):
    """Logs of builds, by the SHA-256 of what is stored: storing one again changes nothing."""

    RESULT_TYPE = "buildlogs"
    HAS_TIMES = False

    def __init__(
        self,
        deployment_name: str | None = None,
        *,
        host: str | None = None,
        key_id: str | None = None,
        secret_key: str | None = None,
        bucket: str | None = None,
        region: str | None = None,
        bucket_prefix: str | None = None,
    ) -> None:
        """Make a store; see `DocumentStoreBase`, whose ``prefix`` is called ``bucket_prefix`` here."""
        super().__init__(
            deployment_name,
            host=host,
            key_id=key_id,
            secret_key=secret_key,
            bucket=bucket,
            region=region,
            prefix=bucket_prefix,
        )
        self.prefix = self.ceph.prefix

    def get_document_id(self, document: Mapping[str, Any]) -> str:
        """Return the identifier of a build log: the SHA-256 of its stored form.

        Raises:
            SchemaError: it holds what JSON has no form for.

        """
        return hashlib.sha256(self.ceph.dict2blob(document)).hexdigest()

    def store_document(self, document: Mapping[str, Any]) -> str:
        """Store a build log, and return its identifier.

        Raises:
            SchemaError: it is no JSON object, or holds what JSON has no form for.

        """
        return self.ceph.store_document(document, self.get_document_id(document))
