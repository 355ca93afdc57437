"""A bucket on a server that speaks S3: the only module that imports boto3, and it does so when a client is made."""

from __future__ import annotations

import contextlib
import io
import os
import random
import threading
import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from .base import CHUNK_SIZE, Objects, check_key, joined
from .config import CEPH_KEY_ID, CEPH_SECRET_KEY, StoreConfig
from .exceptions import NotConnected, NotFoundError, StoreError, ThothStorageException

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

PART_SIZE = 16 << 20
"""Objects larger than this go up in parts of this size."""
PARTS_AT_ONCE = 4

_REGION = "us-east-1"
_DENIED = {"401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled"}
_clients: dict[tuple[object, ...], S3Client] = {}
_lock = threading.Lock()


def client_for(config: StoreConfig) -> S3Client:
    """Return the client for a server; there is one in a process, which all stores and threads share."""
    limits = (config.connect_timeout, config.read_timeout, config.tries, config.workers)
    server = (config.endpoint_url, config.key_id, config.secret_key, config.region, *limits)
    with _lock:
        client = _clients.get(server)
        if client is None:
            client = _clients[server] = _make_client(config)
        return client


def _forget_clients() -> None:
    """Leave the connections of the parent process to it."""
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()
    _clients.clear()


os.register_at_fork(after_in_child=_forget_clients)


