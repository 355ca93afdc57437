"""`thoth-storages generate-schema`: pictures of the schemas."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("generate-schema")
@click.argument("schema_image", default="schema.png", type=_FILE)
@click.argument("cache_image", default="schema_cache.png", type=_FILE)
@click.option("--performance-image", type=_FILE, help="Draw the tables of performance indicators, too, into this file.")
def generate_schema(schema_image: Path, cache_image: Path, performance_image: Path | None) -> None:
    """Draw the tables of the database and of the graph cache file, and print the paths of the pictures.

    SCHEMA_IMAGE is by default schema.png, and CACHE_IMAGE schema_cache.png. The ending of a name says the format: .png,
    .svg, .dot, or .pdf where Graphviz is installed. No database is asked.

    \b
    Example:
      thoth-storages generate-schema
      thoth-storages generate-schema schema.svg cache.svg --performance-image indicators.svg
    """
    from ..graph.schema_image import write_schema_image

    click.echo(write_schema_image(schema_image, "main"))
    click.echo(write_schema_image(cache_image, "cache"))
    if performance_image is not None:
        click.echo(write_schema_image(performance_image, "performance"))
