"""Cache of provenance checks on the object store."""

from __future__ import annotations

from .ceph_cache import CephCache


class ProvenanceCacheStore(CephCache):
    """The document that answers a request for a provenance check, by the digest of the request."""

    RESULT_TYPE = "provenance-cache"
