"""Cache of build log analyses on the object store."""

from __future__ import annotations

from .ceph_cache import CephCache


class BuildLogsAnalysesCacheStore(CephCache):
    """The document that answers a request for a build log analysis, by the digest of the request."""

    RESULT_TYPE = "buildlogs-analysis-cache"
