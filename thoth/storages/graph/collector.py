"""The garbage collector of Python, paused while many objects are made that all stay.

It runs after every few hundred objects and looks at what became of them, and of those before them again: while one
long list is made that is in vain. https://docs.python.org/3/library/gc.html#gc.set_threshold
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class _Pause:
    """Who paused the collector, and whether it has to be started again: threads may do so at the same time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._depth = 0
        self._was_enabled = False

    def begin(self) -> None:
        with self._lock:
            if not self._depth:
                self._was_enabled = gc.isenabled()
                gc.disable()
            self._depth += 1

    def end(self) -> None:
        with self._lock:
            self._depth -= 1
            if not self._depth and self._was_enabled:
                gc.enable()

    def forget(self) -> None:
        """Start the collector in a forked process, where the threads that paused it do not go on."""
        self._lock = Lock()
        if self._depth:
            self._depth = 0
            if self._was_enabled:
                gc.enable()


_pause = _Pause()
os.register_at_fork(after_in_child=_pause.forget)


@contextmanager
def paused() -> Iterator[None]:
    """Pause the collector; it is as it was before when the last one who paused it is done."""
    _pause.begin()
    try:
        yield
    finally:
        _pause.end()
