"""`thoth-storages store-cache` and `restore-cache`: the graph cache file to the object store, and back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from ..config import GRAPH_CACHE

_FILE = click.Path(path_type=Path, dir_okay=False)
_DEFAULT_FILE = "graph_cache.sqlite3"


@click.command("store-cache")
@click.argument("cache_file", required=False, type=_FILE)
@click.option("--deployment-name", help="Deployment to store it for [default: THOTH_DEPLOYMENT_NAME].")
def store_cache(cache_file: Path | None, deployment_name: str | None) -> None:
    """Store a graph cache file on the object store, and print what was stored as JSON.

    CACHE_FILE is by default THOTH_STORAGES_GRAPH_CACHE, else graph_cache.sqlite3. The object store is the one that
    THOTH_S3_ENDPOINT_URL and its companions name.

    \b
    Example:
      thoth-storages store-cache cache.sqlite3
    """
    from ..graph_cache import GraphCacheStore

    store = GraphCacheStore(deployment_name)
    store.connect()
    click.echo(json.dumps(dataclasses.asdict(store.store(_path(cache_file))), indent=2))


@click.command("restore-cache")
@click.argument("cache_file", required=False, type=_FILE)
@click.option("--deployment-name", help="Deployment to take it from [default: THOTH_DEPLOYMENT_NAME].")
def restore_cache(cache_file: Path | None, deployment_name: str | None) -> None:
    """Retrieve the graph cache file from the object store, and print what was retrieved as JSON.

    CACHE_FILE is by default THOTH_STORAGES_GRAPH_CACHE, else graph_cache.sqlite3; it is replaced when the new one is
    whole, and verified.

    \b
    Example:
      thoth-storages restore-cache cache.sqlite3
    """
    from ..graph_cache import GraphCacheStore

    store = GraphCacheStore(deployment_name)
    store.connect()
    click.echo(json.dumps(dataclasses.asdict(store.retrieve(_path(cache_file))), indent=2))


def _path(cache_file: Path | None) -> str | Path:
    return cache_file or GRAPH_CACHE.read() or _DEFAULT_FILE
