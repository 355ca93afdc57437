"""The graph cache file on the object store."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from .base import CHUNK_SIZE, written_whole
from .config import GRAPH_CACHE
from .exceptions import CacheFileError, ConfigurationError, NotFoundError, StoreError, ThothStorageException
from .graph.cache_file import replacing
from .result_base import DocumentStoreBase

_LOGGER = logging.getLogger(__name__)

FILE_NAME = "graph_cache.sqlite3"
_DIGESTS = f"{FILE_NAME}.sha256/"
_DIGESTS_KEPT = 10
"""How many of the files last stored are known; as many may be on their way at once."""


@dataclass(frozen=True)
class StoredCache:
    """A graph cache file that was stored or retrieved."""

    path: str
    key: str
    size: int
    sha256: str


class GraphCacheStore(DocumentStoreBase):
    """Keeps one graph cache file: ``<bucket prefix>/<deployment>/graph-cache/graph_cache.sqlite3``.

    Beside it, ``graph_cache.sqlite3.sha256/`` holds an object for each of the files last stored, whose name is a time
    and the digest of the file. It is there before its file is, and a file with any of these digests is whole: so a
    reader, between two writers, never takes a good file for a damaged one.
    """

    RESULT_TYPE = "graph-cache"
    HAS_TIMES = False

    @property
    def key(self) -> str:
        """Key of the file."""
        return f"{self.prefix}/{FILE_NAME}"

    def store(self, path: str | Path | None = None) -> StoredCache:
        """Store a graph cache file; the one that is there is replaced when all of this one has arrived.

        Args:
            path: of the file; not given: ``THOTH_STORAGES_GRAPH_CACHE``. What was added to it and lies in a file
                beside (``-wal``) is stored with it.

        Returns:
            What was stored.

        Raises:
            NotFoundError: there is no such file.
            CacheFileError: the file cannot be read, or was added to in the meantime.

        """
        source = _path_of(path)
        _ = self.ceph.objects  # raises before anything is read
        with _at_rest(source) as file:
            before = os.fstat(file.fileno())
            sha256, size = _digest_of(file)
            now = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%fZ")
            self.ceph.store_blob(f"{sha256}  {FILE_NAME}\n", f"{_DIGESTS}{now}-{sha256}")
            # A copy of the handle: whoever sends a file may close it.
            with open(os.dup(file.fileno()), "rb") as content:
                content.seek(0)
                self.ceph.objects.upload(self.key, content)
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise CacheFileError(f"{source}: was added to while it was stored: store it again")
        self._forget_old_digests(sha256)
        return StoredCache(str(source), self.key, size, sha256)

    def retrieve(self, path: str | Path | None = None) -> StoredCache:
        """Retrieve the graph cache file; the file at ``path`` is replaced when all of it is there and verified.

        Args:
            path: where to put it; not given: ``THOTH_STORAGES_GRAPH_CACHE``.

        Returns:
            What was retrieved.

        Raises:
            NotFoundError: none is stored.
            StoreError: it is damaged: its digest is none of those beside it; or it cannot be written.

        """
        target = _path_of(path).absolute()
        if not target.parent.is_dir():
            raise StoreError(f"{target}: cannot be written: no such folder")
        digest = hashlib.sha256()
        size = 0
        content = self.ceph.stream_blob(FILE_NAME)
        with contextlib.ExitStack() as stack, written_whole(target) as file:
            for chunk in content:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            sha256 = digest.hexdigest()
            if not any(name.endswith(f"-{sha256}") for name in self._digests()):
                raise StoreError(
                    f"{self.ceph.config.place}: {self.key!r} is damaged: its digest {sha256} is not kept beside it"
                )
            # What was added to the old file belongs to it, and not to the new one.
            stack.enter_context(replacing(str(target)))
        return StoredCache(str(target), self.key, size, sha256)

    def _digests(self) -> list[str]:
        return list(self.ceph.get_document_listing(_DIGESTS))

    def _forget_old_digests(self, own: str) -> None:
        try:
            for name in self._digests()[:-_DIGESTS_KEPT]:
                if not name.endswith(own):
                    self.ceph.objects.delete(self.ceph.key_of(name))
        except ThothStorageException as error:
            # The file is stored all the same; who stores the next one tries again.
            _LOGGER.warning("digests of earlier graph caches stay: %s", error)


def _path_of(path: str | Path | None) -> Path:
    given = path or GRAPH_CACHE.read()
    if not given or str(given) == ":memory:":
        raise ConfigurationError(f"no graph cache file: give its path, or set {GRAPH_CACHE.name}")
    return Path(given)


@contextlib.contextmanager
def _at_rest(path: Path) -> Iterator[BinaryIO]:
    """Open a file that holds all of a cache: the file itself, or a copy that holds what was added, too.

    A build renames its file into place, so one that is open stays as it is; only adding to it changes it.
    """
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file")
    with contextlib.ExitStack() as stack:
        whole = path
        if Path(f"{path}-wal").exists():
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="thoth-storages-"))
            whole = Path(folder) / FILE_NAME
            _copy_with_what_was_added(path, whole)
        try:
            file = stack.enter_context(open(whole, "rb"))
        except OSError as error:
            raise CacheFileError(f"{path}: cannot be read: {error.strerror}") from None
        yield file


def _copy_with_what_was_added(path: Path, copy: Path) -> None:
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            # One file, and no folder that has to be written to in order to read it.
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise CacheFileError(f"{path}: cannot be read as a graph cache: {error}") from None


def _digest_of(file: BinaryIO) -> tuple[str, int]:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_SIZE):
        digest.update(chunk)
    return digest.hexdigest(), file.tell()
