"""The schema comes to be, and changes, by Alembic migrations alone; they are shipped inside the package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from ..config import KnowledgeGraphConfig
from .errors import INVALID_CATALOG_NAME, sqlstate, translated
from .revisions import BASE, HEAD, VERSION_TABLE, Revision, alembic_config, find_revision, told_what_errors_mean
from .sql_base import database_url, engine_without_pool

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATION_LOCK = 0x7468_6F74_68_00
"""Key of the advisory lock that one migrating process holds."""

_MAINTENANCE_DATABASE = "postgres"
_DUPLICATE = {"42P04", "23505"}  # duplicate_database, and unique_violation in its catalogue when two make it at once

Tell = Callable[[Revision, bool], None]
"""Told of each migration that was done, and whether it went up."""


def create_database(config: KnowledgeGraphConfig) -> None:
    """Make the database when it is missing; several processes may do so at once.

    Raises:
        NotConnected: the server cannot be reached, or refuses the user.

    """
    engine = engine_without_pool(database_url(config))
    try:
        with engine.connect():
            return
    except DBAPIError as error:
        if sqlstate(error) != INVALID_CATALOG_NAME:
            raise translated(error, config.place) from error
    maintenance = engine_without_pool(database_url(config, _MAINTENANCE_DATABASE), isolation_level="AUTOCOMMIT")
    try:
        with maintenance.connect() as connection:
            # The preparer of the dialect would double percent signs, which text() does, too.
            name = '"' + config.database.replace('"', '""') + '"'
            connection.execute(text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0".replace(":", "\\:")))
    except DBAPIError as error:
        if sqlstate(error) not in _DUPLICATE:
            raise translated(error, config.place) from error


def upgrade(engine: Engine, revision: str = HEAD, tell: Tell | None = None) -> None:
    """Bring a database up to a revision, a transaction each; other processes that do so wait.

    Args:
        engine: of the database.
        revision: an id, the beginning of one, or ``head``.
        tell: told of each migration, when it is done.

    Raises:
        NotFoundError: there is no such revision; the message lists those that exist.
        ThothStorageException: the database is at a revision that only a newer release knows.
        NotConnected: the server cannot be reached.

    """
    from alembic import command

    _migrate(engine, command.upgrade, revision, tell)


def downgrade(engine: Engine, revision: str, tell: Tell | None = None) -> None:
    """Bring a database back to a revision, a transaction each; other processes that do so wait.

    Args:
        engine: of the database.
        revision: an id, the beginning of one, or ``base`` for an empty database.
        tell: told of each migration, when it is undone.

    Raises:
        NotFoundError: there is no such revision; the message lists those that exist.
        ThothStorageException: the database is at a revision that only a newer release knows.
        NotConnected: the server cannot be reached.

    """
    from alembic import command

    _migrate(engine, command.downgrade, revision, tell)


def drop(engine: Engine) -> None:
    """Take everything back that the migrations made, and what Alembic made to keep count."""
    with told_what_errors_mean(engine):
        with engine.connect() as connection:
            initialised = inspect(connection).has_table(VERSION_TABLE)
        if initialised:
            downgrade(engine, BASE)
            with engine.begin() as connection:
                connection.execute(text(f"DROP TABLE IF EXISTS {VERSION_TABLE}"))


@contextmanager
def one_at_a_time(engine: Engine) -> Iterator[None]:
    """Hold the lock of migrations, in a transaction on a connection of its own.

    The migrations commit one by one, and some of their statements stand outside of any transaction, such as CREATE
    INDEX CONCURRENTLY, so a lock of theirs would be given up. It is a lock of a transaction, as a pooler may give the
    session to somebody else between two.
    """
    own = engine_without_pool(engine.url)
    with own.begin() as connection:
        # It may be long until the others are done, and until this one is.
        connection.execute(
            text(
                "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;"
                " SET LOCAL idle_in_transaction_session_timeout = 0"
            )
        )
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        yield


def _migrate(engine: Engine, command: Callable[[Config, str], None], revision: str, tell: Tell | None) -> None:
    target = find_revision(revision)
    with told_what_errors_mean(engine), one_at_a_time(engine), engine.connect() as connection:
        command(alembic_config(connection=connection, tell=_step(tell)), target.revision if target else BASE)


def _step(tell: Tell | None) -> Callable[..., None]:
    """Return what Alembic calls after each migration."""

    def step_done(*, step: Any, **_: Any) -> None:
        if tell is not None:
            name = step.up_revision_id
            found = find_revision(name)
            assert found is not None, name
            tell(found, step.is_upgrade)

    return step_done
