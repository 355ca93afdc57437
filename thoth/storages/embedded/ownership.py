"""Who a server lives for: the owner's side of the keeper (see `postmaster`), and the end of owners."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..exceptions import EmbeddedServerError
from . import postmaster
from .locations import Layout

_OWNED: set[Ownership] = set()


@contextlib.contextmanager
def start_lock(files: Layout, owned: bool) -> Iterator[tuple[int, Ownership]]:
    """Hold the lock under which a server is started or joined, and yield it with the caller's claim on the server.

    The claim is given up when the block fails, and kept when it does not and ``owned`` is true.
    """
    claim = Ownership(files)
    while True:
        with postmaster.locked(files.lock) as lock:
            if owned and not claim.share():
                pass  # a keeper is about to stop the server, and waits for the lock
            else:
                try:
                    yield lock, claim
                except BaseException:
                    claim.drop()
                    raise
                break
        time.sleep(0.02)
    if owned:
        _OWNED.add(claim)
    else:
        claim.drop()


class Ownership:
    """One process's claim on a server: a shared lock and, where this process started it, the pipe to its keeper."""

    def __init__(self, files: Layout) -> None:
        """Make a claim that holds nothing yet."""
        self.files = files
        self.temporary = False
        self.server_pid: int | None = None
        self._process = os.getpid()
        self._shared: int | None = None
        self._pipe: int | None = None
        self._reports: int | None = None

    def share(self) -> bool:
        """Become one of the owners; False while a keeper that saw no owner stops the server."""
        descriptor = os.open(self.files.owners, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._shared = descriptor
        return True

    def start_keeper(self, lock: int, temporary: bool) -> None:
        """Start the process that will be the server's parent, and removes its directory if ``temporary``.

        Raises:
            EmbeddedServerError: this process does not know its interpreter.

        """
        if not sys.executable:
            raise EmbeddedServerError("sys.executable is empty: no Python to watch over the server with")
        self.temporary = temporary
        theirs, self._pipe = os.pipe()
        self._reports, answers = os.pipe()
        arguments = [self.files.root, "temporary" if temporary else "kept", str(lock)]
        try:
            subprocess.run(
                [sys.executable, "-I", "-S", postmaster.__file__, *arguments],
                stdin=theirs,
                stdout=answers,
                stderr=subprocess.DEVNULL,
                pass_fds=[lock],
                start_new_session=True,
                cwd="/",
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise EmbeddedServerError(f"the process that watches over the server failed: {error}") from None
        finally:
            os.close(theirs)
            os.close(answers)

    def ask_keeper(self, spec: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """Have the keeper start the server of ``spec``; return its pid and port.

        Raises:
            EmbeddedServerError: it did not start; the message is what it said.

        """
        if self._pipe is None:
            raise EmbeddedServerError("no process watches over the server")
        with contextlib.suppress(BrokenPipeError):
            os.write(self._pipe, json.dumps(spec).encode() + b"\n")
        answer: dict[str, Any] = json.loads(self._read(timeout, b"\n") or b'{"error": "its keeper was killed"}')
        if "error" in answer:
            raise EmbeddedServerError(answer["error"])
        self.server_pid = answer["pid"]
        return answer

    def drop(self) -> None:
        """Leave the server to its keeper; wait for its end when the server did not start, or was temporary."""
        self._close("_shared")
        self._close("_pipe")
        if self._reports is not None and (self.temporary or self.server_pid is None):
            self._read(30.0)
        self._close("_reports")

    def give_up(self, timeout: float) -> None:
        """Own the server no more; if nobody else does, return when it has stopped.

        Raises:
            EmbeddedServerError: it does not stop.

        """
        _OWNED.discard(self)
        if os.getpid() != self._process:
            return  # a forked child: the server is its parent's
        self._close("_shared")
        started_here, others = self._pipe is not None, self._has_other_owners()
        self._close("_pipe")
        if started_here and not others:
            self._read(timeout)
            self._do_as_keeper(timeout)
        self._close("_reports")

    def forget(self) -> None:
        """Close what a forked child inherited: it would keep the server alive as long as itself."""
        for name in ("_shared", "_pipe", "_reports"):
            self._close(name)

    def _close(self, name: str) -> None:
        descriptor = getattr(self, name)
        if descriptor is not None:
            setattr(self, name, None)
            os.close(descriptor)

    def _has_other_owners(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(self.files.owners, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(descriptor)
        return False

    def _read(self, timeout: float, until: bytes = b"") -> bytes:
        """Return what the keeper says before ``until``, or before its end."""
        said, deadline = b"", time.monotonic() + timeout
        while self._reports is not None and not (until and said.endswith(until)):
            if not select.select([self._reports], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise EmbeddedServerError(f"not done after {timeout} seconds; see {self.files.log}")
            part = os.read(self._reports, 65536)
            if not part:
                break
            said += part
        return said

    def _do_as_keeper(self, timeout: float) -> None:
        """Stop the server whose keeper was killed; there is nothing left to do otherwise."""
        files = self.files
        found = postmaster.running(files.cluster)
        if found is not None and found.pid == self.server_pid and not files.keep.exists():
            postmaster.shut_down(found.pid, lambda: postmaster.is_postmaster(found.pid, files.cluster), timeout)
        if self.temporary:
            shutil.rmtree(files.root, ignore_errors=True)


def _at_exit() -> None:
    for ownership in list(_OWNED):
        with contextlib.suppress(EmbeddedServerError, OSError):
            ownership.give_up(30.0)


def _in_child() -> None:
    for ownership in _OWNED:
        ownership.forget()
    _OWNED.clear()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_in_child)
