"""The command line: each command parses, calls one function, and prints."""

from __future__ import annotations

import logging
import sys

import click

from .. import __version__
from ..exceptions import ThothStorageException, brief
from .browse import browse
from .completion import completion
from .db import db
from .doctor import doctor
from .dump import dump
from .graph_cache import create_cache, graph_cache
from .pictures import generate_schema
from .query import query
from .schema import schema
from .store_cache import restore_cache, store_cache
from .sync import sync
from .verify import verify

_CONTEXT = {"help_option_names": ["-h", "--help"], "auto_envvar_prefix": None}


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="thoth-storages", message="%(prog)s %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Log what is done, and show the traceback of an error.")
def cli(verbose: bool) -> None:
    """Store and query the knowledge graph of project Thoth.

    The database is the one that KNOWLEDGE_GRAPH_HOST, _PORT, _USER, _PASSWORD and _DATABASE name.

    \b
    Example:
      eval "$(thoth-storages db start)"
      thoth-storages schema upgrade
      thoth-storages sync examples/solver-documents
      thoth-storages query why jupyterlab==3.4.8 markupsafe
      thoth-storages graph-cache -c examples/cache_conf.yaml cache.sqlite3
    """
    logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, format="%(levelname)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.INFO if verbose else logging.WARNING)


for command in (
    browse,
    completion,
    create_cache,
    db,
    doctor,
    dump,
    generate_schema,
    graph_cache,
    query,
    restore_cache,
    schema,
    store_cache,
    sync,
    verify,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line; an error is one line, and status 1."""
    try:
        cli.main(prog_name="thoth-storages")
    except (ThothStorageException, ValueError, OSError) as error:
        if {"-v", "--verbose"} & set(sys.argv[1:]):
            raise
        reason = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        click.echo(f"Error: {brief(' '.join(reason.split()))}", err=True)
        sys.exit(1)
