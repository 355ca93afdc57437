"""A folder as a bucket: ``THOTH_S3_ENDPOINT_URL=file:///folder``, an object is the file ``folder/bucket/key``.

It is what a server that keeps objects in files has on its disk, and what ``aws s3 sync`` or ``rclone copy`` make of a
bucket.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from .base import CHUNK_SIZE, Objects, check_key, is_unfinished, joined, sync_folder, written_whole
from .exceptions import NotFoundError, StoreError

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG}
"""What the system answers for a file that is not there, cannot be there, or is a folder."""


class FolderObjects(Objects):
    """Objects in the files of a folder.

    A file is written under another name, forced to disk and renamed: a reader sees the old object or the new one. The
    names of one folder are held at once when it is listed; otherwise nothing grows with the number of objects.
    """

    def __init__(self, folder: Path, place: str) -> None:
        """Name the folder; nothing is looked at yet.

        Args:
            folder: of the objects: the bucket.
            place: where that is, for messages.

        """
        self._root = folder
        self._place = place

    def check(self) -> None:
        """See `Objects.check`."""
        try:
            is_folder = self._root.is_dir()
        except OSError as error:  # too long a name
            raise StoreError(f"{self._place}: no such bucket: {error.strerror}") from None
        if not is_folder:
            raise StoreError(f"{self._place}: no such bucket: {self._root} is not a folder")
        if not os.access(self._root, os.R_OK | os.X_OK):
            raise StoreError(f"{self._place}: access denied: {self._root} cannot be read")

    def keys(self, prefix: str, *, after: str = "") -> Iterator[str]:
        """See `Objects.keys`."""
        yield from self._walk(_folder_of(prefix), prefix, after)

    def folders(self, prefix: str) -> Iterator[str]:
        """See `Objects.folders`."""
        for key in sorted(self._entries(_folder_of(prefix))):
            if key.endswith("/") and key.startswith(prefix) and any(True for _ in self._walk(key, key, "")):
                yield key

    def exists(self, key: str) -> bool:
        """See `Objects.exists`."""
        try:
            # Only a file is an object, so this also opens what a link leads to.
            with open(self._path(key), "rb"):
                return True
        except OSError as error:
            if error.errno in _ABSENT:
                return False
            raise self._failed(key, error) from None

    def get(self, key: str, *, most: int | None = None) -> bytes:
        """See `Objects.get`."""
        return joined(self.stream(key), most)

    def stream(self, key: str) -> Generator[bytes, None, None]:
        """See `Objects.stream`."""
        path = self._path(key)
        try:
            with open(path, "rb") as file:
                while chunk := file.read(CHUNK_SIZE):
                    yield chunk
        except OSError as error:
            if error.errno not in _ABSENT:
                raise self._failed(key, error) from None
            self.check()
            raise NotFoundError(f"{self._place}: no object {key!r}") from None

    def put(self, key: str, blob: bytes) -> None:
        """See `Objects.put`."""
        with self._written(key) as file:
            file.write(blob)

    def upload(self, key: str, file: BinaryIO) -> None:
        """See `Objects.upload`."""
        with self._written(key) as target:
            while chunk := file.read(CHUNK_SIZE):
                target.write(chunk)

    def delete(self, key: str) -> None:
        """See `Objects.delete`."""
        try:
            self._path(key).unlink()
        except OSError as error:
            if error.errno not in _ABSENT:
                raise self._failed(key, error) from None

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _written(self, key: str) -> contextlib.AbstractContextManager[BinaryIO]:
        path = self._path(key)
        self.check()
        try:
            _make_folders(path.parent)
        except OSError as error:
            raise self._failed(key, error) from None
        return written_whole(path)

    def _walk(self, folder: str, prefix: str, after: str) -> Iterator[str]:
        # Text is compared by code points, which is the order of its bytes in UTF-8, too.
        for key in sorted(self._entries(folder)):
            if not key.endswith("/"):
                if key.startswith(prefix) and key > after:
                    yield key
            elif key.startswith(prefix) and (key > after or after.startswith(key)):
                yield from self._walk(key, prefix, after)

    def _entries(self, folder: str) -> Iterator[str]:
        """Yield the keys of the files in a folder, and those of the folders with a slash at the end."""
        if folder:
            check_key(folder.removesuffix("/"))
        try:
            with os.scandir(self._root / folder) as entries:
                for entry in entries:
                    if is_unfinished(entry.name) or not _is_text(entry.name):
                        continue
                    # A link to a folder is not followed: it may lead back to where it is.
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if is_folder or entry.is_file():
                        yield f"{folder}{entry.name}/" if is_folder else f"{folder}{entry.name}"
        except OSError as error:
            if error.errno not in _ABSENT:
                raise self._failed(folder, error) from None
            self.check()

    def _failed(self, key: str, error: OSError) -> StoreError:
        return StoreError(f"{self._place}: {key!r}: {error.strerror or error}")


def _folder_of(prefix: str) -> str:
    return prefix[: prefix.rfind("/") + 1]


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it; what holds a new one is forced to disk."""
    if not folder.is_dir():
        _make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
