"""`thoth-storages dump`: the whole graph as text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from ..files import is_special


@click.command()
@click.option("--table", "tables", multiple=True, metavar="NAME", help="This table alone; several times.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def dump(tables: tuple[str, ...], output: Path | None) -> None:
    """Print what the graph holds, one row a line as JSON, sorted, without the ids of the database.

    References are told by what identifies their target, so that "diff" compares two graphs, whoever filled them and in
    which order. All lines tell one state of the graph. A file is written beside, and renamed when it is whole.

    \b
    Example:
      thoth-storages dump --output graph.jsonl
      thoth-storages dump --table solver_run --table depends_on
    """
    from ..graph import GraphDatabase
    from ..graph.dump import dump_lines

    with GraphDatabase() as graph, _written(output) as file:
        for line in dump_lines(graph, tables or None):
            file.write(f"{line}\n".encode())


@contextmanager
def _written(output: Path | None) -> Iterator[BinaryIO]:
    """Give the file to write to, or standard output."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    # A device or a pipe takes lines as they come.
    beside = output if is_special(output) else output.with_name(f"{output.name}.{os.getpid()}.part")
    try:
        with open(beside, "wb") as file:
            yield file
        if beside != output:
            os.replace(beside, output)
    except OSError as error:
        raise click.FileError(str(output), error.strerror or str(error)) from None
    finally:
        if beside != output:
            beside.unlink(missing_ok=True)