def _make_client(config: StoreConfig) -> S3Client:
    # Takes about half a second the first time, which those who use no store need not wait for.
    from boto3.session import Session
    from botocore.config import Config

    return Session().client(
        "s3",
        endpoint_url=config.endpoint_url,
        aws_access_key_id=config.key_id,
        aws_secret_access_key=config.secret_key,
        region_name=config.region or _REGION,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=config.connect_timeout,
            read_timeout=config.read_timeout,
            retries={"mode": "standard", "total_max_attempts": config.tries},
            max_pool_connections=config.workers + PARTS_AT_ONCE,
            # Servers older than these checksums refuse them. What is sent is signed, or protected by TLS.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


class S3Objects(Objects):
    """Objects in a bucket.

    A request that meets an overload (503, slow down), another failure of the server (5xx), a time-out or a lost
    connection is made again, and so is one whose answer breaks off; each at most ``config.tries`` times.
    """

    def __init__(self, config: StoreConfig) -> None:
        """Name the bucket; no request is made yet."""
        self._config = config

    @property
    def _client(self) -> S3Client:
        # Asked for each time: a process that was forked makes one of its own.
        return client_for(self._config)

    def check(self) -> None:
        """See `Objects.check`."""
        with self._translated(""):
            try:
                self._client.head_bucket(Bucket=self._config.bucket)
            except Exception as error:
                if _code_of(error) not in _DENIED:
                    raise
                # The answer to HEAD says no more than "no"; this one says why.
                self._client.list_objects_v2(Bucket=self._config.bucket, MaxKeys=1)
                raise

    def keys(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """See `Objects.keys`; a page of a thousand keys is held at once."""
        for page in self._pages(prefix, StartAfter=after):
            for item in page.get("Contents", ()):
                yield item["Key"]

    def folders(self, prefix: str) -> Iterator[str]:
        """See `Objects.folders`."""
        for page in self._pages(prefix, Delimiter="/"):
            for item in page.get("CommonPrefixes", ()):
                yield item["Prefix"]

    def exists(self, key: str) -> bool:
        """See `Objects.exists`."""
        try:
            with self._translated(key):
                self._client.head_object(Bucket=self._config.bucket, Key=key)
        except NotFoundError:
            return False
        return True

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """See `Objects.get`."""
        for left in reversed(range(self._config.tries)):
            try:
                return joined(self.stream(key), most)
            except _Replaced:
                if not left:
                    raise
        raise AssertionError("there is at least one try")

    def stream(self, key: str) -> Generator[bytes, None, None]:
        """See `Objects.stream`; a transfer that breaks off goes on from where it was."""
        with self._translated(key):
            offset = broken_at = failures = 0
            version = None
            while True:
                body, found = self._body(key, offset)
                if version not in {None, found}:
                    raise _Replaced(f"{self._config.place}: {key!r} was replaced while it was read")
                version = found
                try:
                    for chunk in body.iter_chunks(CHUNK_SIZE):
                        offset += len(chunk)
                        yield chunk
                except _broken_off():
                    failures = 1 if offset - broken_at > CHUNK_SIZE else failures + 1
                    broken_at = offset
                    if failures >= self._config.tries:
                        raise
                    time.sleep(random.uniform(0, min(5, 0.1 * 2**failures)))
                else:
                    return

    def put(self, key: str, blob: bytes) -> None:
        """See `Objects.put`."""
        if len(blob) > PART_SIZE:
            self.upload(key, io.BytesIO(blob))
            return
        with self._translated(key):
            self._client.put_object(Bucket=self._config.bucket, Key=check_key(key), Body=blob)

    def upload(self, key: str, file: BinaryIO) -> None:
        """See `Objects.upload`; parts of an upload that fails are removed again."""
        with self._translated(key):
            from boto3.s3.transfer import TransferConfig

            parts = TransferConfig(
                multipart_threshold=PART_SIZE, multipart_chunksize=PART_SIZE, max_concurrency=PARTS_AT_ONCE
            )
            self._client.upload_fileobj(file, self._config.bucket, check_key(key), Config=parts)

    def delete(self, key: str) -> None:
        """See `Objects.delete`."""
        with self._translated(key):
            self._client.delete_object(Bucket=self._config.bucket, Key=key)

    def _pages(self, prefix: str, **arguments: Any) -> Iterator[Any]:
        with self._translated(prefix):
            paginator = self._client.get_paginator("list_objects_v2")
            wanted = {name: value for name, value in arguments.items() if value}
            yield from paginator.paginate(Bucket=self._config.bucket, Prefix=prefix, **wanted)

    def _body(self, key: str, offset: int) -> tuple[StreamingBody, str]:
        """Return the content from ``offset`` on, and what tells this content from another one."""
        wanted: Any = {"Range": f"bytes={offset}-"} if offset else {}
        answer = self._client.get_object(Bucket=self._config.bucket, Key=key, **wanted)
        if offset and not answer.get("ContentRange", "").startswith(f"bytes {offset}-"):
            raise StoreError(f"{self._config.place}: {key!r}: the server sent no part of an object where one was asked")
        return answer["Body"], answer["ETag"]

    @contextlib.contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        """Turn what boto3 raises into the errors of this library; the cause is left out, as it may tell too much."""
        try:
            yield
        except ThothStorageException:
            raise
        except Exception as error:
            translated = _translate(error, self._config, key)
            if translated is None:
                raise
            raise translated from None


class _Replaced(StoreError):
    """An object was replaced while it was read."""


def _translate(error: Exception, config: StoreConfig, key: str) -> ThothStorageException | None:
    """Return the error of this library that says what another one says; None when it is not one of boto3."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.exceptions import ConnectionError as Unreachable

    place = f"{config.place}: {key!r}" if key else config.place
    if isinstance(error, ClientError):
        return _refused(error, config, key, place)
    if isinstance(error, (Unreachable, *_broken_off())):
        return NotConnected(f"{place}: the server cannot be reached, or breaks off: {str(error)[:300]}")
    if isinstance(error, (BotoCoreError, Boto3Error)):
        return StoreError(f"{place}: {str(error)[:300]}")
    return None


def _refused(error: ClientError, config: StoreConfig, key: str, place: str) -> ThothStorageException:
    """Return what a refusal of the server means."""
    code = _code_of(error)
    if code in {"NoSuchKey", "404"} and key:
        return NotFoundError(f"{config.place}: no object {key!r}")
    if code in {"NoSuchBucket", "404"}:
        return StoreError(f"{place}: no such bucket")
    if code in _DENIED:
        reasons = {
            "InvalidAccessKeyId": f"the server does not know the key of {CEPH_KEY_ID.name}",
            "SignatureDoesNotMatch": f"{CEPH_SECRET_KEY.name} is not the secret of this key",
        }
        reason = reasons.get(str(code), "the key may not do this")
        return StoreError(f"{place}: access denied to key {config.key_id!r}: {reason} ({code})")
    message = str(error.response.get("Error", {}).get("Message") or "refused")
    return StoreError(f"{place}: {error.operation_name}: {message[:300]} ({code})")


def _code_of(error: BaseException) -> str | None:
    """Return the code with which a server refused, or None when it did not answer."""
    from botocore.exceptions import ClientError

    return str(error.response.get("Error", {}).get("Code")) if isinstance(error, ClientError) else None


def _broken_off() -> tuple[type[Exception], ...]:
    """Return what is raised when a connection is lost, or goes silent, while an answer comes."""
    from botocore.exceptions import HTTPClientError, IncompleteReadError
    from urllib3.exceptions import HTTPError

    return HTTPClientError, IncompleteReadError, HTTPError, ConnectionError, TimeoutError
