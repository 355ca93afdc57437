"""Runs the migrations: on the connection that `thoth.storages` hands over, or on the database of the environment."""

from __future__ import annotations

from collections.abc import Callable

from alembic import context
from sqlalchemy.engine import Connection

from thoth.storages.config import KnowledgeGraphConfig
from thoth.storages.graph.migrations import one_at_a_time
from thoth.storages.graph.models_base import Base
from thoth.storages.graph.models_performance import ALL_PERFORMANCE_MODELS
from thoth.storages.graph.sql_base import database_url, engine_without_pool

assert ALL_PERFORMANCE_MODELS  # importing them puts their tables into the metadata


def run(connection: Connection, tell: Callable[..., None] | None = None) -> None:
    """Run the migrations, each in a transaction of its own: one that fails leaves those before it."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        transaction_per_migration=True,
        on_version_apply=tell,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
elif (handed_over := context.config.attributes.get("connection")) is not None:
    run(handed_over, context.config.attributes.get("tell"))
else:
    engine = engine_without_pool(database_url(KnowledgeGraphConfig()))
    with one_at_a_time(engine), engine.connect() as own:
        run(own)
