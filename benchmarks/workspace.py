"""What benchmarks work with: documents, databases, a process of the release; made when first needed."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection
from sqlalchemy import text

from thoth.storages import GraphDatabase
from thoth.storages.documents.solver import SolverFacts, read_solver_document
from thoth.storages.graph.cache_builder import build_cache
from thoth.storages.graph.revisions import head_revision
from thoth.storages.identifiers import Environment

from .corpus import ENVIRONMENT, ROOT, Corpus, Json
from .databases import Databases
from .large import fill_large
from .released import RELEASE, ReleasedProcess, fill
from .released import environment as released_environment

_GROUP = 500


@dataclass(frozen=True)
class Options:
    """What a run was asked for."""

    folder: Path
    """Environments, databases and files that stay between runs."""
    documents: int
    seed: int = 0
    rounds: int = 5
    with_released: bool = True
    released_documents: int = 40
    """How many documents the release is given to sync, as it takes half a second for each."""
    written: int = 500
    """How many documents are written one by one; in groups, it is all of them."""
    large: bool = False
    """Whether the file of a million versions is made."""


@dataclass
class Workspace:
    """Everything that benchmarks share."""

    options: Options
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Workspace:
        """Start the server."""
        self.options.folder.mkdir(parents=True, exist_ok=True)
        self._stack.enter_context(self.databases)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop whatever was started."""
        self._stack.close()

    @cached_property
    def databases(self) -> Databases:
        """The server's databases."""
        return Databases(self.options.folder / "server")

    @cached_property
    def corpus(self) -> Corpus:
        """The documents, drawn from the seed."""
        return Corpus(self.options.documents, self.options.seed)

    @cached_property
    def documents(self) -> list[Json]:
        """The documents, as parsed; no more of them than fit into memory easily."""
        return list(islice(self.corpus, 2000))

    @cached_property
    def facts(self) -> list[SolverFacts]:
        """What `documents` state."""
        return [read_solver_document(document) for document in self.documents]

    @cached_property
    def lines(self) -> Path:
        """A file of `documents`, one a line."""
        path = self.options.folder / f"documents_{self.corpus.name}.jsonl"
        if not path.exists():
            temporary = path.with_suffix(".tmp")
            with open(temporary, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(document, separators=(",", ":")) + "\n" for document in self.documents)
            temporary.rename(path)
        return path

    @cached_property
    def empty(self) -> str:
        """An empty database of this library's schema."""

        def make(database: str) -> None:
            with self.databases.graph(database) as graph:
                graph.initialize_schema()

        return self.databases.kept(f"empty_{head_revision()}", make)

    @cached_property
    def loaded(self) -> str:
        """A database that holds all documents."""

        def make(database: str) -> None:
            with self.databases.graph(database) as graph:
                graph.initialize_schema()
                self._load(graph)

        return self.databases.kept(f"loaded_{self.corpus.name}_{head_revision()}", make)

    @cached_property
    def graph(self) -> GraphDatabase:
        """An adapter of `loaded`."""
        graph = self.databases.connected(self.loaded)
        self._stack.callback(graph.disconnect)
        return graph

    @cached_property
    def connection(self) -> Connection:
        """A connection of the bare driver to `loaded`, that sends statements alone, as the library does."""
        return self._stack.enter_context(closing(self.databases.connection(self.loaded, autocommit=True)))

    @cached_property
    def released_python(self) -> Path:
        """The Python of the release's environment."""
        return released_environment(self.options.folder / "released")

    @cached_property
    def released_empty(self) -> str:
        """An empty database of the release's schema."""

        def make(database: str) -> None:
            with self.released_process(database) as process:
                process.ask("initialize")

        return self.databases.kept(f"released_empty_{RELEASE.replace('.', '_')}", make)

    @cached_property
    def released_loaded(self) -> str:
        """A database of the release's schema that holds what resolvers ask for of all documents."""
        template = self.released_empty

        def make(database: str) -> None:
            self.databases.copy(template, database)
            with closing(self.databases.connection(database)) as connection:
                fill(connection, map(read_solver_document, self.corpus))
            self._analyze(database)

        return self.databases.kept(f"released_loaded_{self.corpus.name}", make)

    @cached_property
    def released(self) -> ReleasedProcess:
        """A process of the release that is connected to `released_loaded`."""
        process = self._stack.enter_context(self.released_process(self.released_loaded))
        process.ask("connect")
        return process

    @contextmanager
    def released_process(self, database: str) -> Iterator[ReleasedProcess]:
        """Give a process of the release that uses a database."""
        process = ReleasedProcess(self.released_python, self.databases.environment(database))
        try:
            yield process
        finally:
            process.close()

    @cached_property
    def cache_file(self) -> Path:
        """A cache file of the root with everything that it depends on, built from `loaded`."""
        return self.kept_file("cache_root", lambda path: self.build(path, [ROOT]))

    def build(self, path: Path, names: list[str]) -> Any:
        """Build a cache file; return the report."""
        with self.graph.session() as session:
            return build_cache(session, str(path), names, environment=Environment(**ENVIRONMENT))

    def build_large(self, path: Path, names: list[str]) -> Any:
        """Build a cache file of the large graph; return the report."""

        def make(database: str) -> None:
            with self.databases.graph(database) as graph:
                graph.initialize_schema()
                fill_large(graph)

        database = self.databases.kept(f"large_{head_revision()}", make)
        with self.databases.graph(database) as graph, graph.session() as session:
            return build_cache(session, str(path), names, environment=Environment(**ENVIRONMENT))

    def kept_file(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return a file of this run's corpus, made anew by each run, as the library may have changed."""
        path = self.temporary / f"{name}.sqlite3"
        if not path.exists():
            make(path)
        return path

    @cached_property
    def temporary(self) -> Path:
        """A folder for this run, removed at its end."""
        path = self.options.folder / f"run_{int(time.time())}"
        path.mkdir(parents=True)
        self._stack.callback(shutil.rmtree, path, ignore_errors=True)
        return path

    @contextmanager
    def fresh(self, template: str, name: str) -> Iterator[str]:
        """Give a copy of a database, for as long as it is needed."""
        database = self.databases.copy(template, name)
        try:
            yield database
        finally:
            self.databases.drop(database)

    def _load(self, graph: GraphDatabase) -> None:
        """Put all documents in, in groups."""
        made = iter(self.corpus)
        done = 0
        while group := [read_solver_document(document) for document in islice(made, _GROUP)]:
            graph.sync_solver_results(group)
            done += len(group)
            if done % 10_000 == 0:
                print(f"{done} documents of {self.corpus.documents} are in", file=sys.stderr)
        with graph.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))

    def _analyze(self, database: str) -> None:
        with closing(self.databases.connection(database, autocommit=True)) as connection, connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
