#!/usr/bin/env python3
"""A real Ceph for as long as a command runs: a monitor, a disk in memory and a RADOS gateway, on loopback.

    python3 tests/stores/ceph_cluster.py python3 dev.py test tests/stores

The command finds the gateway by THOTH_S3_ENDPOINT_URL and its companions. When it ends, so does the cluster, and
nothing of it is left. On Debian, packages that are missing are installed, which takes root. Where they cannot be had,
this says so in one line and ends with status 69.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

PACKAGES = ("ceph-mon", "ceph-osd", "radosgw", "ceph-common")
PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool")
UNAVAILABLE = 69
WAIT_SECONDS = 120

# One copy of everything, and a disk that is memory: what is tested is how the gateway answers. Without tcp_nodelay it
# waits some 40 ms between the head and the body of an answer.
CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{monitor_port}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = {folder}/keyring
run dir = {folder}
admin socket = {folder}/$name.asok
log file = {folder}/$name.log
crash dir = {folder}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
[mon]
mon data = {folder}/monitor
mon cluster log file = {folder}/cluster.log
mon allow pool size one = true
mon data avail crit = 1
auth allow insecure global id reclaim = false
[osd]
osd data = {folder}/disk
osd objectstore = memstore
osd class update on start = false
memstore device bytes = 2147483648
[client.rgw.test]
rgw frontends = beast endpoint=127.0.0.1:{gateway_port} tcp_nodelay=1
"""

KEYS = {
    "mon.": ["mon", "allow *"],
    "client.admin": ["mon", "allow *", "osd", "allow *"],
    "osd.0": ["mon", "allow profile osd", "osd", "allow *"],
    "client.rgw.test": ["mon", "allow rw", "osd", "allow rwx"],
}


class UnavailableError(Exception):
    """Ceph cannot be had on this machine."""


class Cluster:
    """The processes of a cluster, and the folder that holds what they keep."""

    def __init__(self, folder: Path) -> None:
        """Say where; nothing is started yet."""
        self._folder = folder
        self._configuration = folder / "ceph.conf"
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._gateway_port = free_port()

    def start(self) -> dict[str, str]:
        """Start the cluster; return the variables that name its gateway and a user of it."""
        fsid = str(uuid.uuid4())
        monitor_port = free_port()
        self._configuration.write_text(
            CONFIGURATION.format(
                fsid=fsid, folder=self._folder, monitor_port=monitor_port, gateway_port=self._gateway_port
            )
        )
        self._start_monitor(fsid, monitor_port)
        self._start_disk()
        self._daemon("radosgw", "-n", "client.rgw.test")
        self._wait("the gateway", self._gateway_answers)
        key, secret = "test" + secrets.token_hex(8), secrets.token_hex(16)
        user = ["--uid=test", "--display-name=test", f"--access-key={key}", f"--secret-key={secret}"]
        self._run("radosgw-admin", "user", "create", *user)
        return {
            "THOTH_S3_ENDPOINT_URL": f"http://127.0.0.1:{self._gateway_port}",
            "THOTH_CEPH_KEY_ID": key,
            "THOTH_CEPH_SECRET_KEY": secret,
        }

    def stop(self) -> None:
        """End the processes, the last one first."""
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self._daemons.clear()

    def _start_monitor(self, fsid: str, port: int) -> None:
        keyring = str(self._folder / "keyring")
        Path(keyring).touch(mode=0o600)
        for name, capabilities in KEYS.items():
            words = [word for what, may in pairs(capabilities) for word in ("--cap", what, may)]
            self._run("ceph-authtool", keyring, "--gen-key", "-n", name, *words, configured=False)
        monitor_map = str(self._folder / "monitors")
        address = f"[v2:127.0.0.1:{port}]"
        create = ["--create", "--fsid", fsid, "--addv", "a", address, "--enable-all-features", monitor_map]
        self._run("monmaptool", *create, configured=False)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monitor_map, "--keyring", keyring)
        self._daemon("ceph-mon", "-i", "a")
        self._wait("the monitor", lambda: bool(self._ceph("quorum_status")))

    def _start_disk(self) -> None:
        (self._folder / "disk").mkdir()
        number = str(uuid.uuid4())
        self._run("ceph", "osd", "new", number, "0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", number)
        self._daemon("ceph-osd", "-i", "0")
        self._wait("the disk", lambda: " 1 up" in self._ceph("osd", "stat"))

    def _run(self, program: str, *words: str, configured: bool = True) -> str:
        options = ["-c", str(self._configuration)] if configured else []
        done = subprocess.run([program, *options, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} {' '.join(words[:2])}: {done.stderr.strip()[-1000:]}")
        return done.stdout

    def _ceph(self, *words: str) -> str:
        try:
            return self._run("ceph", "--connect-timeout", "5", *words)
        except RuntimeError:
            return ""

    def _daemon(self, program: str, *words: str) -> None:
        with open(self._folder / f"{program}.out", "wb") as out:
            command = [program, "-f", "-c", str(self._configuration), *words]
            # Ctrl-C is for the command; the daemons are stopped in their turn.
            self._daemons.append(subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True))

    def _wait(self, what: str, is_there: Callable[[], bool]) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while not is_there():
            ended = [daemon.args for daemon in self._daemons if daemon.poll() is not None]
            if ended or time.monotonic() > until:
                logs = "\n".join(log.read_text(errors="replace")[-1500:] for log in self._folder.glob("*.out"))
                raise RuntimeError(f"{what} does not start; ended: {ended}\n{logs}")
            time.sleep(0.2)

    def _gateway_answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self._gateway_port), timeout=5) as connection,
        ):
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(64)
        return False


def pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return the words two by two."""
    return list(zip(words[::2], words[1::2], strict=True))


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def install_packages() -> None:
    """Install the packages of Debian that are missing.

    Raises:
        UnavailableError: they cannot be had; the message says why.

    """
    if all(map(shutil.which, PROGRAMS)):
        return
    if not shutil.which("apt-get"):
        raise UnavailableError("no Ceph is installed, and this is no Debian")
    if os.geteuid() != 0:
        raise UnavailableError(f"no Ceph is installed, and installing {' '.join(PACKAGES)} takes root")
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *PACKAGES]
    for command in (["apt-get", "update", "-qq"], install):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise UnavailableError(f"{' '.join(command[:2])} failed: {reason}")


def run(command: Sequence[str]) -> int:
    """Run a command beside a cluster; return its exit status."""
    started = time.monotonic()
    install_packages()
    installed = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="thoth-ceph-") as folder:
        cluster = Cluster(Path(folder))
        try:
            variables = cluster.start()
            version = subprocess.run(["ceph", "--version"], capture_output=True, text=True, check=True).stdout.split()
            say(
                f"version {version[2]} is up: {installed - started:.0f} s for packages, "
                f"{time.monotonic() - installed:.0f} s for the cluster"
            )
            return subprocess.call(command, env={**os.environ, **variables})
        finally:
            cluster.stop()


def say(message: str) -> None:
    """Tell people what goes on, and leave standard output to the command."""
    print(f"ceph: {message}", file=sys.stderr, flush=True)


def main(command: list[str]) -> int:
    """Run a command; return its exit status, or 69 when there is no Ceph to be had."""
    if not command or command[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    # So that the cluster is also taken down when this is told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(command)
    except UnavailableError as error:
        say(f"not tested with Ceph: {error}")
        return UNAVAILABLE
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
