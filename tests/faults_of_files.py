"""Faults of a machine that write to files meets: a process that is killed between two system calls, a full disk."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tests.processes import in_child

T = TypeVar("T")

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_LIBC.ptrace.restype = ctypes.c_long
# <linux/ptrace.h>
_TRACEME, _SYSCALL, _SETOPTIONS, _SYSCALL_INFO = 0, 24, 0x4200, 0x420E
_TRACESYSGOOD, _EXITKILL = 1, 0x100000
_ENTRY, _NUMBER = 1, slice(24, 32)
# System calls that change files: write, pwrite64, fsync, fdatasync, truncate, rename, link, unlink and the like.
_CHANGING = {
    "x86_64": {1, 18, 74, 75, 76, 77, 82, 83, 84, 86, 87, 263, 264, 265, 316},
    "aarch64": {34, 35, 37, 38, 45, 46, 64, 68, 82, 83, 276},
}


def killed_before_change(function: Callable[[], Any], number: int) -> bool:
    """Run a function in a forked child, and kill it (SIGKILL) before its n-th system call that changes files.

    What is on disk changes by these calls alone, so that all numbers together are all states that a kill can leave.

    Returns:
        Whether it was killed; False when it ended by itself before.

    """
    pid = os.fork()
    if pid == 0:
        try:
            if _LIBC.ptrace(_TRACEME, 0, None, None) != 0:
                os._exit(3)
            os.kill(os.getpid(), signal.SIGSTOP)
            function()
            os._exit(0)
        except BaseException:
            os._exit(4)
    os.waitpid(pid, 0)
    _LIBC.ptrace(_SETOPTIONS, pid, None, _TRACESYSGOOD | _EXITKILL)
    info = ctypes.create_string_buffer(128)
    changing = _CHANGING[platform.machine()]
    delivered = 0
    while True:
        _LIBC.ptrace(_SYSCALL, pid, None, delivered)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            assert os.WIFEXITED(status), status
            assert os.WEXITSTATUS(status) == 0, "the child failed"
            return False
        stopped_by = os.WSTOPSIG(status)
        delivered = 0
        if stopped_by != signal.SIGTRAP | 0x80:
            delivered = stopped_by
            continue
        size = _LIBC.ptrace(_SYSCALL_INFO, pid, len(info), info)
        assert size > 0, os.strerror(ctypes.get_errno())
        if info.raw[0] == _ENTRY and int.from_bytes(info.raw[_NUMBER], "little") in changing:
            number -= 1
            if number < 0:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return True


def on_small_disk(size: int, function: Callable[[Path], T]) -> T:
    """Return what a function returns in a forked child, given a folder on a disk of so many bytes.

    The disk is one in memory that the child alone sees; where none can be mounted, the files themselves may not become
    longer than that, which the system refuses in the same place.
    """

    def call() -> T:
        with tempfile.TemporaryDirectory(prefix="small-disk-") as folder:
            if not _mounted(folder, size):
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            try:
                return function(Path(folder))
            finally:
                _LIBC.umount2(folder.encode(), 2)

    return in_child(call)


def _mounted(folder: str, size: int) -> bool:
    new_namespace, private = 0x20000, 0x40000 | 0x4000
    if _LIBC.unshare(new_namespace) != 0 or _LIBC.mount(b"none", b"/", None, ctypes.c_ulong(private), None) != 0:
        return False
    options = f"size={size}".encode()
    return bool(_LIBC.mount(b"none", folder.encode(), b"tmpfs", ctypes.c_ulong(0), options) == 0)
