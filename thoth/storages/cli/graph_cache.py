"""`thoth-storages graph-cache`: from the database into a cache file."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import click

from ..config import GRAPH_CACHE, GRAPH_CACHE_CONFIG
from ..exceptions import CacheFileError, ConfigurationError

_DEFAULT_FILE = "graph_cache.sqlite3"


@click.command(name="graph-cache")
@click.argument("cache_file", required=False)
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    help=f"YAML file that names the packages [default: {GRAPH_CACHE_CONFIG.name}].",
)
@click.option("--os-name", help="Name of the operating system to cover [default: all].")
@click.option("--os-version", help="Its version [default: all].")
@click.option("--python-version", help="Version of Python to cover [default: all].")
@click.option("--verify", is_flag=True, help="Build nothing: compare the file with its digest and checksums.")
def graph_cache(
    cache_file: str | None,
    config: Path | None,
    os_name: str | None,
    os_version: str | None,
    python_version: str | None,
    verify: bool,
) -> None:
    """Build a graph cache: packages with everything that they depend on.

    The packages are those of the configuration, in all versions; a file that is there already grows, and is brought
    up to date. It is written beside, and renamed when it is whole. CACHE_FILE is by default THOTH_STORAGES_GRAPH_CACHE,
    else graph_cache.sqlite3. What was written is printed as JSON.

    With --verify, the file is read as a whole, and no database is needed: a line says that it is whole, or what is
    wrong with it (exit status 1). It stays as it is.

    \b
    Example of a configuration:
      python-packages:
        - flask
        - pandas

    \b
    Example:
      thoth-storages graph-cache -c examples/cache_conf.yaml cache.sqlite3
      thoth-storages graph-cache -c conf.yaml --os-name rhel --os-version 8 --python-version 3.8 cache.sqlite3
      thoth-storages graph-cache --verify cache.sqlite3
    """
    path = cache_file or GRAPH_CACHE.read() or _DEFAULT_FILE
    if verify:
        click.echo(_verified(path))
        return
    from ..graph import GraphDatabase
    from ..graph.cache_builder import build_graph_cache
    from ..graph.cache_config import read_cache_config
    from ..identifiers import Environment
    from .progress import progress_bar

    if config is None:
        name = GRAPH_CACHE_CONFIG.read()
        if name is None:
            raise ConfigurationError(f"no configuration: give --config, or set {GRAPH_CACHE_CONFIG.name}")
        config = Path(name)
    packages = read_cache_config(config).python_packages
    with progress_bar() as bar, GraphDatabase() as graph:
        task = bar.add_task("asking the database", total=None)

        def tell(step: str, done: int, total: int) -> None:
            bar.update(task, description=step, completed=done, total=total)

        environment = Environment(os_name, os_version, python_version)
        report = build_graph_cache(graph, path, packages, environment=environment, progress=tell)
    click.echo(json.dumps(dataclasses.asdict(report), indent=2))


def _verified(path: str) -> str:
    """Return the line about a file that is whole.

    Raises:
        CacheFileError: it is missing, damaged, or of another version.

    """
    from ..graph import GraphCache

    if not os.path.lexists(path):
        raise CacheFileError(f"{path}: no such file")
    with GraphCache(path) as cache:
        found = cache.verify()
    return f"{path}: whole: {found.packages} packages in {found.blobs} blobs, {found.added} package versions added"


class _OlderName(click.Command):
    """A command that says what it is called now, and does what it did."""

    def invoke(self, ctx: click.Context) -> None:
        """Say so where it does not get into the report, and run the command."""
        click.echo(f"DeprecationWarning: {self.name} is called {graph_cache.name} now", err=True)
        super().invoke(ctx)


create_cache = _OlderName(
    "create-cache",
    params=graph_cache.params,
    callback=graph_cache.callback,
    help="Build a graph cache: the older name of graph-cache.",
    hidden=True,
)
