"""Databases that a test makes for itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from thoth.storages.config import DATABASE, KnowledgeGraphConfig
from thoth.storages.graph.sql_base import database_url


def drop_database(name: str) -> None:
    """Drop a database, whoever is connected to it; nothing happens when there is none."""
    engine = create_engine(
        database_url(KnowledgeGraphConfig(), "postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    quoted = name.replace('"', '""').replace(":", "\\:")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{quoted}" WITH (FORCE)'))


@contextmanager
def missing_database(name: str) -> Iterator[str]:
    """Let the environment name a database that does not exist; it is dropped at the end when it was made."""
    drop_database(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATABASE.name, name)
        try:
            yield name
        finally:
            drop_database(name)
