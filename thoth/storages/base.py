"""What a place of objects offers, whether it is a bucket on a server or a folder, and what a store is."""

from __future__ import annotations

import contextlib
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from .exceptions import StoreError
from .files import is_special

CHUNK_SIZE = 1 << 20
"""Bytes that are held at once when an object is streamed."""

_MAX_KEY_SIZE = 1024  # of S3, in bytes
_UNFINISHED = ".~"
"""What the names of files begin with that are still being written."""


class Objects(ABC):
    """Objects by their keys.

    A key is text of at most 1024 bytes in UTF-8. Its parts, which slashes divide, are neither empty nor ``.`` nor
    ``..``. Every error names the place and the key.
    """

    @abstractmethod
    def check(self) -> None:
        """Find out whether the bucket is there and may be used.

        Raises:
            NotConnected: the server cannot be reached.
            StoreError: there is no such bucket, or it may not be used.

        """

    @abstractmethod
    def keys(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """Yield the keys that begin with ``prefix`` and come after ``after``, in the order of their bytes."""

    @abstractmethod
    def folders(self, prefix: str) -> Iterator[str]:
        """Yield what the keys that begin with ``prefix`` begin with, up to the slash that follows it; each once."""

    @abstractmethod
    def exists(self, key: str) -> bool:
        """Tell whether there is an object."""

    @abstractmethod
    def get(self, key: str, *, most: int | None = None) -> bytes:
        """Return the content of an object; of one that has more than ``most`` bytes, as much as tells that.

        Raises:
            NotFoundError: there is no such object.

        """

    @abstractmethod
    def stream(self, key: str) -> Generator[bytes, None, None]:
        """Yield the content of an object piece by piece; what was yielded when it ends is whole.

        Raises:
            NotFoundError: there is no such object.
            StoreError: it was replaced in the meantime.

        """

    @abstractmethod
    def put(self, key: str, blob: bytes) -> None:
        """Make an object, or replace it; it is there with all of its content, or not at all."""

    @abstractmethod
    def upload(self, key: str, file: BinaryIO) -> None:
        """Make an object of what a file still holds, without holding it."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""


def joined(chunks: Generator[bytes, None, None], most: int | None) -> bytes:
    """Return content that comes piece by piece; when it is more than ``most`` bytes, no more is read than tells it."""
    blob = bytearray()
    with contextlib.closing(chunks):
        for chunk in chunks:
            blob += chunk
            if most is not None and len(blob) > most:
                break
    return bytes(blob)


class StorageBase(ABC):
    """A store: made without any request, then connected."""

    @abstractmethod
    def connect(self) -> None:
        """Make the store ready for use, and check that it can be used.

        Raises:
            NotConnected: the server cannot be reached.
            StoreError: there is no such bucket, or it may not be used.

        """

    @abstractmethod
    def is_connected(self) -> bool:
        """Tell whether `connect` succeeded."""


def check_key(key: str, part: str | None = None) -> str:
    """Return a key when it stays in its place and every kind of store can hold it.

    Args:
        key: the whole key.
        part: the part of it that the caller gave, for the message; not given: all of it.

    Raises:
        ValueError: it cannot be used; the message says why.

    """
    given = key if part is None else part
    parts = given.split("/")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{given!r}: not a name of an object: holds a lone surrogate") from None
    if any(name in {"", ".", ".."} for name in parts):
        raise ValueError(f"{given!r}: not a name of an object: a part of it is empty, '.' or '..'")
    if "\0" in given:
        raise ValueError(f"{given!r}: not a name of an object: holds a NUL character")
    if any(map(is_unfinished, parts)):
        raise ValueError(f"{given!r}: not a name of an object: {_UNFINISHED!r} begins names of unfinished files")
    if size > _MAX_KEY_SIZE:
        raise ValueError(f"{given[:80]!r}…: not a name of an object: {size} bytes, {_MAX_KEY_SIZE} at most")
    return key


def is_unfinished(name: str) -> bool:
    """Tell whether a file of that name is one that `written_whole` had not finished."""
    return name.startswith(_UNFINISHED)


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to that takes its name when all of it is on disk; when anything fails, nothing changes.

    Args:
        path: name of the file; its folder is there.

    Raises:
        StoreError: it cannot be written; the message names it.

    """
    if is_special(path):
        raise StoreError(f"{path}: cannot be written: not a regular file")
    temporary = path.parent / f"{_UNFINISHED}{secrets.token_hex(8)}"
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Force to disk which names a folder holds."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
