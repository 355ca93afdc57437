"""Reads that go to standbys, and see what the same adapter has written."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from ..exceptions import RetryTransaction
from .errors import UNDEFINED_COLUMN, UNDEFINED_TABLE, is_transient, sqlstate
from .sessions import without_transaction

_LOGGER = logging.getLogger(__name__)

_AWAY = 30.0
"""Seconds for which standbys are left alone that could not be reached, or refused."""
_BEHIND = 0.1
"""Seconds for which they are left alone that have yet to replay what was written, or stopped a statement."""
# Positions in the log are numbers of bytes: https://www.postgresql.org/docs/current/datatype-pg-lsn.html
_WRITTEN = text(
    """
    SELECT CAST(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END - '0/0'
        AS bigint)
    """
)
# A server that was promoted stays where its recovery ended, and one that never was a standby is nowhere.
_REPLAYED = text("SELECT coalesce(CAST(pg_last_wal_replay_lsn() - '0/0' AS bigint), -1)")
_KEY = "thoth_storages_replayed"
_OLDER_SCHEMA = {UNDEFINED_TABLE, UNDEFINED_COLUMN}


class Standbys:
    """The servers that reads go to, as far as they have replayed what this adapter wrote.

    What it wrote is before the position at which the primary writes its log. That is asked for by the first read after
    a write; a connection to a standby is asked once whether its server has come so far, and is taken at its word from
    then on, as a server does not go back. A standby that is behind, or away, is left alone for a while: the primary
    answers.
    """

    def __init__(self, engine: Engine) -> None:
        """Take an engine, whose connections lead to any of the standbys."""
        self.engine = engine
        _spread(engine)
        self._writes = object()
        """Another one after each write."""
        self._located: tuple[object, int] = self._writes, 0
        """Those of which it is known before which position they are; in one, so that threads need no lock."""
        self._alone_until = 0.0

    def wrote(self) -> None:
        """Note that something was written, or may have been."""
        self._writes = object()

    @contextmanager
    def connection(self, primary: Engine) -> Iterator[Connection]:
        """Take a connection to a server that has all that was written: to a standby, or else to the primary.

        Args:
            primary: engine of the server that takes writes.

        """
        with self._caught_up(primary) as connection:
            if connection is not None:
                try:
                    yield connection
                except DBAPIError as error:
                    if is_transient(error):  # such as a conflict with what is replayed
                        self._leave_alone(_BEHIND)
                    elif sqlstate(error) in _OLDER_SCHEMA:  # or there is none on the primary either, which will tell
                        self._leave_alone(_BEHIND)
                        raise RetryTransaction("the standby has yet to replay a migration") from error
                    raise
                return
        with primary.connect() as connection:
            yield connection

    @contextmanager
    def _caught_up(self, primary: Engine) -> Iterator[Connection | None]:
        """Take a connection to a standby that has all that was written; give None when there is none."""
        if time.monotonic() < self._alone_until:
            yield None
            return
        position = self._written(primary)
        try:
            connection = self.engine.connect()
        except DBAPIError as error:
            self._leave_alone(_AWAY)
            reason = " ".join(str(error.orig).split())
            _LOGGER.warning("no standby can be read, the primary is asked for %d seconds: %s", _AWAY, reason)
            yield None
            return
        with connection:
            if _has_replayed(connection, position):
                yield connection
                return
        self._leave_alone(_BEHIND)
        yield None

    def _written(self, primary: Engine) -> int:
        """Return a position before which is all that was written."""
        writes = self._writes
        of, position = self._located
        if of is not writes:
            with primary.connect() as connection, without_transaction(connection):
                position = connection.scalar(_WRITTEN)
            self._located = writes, position
        return position

    def _leave_alone(self, seconds: float) -> None:
        self._alone_until = max(self._alone_until, time.monotonic() + seconds)


def _has_replayed(connection: Connection, position: int) -> bool:
    """Tell whether the server of a connection has come so far."""
    if connection.info.get(_KEY, 0) >= position:
        return True
    with without_transaction(connection):
        connection.info[_KEY] = replayed = connection.scalar(_REPLAYED)
    return bool(replayed >= position)


def _spread(engine: Engine) -> None:
    """Let each connection of an engine try the hosts in an order of its own; libpq tries them as they are given."""

    def shuffle(_: Any, __: Any, ___: Any, parameters: dict[str, Any]) -> None:
        if "," in parameters.get("host", ""):
            places = list(zip(parameters["host"].split(","), parameters["port"].split(","), strict=True))
            random.shuffle(places)
            parameters["host"], parameters["port"] = map(",".join, zip(*places, strict=True))

    event.listen(engine, "do_connect", shuffle)
