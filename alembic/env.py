"""Runs the migrations: on the connection that `thoth.storages` hands over, or on the database of the environment."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection

from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.graph.migrations import MIGRATION_LOCK
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.models_performance import ALL_PERFORMANCE_MODELS
from thoth.storages.graph.sql_base import database_url

assert ALL_PERFORMANCE_MODELS  # importing them puts their tables into the metadata


def run(connection: Connection) -> None:
    """Run the migrations in one transaction, one process at a time: the others wait, and find nothing to do."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif (handed_over := context.config.attributes.get("connection")) is not None:
    run(handed_over)
else:
    with create_engine(database_url(KnowledgeGraphConfig())).connect() as own:
        run(own)
