"""Locks that a fork waits for.

A fork copies the memory of a process, and one of its threads. What another thread holds at that moment stays locked in
the child for ever, also inside of C libraries: whoever connects with PostgreSQL holds a lock of OpenSSL's for its
random numbers, whoever asks SQLite holds one for its memory, and a child that does the same waits without an end.
Whoever calls such a library therefore holds a lock of this module meanwhile, and a fork gets hold of all of them first,
as https://pubs.opengroup.org/onlinepubs/9799919799/functions/pthread_atfork.html describes.
"""

from __future__ import annotations

import os
import threading
import time
import weakref

_PATIENCE = 5.0
"""Seconds that a fork waits. What takes longer waits for a network or a disk itself, most likely without such locks."""


class _Forks:
    """The locks that there are, and those that a fork of this process holds."""

    def __init__(self) -> None:
        self._locks: weakref.WeakSet[threading.RLock] = weakref.WeakSet()
        self._held: list[threading.RLock] = []
        self._guard = threading.RLock()
        """Held during a fork: no lock is added meanwhile."""

    def add(self, lock: threading.RLock) -> None:
        with self._guard:
            self._locks.add(lock)

    def before(self) -> None:
        self._guard.acquire()
        end = time.monotonic() + _PATIENCE
        for lock in list(self._locks):
            if lock.acquire(timeout=max(0, end - time.monotonic())):
                self._held.append(lock)

    def after_in_parent(self) -> None:
        try:
            while self._held:
                self._held.pop().release()
        finally:
            self._guard.release()

    def after_in_child(self) -> None:
        """Forget the locks that were waited for in vain: nobody gives them back here."""
        self._locks = weakref.WeakSet(self._held)
        self.after_in_parent()


_forks = _Forks()
os.register_at_fork(before=_forks.before, after_in_parent=_forks.after_in_parent, after_in_child=_forks.after_in_child)


def awaited_by_forks() -> threading.RLock:
    """Make a lock that a fork of this process waits for, some seconds at most, and that is free in the child.

    An owner that may hold it for longer makes a new one in the child (`os.register_at_fork`).

    Returns:
        The lock, which a thread may take several times; it is forgotten with its owner.

    """
    lock = threading.RLock()
    _forks.add(lock)
    return lock
