"""What the tests of the embedded server share: other processes, and what the system says of them."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2

from thoth.storages.embedded import (
    EmbeddedServer,
    installations,
)

ROOT = os.geteuid() == 0
SOURCE = Path(installations.__file__).parents[3]
OWNER = """
import sys, time
from thoth.storages.embedded import EmbeddedServer
{before}
server = EmbeddedServer(*sys.argv[1:], volatile=True).start(owned={owned})
print(server.status().pid, server.data_dir, flush=True)
{after}
"""
WAIT = "sys.stdin.read()"


def ask(server: EmbeddedServer, statement: str, database: str = "postgres") -> Any:
    """Return the first value of what ``statement`` gives, asked as the library would: by the variables."""
    values = server.environment(database)
    names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "DATABASE": "dbname"}
    parts: dict[str, Any] = {key: values[f"KNOWLEDGE_GRAPH_{name}"] for name, key in names.items()}
    connection = psycopg2.connect(**parts)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return (cursor.fetchone() or [None])[0] if cursor.description else None
    finally:
        connection.close()


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody reaps yet has."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return not state.strip() or state.startswith("Z")


def command_lines() -> str:
    """Return the command lines of all processes."""
    return subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def becomes_true(condition: Callable[[], bool]) -> bool:
    for _ in range(1200):
        if condition():
            return True
        time.sleep(0.05)
    return False


def child(*arguments: object, owned: bool = True, before: str = "", after: str = WAIT) -> subprocess.Popen[str]:
    script = OWNER.format(owned=owned, before=before, after=after)
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])},
    )


def answer(process: subprocess.Popen[str]) -> tuple[int, Path]:
    assert process.stdout is not None
    pid, _, directory = process.stdout.readline().strip().partition(" ")
    return int(pid), Path(directory)


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def modes(path: Path) -> list[tuple[str, int, int]]:
    return [(str(each), each.stat().st_mode, each.stat().st_uid) for each in path.parents]


def server_uid(cluster: Path) -> int:
    """Return as whom PostgreSQL's files have to be here, worked out by other means than the library's."""
    command = ["unshare", "--user", "--map-user=1", "--map-group=1", "true"]
    if not ROOT or subprocess.run(command, capture_output=True, check=False).returncode == 0:
        return os.geteuid()
    return pwd.getpwnam("nobody").pw_uid


def fake_installation(directory: Path, version: str) -> Path:
    directory.mkdir(parents=True)
    for name in installations.PROGRAMS:
        (directory / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (directory / name).chmod(0o755)
    return directory
