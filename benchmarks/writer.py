"""A process that puts its share of the documents of a file into the database: see `cases.writers`."""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path

from thoth.storages import GraphDatabase
from thoth.storages.documents.solver import read_solver_document


def main(path: str, count: int, writers: int, size: int, number: int) -> None:
    """Say that it is ready, wait until its input is closed, and write.

    Args:
        path: of the file, a document a line.
        count: how many of them are written.
        writers: how many share them.
        size: documents in a transaction.
        number: which of the writers this is.

    """
    with open(Path(path), encoding="utf-8") as lines:
        documents = [json.loads(line) for line in islice(lines, count)][number::writers]
    with GraphDatabase() as graph:
        graph.get_solver_documents_count()
        print("ready", flush=True)
        sys.stdin.read()
        if size == 1:
            for document in documents:
                graph.sync_solver_result(document)
            return
        for start in range(0, len(documents), size):
            graph.sync_solver_results([read_solver_document(made) for made in documents[start : start + size]])


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
