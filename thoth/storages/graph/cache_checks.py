"""Checksums in a graph cache file: what a flipped bit spoilt is never part of an answer.

SQLite has none of its own. A row is checked when it is decoded, once a process; they find damage, not forgery.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from dataclasses import dataclass
from typing import Any

from ..exceptions import CacheFileError

_SMALL_TABLES = (
    "SELECT * FROM cached_environment ORDER BY 1",
    "SELECT * FROM cached_index ORDER BY 1",
    "SELECT * FROM cached_extra ORDER BY 1",
    "SELECT * FROM cache_info ORDER BY 1",
)


def checksum(*values: Any) -> int:
    """Return the checksum of values as SQLite holds them; the type of each counts, too."""
    # The same for every Python: repr() depends on which letters its Unicode knows.
    return zlib.crc32(ascii(values).encode())


def body_checksum(package_id: int, environment_id: int, body: bytes) -> int:
    """Return the checksum of a blob where it is: that of another package is as wrong as a damaged one."""
    return zlib.crc32(body, zlib.crc32(b"%d %d" % (package_id, environment_id)))


def require(what: str, stored: Any, values: tuple[Any, ...]) -> None:
    """Refuse values that do not have the checksum that is stored with them.

    Raises:
        CacheFileError: they do not.

    """
    if checksum(*values) != stored:
        raise CacheFileError(f"damaged: the checksum of {what} is not that of its content")


def require_body(name: str, package_id: int, environment_id: int, body: Any, stored: Any) -> bytes:
    """Return the blob of a package in an environment, or refuse it.

    Raises:
        CacheFileError: it is missing, or does not have the checksum that is stored with it.

    """
    if not isinstance(body, bytes) or body_checksum(package_id, environment_id, body) != stored:
        raise CacheFileError(f"damaged: the checksum of the versions of {name!r} is not that of its content")
    return body


@dataclass(frozen=True)
class SmallTables:
    """What is read when a file is opened, row by row."""

    environments: list[tuple[int, str, str, str]]
    indexes: list[tuple[int, str]]
    extras: list[tuple[int, str]]
    info: list[tuple[str, str]]
    """Without the checksum."""
    stored_checksum: str | None
    """What the file says that their checksum is."""

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> SmallTables:
        """Read them."""
        # Four statements, each once: opening a file takes as long as they do.
        environments, indexes, extras, info = (connection.execute(statement).fetchall() for statement in _SMALL_TABLES)
        stored = dict(info).get("checksum")
        return cls(environments, indexes, extras, [row for row in info if row[0] != "checksum"], stored)

    @property
    def checksum(self) -> str | None:
        """The checksum of what they hold; None when they are empty."""
        tables = (self.environments, self.indexes, self.extras, self.info)
        return str(checksum(*tables)) if any(tables) else None


class ContentDigest:
    """The digest of the packed part: of each package in order, then of each blob in order."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._digest = hashlib.blake2b(digest_size=16)

    def add_package(self, *values: Any) -> None:
        """Add a row of ``packed_package``, without its checksum."""
        self._digest.update(ascii(values).encode())

    def add_body(self, package_id: int, environment_id: int, body: bytes) -> None:
        """Add a row of ``packed_solved``, without its checksum."""
        self._digest.update(b"%d %d %d " % (package_id, environment_id, len(body)))
        self._digest.update(body)

    def hexdigest(self) -> str:
        """Return the digest of what was added."""
        return self._digest.hexdigest()
