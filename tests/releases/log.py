"""The statements that a release sends, recorded to be sent again, by an older release's pods so to say.

    python -m tests.releases.log tests/releases/0001.jsonl.gz

records what the release of this checkout sends, when its schema has got a new revision.
"""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from psycopg2.extensions import connection as Connection
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Engine, event

Entry: TypeAlias = tuple[str, Any]
"""A statement, and its parameters as the driver takes them; BEGIN, COMMIT and ROLLBACK have none."""


@contextmanager
def recorded(engine: Engine) -> Iterator[list[Entry]]:
    """Collect what an engine sends while the context is open."""
    log: list[Entry] = []

    def executed(_: Any, __: Any, statement: str, parameters: Any, ___: Any, executemany: bool) -> None:
        assert not executemany, statement
        log.append((statement, parameters))

    def begun(connection: SqlConnection) -> None:
        # A statement that is sent alone commits itself: what SQLAlchemy calls a transaction around it is none.
        driver_connection = connection.connection.driver_connection
        assert driver_connection is not None
        connection.info["is_alone"] = driver_connection.autocommit
        if not driver_connection.autocommit:
            log.append(("BEGIN", None))

    def ended(word: str, connection: SqlConnection) -> None:
        if not connection.info.pop("is_alone", False):
            log.append((word, None))

    listeners: dict[str, Callable[..., Any]] = {
        "before_cursor_execute": executed,
        "begin": begun,
        "commit": partial(ended, "COMMIT"),
        "rollback": partial(ended, "ROLLBACK"),
    }
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield log
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)


def replay(connection: Connection, log: Iterable[Entry]) -> list[Any]:
    """Send a log to a database; return the rows of each statement, sorted, or None for one that answers none."""
    connection.autocommit = True
    answers: list[Any] = []
    with connection.cursor() as cursor:
        for statement, parameters in log:
            cursor.execute(statement, parameters)
            answers.append(sorted(map(repr, cursor.fetchall())) if cursor.description else None)
    return answers


def write(path: Path, log: Sequence[Entry]) -> None:
    """Write a log, an entry a line."""
    lines = (json.dumps(entry, default=_encoded) + "\n" for entry in log)
    path.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))


def read(path: Path) -> list[Entry]:
    """Read a log."""
    return [_entry(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def _entry(line: bytes) -> Entry:
    statement, parameters = json.loads(line, object_hook=_decoded)
    return statement, parameters


def _encoded(value: object) -> dict[str, str]:
    if isinstance(value, dt.datetime):
        return {"datetime.datetime": value.isoformat()}
    if isinstance(value, bytes | memoryview):
        return {"bytes": base64.b64encode(value).decode()}
    raise TypeError(f"no form for {value!r}")


def _decoded(value: dict[str, Any]) -> Any:
    if value.keys() == {"datetime.datetime"}:
        return dt.datetime.fromisoformat(value["datetime.datetime"])
    return base64.b64decode(value["bytes"]) if value.keys() == {"bytes"} else value


def main() -> None:
    """Record each call that has a budget, on the sample documents, in a database of its own."""
    import os

    from tests.conftest import EXAMPLES
    from tests.graph.test_budgets import READS, WRITES, call
    from thoth.storages import GraphDatabase
    from thoth.storages.embedded import EmbeddedServer
    from thoth.storages.exceptions import NotFoundError

    documents = []
    for file in sorted((EXAMPLES / "solver-documents").glob("*.jsonl.gz")):
        with gzip.open(file) as lines:
            documents += [json.loads(line) for line in lines if b'"flask"' in line or b'"click"' in line][:30]
    with EmbeddedServer(volatile=True) as server:
        os.environ.update(server.environment())
        with GraphDatabase() as graph:
            graph.initialize_schema()
            with recorded(graph.engine) as log:
                for document in documents:
                    graph.sync_solver_result(document)
                for budget in (*WRITES, *READS, *WRITES[:1]):
                    with suppress(NotFoundError):  # the answer to some, after what the writes removed
                        call(graph, budget)
    write(Path(sys.argv[1]), log)
    print(f"{len(log)} statements")


if __name__ == "__main__":
    main()
