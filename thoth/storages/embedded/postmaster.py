"""The server process: whether it is alive, how it is shut down and, run as a script, the process that keeps it.

The keeper is the server's parent. It holds the read end of a pipe from the owner: when the owner ends, whatever
ended it, the pipe closes, and the keeper stops the server. Run by path (``python -I -S postmaster.py``), so that it
starts in milliseconds and imports nothing that is not Python's own.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

READY = ("ready", "standby")

_NO_PROCESS = 2**31 - 1  # above every system's largest pid
_PORT_IN_USE = "Address already in use"
_OLD_BACKENDS = "pre-existing shared memory block"
_STDIN, _STDOUT = 0, 1


class Postmaster(NamedTuple):
    """What ``postmaster.pid`` says."""

    pid: int
    port: int
    status: str


def read_pid_file(cluster: Path) -> Postmaster | None:
    """Return what the pid file of ``cluster`` says, true or not; None when there is none or half a one."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return Postmaster(int(lines[0]), int(lines[3]), lines[7].strip() if len(lines) > 7 else "starting")
    except (FileNotFoundError, IndexError, ValueError):
        return None


def is_postmaster(pid: int, cluster: Path) -> bool:
    """Whether ``pid`` is alive and the server of ``cluster``, not some process that got a crashed server's pid."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # alive, somebody else's
    try:
        # The server works in its data directory, and a zombie in none.
        return os.path.samefile(f"/proc/{pid}/cwd", cluster)
    except PermissionError:
        pass  # another account's
    except OSError:
        if os.path.exists("/proc/self/cwd"):
            return False
    command = subprocess.run(["ps", "-o", "stat=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "postgres" in command.stdout and not command.stdout.lstrip().startswith("Z")


def running(cluster: Path) -> Postmaster | None:
    """Return the live server of ``cluster``, or None."""
    found = read_pid_file(cluster)
    return found if found is not None and is_postmaster(found.pid, cluster) else None


def forget_stale(cluster: Path) -> None:
    """Make a pid file that a crash left harmless; to be called under the lock, when no server runs.

    PostgreSQL itself sees that a pid is dead. Not so when another process got the pid, or the file was cut short.
    """
    pid_file = cluster / "postmaster.pid"
    if not pid_file.exists():
        return
    if read_pid_file(cluster) is None:
        pid_file.unlink()
        return
    # The other lines stay: by them PostgreSQL finds out whether old backends still use the shared memory.
    _, _, rest = pid_file.read_text().partition("\n")
    with pid_file.open("r+") as stream:
        stream.write(f"{_NO_PROCESS}\n{rest}")
        stream.truncate()


def shut_down(pid: int, is_alive: Callable[[], bool], patience: float = 60.0) -> None:
    """Stop a server: connections are cut and the data written; without the latter when that takes too long.

    Raises:
        PermissionError: the server is somebody else's.

    """
    for number, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not is_alive():
                return
            time.sleep(0.01)


@contextlib.contextmanager
def locked(path: Path, kind: int = fcntl.LOCK_EX) -> Iterator[int]:
    """Hold the lock on ``path``; yields its descriptor. Unlocked by name, as a forked child may hold it open too."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind)
        yield descriptor
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


class OwnerGoneError(Exception):
    """The owner ended before the server was up."""


class StartError(Exception):
    """A program of PostgreSQL failed; the message is the end of what it said."""


