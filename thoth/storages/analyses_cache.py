"""Cache of image analyses on the object store."""

from __future__ import annotations

from .ceph_cache import CephCache


class AnalysesCacheStore(CephCache):
    """The document that answers a request for an image analysis, by the digest of the request."""

    RESULT_TYPE = "analysis-cache"
