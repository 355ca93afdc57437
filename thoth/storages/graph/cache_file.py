"""Opening, checking and making of graph cache files."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import logging
import os
import re
import sqlite3
import threading
import time
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from ..exceptions import CacheFileError
from ..files import is_special
from .models_cache import APPLICATION_ID, SCHEMA_VERSION, schema_statements

_LOGGER = logging.getLogger(__name__)

MEMORY = ":memory:"
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What reading or writing may raise; its messages quote names from the file, which may be no text any more."""
_MAGIC = b"SQLite format 3\x00"
_ROLLBACK, _WAL = b"\x01\x01", b"\x02\x02"  # https://www.sqlite.org/fileformat.html#file_format_version_numbers
_HEADER_SIZE = 100
_LOG = ("-wal", "-shm")
_OLD = 24 * 60 * 60
_PATIENCE = 10
_opening = threading.RLock()
_numbers = itertools.count()
_being_written: set[str] = set()
"""Temporary files of this process."""
Identity = tuple[int, int]
"""Device and number of a file, which stay when it is renamed."""


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
        self.identity: Identity | None = None
        if path == MEMORY:
            self.connection = _connect(MEMORY)
            self.has_rows = True
            make_schema(self.connection)
            self._close_at_the_end()
            return
        if is_special(path):  # to open a pipe would wait for somebody who writes into it
            raise CacheFileError(f"{path}: cannot be read: not a regular file")
        if not os.path.lexists(path):
            make_file(path)
        with _one_at_a_time(path):
            self._open(path)
        self._close_at_the_end()

    def _close_at_the_end(self) -> None:
        """Close the connection when nobody has the file any more: Python 3.13 and newer warn of one that is not."""
        weakref.finalize(self, _let_go, self.connection, None if self.path == MEMORY else os.getpid()).atexit = False

    def _open(self, path: str) -> None:
        self.identity = identity_of(path)
        self.has_rows = _is_in_wal_mode(path) or self.writable
        try:
            if self.writable:
                self.connection = _connect(f"file:{quote(path)}?mode=rw")
            elif self.has_rows:
                self.connection = _connect_in_wal_mode(path)
            else:
                self.connection = _connect(f"file:{quote(path)}?mode=ro&immutable=1")
            _check_version(self.connection, path)
        except SQLITE_ERRORS as error:
            raise CacheFileError(f"{path}: cannot be opened as a graph cache: {error}") from None
        if self.has_rows:
            _with_locks.add(self)

    def prepare_writing(self) -> bool:
        """Put a writable file into WAL mode; nothing of it changes before.

        Returns:
            Whether it is still the file of that name: another process may have renamed one over it.

        Raises:
            sqlite3.Error: it cannot be written.

        """
        if not self.writable or self.path == MEMORY:
            return True
        with _one_at_a_time(self.path):
            if identity_of(self.path) != self.identity:
                return False
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = NORMAL")
            # SQLite opens a file that cannot be written for reading, and says so at the first write.
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.rollback()
            return True

    def close(self) -> None:
        """Close the file."""
        with _opening:
            self.connection.close()
            _with_locks.discard(self)


def _let_go(connection: sqlite3.Connection, pid: int | None) -> None:
    if pid in (None, os.getpid()):  # in a child, that of its parent stays as it is
        connection.close()


_with_locks: weakref.WeakSet[CacheFile] = weakref.WeakSet()
"""Files that this process may have locks on."""


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
    try:
        with temporary_file(path) as temporary:
            with contextlib.closing(_connect(temporary)) as connection:
                make_schema(connection)
            with _one_at_a_time(path):
                if not os.path.lexists(path):
                    _remove_log(path)  # of a file that somebody removed
                    with contextlib.suppress(FileExistsError):
                        os.link(temporary, path)
    except (sqlite3.Error, OSError) as error:
        raise CacheFileError(f"{path}: cannot be made: {error}") from None


@contextlib.contextmanager
def temporary_file(path: str) -> Iterator[str]:
    """Give a name beside a file under which it can be written before it is renamed; what is left of it is removed.

    What processes left that were killed meanwhile is removed first, so that it does not become more and more.
    """
    _remove_temporaries(path)
    temporary = f"{path}.{_host()}-{os.getpid()}-{next(_numbers)}.tmp"
    _being_written.add(temporary)
    try:
        yield temporary
    finally:
        for suffix in ("", "-journal", *_LOG):
            Path(temporary + suffix).unlink(missing_ok=True)
        _being_written.discard(temporary)


def _remove_temporaries(path: str) -> None:
    pattern = re.compile(re.escape(os.path.basename(path)) + r"\.([0-9a-f]{8})-(\d+)-\d+\.tmp(-journal|-wal|-shm)?")
    with contextlib.suppress(OSError), os.scandir(Path(path).absolute().parent) as entries:
        for entry in entries:
            match = pattern.fullmatch(entry.name)
            with contextlib.suppress(OSError):  # another process was quicker, or it belongs to another account
                if match and _is_left(entry, match[1], int(match[2])):
                    os.unlink(entry.path)


