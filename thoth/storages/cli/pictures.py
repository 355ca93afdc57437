"""`thoth-storages generate-schema`: pictures of the schemas."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from ..exceptions import ConfigurationError

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("generate-schema")
@click.argument("schema_image", default="schema.png", type=_FILE)
@click.argument("cache_image", default="schema_cache.png", type=_FILE)
@click.argument("performance_image", default="schema_performance.png", type=_FILE)
@click.option(
    "--topic", "topics", multiple=True, metavar="NAME", help="Draw the tables of this topic; may be repeated."
)
@click.option("--table", "tables", multiple=True, metavar="NAME", help="Draw this table; may be repeated.")
@click.option(
    "--depth",
    default=1,
    show_default=True,
    metavar="N",
    help="How many references away from the chosen tables others may be, in either direction, to be drawn small.",
)
@click.option("--all-columns", is_flag=True, help="Draw every column of every table.")
@click.pass_context
def generate_schema(
    context: click.Context,
    schema_image: Path,
    cache_image: Path,
    performance_image: Path,
    topics: tuple[str, ...],
    tables: tuple[str, ...],
    depth: int,
    all_columns: bool,
) -> None:
    """Draw tables, by topic, and print the paths of the pictures.

    Three pictures are drawn: SCHEMA_IMAGE (by default schema.png), the tables of the database with their keys;
    CACHE_IMAGE (schema_cache.png), those of the graph cache file; PERFORMANCE_IMAGE (schema_performance.png), those of
    performance indicators.

    With --topic or --table one picture is drawn, SCHEMA_IMAGE: the chosen tables with all their columns, and those
    around them, as far as --depth says, small, with their keys. Performance indicators are the topic "performance", and
    the graph cache file is "cache"; a table that both have is that of the database.

    The ending of a name says the format: .png, .svg, .dot (of Graphviz), .mmd (of Mermaid), .dia (of Dia), or .pdf
    where Graphviz is installed. No database is asked.

    \b
    Example:
      thoth-storages generate-schema
      thoth-storages generate-schema schema.svg cache.svg performance.svg
      thoth-storages generate-schema solvers.svg --topic solvers
      thoth-storages generate-schema depends_on.mmd --table depends_on --depth 2
      thoth-storages generate-schema schema.dia --all-columns
    """
    from ..graph.schema_image import write_schema_image, write_tables_image

    def is_given(name: str) -> bool:
        return context.get_parameter_source(name) is not ParameterSource.DEFAULT

    if topics or tables:
        if is_given("cache_image"):
            raise ConfigurationError(f"{cache_image}: with --topic or --table one picture is drawn, {schema_image}")
        picture = write_tables_image(schema_image, topics=topics, tables=tables, depth=depth, all_columns=all_columns)
        click.echo(picture)
        return
    if is_given("depth"):
        raise ConfigurationError("--depth is of no use without --topic or --table")
    click.echo(write_schema_image(schema_image, "main", all_columns=all_columns))
    click.echo(write_schema_image(cache_image, "cache", all_columns=all_columns))
    click.echo(write_schema_image(performance_image, "performance", all_columns=all_columns))
