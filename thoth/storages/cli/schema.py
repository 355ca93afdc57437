"""`thoth-storages schema`: the schema of the database."""

from __future__ import annotations

import click


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
    """Print the revision of the database, and the one that this release knows.

    The exit status is 1 when they differ.

    \b
    Example:
      thoth-storages schema status
    """
    from ..exceptions import DatabaseNotInitialized
    from ..graph import GraphDatabase

    with GraphDatabase() as graph:
        head = graph.get_script_alembic_version_head()
        try:
            revision = graph.get_table_alembic_version_head()
        except DatabaseNotInitialized:
            revision = "empty"
    click.echo(f"database {revision}, this release {head}")
    if revision != head:
        raise SystemExit(1)


@schema.command()
def upgrade() -> None:
    """Make the database when it is missing, and bring its schema to that of this release.

    \b
    Example:
      thoth-storages schema upgrade
    """
    from ..graph import GraphDatabase

    graph = GraphDatabase()
    graph.initialize_schema()
    click.echo(f"database {graph.get_table_alembic_version_head()}")
    graph.disconnect()
