"""Checks of what is not the database: settings, the object store, the graph cache file."""

from __future__ import annotations

import os
from pathlib import Path

from ..ceph import CephStore
from ..config import (
    CEPH_BUCKET,
    CEPH_BUCKET_PREFIX,
    CEPH_KEY_ID,
    CEPH_SECRET_KEY,
    DEPLOYMENT_NAME,
    GRAPH_CACHE,
    S3_ENDPOINT_URL,
    VARIABLES,
    DocumentStoreConfig,
    GraphCacheConfig,
)
from ..exceptions import CacheFileError, ConfigurationError, ThothStorageException
from ..graph import GraphCache
from .findings import Finding, Status

_OF_STORE = (S3_ENDPOINT_URL, CEPH_KEY_ID, CEPH_SECRET_KEY, CEPH_BUCKET, CEPH_BUCKET_PREFIX, DEPLOYMENT_NAME)
_MADE_ANEW = "thoth-storages graph-cache, or restore-cache, makes it anew"


def check_settings() -> Finding:
    """Read every variable of the environment."""
    wrong = []
    for variable in VARIABLES:
        try:
            variable.read()
        except ConfigurationError as error:
            wrong.append(str(error))
    if wrong:
        return Finding(
            "settings", Status.ERROR, "; ".join(wrong), "the table of variables in the README says what they take"
        )
    is_set = sum(variable.name in os.environ for variable in VARIABLES)
    return Finding("settings", Status.OK, f"{is_set} variables are set, and can be read")


def check_bucket() -> Finding:
    """Look whether the bucket is there, may be read, and holds documents of the deployment; nothing is written."""
    if not any(variable.read() for variable in _OF_STORE):
        return Finding("bucket", Status.OK, f"no object store is named ({S3_ENDPOINT_URL.name})")
    try:
        config = DocumentStoreConfig()
        store = CephStore.of(config, f"{config.bucket_prefix}/{config.deployment_name}")
        store.connect()
        first = next(store.get_document_listing(), None)
    except ThothStorageException as error:
        return Finding(
            "bucket", Status.ERROR, str(error), f"see {S3_ENDPOINT_URL.name} and its companions in the README"
        )
    if first is None:
        return Finding(
            "bucket",
            Status.WARNING,
            f"{config.place}: nothing is below {store.prefix!r}",
            f"are {CEPH_BUCKET_PREFIX.name} and {DEPLOYMENT_NAME.name} right?",
        )
    return Finding("bucket", Status.OK, f"{config.place}: holds documents below {store.prefix!r}")


def check_cache_file() -> Finding:
    """Read all of the graph cache file, and compare it with its checksums."""
    config = GraphCacheConfig()
    if config.disabled or config.path is None:
        why = "the graph cache is switched off" if config.disabled else f"no file is named ({GRAPH_CACHE.name})"
        return Finding("cache file", Status.OK, why)
    path = Path(config.path)
    if not os.path.lexists(path):
        status = Status.ERROR if config.offline else Status.WARNING
        return Finding("cache file", status, f"{path}: no such file", _MADE_ANEW)
    try:
        with GraphCache(config.path) as cache:
            whole = cache.verify()
    except CacheFileError as error:
        return Finding("cache file", Status.ERROR, str(error), _MADE_ANEW)
    found = f"{path}: whole, {whole.packages} packages, {whole.added} package versions added"
    if not config.inserts_disabled and not os.access(path.parent, os.W_OK):
        return Finding(
            "cache file",
            Status.WARNING,
            f"{found}; its folder cannot be written",
            "answers cannot be added to the file",
        )
    return Finding("cache file", Status.OK, found)
