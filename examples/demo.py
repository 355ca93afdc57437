"""The main job, from start to answer: documents -> knowledge graph -> graph cache -> transitive dependencies.

Then what documents of other kinds add: an adviser's, an image's, an inspection's. It needs nothing but this checkout:
the PostgreSQL server is its own, and ends with it. What it makes lies in ``demo/``, or in the folder that is named on
the command line; a second run starts from what is there.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from thoth.storages import GraphCache, GraphDatabase  # noqa: E402
from thoth.storages.config import KnowledgeGraphConfig  # noqa: E402
from thoth.storages.documents.local import find_files, read_documents  # noqa: E402
from thoth.storages.embedded import EmbeddedServer  # noqa: E402
from thoth.storages.exceptions import ThothStorageException  # noqa: E402
from thoth.storages.graph.cache_builder import BuildReport, build_cache  # noqa: E402
from thoth.storages.graph.cache_config import read_cache_config  # noqa: E402
from thoth.storages.graph.closure import Edge  # noqa: E402
from thoth.storages.graph.closure_image import write_closure_image  # noqa: E402
from thoth.storages.graph.models_performance import PiMatmul  # noqa: E402
from thoth.storages.graph.query_log import counted_statements  # noqa: E402
from thoth.storages.graph.schema_image import write_schema_image  # noqa: E402
from thoth.storages.sync import SyncCounts, SyncReport, sync_local_documents  # noqa: E402

T = TypeVar("T")

EXAMPLES = ROOT / "examples"
FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "demo"
CACHE_FILE = FOLDER / "graph_cache.sqlite3"
PACKAGE = ("jupyterlab", "3.4.8", "https://pypi.org/simple")
ENVIRONMENT: dict[str, Any] = {"os_name": "rhel", "os_version": "8", "python_version": "3.8"}

SOLVER_DOCUMENTS = EXAMPLES / "solver-documents"
ADVICE = EXAMPLES / "adviser-documents" / "adviser-211215093012-7f3d2a91c04be856.json"
IMAGE = EXAMPLES / "analysis-documents" / "package-extract-211214074503-5d0e83c1f2a9b764.json"
INSPECTION = EXAMPLES / "inspection-documents" / "inspection-sample-matmul-8d27c01f44a0be93.json"

console = Console()


def main() -> None:
    """Run the main job and show what came out of it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = EmbeddedServer(FOLDER / "postgresql")
    console.print("PostgreSQL: starting a server of our own …")
    with server:
        os.environ.update(server.environment())
        with GraphDatabase() as graph:
            graph.initialize_schema()
            console.print(f"PostgreSQL {server.status().version} runs; schema {graph.get_table_alembic_version_head()}")
            run(graph)
    console.print("The server is stopped; its data stays for the next run.\n")
    show_what_next()


def run(graph: GraphDatabase) -> None:
    """Go from documents to an answer, from the database and from the cache, and compare the two."""
    with counted_statements(graph.engine) as statements:
        report, seconds = timed(lambda: sync(graph, SOLVER_DOCUMENTS))
    counts = report.total
    built, build_seconds = timed(lambda: build(graph))
    with counted_statements(graph.engine) as closure_statements:
        from_database, database_seconds = timed(lambda: ask(graph, without_cache=True))
    with GraphCache(str(CACHE_FILE)) as cache, GraphDatabase(cache) as resolver:
        with counted_statements(resolver.engine) as cached_statements:
            from_cache, cache_seconds = timed(lambda: ask(resolver))
        alone, alone_seconds = timed(lambda: cache.closure(PACKAGE, **ENVIRONMENT, as_of_its_date=True))
    if alone is None or not set(from_database) == set(from_cache) == set(alone.tuples()):
        raise SystemExit("the cache does not answer as the database does")
    pictures = draw(graph)

    table = Table(title="What happened", show_header=False)
    synced = f"{counts.synced} synced, {counts.skipped} were in already"
    rate = f"{counts.processed / seconds:,.0f} documents a second, {len(statements)} statements in all"
    rows: list[tuple[str, str]] = [
        ("documents", f"{counts.processed}: {synced}"),
        ("", rate),
        ("graph", f"{len(graph.get_python_packages()):,} packages, {graph.get_all_python_packages_count():,} solved"),
        ("graph cache", f"{built.packages_written:,} packages, {built.package_versions_written:,} package versions"),
        (
            "",
            f"{built.edges_written:,} edges in {built.cache_file_size / 1024:,.0f} KiB, built in {build_seconds:.2f} s",
        ),
        ("question", f"all that {PACKAGE[0]} {PACKAGE[1]} needs in {' '.join(ENVIRONMENT.values())}"),
        ("answer", f"{len(from_database):,} edges, {unsolved(from_database)} of them to what was not solved"),
        ("… from the database", f"{database_seconds * 1000:.1f} ms, {len(closure_statements)} statement"),
        ("… from the cache", f"{cache_seconds * 1000:.1f} ms, {len(cached_statements)} statement: anything new?"),
        ("… from the cache alone", f"{alone_seconds * 1000:.1f} ms, no database"),
        ("pictures", "\n".join(shown(picture) for picture in pictures)),
    ]
    for row in rows:
        table.add_row(*row)
    console.print(table)
    show_other_kinds(graph)


