"""`EmbeddedServer`: start or join, stop, ask, and the address to use."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from ..config import EMBEDDED_BIN
from ..exceptions import EmbeddedServerError
from . import postmaster
from .accounts import choose_account
from .locations import Layout, default_data_dir, make_temporary
from .ownership import Ownership, start_lock
from .startup import (
    HOST,
    USER,
    Plan,
    cluster_version,
    find,
    join,
    launch,
    prepare_partial,
    prepare_root,
    read_state,
    readable,
    write_password,
    write_state,
)

DATABASE = "thoth"

_SETTING_NAME = re.compile(r"[a-z_][a-z0-9_.]*", re.IGNORECASE)
_OURS = frozenset({"port", "listen_addresses", "unix_socket_directories", "data_directory", "hba_file"})


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is known of a server; nothing in it is secret.

    Attributes:
        running: whether it takes connections, or will in a moment.
        pid: process id of the server.
        port: on 127.0.0.1.
        version: of the running server, e.g. ``18.1``; of a stopped one its data directory's, e.g. ``18``.
        data_dir: where its files are.
        volatile: whether it loses its data when the machine stops.

    """

    running: bool
    pid: int | None
    port: int | None
    version: str | None
    data_dir: Path | None
    volatile: bool


class EmbeddedServer:
    """A PostgreSQL server on 127.0.0.1, of the calling user alone.

    As a context manager, or with ``start(owned=True)``, it ends with its last owner: at the end of the block or with
    the process, however that ends. After a plain ``start()`` it stays until ``stop()``.

    Several processes may start the server of one directory at once: one of them starts it, the others join.
    """

    def __init__(
        self,
        data_dir: Path | str | None = None,
        *,
        volatile: bool = False,
        bin_dir: Path | str | None = None,
        settings: Mapping[str, str] | None = None,
        password: str | None = None,
        timeout: float = 120.0,
    ) -> None:
        """Describe a server; nothing is touched before `start`.

        Args:
            data_dir: where its files are, made when missing. None: `default_data_dir`; when ``volatile``, a temporary
                directory, removed with the server, which always is an owned one.
            volatile: nothing is forced to disk: fast, and lost when the machine stops.
            bin_dir: directory of initdb, pg_ctl and postgres; None: ``THOTH_STORAGES_EMBEDDED_BIN``, or see
                `find_installation`.
            settings: more settings of the server, as in ``postgresql.conf``; a server that is joined keeps its own.
            password: the superuser's, for a new data directory; None: a random one.
            timeout: seconds that the server may take to start or to stop.

        Raises:
            EmbeddedServerError: a setting has an impossible name or one that is set here, or the password is no line.

        """
        for name in settings or ():
            if not _SETTING_NAME.fullmatch(name) or name.lower() in _OURS:
                raise EmbeddedServerError(f"settings[{name!r}]: not a setting that can be given")
        if password is not None and not password.isprintable() or password == "":
            raise EmbeddedServerError("password: empty, or holds a character that cannot be printed")
        binaries = Path(bin_dir).absolute() if bin_dir is not None else EMBEDDED_BIN.read()
        self._plan = Plan(volatile, binaries, dict(settings or {}), password, timeout)
        self._temporary = data_dir is None and volatile
        self._layout = None if self._temporary else Layout(Path(data_dir or default_data_dir()).absolute())
        self._ownership: Ownership | None = None

    def __repr__(self) -> str:
        """Return what tells servers apart, and no password."""
        return f"{type(self).__name__}(data_dir={str(self.data_dir)!r}, volatile={self._plan.volatile})"

    def __enter__(self) -> EmbeddedServer:
        """Start or join the server as one of its owners."""
        return self.start(owned=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the server, unless another owner is left or somebody else's `start` wants it to stay."""
        with self._errors("stop"):
            self._give_up()

    @property
    def data_dir(self) -> Path | None:
        """Return where the server's files are; None for a temporary one that is not started."""
        return self._layout.root if self._layout else None

    @property
    def cluster_dir(self) -> Path:
        """Return PostgreSQL's data directory, a directory in `data_dir`."""
        return self._files().cluster

    @property
    def bin_dir(self) -> Path:
        """Return the directory of pg_basebackup, pg_ctl, psql and other programs, as far as they are installed."""
        return find(self._plan, self._layout).bin_dir

    def start(self, *, owned: bool = False) -> EmbeddedServer:
        """Start the server, or join the one that runs, and return self.

        Args:
            owned: the server ends with this process, or with its other owners if there are any. Always so for a
                temporary one. Otherwise it stays until `stop`, even when it was started as an owned one.

        Raises:
            EmbeddedServerError: no server is installed, it does not start, its data directory is of another version
                or not ours, or a volatile server runs where a durable one was asked for.

        """
        owned = owned or self._temporary
        with self._errors("start"):
            if self._ownership is not None:
                if self.status().running:
                    return self
                self._give_up()
            account = choose_account(self._layout.cluster if self._layout and not self._temporary else None)
            if self._temporary:
                find(self._plan, None)  # before there is a directory that a killed process would leave behind
                self._layout = Layout(make_temporary(account))
            files = self._files()
            prepare_root(files, account)
            with start_lock(files, owned) as (lock, claim):
                found = postmaster.running(files.cluster)
                if found is None:
                    launch(self._plan, files, account, claim, lock, self._temporary)
                else:
                    join(self._plan, files, found)
                if not owned:
                    files.keep.touch(mode=0o600)
            self._ownership = claim if owned else None
        return self

    def stop(self) -> None:
        """Stop the server, whoever started it; a server that does not run is stopped already.

        Raises:
            EmbeddedServerError: it is somebody else's, or does not end.

        """
        if self._layout is None or not self._layout.lock.exists():
            return
        files = self._layout
        with self._errors("stop"):
            with postmaster.locked(files.lock):
                files.keep.unlink(missing_ok=True)
                found = postmaster.running(files.cluster)
                if found is not None:
                    postmaster.shut_down(
                        found.pid, lambda: postmaster.is_postmaster(found.pid, files.cluster), self._plan.timeout
                    )
                    if postmaster.is_postmaster(found.pid, files.cluster):
                        raise EmbeddedServerError(f"process {found.pid} does not end")
            self._give_up()

    def status(self) -> ServerStatus:
        """Return what is known of the server, running or not."""
        files = self._layout
        if files is None:
            return ServerStatus(False, None, None, None, None, self._plan.volatile)
        with self._errors("status"):
            found = postmaster.running(files.cluster)
            state = read_state(files)
            volatile = bool(state.get("volatile", self._plan.volatile))
            if found is None:
                return ServerStatus(False, None, None, cluster_version(files), files.root, volatile)
            version = state.get("version") or cluster_version(files)
            return ServerStatus(True, found.pid, found.port, version, files.root, volatile)

    def url(self, database: str = DATABASE) -> str:
        """Return the address for SQLAlchemy, with the password.

        Raises:
            EmbeddedServerError: the server does not run.

        """
        port, password = self._address()
        return f"postgresql+psycopg2://{USER}:{quote(password, safe='')}@{HOST}:{port}/{quote(database, safe='')}"

    def environment(self, database: str = DATABASE) -> dict[str, str]:
        """Return the variables that make this library use the server: ``os.environ.update(server.environment())``.

        Raises:
            EmbeddedServerError: the server does not run.

        """
        port, password = self._address()
        values = {"HOST": HOST, "PORT": str(port), "USER": USER, "PASSWORD": password, "DATABASE": database}
        return {f"KNOWLEDGE_GRAPH_{name}": value for name, value in values.items()}

    def run_program(self, name: str, *arguments: str | Path) -> str:
        """Run a program of `bin_dir` against the server, as the account that owns its files; return what it printed.

        The program finds the address and the password in its environment. ``server.run_program("pg_ctl", "promote",
        "-D", server.cluster_dir)`` makes a standby the primary.

        Raises:
            EmbeddedServerError: there is no such program, or it failed: what it said.

        """
        files = self._files()
        with self._errors("run"):
            account = choose_account(files.cluster)
            program = readable(find(self._plan, files), files, account).bin_dir / name
            status = self.status()
            address = {"PGHOST": HOST, "PGPORT": str(status.port), "PGUSER": USER} if status.running else {}
            result = account.run([program, *arguments], PGPASSWORD=files.password.read_text(), **address)
        if result.returncode:
            raise EmbeddedServerError(f"{name} ended with {result.returncode}: {result.stdout.strip()[-1000:]}")
        return result.stdout

    def standby(self, data_dir: Path | str, *, settings: Mapping[str, str] | None = None) -> EmbeddedServer:
        """Copy this running server with pg_basebackup, and return the copy, which follows it; to be started.

        Args:
            data_dir: directory of the copy, made here.
            settings: as for the constructor.

        Raises:
            EmbeddedServerError: this server does not run, or ``data_dir`` already holds a server.

        """
        _, password = self._address()
        volatile = self._plan.volatile
        copy = EmbeddedServer(data_dir, volatile=volatile, bin_dir=self._plan.bin_dir, settings=settings)
        files, account = copy._files(), choose_account(self.cluster_dir)
        with copy._errors("copy"):
            prepare_root(files, account)
            with postmaster.locked(files.lock):
                if files.cluster.exists():
                    raise EmbeddedServerError("already holds a server")
                partial = prepare_partial(files, account)
                self.run_program("pg_basebackup", "-D", partial, "-R", "-X", "stream", "-c", "fast")
                partial.rename(files.cluster)
                write_password(files, account, password)
                write_state(files, {"volatile": volatile})
        return copy

    def _give_up(self) -> None:
        ownership, self._ownership = self._ownership, None
        if ownership is not None:
            ownership.give_up(self._plan.timeout)

    @contextlib.contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except EmbeddedServerError as error:
            if str(error).startswith("PostgreSQL server in "):
                raise
            raise EmbeddedServerError(f"PostgreSQL server in {self.data_dir}: {what}: {error}") from None
        except OSError as error:
            raise EmbeddedServerError(f"PostgreSQL server in {self.data_dir}: {what}: {error}") from error

    def _files(self) -> Layout:
        if self._layout is None:
            raise EmbeddedServerError("the server is temporary and does not run: start it")
        return self._layout

    def _address(self) -> tuple[int, str]:
        status = self.status()
        if status.port is None:
            raise EmbeddedServerError(f"no PostgreSQL server runs in {self.data_dir}: start it")
        with self._errors("read the password"):
            return status.port, self._files().password.read_text()


def start(
    data_dir: Path | str | None = None,
    *,
    volatile: bool = False,
    owned: bool = False,
    bin_dir: Path | str | None = None,
    settings: Mapping[str, str] | None = None,
) -> EmbeddedServer:
    """Start a server or join the one that runs; see `EmbeddedServer` and its `start`, which this calls."""
    return EmbeddedServer(data_dir, volatile=volatile, bin_dir=bin_dir, settings=settings).start(owned=owned)
