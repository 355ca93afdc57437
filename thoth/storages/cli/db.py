"""`thoth-storages db`: a PostgreSQL server of one's own, and the roles of any."""

from __future__ import annotations

import dataclasses
import json
import shlex
from pathlib import Path

import click

from ..embedded import EmbeddedServer, default_data_dir

DATA_DIR = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the server's files [default: THOTH_STORAGES_EMBEDDED_DATA, or the user's data directory].",
)


@click.group()
def db() -> None:
    """Run a PostgreSQL server of your own, on this machine and for you alone; make the roles of any.

    \b
    Example:
      eval "$(thoth-storages db start)"
      thoth-storages db status
      thoth-storages db stop
    """


@db.command("start")
@DATA_DIR
@click.option("--volatile", is_flag=True, help="Force nothing to disk: fast, and lost when the machine stops.")
def start(data_dir: Path | None, volatile: bool) -> None:
    """Start the server, or join the one that runs, and print the variables that make this library use it.

    The server stays until "db stop".

    \b
    Example:
      eval "$(thoth-storages db start)"
    """
    server = EmbeddedServer(data_dir or default_data_dir(), volatile=volatile).start()
    status = server.status()
    click.echo(f"PostgreSQL {status.version} runs on port {status.port}, data in {status.data_dir}", err=True)
    for name, value in server.environment().items():
        click.echo(f"export {name}={shlex.quote(value)}")


@db.command("stop")
@DATA_DIR
def stop(data_dir: Path | None) -> None:
    """Stop the server, whoever started it. Its data stays.

    \b
    Example:
      thoth-storages db stop
    """
    server = EmbeddedServer(data_dir)
    was_running = server.status().running
    server.stop()
    click.echo(f"{'stopped' if was_running else 'not running'}, data in {server.data_dir}", err=True)


@db.command("status")
@DATA_DIR
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(data_dir: Path | None, as_json: bool) -> None:
    """Say whether the server runs, and where.

    \b
    Example:
      thoth-storages db status --json
    """
    fields = dataclasses.asdict(EmbeddedServer(data_dir).status())
    if as_json:
        click.echo(json.dumps(fields, default=str))
        return
    for name, value in fields.items():
        click.echo(f"{name}: {'-' if value is None else value}")


@db.command("url")
@DATA_DIR
@click.option("--database", default="thoth", show_default=True, help="Database to put into the address.")
def url(data_dir: Path | None, database: str) -> None:
    """Print the address of the running server, with its password.

    \b
    Example:
      psql "$(thoth-storages db url --database postgres | sed s/+psycopg2//)"
    """
    click.echo(EmbeddedServer(data_dir).url(database))


@db.command("roles")
@click.option("--reader", default="thoth_reader", show_default=True, help="Role that may read.")
@click.option("--writer", default="thoth_writer", show_default=True, help="Role that may write rows besides.")
@click.option("--migrator", default="thoth_migrator", show_default=True, help="Role that owns the tables.")
@click.option("--apply", "is_applied", is_flag=True, help="Make them in the database that the variables name.")
def roles(reader: str, writer: str, migrator: str, is_applied: bool) -> None:
    """Print the statements that make the roles of a deployment, or execute them.

    The database is the one that KNOWLEDGE_GRAPH_HOST and its companions name; for printing it is not asked. The user
    is a superuser, or owns the database and may make roles. Roles that are there already stay; new ones have no
    password, and cannot log in by one before they are given it (\\password in psql). Done again, it changes nothing.

    \b
    Example:
      thoth-storages db roles > roles.sql
      thoth-storages db roles --writer=ingest --apply
    """
    from ..config import KnowledgeGraphConfig
    from ..graph import GraphDatabase
    from ..graph.roles import Roles, as_sql, create

    names = Roles(reader, writer, migrator)
    database = KnowledgeGraphConfig().database
    if not is_applied:
        click.echo(as_sql(names, database), nl=False)
        return
    with GraphDatabase() as graph:
        create(graph.engine, names, database)
        click.echo(f"{graph.place}: {reader} reads, {writer} writes, {migrator} migrates", err=True)
