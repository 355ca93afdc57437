"""Opening, checking and making of graph cache files."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from ..exceptions import CacheFileError
from .models_cache import APPLICATION_ID, SCHEMA_VERSION, schema_statements

_LOGGER = logging.getLogger(__name__)

MEMORY = ":memory:"
_MAGIC = b"SQLite format 3\x00"
_WAL = 2  # https://www.sqlite.org/fileformat.html#file_format_version_numbers
_HEADER_SIZE = 100
_LOG = ("-wal", "-shm")


class CacheFile:
    """A graph cache file that can be read, and possibly written.

    A file that a build made and that nothing was added to never changes, and is opened immutable: no locks, no checks
    for changes. As soon as something is added it is in WAL mode, which its header tells from then on: many processes
    read while one writes.
    """

    def __init__(self, path: str, *, writable: bool) -> None:
        """Open a file; a missing one is made.

        Args:
            path: of the file, or ``:memory:``.
            writable: whether something is going to be added.

        Raises:
            CacheFileError: the file cannot be read or made, is damaged, or of another version. It is left as it is.

        """
        self.path = path
        self.writable = writable or path == MEMORY
        if path == MEMORY:
            self.connection = _connect(MEMORY)
            self.has_rows = True
            make_schema(self.connection)
            return
        if not os.path.lexists(path):
            make_file(path)
        header = _checked_header(path)
        self.has_rows = self.writable or header[18] == _WAL
        try:
            if self.writable:
                self.connection = _connect(f"file:{quote(path)}?mode=rw")
            elif self.has_rows:
                self.connection = _connect_in_wal_mode(path)
            else:
                self.connection = _connect(f"file:{quote(path)}?mode=ro&immutable=1")
            _check_version(self.connection, path)
        except sqlite3.Error as error:
            raise CacheFileError(f"{path}: cannot be opened as a graph cache: {error}") from None

    def prepare_writing(self) -> None:
        """Put a writable file into WAL mode; nothing of it changes before.

        Raises:
            sqlite3.Error: it cannot be written.

        """
        if self.writable and self.path != MEMORY:
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = NORMAL")
            # SQLite opens a file that cannot be written for reading, and says so at the first write.
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.rollback()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def make_schema(connection: sqlite3.Connection) -> None:
    """Make the tables of a cache in an empty database."""
    with connection:
        for statement in schema_statements():
            connection.execute(statement)


def make_file(path: str) -> None:
    """Make an empty cache file, unless another process was quicker.

    Raises:
        CacheFileError: it cannot be made.

    """
    temporary = temporary_path(path)
    try:
        connection = _connect(temporary)
        try:
            make_schema(connection)
        finally:
            connection.close()
        if not os.path.lexists(path):
            _remove_log(path)  # of a file that somebody removed
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    except (sqlite3.Error, OSError) as error:
        raise CacheFileError(f"{path}: cannot be made: {error}") from None
    finally:
        Path(temporary).unlink(missing_ok=True)


def temporary_path(path: str) -> str:
    """Return a name beside a file under which it can be written before it is renamed."""
    return f"{path}.{os.getpid()}.tmp"


def put_in_place(temporary: str, path: str) -> None:
    """Rename a finished file; it is on disk before its name is, so that a crash leaves the old one or the new one."""
    for place in (temporary, None):
        if place is None:
            _settle_log(path)
            os.replace(temporary, path)
        descriptor = os.open(place or Path(path).absolute().parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def set_aside(path: str) -> str:
    """Rename a file that cannot be used, so that a new one can take its name; return the name that it got.

    Raises:
        CacheFileError: it cannot be renamed.

    """
    for number in itertools.count(1):
        aside = f"{path}.refused-{number}"
        if not os.path.lexists(aside):
            break
    try:
        # Its log first: SQLite would take it for that of the new file.
        for suffix in (*_LOG, ""):
            if suffix == "" or os.path.lexists(path + suffix):
                os.rename(path + suffix, aside + suffix)
    except OSError as error:
        raise CacheFileError(f"{path}: cannot be set aside: {error.strerror}") from None
    _LOGGER.warning("%s: set aside as %s", path, aside)
    return aside


def _settle_log(path: str) -> None:
    """Write the log of a file into the file, and remove it: SQLite would take it for that of the next file."""
    if os.path.exists(path + _LOG[0]):
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_connect(f"file:{quote(path)}?mode=rw")) as file:
            file.execute("PRAGMA busy_timeout = 1000")
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _remove_log(path)


def _remove_log(path: str) -> None:
    for suffix in _LOG:
        Path(path + suffix).unlink(missing_ok=True)


def _checked_header(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            header = file.read(_HEADER_SIZE)
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise CacheFileError(f"{path}: cannot be read: {error.strerror}") from None
    if len(header) < _HEADER_SIZE or not header.startswith(_MAGIC):
        raise CacheFileError(f"{path}: not a SQLite file")
    # In WAL mode, what is missing may be in the log.
    expected = _page_size(header) * int.from_bytes(header[28:32])
    if header[18] != _WAL and size < expected:
        raise CacheFileError(f"{path}: truncated, it has {size} bytes of {expected}")
    return header


def _page_size(header: bytes) -> int:
    size = int.from_bytes(header[16:18])
    return 65536 if size == 1 else size


def _check_version(connection: sqlite3.Connection, path: str) -> None:
    """Refuse, and close, what is not a graph cache of this version."""
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        _check_numbers(application, version, path)
    except BaseException:
        connection.close()
        raise


def _check_numbers(application: int, version: int, path: str) -> None:
    if application != APPLICATION_ID:
        raise CacheFileError(f"{path}: a SQLite file, but not a graph cache")
    if version != SCHEMA_VERSION:
        age = "newer" if version > SCHEMA_VERSION else "older"
        raise CacheFileError(f"{path}: of an {age} version ({version}); this library reads version {SCHEMA_VERSION}")


def _connect(location: str) -> sqlite3.Connection:
    # The caller holds a lock, so threads may share the connection.
    return sqlite3.connect(location, uri=location.startswith("file:"), check_same_thread=False, timeout=30)


def _connect_in_wal_mode(path: str) -> sqlite3.Connection:
    connection = _connect(f"file:{quote(path)}?mode=ro")
    try:
        connection.execute("SELECT count(*) FROM cache_info").fetchone()
    except sqlite3.OperationalError:
        # Reading in WAL mode needs files beside: a folder that cannot be written has no writer either.
        connection.close()
        connection = _connect(f"file:{quote(path)}?mode=ro&immutable=1")
    except BaseException:
        connection.close()
        raise
    return connection
