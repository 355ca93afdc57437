"""Connections, sessions, retries, and how a function that takes a session becomes a method of the adapter."""

from __future__ import annotations

import functools
import inspect
import math
import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import psycopg2
import psycopg2.extensions
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from ..config import KnowledgeGraphConfig, MemoryCacheConfig
from ..exceptions import ConfigurationError, NotConnected, ThothStorageException
from ..forks import awaited_by_forks
from .errors import INVALID_CATALOG_NAME, sqlstate, translated
from .known_ids import KnownIds
from .memory_cache import MISSING, MemoryCache
from .observable import Observable
from .retries import Call
from .sessions import OneStatement, WriteSession, without_transaction
from .standbys import Standbys

P = ParamSpec("P")
R = TypeVar("R")

_PING_AFTER = 5.0
"""Seconds that a connection may have idled."""
_REQUIRED_SERVER_VERSION = 150000  # NULLS NOT DISTINCT
_NO_KEEP: Callable[[Any], bool] | None = None


_adapters: weakref.WeakSet[SQLBase] = weakref.WeakSet()


class SQLBase(Observable):
    """An adapter of a PostgreSQL database; making one touches neither network nor files."""

    def __init__(self) -> None:
        """Make an adapter that is not connected."""
        self._engine: Engine | None = None
        self._place = ""
        self._has_standbys = False
        self._standbys: Standbys | None = None
        """Those that are read; None: reads go where writes go."""
        self._limits: str | None = None
        self._known_ids = KnownIds()
        self._memory = MemoryCache(MemoryCacheConfig(size=0, seconds=0))

    @staticmethod
    def construct_connection_string() -> str:
        """Return the URL of the database that the environment names, with its password: do not log it.

        Raises:
            ConfigurationError: an environment variable holds a value that cannot be used.

        """
        return database_url(KnowledgeGraphConfig()).render_as_string(hide_password=False)

    def connect(self) -> None:
        """Connect to the database that the environment names; an empty or missing one can be initialised then.

        Raises:
            ConfigurationError: an environment variable cannot be used, or the server is older than PostgreSQL 15.
            NotConnected: the server cannot be reached, or refuses the user.

        """
        self.disconnect()
        config = KnowledgeGraphConfig()
        engine = _engine(config, database_url(config))
        read_hosts = config.read_hosts
        standbys = Standbys(_engine(config, database_url(config, hosts=read_hosts))) if read_hosts else None
        try:
            _check_server(engine, config)
            self._observe(engine, *([] if standbys is None else [standbys.engine]))
        except BaseException:
            engine.dispose()
            raise
        self._place = config.place
        self._has_standbys = len(config.hosts) > 1
        self._limits = _limits(config)
        self._memory = MemoryCache(MemoryCacheConfig())
        self._known_ids.clear()
        self._engine, self._standbys = engine, standbys
        _adapters.add(self)

    def is_connected(self) -> bool:
        """Tell whether `connect` succeeded and `disconnect` was not called since."""
        return self._engine is not None

    def disconnect(self) -> None:
        """Close all connections; nothing happens when there are none."""
        engines = self._engines()
        self._engine = self._standbys = None
        for engine in engines:
            engine.dispose()

    def __enter__(self) -> Self:
        """Connect, unless that was done."""
        if not self.is_connected():
            self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.disconnect()

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a process that is started anew have an adapter like this one; connections are its own."""
        return _made_anew, (type(self), self.is_connected())

    def __repr__(self) -> str:
        """Tell where the adapter is connected to."""
        return f"<{type(self).__name__} {self._place if self.is_connected() else 'not connected'}>"

    @property
    def place(self) -> str:
        """Where the adapter is, or was, connected to, for messages, as ``host:port/database``."""
        return self._place

    @property
    def engine(self) -> Engine:
        """The engine of SQLAlchemy.

        Raises:
            NotConnected: `connect` was not called.

        """
        if self._engine is None:
            raise NotConnected("not connected to the knowledge graph: call connect() first")
        return self._engine

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session: one transaction, committed at the end, rolled back on an error.

        Raises:
            NotConnected: `connect` was not called.

        """
        with WriteSession(self.engine, expire_on_commit=False) as session:
            if self._limits is not None:
                session.connection().exec_driver_sql(self._limits)
            self._known_ids.bind(session)
            yield session
            try:
                session.commit()
            finally:  # also when nobody knows whether it took place
                self._forget_answers()
            session.info["known_ids"].commit()

    def _forget_answers(self) -> None:
        """Let what was written be seen: by the memory, and by standbys only when they have it."""
        self._memory.clear()
        if self._standbys is not None:
            self._standbys.wrote()

    @contextmanager
    def _reading(self) -> Iterator[OneStatement]:
        """Take a connection for one statement that reads.

        Raises:
            NotConnected: `connect` was not called.

        """
        engine, standbys = self.engine, self._standbys
        with (
            engine.connect() if standbys is None else standbys.connection(engine) as connection,
            self._alone(connection) as statement,
        ):
            yield statement

    @contextmanager
    def _writing(self) -> Iterator[OneStatement]:
        """Take a connection for one statement that writes, and commits what it did.

        Raises:
            NotConnected: `connect` was not called.

        """
        is_refused = False
        with self.engine.connect() as connection:
            try:
                with self._alone(connection) as statement:
                    yield statement
                if self._limits is not None:
                    connection.commit()
            except ThothStorageException:  # raised before anything was sent
                is_refused = True
                raise
            finally:  # also when nobody knows whether it took place
                if not is_refused:
                    self._forget_answers()

    @contextmanager
    def _alone(self, connection: Connection) -> Iterator[OneStatement]:
        """Let one statement be sent alone, without BEGIN and COMMIT.

        With limits of time it is in a transaction after all, as they are those of one.
        """
        if self._limits is None:
            with without_transaction(connection):
                yield OneStatement(connection)
        else:
            connection.exec_driver_sql(self._limits)
            yield OneStatement(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a transaction that reads one state of the database, whatever is written meanwhile, and writes nothing.

        Raises:
            NotConnected: `connect` was not called, or the connection was lost.
            DatabaseNotInitialized: the schema is not there.

        """
        engine = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            with engine.connect() as connection:
                yield connection
        except (DBAPIError, PoolTimeoutError) as error:
            known = translated(error, self._place)
            if known is error:
                raise
            raise known from error

    def _engines(self) -> list[Engine]:
        """Return the engines of the adapter: none before `connect`."""
        standbys = None if self._standbys is None else self._standbys.engine
        return [engine for engine in (self._engine, standbys) if engine is not None]

    def cache_clear(self) -> None:
        """Forget the answers that are kept in memory."""
        self._memory.clear()

    def _run(self, call: Callable[[Any], R], *, writes: bool, alone: bool = False, method: str = "-") -> R:
        """Run a call in a session, again when it met a conflict with another writer or lost its connection."""
        reconnect = self.engine.dispose if self._has_standbys else None
        session = self._reading if not writes else self._writing if alone else self.session
        asked = Call(session, call, place=self._place, commits=writes and alone, reconnect=reconnect)
        return asked.run() if self._observation is None else self._observation.run(method, asked)


def exposed(
    query: Callable[Concatenate[Any, P], R],
    *,
    writes: bool = False,
    alone: Callable[..., bool] | None = None,
    cached: bool = False,
    keep: Callable[[R], bool] | None = _NO_KEEP,
) -> Callable[Concatenate[SQLBase, P], R]:
    """Turn ``query(session, ...)`` into a method: one call, one session, one transaction, run again on a conflict.

    Args:
        query: a function that takes a session first. It may be called several times, and never commits.
        writes: whether it writes, or reads in several statements that have to see the same state.
        alone: tells, given the arguments, whether a write is one statement, which needs no transaction around it. None
            is, if not given.
        cached: whether answers are kept in memory.
        keep: which answers are kept; those that say "not there" should not, as they may be so no longer. All if not
            given.

    Returns:
        The method; signature and docstring are those of the function.

    """
    name = query.__name__

    @functools.wraps(query)
    def method(self: SQLBase, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if cached:
            answers, key = self._memory[name], (args, tuple(kwargs.items()))
            try:
                answer = answers.get(key)
            except TypeError:  # an argument that cannot be hashed
                pass
            else:
                if answer is not MISSING:
                    return answer  # type: ignore[no-any-return]
                result = self._run(lambda session: query(session, *args, **kwargs), writes=writes, method=name)
                if keep is None or keep(result):
                    answers.put(key, result)
                return result
        is_alone = alone is not None and alone(*args, **kwargs)
        return self._run(lambda session: query(session, *args, **kwargs), writes=writes, alone=is_alone, method=name)

    signature = inspect.signature(query)
    _, *parameters = signature.parameters.values()
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__signature__ = signature.replace(parameters=[this, *parameters])  # type: ignore[attr-defined]
    return method


def database_url(
    config: KnowledgeGraphConfig, database: str | None = None, *, hosts: list[tuple[str, int]] | None = None
) -> URL:
    """Return the URL of a database.

    Several hosts are given to libpq, which takes the one that accepts writes:
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS

    Args:
        config: where it is.
        database: its name, unless it is that of the configuration.
        hosts: those that may be read, of which any will do; not given: those of the configuration.

    """
    for_reading = hosts is not None
    hosts = config.hosts if hosts is None else hosts
    query: dict[str, str] = {"connect_timeout": str(config.connect_timeout)}
    if config.ssl_disabled:
        query["sslmode"] = "disable"
    if len(hosts) > 1:
        query["host"] = ",".join(host for host, _ in hosts)
        query["port"] = ",".join(str(port) for _, port in hosts)
        if not for_reading:
            query["target_session_attrs"] = "read-write"
    return URL.create(
        "postgresql+psycopg2",
        username=config.user,
        password=config.password,
        host=hosts[0][0] if len(hosts) == 1 else None,
        port=hosts[0][1] if len(hosts) == 1 else None,
        database=database or config.database,
        query=query,
    )


def _connection(dsn: str) -> psycopg2.extensions.connection:
    """Connect, and let a fork wait meanwhile: libpq and OpenSSL hold locks.

    It is the driver's factory, and no listener of ``do_connect``: the first of those that connects is the last one that
    is called.
    """
    with awaited_by_forks():
        return psycopg2.extensions.connection(dsn)


_CONNECTING = {"connection_factory": _connection}


def engine_without_pool(url: URL, **options: Any) -> Engine:
    """Return an engine that closes a connection when it is given back.

    Args:
        url: of the database.
        options: further ones of `create_engine`.

    """
    return create_engine(url, poolclass=NullPool, connect_args=_CONNECTING, **options)


def _engine(config: KnowledgeGraphConfig, url: URL) -> Engine:
    engine = create_engine(
        url,
        connect_args=_CONNECTING,
        pool_size=config.pool_size,
        max_overflow=config.pool_overflow,
        pool_timeout=config.pool_timeout,
        use_native_hstore=False,  # saves a query on each new connection
    )
    _ping_after_idling(engine)
    event.listen(engine, "checkout", _in_transactions)
    return engine


def _ping_after_idling(engine: Engine) -> None:
    """Let the pool ask a connection that idled for a while whether it is alive, and take a new one when it is not.

    Asking each time, as ``pool_pre_ping`` does, doubles the round trips of a look-up. One that was used a moment ago is
    taken for alive; when it is not, the call is run again.
    """

    def note(_: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    def ping(connection: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get("idle_since", math.inf) > _PING_AFTER:
            try:
                engine.dialect.do_ping(connection)
            except psycopg2.Error as error:
                raise DisconnectionError(str(error)) from error  # the pool connects anew

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", ping)


def _in_transactions(driver_connection: Any, *_: object) -> None:
    """See to it that a connection from the pool opens transactions, whatever interrupted the one who had it before."""
    if driver_connection.autocommit:
        driver_connection.autocommit = False


def _limits(config: KnowledgeGraphConfig) -> str | None:
    """Return what a transaction begins with when there are limits of time.

    They hold for the transaction alone: a connection pooler gives the session to somebody else afterwards.
    """
    limits = {"statement_timeout": config.statement_timeout, "lock_timeout": config.lock_timeout}
    # Less than a millisecond would be 0, which is no limit.
    wanted = [f"SET LOCAL {name} = {max(1, round(limit * 1000))}" for name, limit in limits.items() if limit]
    return "; ".join(wanted) or None


def _made_anew(of: type[SQLBase], is_connected: bool) -> SQLBase:
    adapter = of()
    if is_connected:
        adapter.connect()
    return adapter


def _check_server(engine: Engine, config: KnowledgeGraphConfig) -> None:
    try:
        with engine.connect() as connection:
            version = int(connection.scalar(text("SELECT current_setting('server_version_num')")) or 0)
    except OperationalError as error:
        if sqlstate(error) == INVALID_CATALOG_NAME:  # the server is there; `initialize_schema` makes the database
            return
        raise translated(error, config.place) from error
    if version < _REQUIRED_SERVER_VERSION:
        raise ConfigurationError(f"{config.place}: PostgreSQL 15 or newer is needed, the server is {version // 10000}")


def _forget_connections_of_parent() -> None:
    """Let a forked child open connections of its own; those of the parent stay open for the parent."""
    for adapter in list(_adapters):
        for engine in adapter._engines():
            with suppress(Exception):
                engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections_of_parent)
