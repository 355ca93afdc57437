"""`thoth-storages browse`: a cache file in a browser."""

from __future__ import annotations

import os
import sys

import click

from ..config import GRAPH_CACHE
from ..exceptions import ConfigurationError


@click.command()
@click.option("--cache", "cache_file", metavar="FILE", help=f"The cache file [default: {GRAPH_CACHE.name}].")
@click.option("--host", default="127.0.0.1", show_default=True, help="What to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="Where; 0: a free one.")
@click.option("--open", "opened", is_flag=True, help="Start a browser.")
def browse(cache_file: str | None, host: str, port: int, opened: bool) -> None:
    """Show a graph cache file in a browser, by Datasette, until Ctrl-C.

    There are its packages, versions and environments, and queries of what depends on what. Nothing is changed. It needs
    the extra "browse": pip install 'thoth-storages[browse]'.

    \b
    Example:
      thoth-storages browse --cache cache.sqlite3 --open
    """
    from ..browse import command

    path = cache_file or GRAPH_CACHE.read()
    if path is None:
        raise ConfigurationError(f"no cache file: give --cache, or set {GRAPH_CACHE.name}")
    words = command(path, host=host, port=port, opened=opened)
    sys.stdout.flush()
    os.execv(words[0], words)