class Keeper:
    """One server's parent, for the life of its owner."""

    def __init__(self, root: Path, lock: int) -> None:
        """Keep the server of ``root``; ``lock`` is the owner's descriptor of the lock, held until the start is over."""
        self.root = root
        self.lock = lock
        self.server: subprocess.Popen[bytes] | None = None
        self.temporary = False
        self.spec: dict[str, Any] = {}

    def run(self, temporary: bool) -> None:
        """Start the server as the owner says, wait for the owner's end, clean up."""
        self.temporary = temporary
        answer: dict[str, Any] | None = None
        try:
            self.spec = json.loads(self._read_line())
            answer = self._start()
        except (StartError, OSError, ValueError) as error:
            answer = {"error": str(error)}
        except (OwnerGoneError, SystemExit):
            pass
        if answer is None:
            self._stop()
            self._remove()
            return
        os.close(self.lock)
        with contextlib.suppress(BrokenPipeError):
            os.write(_STDOUT, json.dumps(answer).encode() + b"\n")
        with contextlib.suppress(SystemExit):
            while not self._owner_is_gone(None):
                pass
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._finish()

    def _read_line(self) -> str:
        line = b""
        while not line.endswith(b"\n"):
            part = os.read(_STDIN, 65536)
            if not part:
                raise OwnerGoneError
            line += part
        return line.decode()

    def _owner_is_gone(self, timeout: float | None) -> bool:
        return bool(select.select([_STDIN], [], [], timeout)[0]) and not os.read(_STDIN, 65536)

    def _spawn(self, command: list[str]) -> tuple[subprocess.Popen[bytes], int]:
        log = os.open(self.root / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            offset = os.fstat(log).st_size
            options = self.spec["options"]
            child = subprocess.Popen(
                [*self.spec["prefix"], *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=self.spec["environment"],
                start_new_session=True,
                **options,
            )
        except OSError as error:
            raise StartError(f"{command[0]}: {error.strerror}") from None
        finally:
            os.close(log)
        return child, offset

    def _said(self, offset: int) -> str:
        with (self.root / "server.log").open("rb") as stream:
            stream.seek(offset)
            return stream.read().decode(errors="replace")

    def _start(self) -> dict[str, Any]:
        cluster = self.root / "cluster"
        if self.spec["initdb"] is not None:
            self._initdb(cluster)
        ports, patience = list(self.spec["ports"]), time.monotonic() + 15.0
        while True:
            self.server, offset = self._spawn([*self.spec["postgres"], "-p", str(ports[0])])
            if self._comes_up(self.server, cluster):
                return {"pid": self.server.pid, "port": ports[0]}
            said = self._said(offset)
            if _PORT_IN_USE in said and len(ports) > 1:
                del ports[0]
            elif _OLD_BACKENDS in said and time.monotonic() < patience:
                time.sleep(0.1)  # those of a server that was killed end by themselves
            else:
                raise StartError(_gist(said, "postgres", self.server.returncode))

    def _initdb(self, cluster: Path) -> None:
        partial = Path(self.spec["partial"])
        child, offset = self._spawn(self.spec["initdb"])
        try:
            while child.poll() is None:
                if self._owner_is_gone(0.01):
                    raise OwnerGoneError
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)  # with the server that initdb runs
                child.wait()
        if child.returncode:
            raise StartError(_gist(self._said(offset), "initdb", child.returncode))
        partial.rename(cluster)  # never half a data directory under the name of a whole one
        directory = os.open(self.root, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _comes_up(self, server: subprocess.Popen[bytes], cluster: Path) -> bool:
        while server.poll() is None:
            found = read_pid_file(cluster)
            if found is not None and found.pid == server.pid and found.status in READY:
                return True
            if self._owner_is_gone(0.01):
                raise OwnerGoneError
        return False

    def _finish(self) -> None:
        with contextlib.ExitStack() as stack:
            if self._is_alive() and self._is_last_owner(stack):
                stack.enter_context(locked(self.root / "lock"))
                if (self.root / "keep").exists():
                    return  # somebody asked meanwhile that the server stay
                self._stop()
            self._remove()

    def _is_last_owner(self, stack: contextlib.ExitStack) -> bool:
        """Wait until no owner is left, and let nobody become one; False when the server ended in the meantime."""
        descriptor = os.open(self.root / "owners", os.O_RDWR | os.O_CREAT, 0o600)
        stack.callback(os.close, descriptor)
        while self._is_alive():
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                time.sleep(0.1)
        return False

    def _is_alive(self) -> bool:
        return self.server is not None and self.server.poll() is None

    def _stop(self) -> None:
        if self.server is not None and self._is_alive():
            shut_down(self.server.pid, self._is_alive)

    def _remove(self) -> None:
        for _ in range(100):  # a process that was just killed may still be writing
            if not self.temporary or not self.root.exists():
                return
            shutil.rmtree(self.root, ignore_errors=True)
            time.sleep(0.01)


def _gist(said: str, program: str, code: int | None) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "HINT", "error:"))] or lines
    return f"{program} ended with {code}: {' | '.join(telling[-4:])}"


def _terminated(*_: object) -> NoReturn:
    raise SystemExit


def main(root: str, temporary: str, lock: str) -> None:
    """Detach from the caller, which reaps this process at once, and keep the server of ``root``."""
    if os.fork():
        os._exit(0)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminated)
    Keeper(Path(root), int(lock)).run(temporary == "temporary")


if __name__ == "__main__":
    main(*sys.argv[1:])
