"""The schema comes to be, and changes, by Alembic migrations alone; they are shipped inside the package.

Alembic is imported where it is used: most processes never migrate, and it takes as long as the rest of the library.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ..config import KnowledgeGraphConfig
from ..exceptions import DatabaseNotInitialized, ThothStorageException
from .errors import INVALID_CATALOG_NAME, sqlstate, translated
from .sql_base import database_url

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATION_LOCK = 0x7468_6F74_68_00
"""Key of the advisory lock that one migrating process holds."""

_MAINTENANCE_DATABASE = "postgres"
_VERSION_TABLE = "alembic_version"
_DUPLICATE = {"42P04", "23505"}  # duplicate_database, and unique_violation in its catalogue when two make it at once


def script_location() -> Path:
    """Return the folder of the migrations: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "alembic", package.parents[1] / "alembic"):
        if (folder / "env.py").is_file():
            return folder
    raise ThothStorageException(f"the migrations are missing from the installation: no alembic/env.py below {package}")


def head_revision() -> str:
    """Return the revision that the models of this release stand for."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(str(script_location())).get_current_head()
    if head is None:
        raise ThothStorageException(f"there are no migrations in {script_location()}")
    return head


def database_revision(engine: Engine) -> str:
    """Return the revision of a database.

    Raises:
        DatabaseNotInitialized: the database is empty, or missing.
        NotConnected: the server cannot be reached.

    """
    from alembic.runtime.migration import MigrationContext

    with _told_what_errors_mean(engine), engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        raise DatabaseNotInitialized("the database is empty: call initialize_schema()")
    return revision


def create_database(config: KnowledgeGraphConfig) -> None:
    """Make the database when it is missing; several processes may do so at once.

    Raises:
        NotConnected: the server cannot be reached, or refuses the user.

    """
    engine = create_engine(database_url(config), poolclass=NullPool)
    try:
        with engine.connect():
            return
    except DBAPIError as error:
        if sqlstate(error) != INVALID_CATALOG_NAME:
            raise translated(error, config.place) from error
    maintenance = create_engine(
        database_url(config, _MAINTENANCE_DATABASE), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    try:
        with maintenance.connect() as connection:
            # The preparer of the dialect would double percent signs, which text() does, too.
            name = '"' + config.database.replace('"', '""') + '"'
            connection.execute(text(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0".replace(":", "\\:")))
    except DBAPIError as error:
        if sqlstate(error) not in _DUPLICATE:
            raise translated(error, config.place) from error


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring a database to a revision; other processes that do so wait."""
    from alembic import command

    with _told_what_errors_mean(engine), engine.connect() as connection:
        command.upgrade(_config(connection), revision)


def drop(engine: Engine) -> None:
    """Take everything back that the migrations made, and what Alembic made to keep count."""
    from alembic import command

    with _told_what_errors_mean(engine), engine.connect() as connection:
        if inspect(connection).has_table(_VERSION_TABLE):
            connection.rollback()
            command.downgrade(_config(connection), "base")
            connection.execute(text(f"DROP TABLE IF EXISTS {_VERSION_TABLE}"))
            connection.commit()


@contextmanager
def _told_what_errors_mean(engine: Engine) -> Iterator[None]:
    from alembic.util import CommandError

    try:
        yield
    except CommandError as error:  # such as a revision that only a newer release knows
        raise ThothStorageException(f"the migrations of this release do not fit the database: {error}") from None
    except DBAPIError as error:
        known = translated(error, _place(engine))
        if known is error:
            raise
        raise known from error


def _place(engine: Engine) -> str:
    url = engine.url
    if url.host is not None:
        return f"{url.host}:{url.port}/{url.database}"
    hosts, ports = (str(url.query[name]).split(",") for name in ("host", "port"))
    return ",".join(f"{host}:{port}" for host, port in zip(hosts, ports, strict=True)) + f"/{url.database}"


def _config(connection: object) -> Config:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    return config
