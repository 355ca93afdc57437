"""What tests share that break things: a server of their own, documents of every kind, and what a quiet writer makes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import empty
from tests.dump import Dump, logical_dump
from tests.factories import Json
from tests.faults.everything import Documents, documents_of_every_kind, write
from tests.faults.servers import Breakable
from tests.processes import collected, forked
from thoth.storages import GraphDatabase


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A directory that every account can go through."""
    directory = Path(tempfile.mkdtemp(prefix="thoth-faults-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[Breakable]:
    """A server that tests may break, if they mend it; its database is made by `heads`."""
    breakable = Breakable.make(folder / "primary")
    yield breakable
    breakable.server.stop()


def initialized() -> str:
    """Make the schema as a pod does that starts; return its revision."""
    with GraphDatabase() as graph:
        graph.initialize_schema()
        return graph.get_table_alembic_version_head()


@pytest.fixture(scope="session")
def heads(server: Breakable) -> list[str]:
    """What eight processes found that initialised the schema of the empty server at once."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.server.environment().items():
            patch.setenv(name, value)
        return [collected(child) for child in [forked(initialized) for _ in range(8)]]


@pytest.fixture
def here(server: Breakable, heads: list[str], monkeypatch: pytest.MonkeyPatch) -> Breakable:
    """The server that tests may break; the environment names its database, which is empty."""
    for name, value in server.server.environment().items():
        monkeypatch.setenv(name, value)
    with GraphDatabase() as graph:
        empty(graph)
    return server


@pytest.fixture
def breakable(here: Breakable) -> Iterator[GraphDatabase]:
    """A connected adapter of the empty database of a server that tests may break."""
    with GraphDatabase() as graph:
        yield graph


@pytest.fixture(scope="session")
def everything(sample_documents: list[Json]) -> Documents:
    """Documents of every kind, which overlap."""
    return documents_of_every_kind(sample_documents, 28, seed=1)


@pytest.fixture
def quiet(graph: GraphDatabase) -> Callable[[Documents], Dump]:
    """Return what one quiet writer makes of documents, on a server that nobody breaks."""

    def make(documents: Documents) -> Dump:
        write(graph, documents)
        dump = logical_dump(graph)
        empty(graph)
        return dump

    return make


@pytest.fixture(scope="session")
def quiet_dump(_migrated: GraphDatabase, everything: Documents) -> Dump:
    """What one quiet writer makes of `everything`."""
    empty(_migrated)
    write(_migrated, everything)
    dump = logical_dump(_migrated)
    empty(_migrated)
    return dump
