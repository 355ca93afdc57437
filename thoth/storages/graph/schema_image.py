"""Pictures of the schemas: a box a table with its columns, a line a foreign key, a frame a topic."""

from __future__ import annotations

import gzip
from collections.abc import Collection
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from sqlalchemy import make_url

from ..exceptions import ConfigurationError
from .dot import note, picture_format, write_graph, write_picture
from .models_base import Base
from .models_cache import CacheBase
from .models_performance import PerformanceIndicatorBase  # with this, Base knows all tables
from .schema_dia import dia_document
from .schema_diagram import Diagram, Models
from .schema_dot import diagram_graph
from .schema_mermaid import mermaid_source

Schema: TypeAlias = Literal["main", "cache", "performance"]

FORMATS = ("png", "svg", "pdf", "dot", "mmd", "dia")

_DATABASE = "Knowledge graph (PostgreSQL)"
_INDICATORS = "Performance indicators (PostgreSQL)"
_CACHE_FILE = "Graph cache file (SQLite)"


def write_schema_image(path: str | Path, schema: Schema, *, all_columns: bool = False) -> Path:
    """Write a picture of a schema.

    Args:
        path: the file; the ending of its name says the format, see `write_diagram`.
        schema: ``main``, the knowledge graph without performance indicators; ``performance``, these and the tables
            that they refer to; ``cache``, a graph cache file.
        all_columns: draw every column of every table. Otherwise ``main``, which has too many tables to be read then,
            has keys only, as tables have in ``performance`` that are no indicators.

    Returns:
        The path of the file.

    Raises:
        ConfigurationError: no such schema or format, or the file cannot be written.
        NotFoundError: no program that lays out graphs is installed.
        ThothStorageException: that program failed.

    """
    return write_diagram(schema_diagram(schema, all_columns=all_columns), path)


def write_tables_image(
    path: str | Path,
    *,
    topics: Collection[str] = (),
    tables: Collection[str] = (),
    depth: int = 1,
    all_columns: bool = False,
) -> Path:
    """Write a picture of some tables with all their columns, and of those around them with their keys.

    Args:
        path: the file; the ending of its name says the format, see `write_diagram`.
        topics: topics, all tables of which are drawn: those of the database, ``performance`` among them, and ``cache``,
            the graph cache file.
        tables: names of tables. One that both the database and the cache file have is that of the database, unless
            something else was chosen that the cache file alone has.
        depth: how many references away from these a table may be, in either direction, to be drawn with its keys.
        all_columns: draw every column of every table.

    Returns:
        The path of the file.

    Raises:
        ConfigurationError: nothing is chosen, no topic or table has such a name, those chosen are partly of the
            database and partly of the cache file, ``depth`` is negative, no such format, or the file cannot be written.
        NotFoundError: no program that lays out graphs is installed.
        ThothStorageException: that program failed.

    """
    return write_diagram(tables_diagram(topics=topics, tables=tables, depth=depth, all_columns=all_columns), path)


def write_diagram(diagram: Diagram, path: str | Path) -> Path:
    """Write a diagram as a picture; the file is there as a whole or not at all.

    Args:
        diagram: what to draw.
        path: the file; the ending of its name says the format: ``.png``, ``.svg``, ``.dot`` (what Graphviz reads),
            ``.mmd`` (what Mermaid reads), ``.dia`` (a diagram of Dia), or ``.pdf`` when Graphviz itself is installed.

    Returns:
        The path of the file.

    Raises:
        ConfigurationError: the ending is none of these, or the file cannot be written.
        NotFoundError: no program that lays out graphs is installed; ``.dot`` and ``.mmd`` need none.
        ThothStorageException: that program failed.

    """
    path = Path(path)
    file_format = picture_format(path, FORMATS)
    if file_format == "mmd":
        return write_picture(path, mermaid_source(diagram).encode())
    if file_format == "dia":
        return write_picture(path, dia_document(diagram, path))
    return write_graph(diagram_graph(diagram), path)


def is_picture_of(path: str | Path, diagram: Diagram) -> bool:
    """Return whether a file that `write_diagram` wrote shows a diagram, and not what the models once were.

    Args:
        path: the file, not a PDF. Where the things in a picture stand has no part in it: that differs between the
            programs that lay them out.
        diagram: what it should show.

    Raises:
        ConfigurationError: the ending of its name is none of a picture, or there is no such file.

    """
    path = Path(path)
    file_format = picture_format(path, [known for known in FORMATS if known != "pdf"])
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    if file_format == "mmd":
        return content == mermaid_source(diagram).encode()
    source: str = diagram_graph(diagram).source
    if file_format == "dot":
        return content == source.encode()
    return note(source).encode() in (gzip.decompress(content) if file_format == "dia" else content)


def schema_diagram(schema: Schema, *, all_columns: bool = False) -> Diagram:
    """Return the diagram of a schema, see `write_schema_image`."""
    if schema not in get_args(Schema):
        raise ConfigurationError(f"no schema is named {schema!r}, only {', '.join(get_args(Schema))}")
    if schema == "cache":
        models = _cache_file()
        return models.diagram(_CACHE_FILE, dict.fromkeys(models.tables, 0))
    models = _database()
    indicators = {name for name, model in models.model_of.items() if issubclass(model, PerformanceIndicatorBase)}
    if schema == "main":
        chosen = dict.fromkeys(models.tables.keys() - indicators, 0)
        return models.diagram(_DATABASE, chosen, detail="all" if all_columns else "keys")
    referred = {reference.target for reference in models.references if reference.source in indicators}
    chosen = dict.fromkeys(referred, 1) | dict.fromkeys(indicators, 0)
    return models.diagram(_INDICATORS, chosen, 1, detail="all" if all_columns else "near")


def tables_diagram(
    *, topics: Collection[str] = (), tables: Collection[str] = (), depth: int = 1, all_columns: bool = False
) -> Diagram:
    """Return the diagram of some tables and of those around them, see `write_tables_image`."""
    if not topics and not tables:
        raise ConfigurationError("neither a topic nor a table is chosen")
    if depth < 0:
        raise ConfigurationError(f"depth is {depth}, and has to be 0 or more")
    schemas = {_DATABASE: _database(), _CACHE_FILE: _cache_file()}
    _check("topic", topics, [name for models in schemas.values() for name in models.topics])
    _check("table", tables, [name for models in schemas.values() for name in models.tables])
    for name_of_schema, models in schemas.items():
        if set(topics) <= set(models.topics) and set(tables) <= models.tables.keys():
            chosen = [name for name in models.tables if models.topic_of[name] in topics or name in tables]
            title = f"{', '.join([*topics, *tables])}: {name_of_schema}"
            return models.diagram(title, models.within(chosen, depth), depth, detail="all" if all_columns else "near")
    names = ", ".join([*topics, *tables])
    raise ConfigurationError(f"some of {names} are of the database, some of the cache file, and one picture holds one")


def database_topics() -> tuple[str, ...]:
    """Return the topics of the tables of the database."""
    return _database().topics


def _check(kind: str, chosen: Collection[str], known: Collection[str]) -> None:
    for name in chosen:
        if name not in known:
            raise ConfigurationError(f"no {kind} is named {name!r}, only {', '.join(sorted(set(known)))}")


def _database() -> Models:
    return Models(Base, make_url("postgresql+psycopg2://").get_dialect()())


def _cache_file() -> Models:
    return Models(CacheBase, make_url("sqlite://").get_dialect()())
