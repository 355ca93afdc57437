"""The garbage collector is paused while somebody wants it, and as it was afterwards."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from thoth.storages.graph import collector


@pytest.fixture(autouse=True)
def enabled() -> Iterator[None]:
    assert gc.isenabled()
    yield
    gc.enable()


def test_paused_and_started_again() -> None:
    with collector.paused():
        assert not gc.isenabled()
        with collector.paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_started_again_after_an_error() -> None:
    with pytest.raises(LookupError), collector.paused():
        raise LookupError
    assert gc.isenabled()


def test_who_disabled_it_finds_it_disabled() -> None:
    gc.disable()
    with collector.paused():
        pass
    assert not gc.isenabled()


@contextmanager
def paused_by_a_thread() -> Iterator[None]:
    begun, end = Event(), Event()

    def pause() -> None:
        with collector.paused():
            begun.set()
            end.wait()

    thread = Thread(target=pause)
    thread.start()
    begun.wait()
    try:
        yield
    finally:
        end.set()
        thread.join()


def test_the_last_of_several_threads_starts_it() -> None:
    with paused_by_a_thread():
        with collector.paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_child_does_not_wait_for_threads_of_its_parent() -> None:
    with paused_by_a_thread():
        with warnings.catch_warnings():
            # Of newer Pythons: there are threads, as there have to be.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            is_right = gc.isenabled()
            with collector.paused():
                is_right = is_right and not gc.isenabled()
            os._exit(0 if is_right and gc.isenabled() else 1)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
