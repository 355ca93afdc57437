"""Locks that a fork waits for: free in the child, whoever held them in the parent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.processes import in_child
from thoth.storages import forks
from thoth.storages.forks import awaited_by_forks


@contextmanager
def held_by_a_thread(lock: threading.RLock, seconds: float = 60) -> Iterator[list[float]]:
    """Let another thread hold a lock, until the end or for some time; give the moment when it let it go."""
    held, end, let_go = threading.Event(), threading.Event(), list[float]()

    def hold() -> None:
        with lock:
            held.set()
            end.wait(seconds)
            let_go.append(time.monotonic())

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        yield let_go
    finally:
        end.set()
        thread.join()


def is_free(lock: threading.RLock) -> bool:
    """Tell whether another thread can take a lock."""
    taken = list[bool]()

    def take() -> None:
        taken.append(lock.acquire(timeout=1))
        if taken[0]:
            lock.release()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return taken[0]


class TestFork:
    def test_waits(self) -> None:
        lock = awaited_by_forks()
        with held_by_a_thread(lock, 0.3) as let_go:
            forked_at = in_child(time.monotonic)
            assert let_go
            assert let_go[0] <= forked_at
        assert is_free(lock)

    def test_locks_are_free_in_the_child_and_its_children(self) -> None:
        locks = [awaited_by_forks() for _ in range(3)]

        def free() -> list[bool]:
            return [is_free(lock) for lock in locks]

        with held_by_a_thread(locks[0], 0.1), held_by_a_thread(locks[2], 0.2):
            assert in_child(lambda: (free(), in_child(free))) == ([True] * 3, [True] * 3)

    def test_lock_of_the_thread_that_forks_is_held_on(self) -> None:
        lock = awaited_by_forks()
        with lock:
            assert not in_child(lambda: is_free(lock))
            assert not is_free(lock)
        assert is_free(lock)

    def test_does_not_wait_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What takes too long is not waited for, and its lock is not waited for by children of the child either."""
        monkeypatch.setattr(forks, "_PATIENCE", 0.2)
        slow, quick = awaited_by_forks(), awaited_by_forks()

        def child() -> tuple[float, bool]:
            started = time.monotonic()
            return in_child(time.monotonic) - started, is_free(quick)

        with held_by_a_thread(slow) as let_go:
            seconds, is_quick_free = in_child(child)
            assert not let_go
        assert (seconds < 0.1, is_quick_free) == (True, True)
        assert is_free(slow)
        assert is_free(quick)

    def test_locks_that_are_made_meanwhile_wait(self) -> None:
        """Threads that fork, and threads that make locks and take them, all at once."""
        end = threading.Event()

        def take_one() -> bool:
            with awaited_by_forks():
                return True

        def take() -> None:
            while not end.is_set():
                take_one()

        def fork() -> list[bool]:
            return [in_child(take_one) for _ in range(10)]

        with ThreadPoolExecutor(8) as threads:
            takers = [threads.submit(take) for _ in range(4)]
            forkers = [threads.submit(fork) for _ in range(3)]
            try:
                assert [forker.result() for forker in forkers] == [[True] * 10] * 3
            finally:
                end.set()
            for taker in takers:
                taker.result()

    def test_locks_are_forgotten_with_their_owners(self) -> None:
        before = len(forks._forks._locks)
        lock = awaited_by_forks()
        assert len(forks._forks._locks) == before + 1
        del lock
        assert len(forks._forks._locks) == before
