"""`CephStore`: documents and blobs by key, below a prefix of a bucket, on Ceph or any other S3, or in a folder."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from .base import Objects, StorageBase, check_key, written_whole
from .config import MAX_DOCUMENT_SIZE, StoreConfig
from .documents.base import check_limits, parse
from .exceptions import NotConnected, NotFoundError, SchemaError, StoreError, ThothStorageException
from .folder import FolderObjects
from .s3 import S3Objects

T = TypeVar("T")
R = TypeVar("R")

Document: TypeAlias = dict[str, Any]

_AHEAD = 2
"""Objects that are fetched or wait to be taken, for each worker."""


class CephStore(StorageBase):
    """Documents and blobs by key.

    The store may be shared by threads, and used on in a process that was forked.
    """

    def __init__(
        self,
        prefix: str,
        *,
        host: str | None = None,
        key_id: str | None = None,
        secret_key: str | None = None,
        bucket: str | None = None,
        region: str | None = None,
    ) -> None:
        """Make a store; no request is made yet.

        Args:
            prefix: what the keys of its objects begin with.
            host: address of the server, or ``file:///folder``; this and the others come from the environment when
                they are not given.
            key_id: access key.
            secret_key: its secret.
            bucket: bucket of the objects.
            region: region that requests are signed for.

        Raises:
            ConfigurationError: something is missing, or cannot be used; the message names the variables.

        """
        given: dict[str, Any] = {
            "endpoint_url": host,
            "key_id": key_id,
            "secret_key": secret_key,
            "bucket": bucket,
            "region": region,
        }
        self._set_up(prefix, StoreConfig(**{name: value for name, value in given.items() if value}))

    @classmethod
    def of(cls, config: StoreConfig, prefix: str) -> CephStore:
        """Return a store for a configuration that was read already."""
        store = cls.__new__(cls)
        store._set_up(prefix, config)
        return store

    def _set_up(self, prefix: str, config: StoreConfig) -> None:
        self.config = config
        self.prefix = prefix if prefix.endswith("/") else f"{prefix}/"
        self._objects: Objects | None = None

    def __repr__(self) -> str:
        """Say where the objects are."""
        return f"{type(self).__name__}({self.prefix!r} at {self.config.place!r})"

    def connect(self) -> None:
        """See `StorageBase.connect`."""
        folder = self.config.folder
        place = self.config.place
        objects = S3Objects(self.config) if folder is None else FolderObjects(folder / self.config.bucket, place)
        objects.check()
        self._objects = objects

    def is_connected(self) -> bool:
        """See `StorageBase.is_connected`."""
        return self._objects is not None

    def check_connection(self) -> None:
        """Find out whether the bucket is there and may be used.

        Raises:
            NotConnected: the store was not connected, or the server cannot be reached.
            StoreError: there is no such bucket, or it may not be used.

        """
        self.objects.check()

    @property
    def objects(self) -> Objects:
        """The objects of the bucket, by whole keys.

        Raises:
            NotConnected: the store was not connected.

        """
        if self._objects is None:
            raise NotConnected(f"{self!r} is not connected: call connect() first")
        return self._objects

    def key_of(self, document_id: str) -> str:
        """Return the key of an object.

        Raises:
            ValueError: the identifier cannot be part of a key, or would leave the prefix.

        """
        if not isinstance(document_id, str):
            raise ValueError(f"{document_id!r}: not a name of an object: it is no text")
        return check_key(f"{self.prefix}{document_id}", document_id)

    @staticmethod
    def dict2blob(document: Mapping[str, Any]) -> bytes:
        """Return a document as it is stored: JSON with sorted keys, of which the digest of a document is taken.

        Raises:
            SchemaError: it holds what JSON has no form for.

        """
        try:
            return json.dumps(document, sort_keys=True, separators=(",", ": "), indent=2).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise SchemaError(f"$: cannot be written as JSON: {error}") from None

    def store_blob(self, blob: str | bytes, key: str) -> None:
        """Store bytes, or text in UTF-8, under a key; they are there as a whole, or not at all."""
        self.objects.put(self.key_of(key), blob.encode() if isinstance(blob, str) else blob)

    def store_document(self, document: Mapping[str, Any], document_id: str) -> str:
        """Store a document, and return its identifier.

        Raises:
            SchemaError: it is no JSON object, is too large or nested too deeply, or holds what JSON has no form for.
            ValueError: the identifier cannot be part of a key.

        """
        if not isinstance(document, Mapping):
            raise SchemaError(f"$: expected an object, got {type(document).__name__}")
        blob = self.dict2blob(document)
        check_limits(blob, "$")
        self.store_blob(blob, document_id)
        return document_id

    def retrieve_blob(self, key: str) -> bytes:
        """Return the content of an object; `download_file` and `stream_blob` do not hold all of it.

        Raises:
            NotFoundError: there is no such object.

        """
        return self.objects.get(self.key_of(key))

    def stream_blob(self, key: str) -> Iterator[bytes]:
        """Yield the content of an object piece by piece; a transfer that breaks off goes on from where it was.

        Raises:
            NotFoundError: there is no such object.
            StoreError: it was replaced while it was read.

        """
        return self.objects.stream(self.key_of(key))

    def retrieve_document(self, document_id: str) -> Document:
        """Return a document.

        Raises:
            NotFoundError: there is no such document.
            SchemaError: what is stored is no JSON object; the message names the key.

        """
        key = self.key_of(document_id)
        return self._parsed(key, self.objects.get(key, most=MAX_DOCUMENT_SIZE.read()))

    def document_exists(self, document_id: str) -> bool:
        """Tell whether there is an object under that name."""
        return self.objects.exists(self.key_of(document_id))

    def get_document_listing(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """Yield the identifiers that begin with ``prefix`` and come after ``after``, in order; none is held."""
        start = len(self.prefix)
        for key in self.objects.keys(self.prefix + prefix, after=self.prefix + after if after else ""):
            # The key that is the prefix itself is how some tools mark an empty folder.
            if len(key) > start and not key.endswith("/"):
                yield key[start:]

    def get_folder_listing(self, prefix: str = "") -> Iterator[str]:
        """Yield the first parts of the identifiers that hold a slash, of those that begin with ``prefix``."""
        for folder in self.objects.folders(self.prefix + prefix):
            yield folder[len(self.prefix) :].removesuffix("/")

    def get_document_count(self) -> int:
        """Return the number of objects."""
        return sum(1 for _ in self.get_document_listing())

    def iterate_results(self) -> Iterator[tuple[str, Document]]:
        """Yield identifiers and documents, in the order of the identifiers; see `retrieve_blobs`.

        Raises:
            SchemaError: a document is no JSON object; the message names the key.

        """
        return self.iterate_documents(self.get_document_listing())

    def iterate_documents(self, document_ids: Iterable[str]) -> Iterator[tuple[str, Document]]:
        """Yield the documents that there are of some, in the order given; see `retrieve_blobs`."""
        for document_id, blob in self.retrieve_blobs(document_ids, most=MAX_DOCUMENT_SIZE.read()):
            # What was removed after it was listed is not there any more.
            if isinstance(blob, ThothStorageException):
                if not isinstance(blob, NotFoundError):
                    raise blob
            else:
                yield document_id, self._parsed(self.prefix + document_id, blob)

    def retrieve_blobs(
        self, document_ids: Iterable[str], *, workers: int | None = None, most: int | None = None
    ) -> Iterator[tuple[str, bytes | ThothStorageException]]:
        """Yield identifiers and what is stored, in the order given, fetched in parallel ahead of whoever takes it.

        Args:
            document_ids: of the objects; they are taken as they are needed.
            workers: how many are fetched at once; by default ``THOTH_CEPH_WORKERS``.
            most: of an object that has more bytes than this, no more is fetched than tells that.

        Returns:
            For each identifier, the content of the object, or the error that it met: one does not end the others.
            No more than twice as many as there are workers are held.

        """
        objects = self.objects

        def fetch(document_id: str) -> tuple[str, bytes | ThothStorageException]:
            try:
                return document_id, objects.get(self.key_of(document_id), most=most)
            except ThothStorageException as error:
                return document_id, error
            except ValueError as error:
                return document_id, StoreError(f"{self.config.place}: {self.prefix!r}: {error}")

        return in_parallel(fetch, document_ids, workers or self.config.workers)

    def upload_file(self, path: str | Path, key: str) -> None:
        """Store a file, without holding it.

        Raises:
            NotFoundError: there is no such file.

        """
        whole_key = self.key_of(key)
        try:
            file = open(path, "rb")  # noqa: SIM115 - an error of reading it is not one of storing it
        except OSError as error:
            kind = NotFoundError if isinstance(error, FileNotFoundError) else StoreError
            raise kind(f"{path}: cannot be read: {error.strerror}") from None
        with file:
            self.objects.upload(whole_key, file)

    def download_file(self, key: str, path: str | Path) -> None:
        """Write the content of an object to a file, which is replaced only when all of it is there.

        Raises:
            NotFoundError: there is no such object.
            StoreError: it was replaced while it was read, or the file cannot be written.

        """
        blobs = self.stream_blob(key)
        with written_whole(Path(os.path.abspath(path))) as file:
            for blob in blobs:
                file.write(blob)

    def _parsed(self, key: str, blob: bytes) -> Document:
        return parse(blob, f"{self.config.place}: {key!r}")


def in_parallel(function: Callable[[T], R], items: Iterable[T], workers: int) -> Generator[R, None, None]:
    """Yield what a function returns for each item, in order, called by several threads, a bounded number ahead."""
    if workers == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[R]] = deque()
    rest = iter(items)
    with ThreadPoolExecutor(workers, thread_name_prefix="thoth-storages") as pool:
        try:
            waiting.extend(pool.submit(function, item) for item in islice(rest, _AHEAD * workers))
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(function, item) for item in islice(rest, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()
