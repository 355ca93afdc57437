"""The older release works on while a newer schema is rolled out: what it sends is answered as on its own schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from tests.databases import missing_database
from tests.releases.log import Entry, read, replay
from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.graph import migrations, revisions
from thoth.storages.graph.sql_base import SQLBase

LOGS = sorted(Path(__file__).parent.glob("*.jsonl.gz"))
SIZES = "pg_total_relation_size"


@contextmanager
def database_at(revision: str, name: str) -> Iterator[psycopg2.extensions.connection]:
    with missing_database(name):
        migrations.create_database(KnowledgeGraphConfig())
        with SQLBase() as adapter:
            migrations.upgrade(adapter.engine, revision)
        connection = psycopg2.connect(SQLBase.construct_connection_string().replace("+psycopg2", ""))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT setval('removals', 1)")  # it starts from the clock
            yield connection
        finally:
            connection.close()


def comparable(log: list[Entry]) -> list[Entry]:
    """Return a log without the statement that asks how large the tables are: newer schemas have more of them."""
    return [entry for entry in log if SIZES not in entry[0]]


def test_there_is_a_log_of_each_earlier_revision() -> None:
    earlier = [revision.revision for revision in revisions.history()][:-1]
    assert [path.name.partition(".")[0] for path in LOGS] == earlier


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name.partition(".")[0])
def test_earlier_release_on_the_schema_of_this_one(database_name: str, path: Path) -> None:
    log, revision = comparable(read(path)), path.name.partition(".")[0]
    with database_at(revision, f"{database_name}_earlier") as connection:
        expected = replay(connection, log)
    with database_at("head", f"{database_name}_later") as connection:
        found = replay(connection, log)
    assert sum(1 for answer in expected if answer) > 50
    assert found == expected