def show_other_kinds(graph: GraphDatabase) -> None:
    """Put an adviser's, an image's and an inspection's document in, and ask each what it is there for."""
    with counted_statements(graph.engine) as statements:
        sync(graph, ADVICE, IMAGE, INSPECTION)
    best = graph.get_advised_stacks(ADVICE.stem)[0]
    pins = (f"{package['package_name']} {package['package_version']}" for package in best["requirements_locked"])
    (image,) = graph.get_images_with_rpm_package("openssl-libs")
    symbols = graph.get_analyzed_image_symbols(image["environment_name"])
    (measured,) = graph.get_performance_indicators(PiMatmul)
    hardware = measured["hardware_information"]
    table = Table(title="What other documents add", show_header=False)
    for row in (
        ("documents", f"an adviser's, an image's, an inspection's: {len(statements)} statements in all"),
        ("advised", f"{', '.join(pins)}: score {best['overall_score']}"),
        ("image with openssl-libs", f"{image['environment_name']}: {len(symbols)} symbols for compiled packages"),
        ("measured", f"product of matrices of {measured['matrix_size']} rows by {measured['framework']}"),
        ("", f"on {hardware['cpu_model_name']}: {measured['elapsed']} ms, {measured['rate']} GFLOP/s"),
    ):
        table.add_row(*row)
    console.print(table)


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """Return the answer of a call, and the seconds that it took."""
    started = time.perf_counter()
    return call(), time.perf_counter() - started


def sync(graph: GraphDatabase, *paths: Path) -> SyncReport:
    """Put the documents of files and folders into the graph."""
    total = sum(1 for file in find_files(paths) for _ in read_documents(file))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("documents", total=total)

        def tell(_: int, counts: SyncCounts) -> None:
            bar.update(task, completed=counts.processed)

        return sync_local_documents(paths, graph=graph, progress=tell)


def build(graph: GraphDatabase) -> BuildReport:
    """Build the graph cache that the sample configuration asks for."""
    packages = read_cache_config(EXAMPLES / "cache_conf.yaml").python_packages
    with graph.session() as session:
        return build_cache(session, str(CACHE_FILE), packages, origin=KnowledgeGraphConfig().place)


def ask(graph: GraphDatabase, **options: Any) -> list[Edge]:
    """Ask for the transitive dependencies of the package."""
    return graph.retrieve_transitive_dependencies_python(*PACKAGE, **{**ENVIRONMENT, **options})


def unsolved(edges: list[Edge]) -> int:
    """Return how many edges lead to a dependency that was not solved."""
    return sum(1 for _, (_, _, index_url) in edges if index_url is None)


def draw(graph: GraphDatabase) -> list[Path]:
    """Draw the schemas, and what the package depends on."""
    console.print("drawing …")
    closure = graph.closure(PACKAGE, **ENVIRONMENT)
    return [
        write_schema_image(FOLDER / "schema.png", "main"),
        write_schema_image(FOLDER / "schema_cache.png", "cache"),
        write_schema_image(FOLDER / "schema_performance.png", "performance"),
        write_closure_image(FOLDER / f"{PACKAGE[0]}.png", closure),
    ]


def shown(path: Path) -> str:
    """Return a path as seen from the checkout, where people start this."""
    return os.path.relpath(path, ROOT) if path.is_relative_to(ROOT) else str(path)


def show_what_next() -> None:
    """Say what to try next."""
    data = shown(FOLDER / "postgresql")
    console.print("Next, with the commands of the environment that was made (.venv/bin):")
    for command in (
        f'eval "$(.venv/bin/thoth-storages db start --data-dir {data})"',
        ".venv/bin/thoth-storages schema status",
        ".venv/bin/thoth-storages graph-cache -c examples/cache_conf.yaml cache.sqlite3",
        f".venv/bin/thoth-storages db stop --data-dir {data}",
    ):
        console.print(f"  {command}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    try:
        main()
    except ThothStorageException as error:
        raise SystemExit(f"Error: {error}") from None
