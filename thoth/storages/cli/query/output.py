"""Answers as text: a table, aligned columns where nobody looks at a terminal, JSON, or CSV."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import click

from .answers import Answer, Requirements, Value
from .arguments import Question
from .sources import DatabaseSource, Source

_NOTHING = "-"


def write(
    answer: Answer, name: str, place: str, packages: Sequence[str], question: Question, as_json: bool, as_csv: bool
) -> None:
    """Print an answer.

    Args:
        answer: what to print.
        name: name of the command.
        place: who answered.
        packages: what was asked about.
        question: the rest of the question, for the document in JSON.
        as_json: print one JSON document.
        as_csv: print comma-separated values with a header.

    """
    if as_json:
        click.echo(json.dumps(_document(answer, name, place, packages, question), indent=2))
        return
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([answer.columns, *([_csv_cell(value) for value in row] for row in answer.rows)])
    elif sys.stdout.isatty():
        _print_table(answer)
    else:
        _print_columns(answer)
    if answer.more is not None:
        click.echo(f"there are more: {answer.more}", err=True)


@contextmanager
def waiting(source: Source) -> Iterator[None]:
    """Show on a terminal that the database is being asked; a file answers at once."""
    if not (isinstance(source, DatabaseSource) and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"asking {source.place}"):
        yield


def _document(answer: Answer, name: str, place: str, packages: Sequence[str], question: Question) -> dict[str, object]:
    return {
        "query": name,
        "source": place,
        "packages": packages,
        "index_url": question.index_url,
        **question.env(),
        "extras": None if question.extras is None else sorted(extra for extra in question.extras if extra),
        "marker_evaluation_result": question.marker_evaluation_result,
        "answer": [dict(zip(answer.columns, map(_json_value, row), strict=True)) for row in answer.rows],
        "more": answer.more is not None,
    }


def _json_value(value: Value) -> object:
    return value.declared if isinstance(value, Requirements) else value


def _csv_cell(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value.text if isinstance(value, Requirements) else str(value)


def _cell(value: Value) -> str:
    """Return what people see in one line; nothing in it steers a terminal."""
    if value is None:
        return _NOTHING
    text = ("yes" if value else "no") if isinstance(value, bool) else _csv_cell(value)
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in " ".join(text.split()))


def _alignments(answer: Answer) -> list[Literal["left", "right"]]:
    """Return how columns are aligned: numbers to the right."""
    values = list(zip(*answer.rows, strict=True)) or [("",)] * len(answer.columns)
    return ["right" if all(type(value) is int for value in column) else "left" for column in values]


def _print_table(answer: Answer) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, header_style="bold cyan", pad_edge=False)
    for column, alignment in zip(answer.columns, _alignments(answer), strict=True):
        table.add_column(column, justify=alignment, overflow="fold")
    for before, row in zip([None, *answer.rows], answer.rows, strict=False):
        if answer.has_sections and before is not None and before[0] != row[0]:
            table.add_section()
        table.add_row(*(Text(_cell(value)) for value in row))  # as text, so that no bracket is read as a style
    Console().print(table)


def _print_columns(answer: Answer) -> None:
    rows = [list(answer.columns), *([_cell(value) for value in row] for row in answer.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    alignments = _alignments(answer)
    for row in rows:
        cells = [
            cell.rjust(width) if alignment == "right" else cell.ljust(width)
            for cell, width, alignment in zip(row, widths, alignments, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())
