"""Other processes: forked children, and scripts that run this checkout."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from tests.conftest import ROOT

T = TypeVar("T")

NOBODY = 65534
_PATIENCE = 120


def forked(function: Callable[[], Any]) -> tuple[int, int]:
    """Run a function in a forked child; return its process id, and where its result can be read."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Threads of the test runner; the child uses none of what they hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    try:
        os.close(reader)
        signal.alarm(_PATIENCE)  # a child that waits for ever is a failed test
        try:
            result: tuple[bool, Any] = True, function()
        except BaseException:
            result = False, traceback.format_exc()
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(result, pipe)
    finally:
        os._exit(0)


def collected(child: tuple[int, int]) -> Any:
    """Wait for a child, and return what its function returned."""
    pid, reader = child
    with os.fdopen(reader, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(pid, 0)
    assert content, f"the child ended with {status}"
    is_result, value = pickle.loads(content)
    assert is_result, value
    return value


def in_child(function: Callable[[], T]) -> T:
    """Return what a function returns in a forked child."""
    result: T = collected(forked(function))
    return result


def without_privileges(function: Callable[[], T]) -> T:
    """Return what a function returns in a forked child that root's exemption from permissions does not help."""

    def call() -> T:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        return function()

    return in_child(call)


def killed_after(function: Callable[[], Any], seconds: float) -> None:
    """Run a function in a forked child, and kill it (SIGKILL) after some time, unless it ended before."""
    pid, reader = forked(function)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(reader)


def python(script: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a new interpreter."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def becomes_true(condition: Callable[[], Any]) -> bool:
    """Wait for a condition; tell whether it came about."""
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.02)
    return False
