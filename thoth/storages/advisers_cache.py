"""Cache of advises on the object store."""

from __future__ import annotations

from .ceph_cache import CephCache


class AdvisersCacheStore(CephCache):
    """The document that answers a request for an advise, by the digest of the request."""

    RESULT_TYPE = "adviser-cache"
