"""`thoth-storages schema`: the schema of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..graph import GraphDatabase
    from ..graph.revisions import Revision


@click.group()
def schema() -> None:
    """Look at the schema of the database, and bring it up to date.

    \b
    Example:
      thoth-storages schema status
      thoth-storages schema upgrade
    """


@schema.command()
def status() -> None:
    """Print the revision of the database, that of this release, and which side is older.

    The exit status is 1 when they differ.

    \b
    Example:
      thoth-storages schema status
    """
    from ..graph.revisions import SchemaState

    with _connected() as graph:
        found = graph.get_schema_status()
    click.echo(f"database {found.database or 'empty'}, this release {found.release}: {found.state}")
    if found.pending:
        click.echo(f"pending: {', '.join(found.pending)}")
    if found.state != SchemaState.UP_TO_DATE:
        raise SystemExit(1)


@schema.command()
def check() -> None:
    """Compare the tables of the database with the models of this release, and print the differences.

    The exit status is 1 when there are any.

    \b
    Example:
      thoth-storages schema check
    """
    from ..graph.revisions import differences

    with _connected() as graph:
        found = differences(graph.engine)
    for line in found:
        click.echo(line)
    if found:
        raise SystemExit(1)
    click.echo("no differences")


@schema.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Make the database when it is missing, and bring its schema up to REVISION, by default that of this release.

    Several may do so at once: one migrates, the others wait. Each migration is a transaction.

    \b
    Example:
      thoth-storages schema upgrade
      PGOPTIONS="-c lock_timeout=5s" thoth-storages schema upgrade 0002
    """
    from ..config import KnowledgeGraphConfig
    from ..graph.migrations import create_database
    from ..graph.migrations import upgrade as run

    create_database(KnowledgeGraphConfig())
    with _connected() as graph:
        run(graph.engine, revision, _tell)
        click.echo(f"database {graph.get_table_alembic_version_head()}")


@schema.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can be asked.")
def downgrade(revision: str, yes: bool) -> None:
    """Bring the schema back to REVISION, or to nothing for "base"; what came with later revisions is lost.

    It takes the release that knows the revision of the database, so it is done before an older one is deployed.

    \b
    Example:
      thoth-storages schema downgrade 0001 --yes
    """
    from ..exceptions import DatabaseNotInitialized
    from ..graph.migrations import downgrade as run
    from ..graph.revisions import find_revision

    find_revision(revision)
    if not yes:
        click.confirm(f"Go back to {revision}, and lose what came with later revisions?", abort=True)
    with _connected() as graph:
        run(graph.engine, revision, _tell)
        try:
            click.echo(f"database {graph.get_table_alembic_version_head()}")
        except DatabaseNotInitialized:
            click.echo("database empty")


@schema.command()
def history() -> None:
    """Print the revisions that this release knows, the oldest first; no database is asked.

    \b
    Example:
      thoth-storages schema history
    """
    from ..graph.revisions import history as revisions

    for revision in revisions():
        click.echo(revision)


@schema.command()
@click.argument("start", default="base")
@click.argument("end", default="head")
def sql(start: str, end: str) -> None:
    """Print the statements that lead from revision START to END, as a script for psql; no database is asked.

    START is by default "base", an empty database, and END "head". An END before START gives the way back.

    \b
    Example:
      thoth-storages schema sql 0001 > upgrade.sql
    """
    from ..graph.revisions import as_sql

    click.echo(as_sql(start, end), nl=False)


@contextmanager
def _connected() -> Iterator[GraphDatabase]:
    from ..graph import GraphDatabase

    with GraphDatabase() as graph:
        yield graph


def _tell(revision: Revision, is_upgrade: bool) -> None:
    click.echo(f"{'up' if is_upgrade else 'down'}: {revision}")
