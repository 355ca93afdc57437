"""What tests of the graph share: a database that holds the sample documents, which no test changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.caches import build
from tests.databases import drop_database
from tests.factories import sync
from tests.oracle import Oracle
from thoth.storages import GraphDatabase
from thoth.storages.config import DATABASE


@pytest.fixture(scope="session")
def samples(database_name: str, sample_documents: list[dict[str, Any]]) -> Iterator[GraphDatabase]:
    """A connected adapter of a database with the sample documents, for reading; without a graph cache of its own."""
    name = f"{database_name}_samples"
    drop_database(name)
    adapter = GraphDatabase()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATABASE.name, name)
        adapter.initialize_schema()
    sync(adapter, sample_documents)
    yield adapter
    adapter.disconnect()
    drop_database(name)


@pytest.fixture(scope="session")
def samples_oracle(sample_documents: list[dict[str, Any]]) -> Oracle:
    """What has to be answered over the sample documents."""
    return Oracle(sample_documents)


@pytest.fixture(scope="session")
def sample_cache(samples: GraphDatabase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache file with what the sample documents say about flask and sphinx, in all environments; to be copied."""
    path = tmp_path_factory.mktemp("sample-cache") / "cache.sqlite3"
    build(samples, path, "flask", "sphinx")
    return path
