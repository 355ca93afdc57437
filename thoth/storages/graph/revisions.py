"""What the migrations are, and how far a database has come; nothing here changes a database.

Alembic is imported where it is used: most processes never migrate, and it takes as long as the rest of the library.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

from ..exceptions import DatabaseNotInitialized, NotFoundError, ThothStorageException
from .errors import translated

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import Script, ScriptDirectory

HEAD, BASE = "head", "base"
VERSION_TABLE = "alembic_version"


class SchemaState(StrEnum):
    """How the schema of a database stands to that of this release."""

    UP_TO_DATE = "up to date"
    EMPTY = "the database is empty"
    DATABASE_IS_OLDER = "the database is older"
    RELEASE_IS_OLDER = "this release is older"


@dataclass(frozen=True)
class SchemaStatus:
    """The revision of a database beside that of this release."""

    database: str | None
    """None when the database is empty, or missing."""
    release: str
    pending: tuple[str, ...] = ()
    """Revisions of this release that the database lacks, the oldest first."""
    known: bool = True
    """Whether this release knows the revision of the database; one that it does not know is of a newer release."""

    @property
    def state(self) -> SchemaState:
        """Which side is older."""
        if self.database is None:
            return SchemaState.EMPTY
        if not self.known:
            return SchemaState.RELEASE_IS_OLDER
        return SchemaState.DATABASE_IS_OLDER if self.pending else SchemaState.UP_TO_DATE

    @property
    def ready(self) -> bool:
        """Whether this release can work with the database: it is up to date, or newer, as in a roll-out."""
        return self.state in (SchemaState.UP_TO_DATE, SchemaState.RELEASE_IS_OLDER)


@dataclass(frozen=True)
class Revision:
    """A migration."""

    revision: str
    down_revision: str | None
    title: str

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{self.down_revision or BASE} -> {self.revision}  {self.title}"


def script_location() -> Path:
    """Return the folder of the migrations: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "alembic", package.parents[1] / "alembic"):
        if (folder / "env.py").is_file():
            return folder
    raise ThothStorageException(f"the migrations are missing from the installation: no alembic/env.py below {package}")


def alembic_config(**attributes: Any) -> Config:
    """Return a configuration of Alembic for these migrations, with attributes for ``alembic/env.py``."""
    from alembic.config import Config

    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    return config


def head_revision() -> str:
    """Return the revision that the models of this release stand for."""
    head = _scripts().get_current_head()
    if head is None:
        raise ThothStorageException(f"there are no migrations in {script_location()}")
    return head


def history() -> list[Revision]:
    """Return the migrations, the oldest first."""
    return [_revision(script) for script in _scripts().walk_revisions()][::-1]


def find_revision(name: str) -> Revision | None:
    """Return the migration that a name stands for: an id, the beginning of one, or ``head``; None for ``base``.

    Raises:
        NotFoundError: there is no such migration; the message lists those that exist.

    """
    if name == BASE:
        return None
    found = head_revision() if name == HEAD else name
    matching = [revision for revision in history() if revision.revision.startswith(found)]
    if len(matching) != 1:
        known = ", ".join([BASE, *(revision.revision for revision in history()), HEAD])
        raise NotFoundError(f"no revision is named {name!r}, only {known}")
    return matching[0]


def database_revision(engine: Engine) -> str:
    """Return the revision of a database.

    Raises:
        DatabaseNotInitialized: the database is empty, or missing.
        NotConnected: the server cannot be reached.

    """
    from alembic.runtime.migration import MigrationContext

    with told_what_errors_mean(engine), engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        raise DatabaseNotInitialized("the database is empty: call initialize_schema()")
    return revision


def schema_status(engine: Engine) -> SchemaStatus:
    """Return how the schema of a database stands to that of this release.

    Raises:
        NotConnected: the server cannot be reached.

    """
    revisions = [revision.revision for revision in history()]
    try:
        found = database_revision(engine)
    except DatabaseNotInitialized:
        return SchemaStatus(None, head_revision(), tuple(revisions))
    if found not in revisions:
        return SchemaStatus(found, head_revision(), known=False)
    return SchemaStatus(found, head_revision(), tuple(revisions[revisions.index(found) + 1 :]))


def differences(engine: Engine) -> list[str]:
    """Return in what the tables of a database differ from the models, a line each; empty when they do not.

    Of views, those that are missing are told; of functions, those that are missing or do something else.

    Raises:
        DatabaseNotInitialized: the database is empty, or missing.
        NotConnected: the server cannot be reached.

    """
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from .models_base import Base
    from .models_functions import missing_functions
    from .models_performance import ALL_PERFORMANCE_MODELS
    from .models_views import VIEWS

    assert ALL_PERFORMANCE_MODELS  # importing them puts their tables into the metadata
    database_revision(engine)
    with told_what_errors_mean(engine), engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        found = compare_metadata(context, Base.metadata)
        views = set(inspect(connection).get_view_names())
        functions = missing_functions(connection)
    # Changes of one column come as a list of their own.
    return [
        *(_difference(change) for changes in found for change in (changes if isinstance(changes, list) else [changes])),
        *(f"add view: {name}" for name in VIEWS if name not in views),
        *(f"replace function: {name}" for name in functions),
    ]


def as_sql(start: str = BASE, end: str = HEAD) -> str:
    """Return the statements that lead from one revision to another, newer or older, as a script for psql.

    Raises:
        NotFoundError: there is no such revision; the message lists those that exist.

    """
    from alembic import command

    order: list[str | None] = [None, *(revision.revision for revision in history())]
    first, last = (found.revision if found else None for found in (find_revision(start), find_revision(end)))
    script = io.StringIO()
    config = alembic_config()
    config.output_buffer = script
    way = f"{first or BASE}:{last or BASE}"
    if order.index(first) < order.index(last):
        command.upgrade(config, way, sql=True)
    elif first != last:
        command.downgrade(config, way, sql=True)
    return script.getvalue()


@contextmanager
def told_what_errors_mean(engine: Engine) -> Iterator[None]:
    """Translate the errors of Alembic and of the database."""
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


def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(script_location()))


def _revision(script: Script) -> Revision:
    down = script.down_revision
    return Revision(script.revision, down if isinstance(down, str) else None, script.doc)


def _difference(change: tuple[Any, ...]) -> str:
    kind, *things = change
    return f"{kind.replace('_', ' ')}: {', '.join(str(thing) for thing in things if thing is not None)}"