def _is_left(entry: os.DirEntry[str], host: str, pid: int) -> bool:
    """Tell whether a temporary file is left of a process that is gone; a day old, it is in any case."""
    if entry.stat().st_mtime < time.time() - _OLD:
        return True
    if host != _host():
        return False
    if pid == os.getpid():  # in a container, that of a process which was killed is mostly one's own
        return not any(entry.path.startswith(os.path.abspath(name)) for name in list(_being_written))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _host() -> str:
    """Return what stands for this machine, or container: process ids mean nothing on another one."""
    return f"{zlib.crc32(os.uname().nodename.encode()):08x}"


def put_in_place(temporary: str, path: str) -> None:
    """Rename a finished file; it is on disk before its name is, so that a crash leaves the old one or the new one."""
    for place in (temporary, None):
        if place is None:
            with replacing(path):
                os.replace(temporary, path)
        descriptor = os.open(place or Path(path).absolute().parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def replacing(path: str) -> Iterator[None]:
    """Let a file be replaced: what was added to it is in it, and SQLite does not take its log for that of the next."""
    with _one_at_a_time(path):
        _settle_log(path)
        yield


def identity_of(path: str) -> Identity | None:
    """Return what tells a file from another one of the same name; None when there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def set_aside(path: str, identity: Identity | None = None) -> str | None:
    """Rename a file that cannot be used, so that a new one can take its name.

    Args:
        path: of the file.
        identity: of the file that cannot be used; another process may have put a good one in its place meanwhile.

    Returns:
        The name that it got; None when it is not there any more.

    Raises:
        CacheFileError: it cannot be renamed.

    """
    if is_special(path):
        raise CacheFileError(f"{path}: cannot be set aside: not a regular file")
    with _one_at_a_time(path):
        if identity is not None and identity_of(path) != identity:
            return None
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
    _LOGGER.warning("%s: set aside as %s", path, aside, extra={"cache_file": path})
    return aside


@contextlib.contextmanager
def _one_at_a_time(path: str) -> Iterator[None]:
    """Open a file or replace it, never both at once: SQLite finds the log of a file by its name.

    One that opened a file just before another took its name would use the log of the other. The lock is on the folder,
    and leaves nothing behind; where there is none to be had, on a network, nobody waits for it.
    """
    with _opening, contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            folder = os.open(Path(path).absolute().parent, os.O_RDONLY)
            stack.callback(os.close, folder)
            if _locked(folder):
                # Not by closing it alone: a child that was forked meanwhile has it, too.
                stack.callback(fcntl.flock, folder, fcntl.LOCK_UN)
        yield


def _locked(folder: int) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.002)
    return False


def _unlock_in_child() -> None:
    global _opening  # noqa: PLW0603
    _opening = threading.RLock()  # another thread of the parent may have held it
    _with_locks.clear()


os.register_at_fork(after_in_child=_unlock_in_child)


def _settle_log(path: str) -> None:
    """Write the log of a file into the file, and remove it."""
    if os.path.exists(path + _LOG[0]):
        with contextlib.suppress(*SQLITE_ERRORS), contextlib.closing(_connect(f"file:{quote(path)}?mode=rw")) as file:
            file.execute("PRAGMA busy_timeout = 1000")
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _remove_log(path)


def _remove_log(path: str) -> None:
    for suffix in _LOG:
        Path(path + suffix).unlink(missing_ok=True)


def _is_in_wal_mode(path: str) -> bool:
    """Tell whether something was added to a file; refuse what is not a SQLite file, or not all of one."""
    identity = identity_of(path)
    if any(file.identity == identity for file in _with_locks):
        # It was looked at, and closing it here would give up the locks that SQLite has on it for this process:
        # https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
        return True
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            header = os.read(descriptor, _HEADER_SIZE)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CacheFileError(f"{path}: cannot be read: {error.strerror}") from None
    if len(header) < _HEADER_SIZE or not header.startswith(_MAGIC):
        raise CacheFileError(f"{path}: not a SQLite file")
    mode = header[18:20]
    if mode not in (_ROLLBACK, _WAL):  # SQLite takes some of them for one of the two
        raise CacheFileError(f"{path}: damaged: format versions {mode[0]} and {mode[1]} in its header")
    # In WAL mode, what is missing may be in the log.
    expected = _page_size(header) * int.from_bytes(header[28:32])
    if mode != _WAL and size < expected:
        raise CacheFileError(f"{path}: truncated, it has {size} bytes of {expected}")
    return mode == _WAL


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
