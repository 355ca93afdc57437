"""A process that puts its share of the documents of a file into the database: see `cases.writers`."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from itertools import islice
from pathlib import Path

import psycopg2

from thoth.storages import GraphDatabase
from thoth.storages.documents.solver import read_solver_document
from thoth.storages.graph.ingest.solver import function_arguments

from .corpus import Json


def main(path: str, how: str, count: int, writers: int, size: int, number: int) -> None:
    """Say that it is ready, wait until its input is closed, write, and say that it is done.

    Args:
        path: of the file, a document a line.
        how: ``library``, or ``driver`` for the bare driver, which sends the calls that are prepared, in transactions.
        count: how many documents are written.
        writers: how many share them.
        size: documents in a transaction.
        number: which of the writers this is.

    """
    with open(Path(path), encoding="utf-8") as lines:
        documents = [json.loads(line) for line in islice(lines, count)][number::writers]
    groups = [documents[start : start + size] for start in range(0, len(documents), size)]
    (_by_library if how == "library" else _by_driver)(groups)


def _by_library(groups: list[list[Json]]) -> None:
    with GraphDatabase() as graph:
        graph.get_solver_documents_count()
        _wait()
        for documents in groups:
            if len(documents) == 1:
                graph.sync_solver_result(documents[0])
            else:
                graph.sync_solver_results(list(map(read_solver_document, documents)))
        _say("done")


def _by_driver(groups: list[list[Json]]) -> None:
    prepared = [function_arguments(map(read_solver_document, documents)) for documents in groups]
    url = GraphDatabase.construct_connection_string().replace("+psycopg2", "")
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        _wait()
        for arguments in prepared:
            cursor.execute("SELECT sync_solver_documents(%(documents)s, %(version_sets)s, %(metadata)s)", arguments)
            connection.commit()
        _say("done")


def _wait() -> None:
    _say("ready")
    sys.stdin.read()


def _say(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
