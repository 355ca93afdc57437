"""A PostgreSQL server of one's own that tests may break."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.embedded import EmbeddedServer
from thoth.storages.graph.sql_base import database_url

_LASTING = {"synchronous_commit": "on", "max_connections": "120"}


class Breakable:
    """A server that is crashed, restarted, promoted; nothing that it confirmed may be lost by that."""

    def __init__(self, server: EmbeddedServer) -> None:
        """Take a server that runs."""
        self.server = server

    @classmethod
    def make(cls, folder: Path, **settings: str) -> Breakable:
        """Start a server in a folder. What it confirmed survives its end, if not that of the machine."""
        lasting = {**_LASTING, **settings}
        return cls(EmbeddedServer(folder, volatile=True, settings=lasting).start(owned=True))

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        port = self.server.status().port
        assert port is not None
        return port

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: ``immediate`` as in a crash, ``fast`` as by an operator; ``smart`` would wait for us."""
        self.server.run_program("pg_ctl", "-D", self.server.cluster_dir, "-m", mode, "stop")

    def start(self) -> None:
        """Start it again, on the same port."""
        self.server.start(owned=True)

    def restart(self, mode: str = "immediate") -> None:
        """Stop and start it."""
        port = self.port
        self.stop(mode)
        self.start()
        assert self.port == port

    def standby(self, folder: Path) -> Breakable:
        """Return a hot standby that follows this server, to be started."""
        return Breakable(self.server.standby(folder, settings=_LASTING))

    def promote(self) -> None:
        """Make a standby the primary."""
        self.server.run_program("pg_ctl", "-D", self.server.cluster_dir, "-w", "promote")

    def ask(self, *statements: str, database: str = "postgres") -> list[Any]:
        """Send statements in a session of another, each a transaction; return the rows of the last."""
        engine = create_engine(self.server.url(database), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        rows: list[Any] = []
        with engine.connect() as connection:
            for statement in statements:
                result = connection.execute(text(statement))
                rows = list(result) if result.returns_rows else []
        return rows


def ask(statement: str, **parameters: Any) -> list[Any]:
    """Return the rows of a statement that another session sends to the database that the environment names."""
    engine = create_engine(database_url(KnowledgeGraphConfig()), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result = connection.execute(text(statement), parameters)
        return list(result) if result.returns_rows else []


def states(application: str) -> list[str]:
    """Return the states of the sessions of an application, but for the one that asks."""
    found = ask(
        "SELECT state FROM pg_stat_activity WHERE application_name = :name AND pid <> pg_backend_pid()",
        name=application,
    )
    return [state for (state,) in found]


@contextmanager
def held(statement: str) -> Iterator[None]:
    """Let another session send a statement, and keep its transaction open; a server that went took it along."""
    engine = create_engine(database_url(KnowledgeGraphConfig()), poolclass=NullPool)
    connection = engine.connect()
    connection.execute(text(statement))
    try:
        yield
    finally:
        connection.invalidate()
        connection.close()


@contextmanager
def going_on(action: Any) -> Iterator[threading.Event]:
    """Let a thread repeat an action, which is given an event that tells it to end, until the block ends."""
    end, failures = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            while not end.is_set():
                action(end)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield end
    finally:
        end.set()
        thread.join()
    assert not failures, failures
