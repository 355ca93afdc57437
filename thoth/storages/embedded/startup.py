"""Making a data directory and starting a server in it; called under the lock of that directory."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import EMBEDDED_BIN, EMBEDDED_DATA
from ..exceptions import EmbeddedServerError
from . import postmaster
from .accounts import Account, clean_environment
from .installations import Installation, copy_installation, find_installation
from .locations import Layout, nearest_existing
from .ownership import Ownership

HOST = "127.0.0.1"
USER = "postgres"

_VOLATILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_PORTS_TO_TRY = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What the caller wants; the arguments of `EmbeddedServer`."""

    volatile: bool
    bin_dir: Path | None
    settings: Mapping[str, str]
    password: str | None
    timeout: float


def cluster_version(files: Layout) -> str | None:
    """Return the major version of the data directory, or None when there is none."""
    try:
        return (files.cluster / "PG_VERSION").read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_state(files: Layout) -> dict[str, Any]:
    """Return ``port``, ``version`` and ``volatile`` of the latest start; empty when there was none."""
    try:
        state = json.loads(files.state.read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def write_state(files: Layout, state: Mapping[str, Any]) -> None:
    """Replace the state, whole or not at all."""
    partial = files.state.with_suffix(".partial")
    partial.write_text(json.dumps(dict(state)))
    partial.replace(files.state)


def find(plan: Plan, files: Layout | None) -> Installation:
    """Return the installation for ``plan``, one that fits an existing data directory if there is any.

    Raises:
        EmbeddedServerError: none is found, or none of the data directory's version.

    """
    version = cluster_version(files) if files is not None else None
    if version is None:
        return find_installation(plan.bin_dir)
    found = find_installation(plan.bin_dir, int(version))
    if found.major != int(version):
        raise EmbeddedServerError(
            f"the data is of PostgreSQL {version}, and {found.bin_dir} holds PostgreSQL {found.version}; nothing was "
            f"changed: install PostgreSQL {version} or set {EMBEDDED_BIN.name} to it, or choose another data directory"
        )
    return found


def readable(installation: Installation, files: Layout, account: Account) -> Installation:
    """Return ``installation``, or a copy when ``account`` cannot run it where it is.

    Raises:
        EmbeddedServerError: it cannot run the copy either.

    """
    if account.is_callers or _runs(installation, account):
        return installation
    copied = copy_installation(installation, files.binaries)
    if not _runs(copied, account):
        raise EmbeddedServerError(f"uid {account.uid} cannot run the programs in {copied.bin_dir}")
    return copied


def prepare_root(files: Layout, account: Account) -> None:
    """Make the directory of the server's files, for ``account`` to go through.

    Raises:
        EmbeddedServerError: there is something else in it, or the account cannot get to it.

    """
    root = files.root
    if root.exists() and not files.lock.exists() and any(root.iterdir()):
        raise EmbeddedServerError(
            f"not empty and not made here: choose another directory (--data-dir, {EMBEDDED_DATA.name})"
        )
    if not account.is_callers and not account.reaches(nearest_existing(root.parent)):
        raise EmbeddedServerError(
            f"the server cannot run as root, and uid {account.uid}, as which it would run, cannot reach "
            f"{nearest_existing(root.parent)}: choose another directory (--data-dir, {EMBEDDED_DATA.name})"
        )
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not account.is_callers and not account.reaches(root):
        root.chmod(stat.S_IMODE(root.stat().st_mode) | 0o011)
        if not account.reaches(root):
            raise EmbeddedServerError(f"uid {account.uid}, as which the server would run, cannot reach the directory")


def prepare_partial(files: Layout, account: Account) -> Path:
    """Return an empty directory of the account's, in which a data directory is made before it gets its name."""
    partial = files.cluster.with_suffix(".partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(mode=0o700)
    _give(partial, account)
    return partial


def write_password(files: Layout, account: Account, password: str | None) -> None:
    """Store the superuser's password, a random one unless given; readable by its owner alone."""
    partial = files.password.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(password or secrets.token_urlsafe(24))
    _give(partial, account)
    partial.replace(files.password)


def join(plan: Plan, files: Layout, found: postmaster.Postmaster) -> None:
    """Wait until the running server takes connections.

    Raises:
        EmbeddedServerError: it does not in time, or it is volatile and ``plan`` is not.

    """
    if read_state(files).get("volatile") and not plan.volatile:
        raise EmbeddedServerError(f"a volatile server runs (process {found.pid}), and a durable one is asked for")
    deadline = time.monotonic() + plan.timeout
    current: postmaster.Postmaster | None = found
    while current is None or current.status not in postmaster.READY:
        if current is None or time.monotonic() > deadline:
            raise EmbeddedServerError(f"the server that runs (process {found.pid}) takes no connections")
        time.sleep(0.02)
        current = postmaster.running(files.cluster)


def launch(plan: Plan, files: Layout, account: Account, claim: Ownership, lock: int, temporary: bool) -> None:
    """Start the server, and make its data directory when there is none; return when it takes connections.

    Raises:
        EmbeddedServerError: it does not start.

    """
    installation = find(plan, files)
    exists, state = files.cluster.exists(), read_state(files)
    if exists and plan.volatile and state.get("volatile") is False:
        raise EmbeddedServerError(
            f"the data is durable, and a volatile server could lose it: choose another directory "
            f"(--data-dir, {EMBEDDED_DATA.name})"
        )
    claim.start_keeper(lock, temporary)
    files.keep.unlink(missing_ok=True)
    installation = readable(installation, files, account)
    if plan.password is not None and not exists or not files.password.exists():
        if exists and plan.password is None:
            raise EmbeddedServerError(f"{files.password.name} is missing: give the password of {USER}")
        write_password(files, account, plan.password)
    if exists:
        _take_over(files, account, installation, sync=bool(state.get("volatile")) and not plan.volatile)
    if files.log.exists():
        files.log.replace(files.log.with_suffix(".log.1"))
    spec = {
        "prefix": account.prefix,
        "options": account.options(),
        "environment": clean_environment(),
        "partial": None if exists else str(prepare_partial(files, account)),
        "initdb": None if exists else _initdb(plan, files, installation),
        "postgres": _postgres(plan, files, installation),
        "ports": _ports(state.get("port")),
    }
    # The state comes first: a server that runs is never without it.
    write_state(files, {**state, "version": installation.version, "volatile": plan.volatile})
    answer = claim.ask_keeper(spec, plan.timeout)
    write_state(files, {"port": answer["port"], "version": installation.version, "volatile": plan.volatile})


def _runs(installation: Installation, account: Account) -> bool:
    return account.can_run(installation.bin_dir / "initdb", installation.bin_dir / "postgres")


def _give(path: Path, account: Account) -> None:
    if account.uid is not None:
        os.chown(path, account.uid, account.gid if account.gid is not None else -1, follow_symlinks=False)


def _take_over(files: Layout, account: Account, installation: Installation, sync: bool) -> None:
    # Made by root in a namespace, where there are none now: the files become the account's.
    if account.uid is not None and files.cluster.stat().st_uid != account.uid:
        for path in (files.password, files.cluster, *files.cluster.rglob("*")):
            _give(path, account)
    postmaster.forget_stale(files.cluster)
    if sync:
        account.run([installation.bin_dir / "initdb", "--sync-only", "-D", files.cluster]).check_returncode()


def _initdb(plan: Plan, files: Layout, installation: Installation) -> list[str]:
    command = [str(installation.bin_dir / "initdb"), "-D", str(files.cluster.with_suffix(".partial")), "-U", USER]
    command += ["-E", "UTF8", "--no-locale", "-A", "scram-sha-256", f"--pwfile={files.password}"]
    return [*command, "--no-sync", "--no-instructions"] if plan.volatile else [*command, "--no-instructions"]


def _postgres(plan: Plan, files: Layout, installation: Installation) -> list[str]:
    settings = {**(_VOLATILE if plan.volatile else {}), **plan.settings}
    settings |= {"listen_addresses": HOST, "unix_socket_directories": ""}
    command = [str(installation.bin_dir / "postgres"), "-D", str(files.cluster)]
    return command + [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _ports(latest: int | None) -> list[int]:
    """Return ports that are free now: that of the latest start first, so that addresses stay true."""
    ports: list[int] = []
    sockets = [socket.socket() for _ in range(_PORTS_TO_TRY + 1)]
    try:
        for number, attempt in enumerate(sockets):
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind((HOST, latest or 0 if number == 0 else 0))
            except OSError:
                continue
            ports.append(attempt.getsockname()[1])
    finally:
        for attempt in sockets:
            attempt.close()
    return ports
