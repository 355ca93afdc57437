"""A real pgbouncer in transaction mode, in front of a server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import NOBODY, becomes_true
from thoth.storages.config import KnowledgeGraphConfig

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")

# Few connections for many clients, so that each transaction may get another one. What pgbouncer knows nothing of in a
# start-up packet is an error; prepared statements of the protocol are not followed.
_CONFIGURATION = """\
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users
admin_users = {user}
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 200
server_login_retry = 1
ignore_startup_parameters =
logfile = {folder}/log
"""


@contextmanager
def pgbouncer(*, pool_size: int = 3) -> Iterator[int]:
    """Run a pgbouncer in front of the server that the environment names; give its port."""
    assert PROGRAM is not None
    config = KnowledgeGraphConfig()
    ((host, port),) = config.hosts
    folder = Path(tempfile.mkdtemp(prefix="thoth-pgbouncer-"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        own_port = int(free.getsockname()[1])
    values = {"host": host, "port": port, "own_port": own_port, "folder": folder, "user": config.user}
    (folder / "configuration").write_text(_CONFIGURATION.format(**values, pool_size=pool_size))
    quoted = [part.replace('"', '""') for part in (config.user, config.password)]
    (folder / "users").write_text(" ".join(f'"{part}"' for part in quoted))
    account = {}
    if os.geteuid() == 0:  # it refuses to be root
        account = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        for path in (folder, *folder.iterdir()):
            os.chown(path, NOBODY, NOBODY)
    process = subprocess.Popen(
        [PROGRAM, "-q", folder / "configuration"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **account,  # type: ignore[call-overload]
    )
    try:
        assert becomes_true(lambda: process.poll() is not None or _answers(own_port))
        assert process.poll() is None, (folder / "log").read_text()
        yield own_port
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
